"""What is read of the git directory, and what never is."""

import os
import shutil
from pathlib import Path

import pytest
from repos import PLANTED, Repo, Seen, clone

from dce_guard.adapters import gitdir
from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.gitdir import GitFiles
from dce_guard.adapters.keys import find_key
from dce_guard.model.item import Kind


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit_file("a.txt", b"one\n")
    return repo


def opened(path: Path) -> Repository:
    found = discover(path)
    assert found is not None
    return found


def seen(path: Path) -> Seen:
    return Seen(GitFiles(opened(path)).chunks())


def plant(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"said: " + PLANTED + b"\n")


TEXTS = (
    ".git/FETCH_HEAD",
    ".git/COMMIT_EDITMSG",
    ".git/MERGE_MSG",
    ".git/config.worktree",
    ".git/description",
    ".git/hooks/pre-commit",
    ".git/info/exclude",
    ".git/info/attributes",
    ".git/rebase-merge/author-script",
    ".git/rr-cache/ab/preimage",
    ".git/sequencer/todo",
    ".git/logs/refs/heads/gone",
    ".git/logs/refs/heads/index",
    ".git/logs/refs/heads/objects/refs",
    ".git/logs/refs/heads/hooks/a.sample",
    ".git/logs/refs/heads/lfs/objects/x",
    ".git/config.lock",
    ".git/objects/info/http-alternates",
    ".git/lfs/cache/locks/refs/heads/main/verifiable",
    ".git/backup-of-config",
)


class TestWhatIsRead:
    @pytest.mark.parametrize("path", TEXTS)
    def test_texts(self, repo: Repo, path: str) -> None:
        plant(repo.path / path)
        found = seen(repo.path)
        assert found.planted == {path}
        assert found.kind(path) is Kind.GIT_FILE
        assert not found.fatal

    def test_an_address_in_the_settings(self, repo: Repo) -> None:
        repo.git("remote", "add", "origin", f"https://user:{PLANTED.decode()}@host.invalid/x")
        assert seen(repo.path).planted == {".git/config"}

    def test_a_reflog_of_what_was_amended(self, repo: Repo) -> None:
        repo.commit(PLANTED.decode())
        repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "clean")
        assert {".git/logs/HEAD", ".git/logs/refs/heads/main"} <= seen(repo.path).planted

    def test_a_branch_named_as_a_git_directorys_file(self, repo: Repo) -> None:
        """Reflogs of the branches HEAD and objects/… make their folder look like a git directory."""
        for name in ("HEAD", "objects/x", "dce-guard/x"):
            plant(repo.path / ".git/logs/refs/heads" / name)
        assert len(seen(repo.path).planted) == 3

    def test_every_file_goes_to_one_shard(self, repo: Repo) -> None:
        for number in range(3):
            plant(repo.path / f".git/logs/refs/heads/{number}")
        (repo.path / ".git/large").write_bytes(b"x" * (5 << 20) + PLANTED)
        source = GitFiles(opened(repo.path))
        parts = [Seen(source.chunks(shard, 2)) for shard in range(2)]
        assert parts[0].items and parts[1].items
        assert not parts[0].paths & parts[1].paths
        assert parts[0].paths | parts[1].paths == seen(repo.path).paths
        assert len(parts[0].planted | parts[1].planted) == 4

    def test_a_large_file_keeps_its_kind_in_every_piece(self, repo: Repo) -> None:
        (repo.path / ".git/large").write_bytes(b"x" * (9 << 20) + PLANTED)
        found = seen(repo.path)
        assert found.planted == {".git/large"} and found.kind(".git/large") is Kind.GIT_FILE

    def test_a_bare_repository(self, repo: Repo, tmp_path: Path) -> None:
        bare = clone(repo, tmp_path / "bare.git", "--bare")
        plant(bare.path / "FETCH_HEAD")
        assert seen(bare.path).planted == {".git/FETCH_HEAD"}
        assert seen(bare.path).kind(".git/config") is Kind.GIT_FILE

    def test_linked_work_trees_from_any_of_them(self, repo: Repo, tmp_path: Path) -> None:
        repo.git("worktree", "add", "-q", str(tmp_path / "second"))
        plant(repo.path / ".git/worktrees/second/COMMIT_EDITMSG")
        plant(repo.path / ".git/MERGE_MSG")
        wanted = {".git/worktrees/second/COMMIT_EDITMSG", ".git/MERGE_MSG"}
        for path in (repo.path, tmp_path / "second"):
            found = seen(path)
            assert found.planted == wanted
            assert not {name for name in found.paths if name.endswith("index")}

    def test_a_git_directory_apart_from_the_shared_one(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repo.git("worktree", "add", "-q", str(tmp_path / "second"))
        own = tmp_path / "own"
        (repo.path / ".git/worktrees/second").rename(own)
        (own / "commondir").write_text(f"{repo.path}/.git\n")
        plant(own / "MERGE_MSG")
        plant(repo.path / ".git/FETCH_HEAD")
        monkeypatch.setenv("GIT_DIR", str(own))
        monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "second"))
        assert seen(tmp_path / "second").planted == {".git/MERGE_MSG", ".git/FETCH_HEAD"}


class TestWhatIsNot:
    def test_objects_refs_and_indexes(self, repo: Repo) -> None:
        for name in (
            "objects/zz",
            "refs/heads/zz",
            "packed-refs",
            "index.lock",
            "sharedindex.1",
            "hooks/x.sample",
        ):
            plant(repo.path / ".git" / name)
        plant(repo.path / ".git/lfs/objects/aa/bb/oid")
        found = seen(repo.path)
        assert not found.planted and ".git/index" not in found.paths
        assert not found.skips

    def test_our_own_key(self, repo: Repo) -> None:
        find_key(None, None, repo.path / ".git", {})
        assert (repo.path / ".git/dce-guard/key").is_file()
        plant(repo.path / ".git/dce-guard/state")
        (repo.path / ".git/link").symlink_to("dce-guard/key")
        (repo.path / ".git/folder").symlink_to("dce-guard")
        found = seen(repo.path)
        key = (repo.path / ".git/dce-guard/key").read_bytes()
        assert not found.planted
        assert not [path for _, path, content in found.items if key in content or "dce-guard/" in path]
        assert found.content(".git/link") == b"dce-guard/key" and found.kind(".git/link") is Kind.SYMLINK

    def test_links_are_not_followed(self, repo: Repo, tmp_path: Path) -> None:
        plant(tmp_path / "outside/private")
        shutil.rmtree(repo.path / ".git/hooks", ignore_errors=True)
        (repo.path / ".git/hooks").symlink_to(tmp_path / "outside")
        (repo.path / ".git/description").unlink(missing_ok=True)
        (repo.path / ".git/description").symlink_to(tmp_path / "outside/private")
        found = seen(repo.path)
        assert not found.planted
        assert found.content(".git/hooks") == os.fsencode(tmp_path / "outside")

    def test_a_submodules_files_but_not_its_objects(self, repo: Repo, tmp_path: Path) -> None:
        inner = Repo(tmp_path / "inner")
        inner.commit_file("i.txt")
        repo.git("submodule", "add", "-q", f"file://{inner.path}", "libs/inner")
        module = repo.path / ".git/modules/libs/inner"
        plant(module / "config.worktree")
        plant(module / "objects/zz")
        plant(module / "dce-guard/key")
        found = seen(repo.path)
        assert found.planted == {".git/modules/libs/inner/config.worktree"}
        assert ".git/modules/libs/inner/logs/HEAD" in found.paths
        assert [(skip.path, skip.reason, skip.fatal) for skip in found.skips] == [
            (".git/modules/libs/inner", "submodule", False)
        ]

    @pytest.mark.skipif(os.name == "nt", reason="needs a fifo")
    def test_a_fifo_is_told_and_not_waited_for(self, repo: Repo) -> None:
        os.mkfifo(repo.path / ".git/MERGE_MSG")
        found = seen(repo.path)
        assert [(skip.path, skip.reason) for skip in found.skips] == [(".git/MERGE_MSG", "special-file")]

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
    def test_what_cannot_be_read_is_told(self, repo: Repo) -> None:
        plant(repo.path / ".git/MERGE_MSG")
        (repo.path / ".git/MERGE_MSG").chmod(0)
        (repo.path / ".git/logs").chmod(0)
        found = seen(repo.path)
        (repo.path / ".git/logs").chmod(0o700)
        assert {skip.path for skip in found.fatal} == {".git/MERGE_MSG", ".git/logs"}

    def test_more_files_than_any_repository_has(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gitdir, "_FILES", 20)
        for number in range(30):
            plant(repo.path / f".git/many/{number}")
        found = seen(repo.path)
        assert [skip.reason for skip in found.fatal] == ["limit"]
        assert ".git/config" in found.paths

    def test_what_it_says_of_itself(self, repo: Repo) -> None:
        assert GitFiles(opened(repo.path)).describe() == {
            "mode": "git-directory",
            "root": str(repo.path / ".git"),
        }
