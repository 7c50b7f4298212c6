"""Same input, same bytes: between runs, between hash seeds, however many processes share the work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from planted import FORMATS, command, environment, guard, secrets
from repos import Repo

from dce_guard.cli.scanning import WORTH_A_PROCESS


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "r")
    made.commit_file("base.txt", b"base\n")
    for seed in range(6):
        made.write(f"d{seed % 3}/f{seed}.env", secrets(seed % 4).data * (1 + seed % 2))
    made.write("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20))
    made.write("b.rar", b"Rar!\x1a\x07" + bytes(20))
    made.git("add", "-A")
    return made


@pytest.mark.parametrize("form", FORMATS)
def test_two_runs_are_alike(form: str, repo: Repo) -> None:
    for arguments in ((), ("--staged",)) if form == "json" else ((),):
        outputs = {
            guard("scan", *arguments, "-f", form, cwd=repo.path, PYTHONHASHSEED=seed).stdout for seed in "12"
        }
        assert len(outputs) == 1
        assert len(outputs.pop()) > 500


def test_where_it_is_run_does_not_matter(repo: Repo) -> None:
    above = guard("scan", "-f", "json", cwd=repo.path).stdout
    assert guard("scan", "-f", "json", cwd=repo.path / "d1").stdout == above


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="work is shared on Linux only")
@pytest.mark.parametrize("form", ["json", "text", "sarif"])
def test_one_process_and_several_are_alike(form: str, repo: Repo) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this machine has one core")
    filler = b"def function():\n    return 1\n" * 10_000
    for number in range(2 + 2 * WORTH_A_PROCESS // len(filler)):
        repo.write(f"src/{number:03}.py", filler + (secrets(number % 7).data if number % 5 == 0 else b""))
    core = min(os.sched_getaffinity(0))
    several = guard("scan", "-f", form, cwd=repo.path)
    one = subprocess.run(
        command("scan", "-f", form),
        cwd=repo.path, env=environment(), capture_output=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    assert (several.returncode, one.returncode) == (1, 1)
    assert several.stdout == one.stdout
    assert b"src/005.py" in one.stdout
