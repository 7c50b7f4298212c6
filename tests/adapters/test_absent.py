"""What is not there is counted and told, and fetched only when somebody asks."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from repos import PLANTED, Repo, clone, git_env

sys.path.append(str(Path(__file__).parents[1] / "hostile"))
from fixtures import FIXTURES, Ground

from dce_guard.adapters import absent as module
from dce_guard.adapters.absent import absent, boundary, connectivity, missing, promisors
from dce_guard.adapters.fetching import fetch_missing
from dce_guard.adapters.git import Repository, discover
from dce_guard.errors import GitError, GuardError, UsageError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder for temporary files."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Three commits; what is planted is in the first one only."""
    repo = Repo(tmp_path / "repo")
    repo.commit_file("sub/a.txt")
    repo.commit_file("sub/a.txt", b"clean\n")
    repo.commit_file("b.txt", b"two\n")
    repo.git("config", "uploadpack.allowFilter", "true")
    return repo


def opened(repo: Repo | Path) -> Repository:
    found = discover(repo if isinstance(repo, Path) else repo.path, named=True)
    assert found is not None
    return found


def told(repo: Repo) -> list[tuple[str, bool]]:
    return [(skip.reason, skip.fatal) for skip in absent(opened(repo))]


def partial(repo: Repo, target: Path, *more: str, kind: str = "blob:none") -> Repo:
    return clone(repo, target, "--no-checkout", f"--filter={kind}", *more)


def removed(repo: Repo, revision: str) -> str:
    name = repo.git("rev-parse", revision)
    (repo.path / ".git/objects" / name[:2] / name[2:]).unlink()
    return name


def contents(repo: Repo) -> str:
    asked = ["git", "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(asked, cwd=repo.path, env=git_env(repo.home), capture_output=True).stdout.decode(
        "latin-1"
    )


class TestAbsent:
    def test_nothing_is_missing(self, repo: Repo) -> None:
        assert absent(opened(repo)) == connectivity(opened(repo)) == missing(opened(repo)) == []
        assert boundary(opened(repo)) == promisors(opened(repo)) == []

    def test_before_the_first_commit(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "new")
        assert absent(opened(repo)) == connectivity(opened(repo)) == []

    def test_a_shallow_clone(self, repo: Repo, tmp_path: Path) -> None:
        cut = clone(repo, tmp_path / "shallow", "--depth=1")
        (skip,) = absent(opened(cut))
        assert (skip.reason, skip.fatal) == ("shallow", False) and "1 commit was" in skip.detail
        assert boundary(opened(cut)) == [repo.git("rev-parse", "HEAD")]
        assert connectivity(opened(cut)) == []

    @pytest.mark.skipif(os.name == "nt", reason="needs a fifo")
    def test_a_list_that_cannot_be_read(self, repo: Repo, tmp_path: Path) -> None:
        found = opened(clone(repo, tmp_path / "shallow", "--depth=1"))
        path = found.common_dir / "shallow"
        path.unlink()
        path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(GitError, match="shallow clone's commits"):
            boundary(found)

    def test_partial_clones(self, repo: Repo, tmp_path: Path) -> None:
        for kind, count in (("blob:none", 3), ("tree:0", 3)):
            left = partial(repo, tmp_path / kind.replace(":", "-"), kind=kind)
            (skip,) = absent(opened(left))
            assert (skip.reason, skip.fatal) == ("missing", False)
            assert f"at least {count} " in skip.detail
            assert len(missing(opened(left))) == count
            assert connectivity(opened(left)) == []

    @pytest.mark.parametrize("name", ["a02_core_sshcommand_promisor", "a03_uploadpack_ext"])
    @pytest.mark.skipif(os.name == "nt", reason="the fixtures are shell scripts")
    def test_nothing_is_fetched_and_no_program_run(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "home").mkdir(exist_ok=True)
        found = FIXTURES[name](Ground(tmp_path, PLANTED, tmp_path / "canary"))
        (tmp_path / "canary").unlink(missing_ok=True)
        before = sorted(found.path.rglob("*"))
        assert absent(opened(found.path))
        assert not (tmp_path / "canary").exists()
        assert sorted(found.path.rglob("*")) == before

    def test_an_object_store_that_is_not_there(self, repo: Repo, tmp_path: Path) -> None:
        for line in ("/no/such/objects\n", "# a comment\n../nowhere\n", '"/no/such"\n'):
            (repo.path / ".git/objects/info/alternates").write_text(line)
            assert told(repo) == [("missing", True)]
        other = Repo(tmp_path / "other", home=repo.home)
        (repo.path / ".git/objects/info/alternates").write_text(f"# one\n\n{other.path}/.git/objects\n")
        assert told(repo) == []
        (other.path / ".git/objects/info/alternates").write_text("/no/such/objects\n")
        assert told(repo) == [("missing", True)]
        (other.path / ".git/objects/info/alternates").write_text(f"{repo.path}/.git/objects\n")
        assert ("limit", True) in told(repo)  # a circle

    def test_a_pack_that_git_does_not_read(self, repo: Repo) -> None:
        repo.git("repack", "-a", "-d", "-q")
        (index,) = (repo.path / ".git/objects/pack").glob("*.idx")
        index.rename(index.with_suffix(".away"))
        skips = absent(opened(repo))
        assert [(skip.reason, skip.fatal) for skip in skips] == [("unreadable", True)]
        assert skips[0].path.endswith(".pack")

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
    def test_folders_and_packs_without_permission(self, repo: Repo) -> None:
        name = repo.git("rev-parse", "HEAD")
        folder = repo.path / ".git/objects" / name[:2]
        folder.chmod(0)
        skips = absent(opened(repo))
        folder.chmod(0o700)
        assert [(skip.path, skip.fatal) for skip in skips] == [(f".git/objects/{name[:2]}", True)]


class TestConnectivity:
    def test_a_missing_blob_and_tree(self, repo: Repo) -> None:
        gone = {removed(repo, "HEAD~2:sub/a.txt"), removed(repo, "HEAD~1:sub")}
        assert {skip.path for skip in connectivity(opened(repo))} == gone
        assert set(missing(opened(repo))) == gone
        assert absent(opened(repo)) == []

    def test_a_missing_commit(self, repo: Repo) -> None:
        removed(repo, "HEAD~1")
        assert [skip.reason for skip in connectivity(opened(repo))] == ["git-failed"]
        with pytest.raises(GitError, match="could not tell"):
            missing(opened(repo))

    def test_more_than_anyone_reads(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_NAMED", 1)
        monkeypatch.setattr(module._traversed, "__defaults__", (1, None))
        removed(repo, "HEAD~2:sub/a.txt")
        removed(repo, "HEAD:b.txt")
        skips = connectivity(opened(repo))
        assert len(skips) == 2 and skips[1].detail.startswith("1 more")
        assert all(skip.fatal for skip in skips)


class TestFetching:
    @pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
    def test_a_partial_clone(self, repo: Repo, tmp_path: Path, place: Path, kind: str) -> None:
        left = partial(repo, tmp_path / "partial", kind=kind)
        assert PLANTED.decode() not in contents(left)
        refs, settings = left.git("for-each-ref"), (left.path / ".git/config").read_bytes()
        fetch_missing(opened(left))
        assert absent(opened(left)) == [] and PLANTED.decode() in contents(left)
        assert (left.git("for-each-ref"), (left.path / ".git/config").read_bytes()) == (refs, settings)
        left.git("fsck", "--strict")
        assert not list(place.iterdir())

    @pytest.mark.parametrize("more", [(), ("--filter=blob:none",), ("--bare",)])
    def test_a_shallow_clone(self, repo: Repo, tmp_path: Path, more: tuple[str, ...]) -> None:
        cut = clone(repo, tmp_path / "shallow", "--depth=1", "--no-checkout", *more)
        found = opened(cut)
        assert found.shallow and PLANTED.decode() not in contents(cut)
        fetch_missing(found)
        assert not found.shallow and not opened(cut).shallow
        assert absent(found) == [] and PLANTED.decode() in contents(cut)
        assert cut.git("rev-list", "--count", "HEAD") == "3"
        assert not (found.common_dir / "shallow.lock").exists()
        cut.git("fsck", "--strict")

    def test_from_a_remote_that_is_shallow_itself(self, repo: Repo, tmp_path: Path) -> None:
        middle = clone(repo, tmp_path / "middle", "--depth=2")
        cut = clone(middle, tmp_path / "shallow", "--depth=1")
        fetch_missing(opened(cut))
        assert boundary(opened(cut)) == [repo.git("rev-parse", "HEAD~1")]
        assert cut.git("rev-list", "--count", "HEAD") == "2"

    def test_sha256(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "long", "--object-format=sha256")
        repo.commit_file("a.txt")
        repo.commit_file("a.txt", b"clean\n")
        cut = clone(repo, tmp_path / "shallow", "--depth=1")
        fetch_missing(opened(cut))
        assert not opened(cut).shallow and PLANTED.decode() in contents(cut)

    def test_what_no_ref_reaches_stays(self, repo: Repo, tmp_path: Path) -> None:
        """The fetch's own repository has no refs: a cleaning up from there would take everything."""
        left = partial(repo, tmp_path / "partial")
        left.git("config", "gc.auto", "1")
        dangling = left.git("hash-object", "-w", "--stdin", data=b"dangling")
        os.utime(left.path / ".git/objects" / dangling[:2] / dangling[2:], (1, 1))
        fetch_missing(opened(left))
        assert left.git("cat-file", "blob", dangling) == "dangling"

    def test_nothing_to_do(self, repo: Repo) -> None:
        repo.git("remote", "add", "origin", "ext::false")
        before = sorted(repo.path.rglob("*"))
        fetch_missing(opened(repo))
        assert sorted(repo.path.rglob("*")) == before

    @pytest.mark.skipif(os.name == "nt", reason="the fixtures are shell scripts")
    def test_none_of_the_repositorys_programs_runs(self, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir(exist_ok=True)
        found = FIXTURES["a03_uploadpack_ext"](Ground(tmp_path, PLANTED, tmp_path / "canary"))
        script = Ground(tmp_path, PLANTED, tmp_path / "canary").script()
        hooks = found.path / ".git/hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("reference-transaction", "post-fetch", "pre-auto-gc"):
            (hooks / name).write_bytes(script.read_bytes())
            (hooks / name).chmod(0o755)
        victim = Repo(found.path, home=tmp_path / "home")
        for key in ("core.fsmonitor", "core.askPass", "core.alternateRefsCommand", "credential.helper"):
            victim.git("config", key, str(script))
        (tmp_path / "canary").unlink(missing_ok=True)
        fetch_missing(opened(found.path))
        assert not (tmp_path / "canary").exists()
        assert PLANTED.decode() in contents(victim)

    @pytest.mark.skipif(os.name == "nt", reason="the fixtures are shell scripts")
    def test_a_hostile_ssh_command_is_not_run(self, tmp_path: Path, place: Path) -> None:
        (tmp_path / "home").mkdir(exist_ok=True)
        found = FIXTURES["a02_core_sshcommand_promisor"](Ground(tmp_path, PLANTED, tmp_path / "canary"))
        (tmp_path / "canary").unlink(missing_ok=True)
        with pytest.raises(GitError, match=r"host\.invalid") as error:
            fetch_missing(opened(found.path))
        assert error.value.hint and not (tmp_path / "canary").exists()
        assert not list(place.iterdir())

    @pytest.mark.parametrize(
        "url", ["ext::touch canary", "http://host.invalid/x", "-oProxyCommand=x", "../up"]
    )
    def test_an_address_that_must_not_be_reached(self, repo: Repo, tmp_path: Path, url: str) -> None:
        left = partial(repo, tmp_path / "partial")
        left.git("config", "remote.origin.url", url)
        with pytest.raises(UsageError):
            fetch_missing(opened(left))

    def test_without_a_remote(self, repo: Repo, tmp_path: Path) -> None:
        cut = clone(repo, tmp_path / "shallow", "--depth=1")
        cut.git("remote", "remove", "origin")
        with pytest.raises(GitError, match="no remote"):
            fetch_missing(opened(cut))

    def test_a_remote_that_is_gone_changes_nothing(self, repo: Repo, tmp_path: Path, place: Path) -> None:
        cut = clone(repo, tmp_path / "shallow", "--depth=1")
        repo.path.rename(tmp_path / "moved")
        with pytest.raises(GitError, match=r"fetch of .* failed"):
            fetch_missing(opened(cut))
        assert opened(cut).shallow and not list(place.iterdir())

    def test_somebody_else_holds_the_lock(self, repo: Repo, tmp_path: Path) -> None:
        cut = clone(repo, tmp_path / "shallow", "--depth=1")
        lock = cut.path / ".git/shallow.lock"
        lock.write_text("")
        with pytest.raises(GuardError, match="still marked"):
            fetch_missing(opened(cut))
        assert lock.exists() and opened(cut).shallow
