"""Remotes are told without their credentials, and nothing of the repository runs."""

import pytest
from repos import Repo

from dce_guard.adapters.remotes import Remote, remotes
from dce_guard.errors import GitError


def made(tmp_path, **addresses: str) -> Repo:
    repo = Repo(tmp_path / "repo")
    for name, address in addresses.items():
        repo.git("remote", "add", name, address)
    return repo


def test_names_and_places_in_order(tmp_path):
    repo = made(tmp_path, origin="https://git.example.org/a.git", backup="git@example.net:b.git")
    assert remotes(repo.path / ".git") == [
        Remote("backup", "git@example.net:b.git", False),
        Remote("origin", "https://git.example.org/a.git", False),
    ]


@pytest.mark.parametrize("userinfo", ["ann:pass" + "phrase", "x" * 30])
def test_credentials_are_noticed_and_not_told(tmp_path, userinfo):
    repo = made(tmp_path, origin=f"https://{userinfo}@git.example.org/a.git")
    (remote,) = remotes(repo.path / ".git")
    assert remote == Remote("origin", "https://git.example.org/a.git", True)


def test_a_user_name_is_no_credential(tmp_path):
    repo = made(tmp_path, origin="ssh://git@git.example.org/a.git")
    assert not remotes(repo.path / ".git")[0].credentials


def test_a_repository_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(GitError, match="cannot be read"):
        remotes(tmp_path / "none")


def test_nothing_of_the_repository_runs(tmp_path):
    repo = made(tmp_path, origin="https://git.example.org/a.git")
    canary = tmp_path / "canary"
    for key in ("core.fsmonitor", "core.sshCommand", "diff.external"):
        repo.git("config", key, f"touch {canary}")
    repo.git("config", "remote.origin.uploadpack", f"touch {canary}")
    assert len(remotes(repo.path / ".git")) == 1
    assert not canary.exists()
