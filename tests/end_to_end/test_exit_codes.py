"""Exit codes, the same in every format: never 0 when something was not looked at without saying so."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from planted import FORMATS, PROJECT, command, environment, guard, secrets
from repos import Repo

ONE = secrets(1)


@dataclass
class Case:
    """What to run, where, around what; the code it ends with and what it says."""

    cwd: Path
    arguments: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    code: int = 0
    says: str = ""


def clean(where: Path) -> Case:
    repo = Repo(where / "r")
    repo.commit_file("a.txt", b"clean\n")
    return Case(repo.path)


def findings(where: Path) -> Case:
    case = clean(where)
    (case.cwd / "a.txt").write_bytes(ONE.data)
    case.code = 1
    return case


def findings_and_exit_zero(where: Path) -> Case:
    case = findings(where)
    case.code, case.arguments = 0, ("--exit-zero",)
    return case


def nothing_to_scan(where: Path) -> Case:
    return Case(where)


def no_such_path(where: Path) -> Case:
    return Case(where, ("nowhere",), code=3, says="nowhere")


def no_repository(where: Path) -> Case:
    return Case(where, ("--staged",), code=3, says="not in a git repository")


def no_repository_for_a_range(where: Path) -> Case:
    return Case(where, ("--range", "HEAD~1..HEAD"), code=3, says="not in a git repository")


def no_such_option(where: Path) -> Case:
    return Case(where, ("--stagd",), code=2, says="--staged")


def two_modes(where: Path) -> Case:
    return Case(where, ("--staged", "--stdin"), code=2, says="exclude each other")


def no_such_revision(where: Path) -> Case:
    case = clean(where)
    case.arguments, case.code, case.says = ("--range", "nosuch..HEAD"), 2, "nosuch"
    return case


def broken_configuration(where: Path) -> Case:
    case = clean(where)
    (case.cwd / ".dce-guard.toml").write_bytes(b"no toml\n")
    case.code, case.says = 2, ".dce-guard.toml"
    return case


def broken_baseline(where: Path) -> Case:
    case = findings(where)
    (case.cwd / "baselines").mkdir()
    (case.cwd / "baselines" / "dce-guard.json").write_bytes(b"{")
    case.code, case.says = 2, "dce-guard.json"
    return case


def broken_rule_pack(where: Path) -> Case:
    case = clean(where)
    (where / "pack.toml").write_bytes(b"[[rule]]\nid = 'x'\npattern = '(unclosed'\n")
    case.arguments, case.code, case.says = ("--rules", str(where / "pack.toml")), 3, "pack.toml"
    return case


def corrupt_object(where: Path) -> Case:
    repo = Repo(where / "r")
    base = repo.commit_file("a.txt", b"clean\n")
    repo.commit_file("b.txt", b"clean too\n")
    blob = repo.git("rev-parse", "HEAD:b.txt")
    path = repo.path / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"no zlib")
    return Case(repo.path, ("--range", f"{base}..HEAD"), code=3)


def corrupt_object_and_exit_zero(where: Path) -> Case:
    case = corrupt_object(where)
    case.arguments += ("--exit-zero",)
    return case


def missing_object(where: Path) -> Case:
    repo = Repo(where / "r")
    repo.commit_file("a.txt", b"clean\n")
    repo.write("b.txt", b"clean too\n")
    repo.git("add", "-A")
    blob = repo.git("rev-parse", ":0:b.txt")
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    return Case(repo.path, ("--staged",), code=3)


def corrupt_index(where: Path) -> Case:
    case = clean(where)
    (case.cwd / ".git" / "index").write_bytes(b"DIRC" + bytes(40))
    case.code = 3
    return case


def corrupt_index_staged(where: Path) -> Case:
    case = corrupt_index(where)
    case.arguments = ("--staged",)
    return case


def dying_git(where: Path) -> Case:
    """A git that answers all questions but dies in the middle of the objects."""
    repo = Repo(where / "r")
    repo.commit_file("a.txt", b"clean\n")
    for number in range(50):
        repo.write(f"{number}.txt", b"clean %d\n" % number * 2000)
    repo.git("add", "-A")
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    fake = where / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\nfor word; do\n"
        f'  if [ "$word" = cat-file ]; then "{real}" "$@" | head -c 100000; exit 128; fi\n'
        f'done\nexec "{real}" "$@"\n'
    )
    fake.chmod(0o755)
    path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    return Case(repo.path, ("--staged",), {"PATH": path}, 3)


def no_git(where: Path) -> Case:
    case = clean(where)
    (where / "empty").mkdir()
    case.env, case.code, case.says = {"PATH": str(where / "empty")}, 3, "git"
    return case


def archive_over_a_limit(where: Path) -> Case:
    import gzip

    (where / "bomb.gz").write_bytes(gzip.compress(bytes(40 << 20)))
    return Case(where, ("bomb.gz",), code=3)


def encrypted_archive(where: Path) -> Case:
    content = b"7z\xbc\xaf\x27\x1c" + bytes(60)
    (where / "a.7z").write_bytes(content)
    return Case(where, ("a.7z",))


def encrypted_archive_strict(where: Path) -> Case:
    case = encrypted_archive(where)
    case.arguments += ("--strict",)
    case.code = 3
    return case


def fifo(where: Path) -> Case:
    case = clean(where)
    os.mkfifo(case.cwd / "pipe")
    return case


def fifo_strict(where: Path) -> Case:
    """Git does not list a fifo; one that took a tracked file's place is told."""
    case = clean(where)
    (case.cwd / "a.txt").unlink()
    os.mkfifo(case.cwd / "a.txt")
    case.arguments, case.code = ("--strict",), 3
    return case


def unreadable_file(where: Path) -> Case:
    case = clean(where)
    (case.cwd / "a.txt").chmod(0)
    case.code = 3
    return case


def unreadable_folder(where: Path) -> Case:
    case = clean(where)
    (case.cwd / "locked").mkdir(mode=0)
    case.code = 3
    return case


def report_that_cannot_be_written(where: Path) -> Case:
    case = findings(where)
    case.arguments, case.code, case.says = ("-o", str(where / "none" / "report")), 3, "none"
    return case


CASES: list[Callable[[Path], Case]] = [
    clean, findings, findings_and_exit_zero, nothing_to_scan, no_such_path, no_repository,
    no_repository_for_a_range, no_such_option, two_modes, no_such_revision, broken_configuration, broken_baseline,
    broken_rule_pack, corrupt_object, corrupt_object_and_exit_zero, missing_object, corrupt_index,
    corrupt_index_staged, dying_git, no_git, archive_over_a_limit, encrypted_archive, encrypted_archive_strict,
    fifo, fifo_strict, unreadable_file, unreadable_folder, report_that_cannot_be_written,
]  # fmt: skip
NOT_AS_ROOT = (unreadable_file, unreadable_folder)


@pytest.mark.skipif(sys.platform == "win32", reason="fifos, modes and shell scripts")
@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_code(build: Callable[[Path], Case], tmp_path: Path) -> None:
    if build in NOT_AS_ROOT and not os.geteuid():
        pytest.skip("root reads everything")
    case = build(tmp_path)
    for form in ("text", "json") if build not in (clean, findings, corrupt_object) else FORMATS:
        done = guard("scan", *case.arguments, "-f", form, cwd=case.cwd, **case.env)
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert done.returncode == case.code, f"{form}: {said[-600:]}"
        assert case.says in said
        assert "Traceback" not in said
        if case.code == 3 and done.stdout and form == "text":
            assert "could not" in said or "not looked at" in said
        if case.code == 3 and done.stdout and form == "json":
            assert '"complete": false' in said or "--strict" in case.arguments


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/self/mem is Linux's")
def test_a_file_that_fails_to_read_is_told(tmp_path: Path) -> None:
    """Reading /proc/PID/mem at 0 is EIO also for root, as from a bad disk; the rest is scanned."""
    (tmp_path / "a.txt").write_bytes(ONE.data)
    done = guard("scan", "a.txt", "/proc/self/mem", cwd=tmp_path)
    said = done.stdout.decode()
    assert done.returncode == 3
    assert "a.txt:4" in said
    assert "/proc/self/mem" in said


def test_a_closed_pipe_is_no_clean_scan(tmp_path: Path) -> None:
    for seed in range(300):
        (tmp_path / f"{seed}.env").write_bytes(secrets(seed).data)
    process = subprocess.Popen(
        command("scan", ".", "-f", "json"),
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stderr
    assert process.stdout.readline() == b"{\n"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 3
    assert errors == b""


def test_a_broken_own_rule_pack_is_no_clean_scan(tmp_path: Path) -> None:
    """The packs beside the package damaged or gone: no rules, no verdict."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(PROJECT / "dce_guard", copy / "dce_guard", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "rules", copy / "rules")
    (tmp_path / "a.env").write_bytes(ONE.data)
    assert guard("scan", "a.env", cwd=tmp_path, PYTHONPATH=str(copy)).returncode == 1
    with open(copy / "rules" / "stripe.toml", "a", encoding="utf-8") as file:
        file.write("\n[[rule]\n")
    done = guard("scan", "a.env", cwd=tmp_path, PYTHONPATH=str(copy))
    assert (done.returncode, b"stripe" in done.stderr) == (3, True)
    shutil.rmtree(copy / "rules")
    done = guard("scan", "a.env", cwd=tmp_path, PYTHONPATH=str(copy))
    assert done.returncode == 3
    assert b"nothing was scanned" in done.stderr
