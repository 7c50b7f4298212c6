"""Processes of a sweep: what they are told, how they end, how they are stopped, and what is tried again.

The process is a small program in place of `dce-guard history`; tests/cli/test_sweep.py runs the real one.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from dce_guard.adapters import history_process, local_engine
from dce_guard.adapters.history_process import GIT_HOST, GIT_TOKEN, Job, Running, look, secrets
from dce_guard.adapters.repositories import Target
from dce_guard.adapters.sweep_store import Status

WHOLE = {"schema": "dce-guard/report/1", "complete": True, "findings": []}
PART = WHOLE | {"complete": False}
SAY = "import json, os, sys, time, signal\nfrom pathlib import Path\n"
LOCAL, REMOTE = Target("/srv/one", "one"), Target("https://git.example.org/one", "one")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def process(monkeypatch):
    """Makes every job run a program instead, with the repository's address as its argument."""

    def use(program):
        command = property(lambda job: [sys.executable, "-S", "-c", SAY + program, job.target.address])
        monkeypatch.setattr(Job, "command", command)

    return use


def says(report, code=0, complaint=""):
    return f"print({json.dumps(report)!r}); print({complaint!r}, file=sys.stderr); sys.exit({code})"


@pytest.mark.parametrize(
    ("program", "status", "code", "error"),
    [
        (says(WHOLE), Status.DONE, 0, ""),
        (says(WHOLE, 1), Status.DONE, 1, ""),
        (says(PART, 3, "error: half of it"), Status.INCOMPLETE, 3, "half of it"),
        (says(PART, 0), Status.INCOMPLETE, 0, ""),
        (says(WHOLE, 2, "error: usage"), Status.FAILED, 2, "usage"),
        (says(WHOLE, 130), Status.FAILED, 130, ""),
        ("print('error: gone', file=sys.stderr); print('hint: x', file=sys.stderr); sys.exit(3)",
         Status.FAILED, 3, "gone"),
        ("sys.exit(0)", Status.FAILED, 0, ""),
        ("print('{\"findings\": [')", Status.FAILED, 0, ""),
        ("print('[]')", Status.FAILED, 0, ""),
    ],
)  # fmt: skip
def test_how_it_ends_is_told(process, program, status, code, error):
    process(program)
    result = look(Job(LOCAL, setup="s"), pause=lambda _: pytest.fail("tried again"))
    assert (result.status, result.exit_code, result.error) == (status, code, error)
    assert (result.repository, result.setup, result.finished_at[-1]) == ("/srv/one", "s", "Z")
    assert (result.report is None) is (status is Status.FAILED)


def test_an_error_shows_no_password_and_is_short(process):
    process("print('error: https://me:pa55@git.example.org/x ' + 'y' * 9999, file=sys.stderr); sys.exit(2)")
    error = look(Job(LOCAL)).error
    assert "pa55" not in error and len(error) <= 300


COUNTED = (
    "place = Path(os.environ['COUNT']); count = len(place.read_text()) if place.exists() else 0\n"
    "place.write_text('x' * (count + 1))\n"
)


@pytest.mark.parametrize(
    ("target", "program", "attempts"),
    [
        (REMOTE, "sys.exit(3)", 3),
        (LOCAL, "sys.exit(3)", 1),
        (REMOTE, "sys.exit(2)", 1),
        (REMOTE, says(PART, 3), 1),
    ],
)
def test_only_what_may_pass_is_tried_again(process, tmp_path, target, program, attempts):
    process(COUNTED + program)
    paused = []
    job = Job(target, retries=2, secrets={"COUNT": str(tmp_path / "count")})
    look(job, pause=paused.append)
    assert (tmp_path / "count").read_text() == "x" * attempts
    assert paused == [2.0, 4.0][: attempts - 1]


def test_a_fetch_that_succeeds_at_last_is_done(process, tmp_path):
    process(COUNTED + "if count < 2: sys.exit(3)\n" + says(WHOLE))
    job = Job(REMOTE, retries=2, secrets={"COUNT": str(tmp_path / "count")})
    assert look(job, pause=lambda _: None).status is Status.DONE


@POSIX
def test_one_that_was_killed_is_tried_again_and_told(process, tmp_path):
    process(COUNTED + "os.kill(os.getpid(), signal.SIGKILL)")
    result = look(Job(LOCAL, retries=1, secrets={"COUNT": str(tmp_path / "count")}), pause=lambda _: None)
    assert (result.status, result.error) == (Status.FAILED, "ended by signal 9")
    assert (tmp_path / "count").read_text() == "xx"


@POSIX
def test_time_is_over(process, monkeypatch):
    monkeypatch.setattr(history_process, "_LAST_WORDS", 5.0)
    process("try: time.sleep(60)\nexcept KeyboardInterrupt: " + says(PART, 130))
    result = look(Job(LOCAL, seconds=2.0, retries=5))
    assert (result.status, result.exit_code, result.error) == (Status.INCOMPLETE, None, "stopped after 2 s")
    assert result.report == PART


@POSIX
def test_one_that_does_not_listen_is_ended_with_all_that_it_started(process, monkeypatch, tmp_path):
    monkeypatch.setattr(history_process, "_LAST_WORDS", 0.5)
    process(
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nif os.fork(): Path(os.environ['PIDS']).write_text('x')\n"
        "time.sleep(60)"
    )
    job = Job(LOCAL, seconds=1.0, secrets={"PIDS": str(tmp_path / "pids")})
    result = look(job)  # returns only when the child's child has closed the pipe too
    assert (result.status, result.error) == (Status.FAILED, "stopped after 1 s")
    assert (tmp_path / "pids").exists()


def test_a_program_that_cannot_be_started(monkeypatch):
    monkeypatch.setattr(Job, "command", property(lambda job: ["/nowhere/at/all"]))
    result = look(Job(LOCAL, retries=0))
    assert result.status is Status.FAILED and result.error.startswith("not started: ")


def test_nothing_starts_after_a_stop(process):
    process(says(WHOLE))
    running = Running()
    running.stop()
    assert look(Job(LOCAL), running) is None


def test_every_job_is_done_once(process):
    process("print(json.dumps({'complete': True, 'findings': [sys.argv[1]]}))")
    jobs = [Job(Target(f"/srv/{number}", str(number))) for number in range(9)]
    told = [one.report["findings"][0] for one in local_engine.run(jobs, 4)]
    assert sorted(told) == sorted(job.target.address for job in jobs)
    assert list(local_engine.run([], 4)) == []


@POSIX
def test_closing_it_stops_what_runs(process, tmp_path):
    process(
        "if sys.argv[1] == '/srv/0': print(json.dumps({'complete': True, 'findings': []})); sys.exit()\n"
        "place = Path(os.environ['AT'], sys.argv[1][-1])\n"
        "try: place.write_text(''); time.sleep(60)\nexcept KeyboardInterrupt: place.write_text('interrupted')"
    )
    jobs = [Job(Target(f"/srv/{number}", str(number)), secrets={"AT": str(tmp_path)}) for number in range(9)]
    results = local_engine.run(jobs, 2)
    assert next(results).repository == "/srv/0"
    while not (tmp_path / "1").exists():
        os.sched_yield()
    results.close()
    assert (tmp_path / "1").read_text() == "interrupted"
    assert len(list(tmp_path.iterdir())) <= 2  # the others never began


def test_the_command_holds_no_secret_and_ends_its_options():
    job = Job(
        REMOTE,
        ("--since", "2024"),
        secrets=secrets(b"k" * 32, {"https://git.example.org": "t0ken"}, REMOTE.address),
    )
    assert job.command[1:5] == ["-P", "-m", "dce_guard", "history"] and job.command[-2:] == [
        "--",
        REMOTE.address,
    ]
    assert not {"t0ken", (b"k" * 32).hex()} & set(job.command)
    assert "t0ken" not in repr(job) and (b"k" * 32).hex() not in repr(job)


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("https://git.example.org/a/b", True),
        ("https://git.example.org", True),
        ("http://git.example.org/a", False),
        ("https://git.example.org.evil.example/a", False),
        ("https://git.example.org:444/a", False),
        ("https://evil.example/https://git.example.org/", False),
        ("ssh://git@git.example.org/a", False),
        ("/srv/https://git.example.org", False),
    ],
)
def test_a_token_goes_to_its_host_alone(address, given):
    told = secrets(b"k" * 32, {"https://git.example.org": "t0ken"}, address)
    assert (GIT_TOKEN in told, told.get(GIT_HOST)) == (given, "https://git.example.org" if given else None)
    assert told["DCE_GUARD_KEY"] == (b"k" * 32).hex()


def test_the_working_directory_is_not_imported_from(tmp_path, monkeypatch):
    (tmp_path / "dce_guard").mkdir()
    (tmp_path / "dce_guard" / "__init__.py").write_text('print(\'{"findings": [], "complete": true}\')')
    (tmp_path / "dce_guard" / "__main__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    result = look(Job(Target(str(tmp_path / "none"), "none")))
    assert result.status is Status.FAILED and result.exit_code in (2, 3)
