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

    def respond(folder: Path, *args: str, command: str = "respond") -> Done:
        monkeypatch.chdir(folder)
        code = main.run([command, *args])
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


def key(number: int) -> bytes:
    return expand('KEY = "sk_live_{base62:24}"\n', random.Random(number))


def steps(run, repo: Repo, selector: str) -> str:
    done = run(repo.path, selector)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_that_only_the_history_holds_is_told_with_its_commit_and_refs(leaky, run, tmp_path):
    repo, _ = leaky
    repo.commit_file("old.py", key(8))
    first = repo.git("rev-parse", "HEAD")
    repo.commit_file("old.py", b"KEY = None\n")
    remote = Repo(tmp_path / "remote", "--bare")
    repo.git("remote", "add", "origin", str(remote.path))
    repo.git("push", "-q", "origin", "HEAD:main")
    told = steps(run, repo, "old.py:1")
    assert "(pushed)" in told and f"first committed 2026-01-01 by A U Thor in {first[:12]}" in told
    assert "refs  main, origin/main" in told and "filter-repo" in told
    assert "Remove it from" not in told  # there is no file to edit


def test_one_that_no_ref_leads_to_is_not_taken_for_a_pushed_one(leaky, run):
    repo, _ = leaky
    repo.commit("first")
    repo.commit_file("gone.py", key(8))
    repo.git("reset", "-q", "--hard", "HEAD~1")
    told = steps(run, repo, "gone.py:1")
    assert "(unreachable)" in told and "No branch or tag leads to it" in told and "git reflog expire" in told
    assert "filter-repo" not in told


def test_one_of_local_commits_names_the_commit_to_change(leaky, run):
    repo, _ = leaky
    first = repo.commit("add")
    told = steps(run, repo, "pay.py:1")
    assert (
        "(committed)" in told and "Remove it from pay.py:1" in told and f"git rebase -i {first[:12]}^" in told
    )
    assert told.count("Remove it from") == 1


def test_a_secret_in_a_name_is_masked_wherever_it_is_told(tmp_path, run):
    repo = Repo(tmp_path / "repo")
    secret = expand("sk_live_{base62:24}", random.Random(9)).decode()
    repo.commit_file("a.py", key(8))
    repo.git("branch", f"fix/{secret}")
    told = steps(run, repo, "a.py:1")
    assert "refs  fix/sk_l*****" in told and secret not in told
    fingerprint = next(line.split()[-1] for line in history(repo, run) if "refs/heads/fix/" in line)
    told = steps(run, repo, fingerprint)
    assert "Rename refs/heads/fix/sk_l*****" in told and secret not in told


def history(repo: Repo, run) -> list[str]:
    """A line for each finding of the history."""
    done = run(repo.path, "--quiet", command="history")
    assert done.returncode == 1
    return done.stdout.splitlines()


def test_what_the_history_does_not_hold_is_refused_by_that_name(leaky, run):
    done = run(leaky[0].path, "abcdefabcdef")
    assert done.returncode == 2 and "no finding of this repository" in done.stderr
    assert "dce-guard history lists them" in done.stderr


def test_outside_a_repository_the_files_are_looked_at(tmp_path, run):
    (tmp_path / "pay.py").write_bytes(key(8))
    done = run(tmp_path, "pay.py:1")
    assert done.returncode == 0 and "pay.py:1" in done.stdout and "take it as pushed" in done.stdout
