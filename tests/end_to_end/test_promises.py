"""What no run may do: let a secret out anywhere, weaken a terminal, or say "clean" when it did not look."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from planted import FORMATS, RUN, Secrets, command, environment, guard, secrets, told
from repos import Repo

SECRETS = [secrets(seed) for seed in (1, 2, 3)]


@pytest.fixture
def leaky(tmp_path: Path) -> Repo:
    """Secrets committed, staged and on disk, in several forms, and in a message."""
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.commit_file("committed.env", SECRETS[0].data, message=f"with {SECRETS[0].stripe} in it")
    repo.write("staged.txt", SECRETS[1].text.encode("utf-16"))
    repo.git("add", "-A")
    line = " ".join(SECRETS[2].text.splitlines()[2:])
    repo.write("loose.py", f"x = '''{line}'''  # and again {SECRETS[2].stripe}\n".encode() * 3)
    return repo


def spilled(output: bytes) -> list[int]:
    return [at for one in SECRETS for at in one.leaked(output)]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


MODES = {"worktree": (), "staged": ("--staged",), "range": ("--range", "HEAD~1..HEAD")}


@pytest.mark.parametrize("form", FORMATS)
def test_no_secret_in_any_format(form: str, leaky: Repo, tmp_path: Path) -> None:
    for mode, arguments in MODES.items():
        done = guard("--debug", "scan", *arguments, "-f", form, cwd=leaky.path)
        assert done.returncode == 1, mode
        assert done.stdout
        assert spilled(done.stdout) == [], mode
        assert spilled(done.stderr) == [], mode
    out = tmp_path / f"report.{form}"
    done = guard("scan", "-f", form, "-o", out, cwd=leaky.path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert out.stat().st_size
    assert spilled(out.read_bytes() + done.stderr) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".report", "tmp"))] == []


def test_the_check_sees_what_it_looks_for(leaky: Repo) -> None:
    """The same report with --reveal is full of them."""
    done = guard("scan", "-f", "json", "--reveal", cwd=leaky.path)
    assert len(spilled(done.stdout)) > 50
    assert b"warning" in done.stderr
    assert spilled(done.stderr) == []


def test_no_secret_in_any_file_that_is_left(
    leaky: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cache, key, baseline, configuration, and whatever else a run leaves behind."""
    own = {"XDG_CACHE_HOME": str(tmp_path / "own-cache"), "TMPDIR": str(tmp_path / "own-tmp")}
    (tmp_path / "own-tmp").mkdir()
    assert guard("scan", cwd=leaky.path, **own).returncode == 1
    made = guard("baseline", "create", "--reason", "known", cwd=leaky.path, **own)
    assert made.returncode == 0, made.stderr
    assert spilled(made.stdout + made.stderr) == []
    assert guard("scan", cwd=leaky.path, **own).returncode == 0
    exported = guard("baseline", "export", "--format", "detect-secrets", cwd=leaky.path, **own)
    assert exported.returncode == 0, exported.stderr
    assert spilled(exported.stdout + exported.stderr) == []
    kept = [
        *files_below(tmp_path / "own-cache"),
        *files_below(Path(os.environ["HOME"])),
        *files_below(leaky.path / "baselines"),
        *(path for path in files_below(leaky.path / ".git") if "dce" in str(path.relative_to(leaky.path))),
    ]
    assert len(kept) > 2
    for path in kept:
        assert spilled(path.read_bytes() + os.fsencode(path.name)) == [], path
    assert files_below(tmp_path / "own-tmp") == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_no_secret_in_the_arguments_of_any_process(tmp_path: Path) -> None:
    one = secrets(40)  # no other test's: those make commits with theirs in the message
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.commit_file("committed.env", one.data)
    repo.write("staged.env", one.data + b"more\n")
    repo.git("add", "-A")
    seen: set[bytes] = set()
    stop = threading.Event()

    def sample() -> None:
        while not stop.is_set():
            for process in os.listdir("/proc"):
                if process.isdigit():
                    try:
                        seen.add(Path(f"/proc/{process}/cmdline").read_bytes())
                    except OSError:
                        continue

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        for arguments in MODES.values():
            assert guard("scan", *arguments, cwd=repo.path).returncode == 1
    finally:
        stop.set()
        watcher.join()
    assert any(b"dce_guard" in line for line in seen)
    assert one.leaked(b"\n".join(seen)) == []


def test_no_secret_in_errors(leaky: Repo) -> None:
    """A secret where a revision, a path, a rule or a setting should be: what is typed is said again, no more."""
    other = secrets(9)
    leaky.write(".dce-guard.toml", f'confidence = "{SECRETS[0].stripe}"\n'.encode())
    done = guard("--debug", "scan", cwd=leaky.path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    leaky.write(".dce-guard.toml", f'x = "{other.key}\n'.encode())
    done = guard("--debug", "scan", cwd=leaky.path)
    assert done.returncode == 2
    assert other.leaked(done.stdout + done.stderr) == []


def test_a_crash_says_where_and_not_what(leaky: Repo) -> None:
    """A fault of ours in the middle of a finding: without --debug no message, with it no value."""
    for flags in ([], ["--debug"]):
        done = subprocess.run(
            [sys.executable, "-P", "-c", CRASH, *flags, "scan"],
            cwd=leaky.path, env=environment(), capture_output=True, timeout=60,
        )  # fmt: skip
        assert done.returncode in (1, 3) if flags else done.returncode == 3
        assert b"made-up fault" in done.stderr if flags else b"RuntimeError" in done.stderr
        assert spilled(done.stdout + done.stderr) == []


CRASH = """
import sys
from dce_guard.scan import sight
def crash(page, match, *rest):
    kept = match.secret
    raise RuntimeError(f"made-up fault at {kept!r} of {match!r}")
sight._location = crash
from dce_guard.cli.main import main
sys.argv[0] = "dce-guard"
main()
"""


# Names


ODD = [
    "new\nline.env",
    "\x1b]0;title\x07\x1b[31mred.env",
    "\u202egnp.env",
    "tab\t\"quote'.env",
    "\x7f\x9b.env",
]


@pytest.mark.parametrize("form", FORMATS)
def test_odd_names_are_found_and_tame(form: str, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    for seed, name in enumerate(ODD):
        repo.write(name, secrets(seed).data)
    repo.write(b"invalid\xff\xfe.env", secrets(77).data)
    for arguments in ((), ("--staged",), ("--range", f"{base}..HEAD")):
        if arguments == ("--staged",):
            repo.git("add", "-A")
        if "--range" in arguments:
            repo.commit("m\x1b[2J\u202e")
        done = guard("scan", *arguments, "-f", form, cwd=repo.path, FORCE_COLOR="0")
        assert done.returncode == 1
        text = done.stdout.decode("utf-8")
        assert not {char for char in text if (char < " " and char not in "\n\r") or "\x7f" <= char <= "\x9f"}
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f") & set(text)
        assert b"\x1b" not in done.stderr
    found = told(cwd=repo.path)
    assert len(found.lines) == len(ODD) + 1
    assert len(found.report["findings"]) == 2 * (len(ODD) + 1)


def test_terminal_text_in_a_line_is_tame(tmp_path: Path) -> None:
    one = secrets(4)
    line = f"\x1b[2J\x1b]52;c;aGk=\x07 key = {one.stripe} \u202e\x9b31m\r\x08"
    (tmp_path / "a.txt").write_bytes(line.encode())
    for form in FORMATS:
        done = guard("scan", "-f", form, cwd=tmp_path)
        assert done.returncode == 1
        assert not {"\x1b", "\x07", "\x08", "\x9b", "\u202e"} & set(done.stdout.decode())


def test_csv_cells_do_not_begin_a_formula(tmp_path: Path) -> None:
    one = secrets(4)
    for name in ("=cmd|' !A0", "+1", "-1", "@x"):
        (tmp_path / name).write_bytes(one.data)
    done = guard("scan", ".", "-f", "csv", cwd=tmp_path)
    cells = done.stdout.decode().replace("\r\n", "\n")
    assert done.returncode == 1
    assert not [
        line for line in cells.split("\n") for cell in line.split(",") if cell.strip('"')[:1] in ("=", "@")
    ]


def test_machine_formats_parse_whatever_the_names(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    for seed, name in enumerate([*ODD, "\udcff.env"]):
        with open(os.path.join(os.fsencode(tmp_path), os.fsencode(name)), "wb") as file:
            file.write(secrets(seed).data)
    for form in ("json", "sarif", "gitlab"):
        json.loads(guard("scan", ".", "-f", form, cwd=tmp_path).stdout)
    for line in guard("scan", ".", "-f", "jsonl", cwd=tmp_path).stdout.splitlines():
        json.loads(line)
    ElementTree.fromstring(guard("scan", ".", "-f", "junit", cwd=tmp_path).stdout)


# The check itself


def test_runs_are_what_they_say() -> None:
    one = Secrets("AKIA" + "A" * 16, "B" * 40, "sk_live_" + "C" * 24)
    assert one.runs == {"A" * RUN, "B" * RUN, "C" * RUN}
    assert one.leaked(b"..BBBBBB..") == [2]
    assert one.leaked(b"..BBBBB..") == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_interrupted_is_130(tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit 130, and nothing that reads like a report."""
    process = subprocess.Popen(
        command("scan", "--stdin", "-f", "json"),
        cwd=tmp_path, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(
        b"x" * (8 << 20)
    )  # more than a pipe and a buffer hold: it is in the middle of reading
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"interrupted" in err
    assert b"Traceback" not in err
