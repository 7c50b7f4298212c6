"""A sweep that is stopped leaves a report of what it saw; and how far it has come is told where it helps."""

import io
import json
import os
import pty
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repos import Repo

from dce_guard.cli import history_progress
from dce_guard.cli.board import Board, Sums
from dce_guard.cli.history_progress import Show, shown, told
from dce_guard.cli.stopping import Stop, stoppable
from dce_guard.scan.templates import expand

PROJECT = Path(__file__).parents[2]
LEAK = b"K = '" + expand("sk_" + "live_{alnum:24}", random.Random(5)) + b"'\n"
# Runs the command in a group of its own, as a terminal does, and sends signals from within at chosen moments.
PROGRAM = """
import os, signal, sys
from dce_guard.cli import history_places, history_run, main, store_watch
where, number, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setpgid(0, 0)
owner = os.getpid()

def strike():
    for _ in range(times):
        os.killpg(0, number) if number == signal.SIGINT else os.kill(owner, number)

def before(module, name):
    real = getattr(module, name)
    def struck(*arguments, **named):
        strike()
        return real(*arguments, **named)
    setattr(module, name, struck)

real = store_watch.Watch.__call__
def watched(self, done, objects):
    going = real(self, done, objects)
    if os.getpid() == owner and where == "scan" and self.seen.sightings:
        strike()
    return going and not self._board.stopped
store_watch.Watch.__call__ = watched
if where in ("placed", "select", "report", "emit", "open_session"):
    before(history_run, where)
sys.exit(main.run(sys.argv[4:]))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Enough in one pack for two processes, with a secret at both ends."""
    repo = Repo(tmp_path_factory.mktemp("large") / "r", "--bare")
    rng = random.Random(3)
    blobs = [LEAK, *(rng.randbytes(25_000).hex().encode() for _ in range(260)), LEAK + b"end\n"]
    stream = b"".join(
        b"blob\nmark :%d\ndata %d\n%s\n" % (mark, len(blob), blob) for mark, blob in enumerate(blobs, 1)
    )
    files = "".join(f"M 100644 :{mark} f{mark}.txt\n" for mark in range(1, len(blobs) + 1))
    stream += f"commit refs/heads/main\ncommitter A <a@example.org> 1 +0000\ndata 1\nm\n{files}\n".encode()
    repo.git("fast-import", "--quiet", data=stream)
    return repo


def run(where: str, number: int, times: int, *arguments: str | Path) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-P", "-c", PROGRAM, where, str(number), str(times), "history", "--no-cache"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        timeout=60,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="processes are shared on Linux only")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
@pytest.mark.parametrize("where", ["select", "scan", "placed", "report", "emit"])
def test_a_stopped_sweep_says_what_it_saw(large: Repo, where: str, number: int) -> None:
    done = run(where, number, 1, large.path, "--format", "json")
    assert done.stderr == b""
    report = json.loads(done.stdout)
    if where in ("report", "emit"):  # all was seen by then
        assert done.returncode == 1 and report["complete"]
        return
    assert done.returncode == 130 and not report["complete"]
    assert [(skip["reason"], skip["fatal"]) for skip in report["skips"]] == [("interrupted", True)]
    assert len(report["findings"]) == (where != "select")
    if where == "scan":
        assert 0 < report["stats"]["objects"] < 263


def test_before_there_is_a_repository_the_report_is_empty_and_incomplete(large: Repo, tmp_path: Path) -> None:
    done = run("open_session", signal.SIGINT, 1, large.path, "--format", "sarif", "-o", tmp_path / "r.sarif")
    assert done.returncode == 130 and done.stdout == b""
    report = json.loads((tmp_path / "r.sarif").read_bytes())
    assert report["runs"][0]["results"] == []
    assert report["runs"][0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("form", ["text", "jsonl", "sarif", "gitlab", "junit", "csv"])
def test_every_format_can_say_it(large: Repo, form: str) -> None:
    done = run("scan", signal.SIGINT, 1, large.path, "--format", form)
    assert done.returncode == 130 and done.stderr == b"" and done.stdout
    assert form == "csv" or b"interrupted" in done.stdout.lower()


def test_a_second_time_ends_it_at_once(large: Repo, tmp_path: Path) -> None:
    done = run("scan", signal.SIGTERM, 2, large.path, "-o", tmp_path / "report.txt")
    assert done.returncode == 130 and done.stdout == b""
    assert done.stderr.decode().strip() == "interrupted; the scan is not complete"
    assert list(tmp_path.iterdir()) == []


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
        assert not stop.asked and signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), stoppable() as stop:
        assert signal.getsignal(signal.SIGINT) != before
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before and stop.asked and not stop.hurried


def test_a_patient_one_only_takes_note_the_first_time() -> None:
    stop = Stop()
    stop.patient = True
    stop.take(signal.SIGINT, None)
    assert stop.asked and not stop.hurried
    with pytest.raises(KeyboardInterrupt):
        stop.take(signal.SIGINT, None)
    assert stop.hurried


def test_a_board_adds_up() -> None:
    board = Board()
    board.put(0, Sums(10, 2, 1))
    board.put(3, Sums(5, 1, 0))
    board.put(3, Sums(6, 1, 0))
    assert board.sums() == Sums(16, 3, 1) and not board.stopped


def line(total: int, sums: Sums) -> str:
    show = Show(Board(), None)
    show.total = total
    show.board.put(0, sums)
    return told(show)


def test_a_line_says_how_far_it_is() -> None:
    assert line(3_400_000_000, Sums(1_200_000_000, 123_456, 12)) == (
        "scanning: 1.2 GB of 3.4 GB of packs, 123,456 objects, up to 12 findings so far"
    )
    assert line(0, Sums()) == "scanning: packs looked through, 0 objects, no findings so far"


def test_lines_in_a_log_come_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setattr(history_progress, "_LINE", 0.001)
    with shown(Board(), quiet=False) as show:
        show.start()
        while log.getvalue().count("\n") < 2:
            os.sched_yield()
    lines = log.getvalue().splitlines()
    assert set(lines) == {"history: scanning: packs looked through, 0 objects, no findings so far"}


@pytest.mark.parametrize("quiet", [True, False])
def test_a_short_run_and_a_quiet_one_say_nothing(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    if quiet:
        monkeypatch.setattr(history_progress, "_LINE", 0)
    with shown(Board(), quiet) as show:
        show.start()
    assert log.getvalue() == ""


@pytest.mark.parametrize(("settings", "bar"), [({}, True), ({"CI": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_bar_is_for_terminals(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], bar: bool) -> None:
    main_end, end = pty.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(history_progress, "_BAR_AFTER", 0)
    monkeypatch.setattr(history_progress, "_DRAWN", 0.001)
    with open(end, "w", encoding="utf-8") as terminal, open(main_end, "rb", buffering=0) as reader:
        monkeypatch.setattr(sys, "stderr", terminal)
        with shown(Board(), quiet=False) as show:
            show.board.put(0, Sums(2_000_000, 7, 1))
            show.total = 4_000_000
            show.start()
            said: Any = b""
            while bar and b"findings so far" not in said:
                said += reader.read(4096)
        terminal.write("|over")
        terminal.flush()
        while not said.endswith(b"|over"):
            said += reader.read(4096)
    assert (b"2.0 MB/4.0 MB of packs" in said and b"up to 1 findings so far" in said) == bar
    assert (said == b"|over") != bar
