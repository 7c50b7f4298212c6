"""Finding and asking a repository, and every way of not getting one."""

import os
from pathlib import Path

import pytest
from repos import Repo, Seen, clone

from dce_guard.adapters import git, git_command
from dce_guard.adapters.git import discover
from dce_guard.adapters.git_command import cause, environment, executable
from dce_guard.adapters.lookup import Lookup
from dce_guard.adapters.revisions import commits, resolve
from dce_guard.adapters.worktree import WorkTree
from dce_guard.errors import GitError, UsageError


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit_file("sub/a.txt", b"one\n")
    return repo


class TestDiscovery:
    def test_what_a_repository_tells(self, repo: Repo) -> None:
        found = discover(repo.path / "sub")
        assert found is not None
        assert found.root == repo.path
        assert found.git_dir == found.common_dir == repo.path / ".git"
        assert (found.object_format, found.id_length, found.shallow) == ("sha1", 40, False)
        assert "GIT_CONFIG_GLOBAL" not in repr(found)  # the environment stays out of tracebacks

    def test_from_a_file(self, repo: Repo) -> None:
        found = discover(repo.path / "sub" / "a.txt")
        assert found is not None and found.root == repo.path

    def test_none_outside(self, tmp_path: Path) -> None:
        assert discover(tmp_path) is None

    def test_the_empty_tree_is_gits(self, repo: Repo, tmp_path: Path) -> None:
        for made in (repo, Repo(tmp_path / "long", "--object-format=sha256")):
            found = discover(made.path)
            assert found is not None
            assert found.empty_tree == made.git("hash-object", "-t", "tree", "--stdin", data=b"")

    def test_a_bare_repository_stands_alone(self, repo: Repo, tmp_path: Path) -> None:
        bare = clone(repo, tmp_path / "bare.git", "--bare")
        for start in (bare.path, bare.path / "refs"):
            found = discover(start)
            assert found is not None
            assert (found.root, found.git_dir) == (None, bare.path)

    def test_a_bare_repositorys_work_tree_setting_says_nothing(self, repo: Repo, tmp_path: Path) -> None:
        bare = clone(repo, tmp_path / "bare.git", "--bare")
        bare.git("config", "core.bare", "false")
        bare.git("config", "core.worktree", "/")
        found = discover(bare.path)
        assert found is not None and found.root is None

    def test_inside_the_git_directory_is_refused(self, repo: Repo) -> None:
        for inside in (".git", ".git/refs"):
            with pytest.raises(GitError, match="inside a git directory"):
                discover(repo.path / inside)

    def test_a_hooks_git_dir_counts_until_a_target_is_named(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Repo(tmp_path / "other")
        monkeypatch.setenv("GIT_DIR", str(repo.path / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(repo.path))
        unnamed, named = discover(other.path), discover(other.path, named=True)
        assert unnamed is not None and unnamed.root == repo.path
        assert named is not None and named.root == other.path

    def test_a_git_dir_that_leads_nowhere_is_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
        with pytest.raises(GitError, match="cannot be read"):
            discover(tmp_path)

    def test_a_separate_git_directory_needs_a_word(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repo = Repo(tmp_path / "repo", f"--separate-git-dir={tmp_path / 'elsewhere'}")
        with pytest.raises(GitError, match="does not point back"):
            discover(repo.path)
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("GIT_WORK_TREE", str(repo.path))
        found = discover(repo.path)
        assert found is not None and found.root == repo.path

    def test_a_broken_head_is_an_error_and_no_plain_folder(self, repo: Repo) -> None:
        (repo.path / ".git" / "HEAD").unlink()
        with pytest.raises(GitError, match="cannot be read"):
            discover(repo.path)

    def test_a_broken_repository_inside_another_is_not_taken_for_it(self, repo: Repo) -> None:
        (repo.path / "sub" / ".git").mkdir()
        with pytest.raises(GitError, match="broken"):
            discover(repo.path / "sub")

    def test_damaged_settings_are_an_error(self, repo: Repo) -> None:
        (repo.path / ".git" / "config").write_text("[core\n")
        with pytest.raises(GitError):
            discover(repo.path)

    def test_a_start_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(GitError, match="could not be run"):
            discover(tmp_path / "no" / "such")


class TestCommand:
    def test_only_plumbing_verbs(self, repo: Repo) -> None:
        found = discover(repo.path)
        assert found is not None
        for verb in ("status", "diff", "log", "show", "fetch", "checkout"):
            with pytest.raises(ValueError, match="not safe"):
                found.run([verb])

    def test_failure_is_an_error_with_its_cause(self, repo: Repo) -> None:
        found = discover(repo.path)
        assert found is not None
        with pytest.raises(GitError, match=r"git rev-list failed: .*nosuch"):
            found.run(["rev-list", "nosuch"])

    @pytest.mark.skipif(os.name == "nt", reason="needs a fifo")
    def test_a_git_that_waits_for_ever_is_stopped(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(repo.path / ".gitignore")
        found = discover(repo.path)
        assert found is not None
        monkeypatch.setattr(git, "_ANSWER_SECONDS", 0.1)
        with pytest.raises(GitError, match="did not end") as error:
            Seen(WorkTree(found, cwd=repo.path).chunks())
        assert "fifo" in error.value.hint

    def test_the_environment_keeps_a_hooks_and_nothing_else(self) -> None:
        outer = {
            "PATH": "/bin",
            "GIT_INDEX_FILE": ".git/next-index-1.lock",
            "GIT_TRACE": "/tmp/t",
            "LANGUAGE": "de",
        }
        outer |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_PARAMETERS": "'a.b=c'",
            "GIT_SSH_COMMAND": "x",
            "GIT_DIR": "/r",
        }
        kept = environment(False, outer)
        assert kept["GIT_INDEX_FILE"] == ".git/next-index-1.lock"
        assert kept["GIT_DIR"].replace("\\", "/").endswith("/r")
        assert not {
            "GIT_TRACE",
            "GIT_CONFIG_COUNT",
            "GIT_CONFIG_PARAMETERS",
            "GIT_SSH_COMMAND",
            "LANGUAGE",
        } & set(kept)
        assert not {"GIT_DIR", "GIT_INDEX_FILE"} & set(environment(True, outer))

    def test_no_git_in_the_current_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        name = "git.exe" if os.name == "nt" else "git"
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        monkeypatch.chdir(tmp_path)
        for path in ("", ".", f".{os.pathsep}"):
            with pytest.raises(GitError, match="not found"):
                executable({"PATH": path})
        assert executable({"PATH": str(tmp_path)}) == str(tmp_path / name)

    def test_a_git_too_old_is_refused(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake = tmp_path / "bin" / "git"
        fake.parent.mkdir()
        fake.write_text(
            "#!/bin/sh\nprintf -- '--path-format=absolute\\nsha1\\nfalse\\nfalse\\n.git\\n.git\\n/\\n'\n"
        )
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(GitError, match="too old"):
            discover(repo.path)

    def test_the_cause_holds_no_credentials(self) -> None:
        said = cause(b"warning: x\nfatal: could not fetch from https://user:word@host/x y\n")
        assert said == "could not fetch from https://host/x y"
        assert cause(b"") == "no reason given"

    def test_nothing_writes_to_the_terminal_or_asks(self) -> None:
        fixed = git_command.environment(False, {})
        assert fixed["GIT_TERMINAL_PROMPT"] == "0"
        assert fixed["GIT_OPTIONAL_LOCKS"] == "0"  # an index refreshed on the way would be a write


class TestRevisions:
    def test_resolving_many_at_once(self, repo: Repo) -> None:
        found = discover(repo.path)
        assert found is not None
        head = repo.git("rev-parse", "HEAD")
        assert resolve(found, ["HEAD", "nosuch", "main^{commit}"]) == [head, None, head]
        assert resolve(found, []) == []
        assert commits(found, ["main"]) == [head]

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0b"])
    def test_what_cannot_be_a_name(self, repo: Repo, name: str) -> None:
        found = discover(repo.path)
        assert found is not None
        with pytest.raises(UsageError):
            resolve(found, [name])

    def test_an_unknown_one_without_a_likeness(self, repo: Repo) -> None:
        found = discover(repo.path)
        assert found is not None
        with pytest.raises(UsageError) as error:
            commits(found, ["zzzzzz"])
        assert "git branch" in error.value.hint


class TestLookup:
    def test_by_id_by_revision_and_in_the_index(self, repo: Repo) -> None:
        found = discover(repo.path)
        assert found is not None
        repo.write("sub/a.txt", b"two\n")
        repo.git("add", "-A")
        with Lookup(found) as lookup:
            blob = repo.git("rev-parse", "HEAD:sub/a.txt")
            assert lookup.object("HEAD:sub/a.txt") == (blob, b"one\n")
            assert lookup.object(blob) == (blob, b"one\n")
            staged = lookup.object(":0:sub/a.txt")
            assert staged is not None and staged[1] == b"two\n"
            assert lookup.object("HEAD:nosuch") is None
            assert lookup.object("HEAD:a\nb") is None
            assert lookup.object("HEAD:sub/a.txt") == (blob, b"one\n")  # still in step

    def test_a_broken_object_is_an_error(self, repo: Repo) -> None:
        found = discover(repo.path)
        assert found is not None
        blob = repo.git("hash-object", "-w", "--stdin", data=os.urandom(10_000))
        path = repo.path / ".git" / "objects" / blob[:2] / blob[2:]
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:5_000])
        with Lookup(found) as lookup:
            with pytest.raises(GitError):
                lookup.object(blob)
            assert lookup.object("HEAD:nosuch") is None  # the next question goes to a fresh git
