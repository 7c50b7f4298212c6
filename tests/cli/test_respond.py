"""`dce-guard respond`: the steps for a leak, and refusals."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from repos import Repo

from dce_guard.cli import main
from dce_guard.scan.templates import expand


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs `dce-guard respond` in a folder."""

    def respond(folder: Path, *args: str) -> Done:
        monkeypatch.chdir(folder)
        code = main.run(["respond", *args])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return respond


@pytest.fixture
def leaky(tmp_path: Path) -> tuple[Repo, str]:
    """A repository whose work tree holds one Stripe key, and the key."""
    key = expand("sk_live_{base62:24}", random.Random(7)).decode()
    repo = Repo(tmp_path / "repo")
    repo.write("pay.py", f'KEY = "{key}"\n'.encode())
    return repo, key


def test_it_names_the_steps_and_the_place_and_not_the_value(leaky, run):
    repo, key = leaky
    done = run(repo.path, "pay.py:1")
    assert done.returncode == 0, done.stderr
    assert "Stripe" in done.stdout and "pay.py:1" in done.stdout and "baseline accept" in done.stdout
    assert not any(key[at : at + 6] in done.stdout + done.stderr for at in range(len(key) - 5))


def test_a_pushed_one_is_told_of_its_history(leaky, run, tmp_path):
    repo, _ = leaky
    remote = Repo(tmp_path / "remote", "--bare")
    repo.commit("add")
    repo.git("remote", "add", "origin", str(remote.path))
    assert "filter-repo" not in run(repo.path, "pay.py:1").stdout
    repo.git("push", "-q", "origin", "HEAD:main")
    assert "filter-repo" in run(repo.path, "pay.py:1").stdout


@pytest.mark.parametrize("selector", ["abc", "0123456789ab", "pay.py:2", "other.py:1"])
def test_what_means_no_finding_is_refused(leaky, run, selector):
    done = run(leaky[0].path, selector)
    assert done.returncode == 2
    assert "no steps were planned" in done.stderr
    assert done.stdout == ""


def test_without_a_finding_named_it_is_a_usage_error(leaky, run):
    assert run(leaky[0].path).returncode == 2
