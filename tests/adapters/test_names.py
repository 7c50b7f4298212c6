"""Names that hold a secret, wherever a repository keeps a name."""

import os
import zlib
from pathlib import Path

import pytest
from repos import PLANTED, Repo, Seen, clone

from dce_guard.adapters import names, trees
from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.names import Names
from dce_guard.adapters.packing import CHUNK
from dce_guard.model.item import Kind

WORD = PLANTED.decode()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit_file("a.txt", b"one\n")
    return repo


def opened(path: Path) -> Repository:
    found = discover(path)
    assert found is not None
    return found


def seen(repo: Repo) -> Seen:
    found = Seen(Names(opened(repo.path)).chunks())
    for kind, path, content in found.items:
        if kind is not Kind.GIT_FILE:
            assert path.encode("utf-8", "surrogateescape") == content
    assert len({(kind, path) for kind, path, _ in found.items}) == len(found.items)
    return found


def of(found: Seen, kind: Kind) -> set[str]:
    return {path for one, path, _ in found.items if one is kind}


def remove(repo: Repo, revision: str) -> str:
    """Takes a loose object away; returns its id."""
    name = repo.git("rev-parse", revision)
    (repo.path / ".git/objects" / name[:2] / name[2:]).unlink()
    return name


class TestRefs:
    @pytest.mark.parametrize(
        "command",
        [
            ("branch", f"feature/{WORD}"),
            ("tag", WORD),
            ("tag", "-a", "-m", "x", WORD),
            ("update-ref", f"refs/pull/1/{WORD}", "HEAD"),
            ("update-ref", f"refs/remotes/origin/{WORD}", "HEAD"),
            ("symbolic-ref", f"refs/heads/{WORD}", "refs/heads/main"),
            ("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{WORD}"),
            ("symbolic-ref", "HEAD", f"refs/heads/{WORD}"),  # a branch without a commit
        ],
    )
    @pytest.mark.parametrize("packed", [False, True])
    def test_wherever_it_is(self, repo: Repo, command: tuple[str, ...], packed: bool) -> None:
        repo.git(*command)
        if packed:
            repo.git("pack-refs", "--all")
        found = seen(repo)
        assert len(found.planted) == 1 and not found.fatal
        path = found.planted.pop()
        assert found.kind(path) is (Kind.GIT_FILE if path == ".git/refs/remotes/origin/HEAD" else Kind.REF)

    def test_a_branch_that_left_only_its_reflog(self, repo: Repo) -> None:
        name = repo.path / ".git/logs/refs/heads" / WORD
        name.write_bytes(b"")
        assert of(seen(repo), Kind.REF) == {"refs/heads/main", f"refs/heads/{WORD}"}

    def test_a_ref_that_git_passes_over(self, repo: Repo) -> None:
        (repo.path / ".git/refs/heads" / WORD).write_bytes(b"no object id\n")
        assert f"refs/heads/{WORD}" in of(seen(repo), Kind.REF)

    def test_another_work_trees_own_ref(self, repo: Repo, tmp_path: Path) -> None:
        repo.git("worktree", "add", "-q", str(tmp_path / "second"))
        second = Repo(tmp_path / "second", home=repo.home)
        second.git("update-ref", f"refs/bisect/{WORD}", "HEAD")
        assert f"refs/bisect/{WORD}" in of(seen(repo), Kind.REF)

    def test_nothing_outside_through_a_link(self, repo: Repo, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / WORD).write_bytes(b"")
        (repo.path / ".git/refs/notes").symlink_to(tmp_path / "outside")
        found = Seen(Names(opened(repo.path)).chunks())
        assert not [path for path in found.paths if path.endswith(WORD)]
        assert found.kind(".git/refs/notes") is Kind.SYMLINK


class TestPaths:
    def test_at_a_tip_and_in_the_index(self, repo: Repo) -> None:
        repo.git("checkout", "-q", "-b", "other")
        repo.commit_file(f"old/{WORD}/1", b"one\n")  # the same content as a.txt: one object, two names
        repo.git("checkout", "-q", "main")
        repo.write(f"new/{WORD}", b"")
        repo.git("add", "-A")
        found = seen(repo)
        assert of(found, Kind.PATH) == {"a.txt", "old", f"old/{WORD}", f"old/{WORD}/1", f"new/{WORD}"}
        assert not found.skips

    def test_one_folder_under_two_names(self, repo: Repo) -> None:
        repo.write("a/x", b"same\n")
        repo.write(f"{WORD}/x", b"same\n")
        repo.commit()
        repo.git("read-tree", "--empty")
        assert of(seen(repo), Kind.PATH) == {"a.txt", "a", "a/x", WORD}

    def test_every_tip_is_listed_whole(self, repo: Repo) -> None:
        wanted = {"a.txt"}
        for number in range(12):
            repo.git("checkout", "-q", "--orphan", f"b{number}")
            repo.git("rm", "-rfq", "--cached", ".")
            for name in (f"dir{number % 3}/f{number}", f"dir{number % 4}", "a.txt"):
                with pytest.MonkeyPatch.context():
                    blob = repo.git("hash-object", "-w", "--stdin", data=name.encode())
                    if not (name == "dir0" and number % 3 == 0) and name != f"dir{number % 3}":
                        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
                        wanted.add(name)
            repo.git("commit", "-q", "-m", "x")
        repo.git("read-tree", "--empty")
        assert of(seen(repo), Kind.PATH) == wanted

    @pytest.mark.parametrize(
        "name", [b"line\nbreak", b"-dash", b"latin-\xe9\xff", "ümlaut ".encode(), b"\x1b[31m"]
    )
    def test_odd_names(self, repo: Repo, name: bytes) -> None:
        repo.write(name, PLANTED)
        repo.commit()
        assert name.decode("utf-8", "surrogateescape") in of(seen(repo), Kind.PATH)

    def test_sha256(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "long", "--object-format=sha256")
        repo.commit_file(f"x/{WORD}", b"")
        repo.git("read-tree", "--empty")
        assert seen(repo).planted == {f"x/{WORD}"}

    def test_a_conflict(self, repo: Repo) -> None:
        blob = repo.git("hash-object", "-w", "--stdin", data=b"x")
        repo.git(
            "update-index",
            "--index-info",
            data=f"100644 {blob} 2\t{WORD}\n100644 {blob} 3\t{WORD}\n".encode(),
        )
        assert WORD in of(seen(repo), Kind.PATH)

    def test_a_detached_head_a_tagged_tree_a_stash(self, repo: Repo) -> None:
        repo.commit_file(f"{WORD}-tree", b"")
        tree = repo.git("rev-parse", "HEAD^{tree}")
        repo.git("reset", "-q", "--hard", "HEAD~1")
        repo.git("tag", "-a", "-m", "a tree", "trees", tree)
        repo.git("tag", "blob", repo.git("hash-object", "-w", "--stdin", data=b"x"))
        repo.write(f"{WORD}-stash", b"")
        repo.git("add", "-A")
        repo.git("stash", "-q")
        repo.git("checkout", "-q", "--detach")
        repo.commit_file(f"{WORD}-detached", b"")
        repo.git("read-tree", "--empty")
        found = seen(repo)
        assert found.planted == {f"{WORD}-{name}" for name in ("tree", "stash", "detached")}
        assert not found.skips

    def test_a_bare_repository_without_a_commit(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "bare.git", "--bare")
        found = seen(repo)
        assert found.paths == {"refs/heads/main"} and not found.skips

    def test_a_bare_repository(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit_file(WORD, b"")
        assert seen(clone(repo, tmp_path / "bare.git", "--bare")).planted == {WORD}

    def test_the_index_of_each_work_tree(self, repo: Repo, tmp_path: Path) -> None:
        repo.git("worktree", "add", "-q", str(tmp_path / "second"))
        second = Repo(tmp_path / "second", home=repo.home)
        second.git("config", "core.splitIndex", "true")
        for number, one in enumerate((repo, second)):
            one.write(f"{WORD}-{number}", b"")
            one.git("add", "-A")
        second.git("update-index", "--split-index")
        for one in (repo, second):
            found = seen(one)
            assert found.planted == {f"{WORD}-0", f"{WORD}-1"}
            assert not found.skips

    def test_a_long_name_and_many(self, repo: Repo) -> None:
        blob = repo.git("hash-object", "-w", "--stdin", data=b"x")
        entry = b"100644 " + b"x" * (CHUNK + 9) + PLANTED + b"\0" + bytes.fromhex(blob)
        tree = repo.git("hash-object", "-w", "-t", "tree", "--stdin", "--literally", data=entry)
        repo.git("tag", "long", tree)
        found = Seen(Names(opened(repo.path)).chunks())
        assert len(found.planted) == 1
        assert not found.fatal and found.largest <= CHUNK + 1

    def test_only_the_first_shard(self, repo: Repo) -> None:
        source = Names(opened(repo.path))
        assert not Seen(source.chunks(1, 2)).items
        first, again = Seen(source.chunks(0, 2)), Seen(source.chunks())
        assert first.items == again.items and len(first.items) == 2


class TestDamage:
    def test_a_missing_tree_is_told_and_the_others_listed(self, repo: Repo) -> None:
        for number in range(4):
            repo.git("checkout", "-q", "--orphan", f"b{number}")
            repo.git("rm", "-rfq", "--cached", ".")
            repo.write(f"d{number}/f", b"x%d" % number)
            repo.git("add", f"d{number}")
            repo.git("commit", "-q", "-m", "x", GIT_COMMITTER_DATE=f"2026-01-0{number + 1}T00:00:00Z")
        repo.git("read-tree", "--empty")
        gone = {remove(repo, "b1:d1"), repo.git("rev-parse", "b2")}
        remove(repo, "b2^{tree}")
        found = seen(repo)
        assert of(found, Kind.PATH) >= {"a.txt", "d0/f", "d3/f"}
        assert {skip.path for skip in found.fatal} == gone

    def test_a_damaged_tree(self, repo: Repo) -> None:
        blob = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", data=b"x"))
        data = b"100644 " + PLANTED + b"\0" + blob + b"and no entry"
        tree = repo.git("hash-object", "-w", "-t", "tree", "--stdin", "--literally", data=data)
        repo.git("tag", "damaged", tree)
        found = seen(repo)
        assert found.planted == {WORD} and [skip.reason for skip in found.fatal] == ["unreadable"]

    def test_a_missing_commit(self, repo: Repo) -> None:
        repo.git("checkout", "-q", "-b", "gone")
        repo.commit_file("b.txt")
        repo.git("checkout", "-q", "main")
        remove(repo, "gone")
        found = seen(repo)
        assert "a.txt" in of(found, Kind.PATH) and "refs/heads/gone" in of(found, Kind.REF)
        assert [skip.reason for skip in found.fatal] == ["missing"]

    def test_a_broken_commit(self, repo: Repo) -> None:
        head = repo.git("rev-parse", "HEAD")
        repo.git("checkout", "-q", "-b", "broken")
        repo.commit_file("b.txt")
        name = repo.git("rev-parse", "broken")
        path = repo.path / ".git/objects" / name[:2] / name[2:]
        path.chmod(0o644)
        path.write_bytes(b"not zlib at all")
        (repo.path / ".git/HEAD").write_text(f"{head}\n")
        found = seen(repo)
        assert "a.txt" in of(found, Kind.PATH) and found.fatal

    def test_what_a_partial_clone_left_behind_is_no_damage(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit_file("sub/b.txt")
        repo.git("config", "uploadpack.allowFilter", "true")
        partial = clone(repo, tmp_path / "partial", "--no-checkout", "--filter=tree:0")
        found = seen(partial)
        assert found.skips and not found.fatal
        assert {skip.reason for skip in found.skips} == {"missing"}

    def test_a_tree_of_more_paths_than_anyone_can_list(
        self, repo: Repo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ten levels of ten: ten thousand million paths in eleven objects."""
        blob = repo.git("hash-object", "-w", "--stdin", data=b"x")
        below, mode = blob, "100644"
        for _ in range(10):
            lines = "".join(
                f"{mode} {'blob' if mode == '100644' else 'tree'} {below}\t{n}\n" for n in range(10)
            )
            below, mode = repo.git("mktree", data=lines.encode()), "040000"
        repo.git("tag", "bomb", below)
        found = seen(repo)
        assert not found.skips and len(found.items) < 120
        monkeypatch.setattr(names, "_NAMES", 20)
        assert [skip.reason for skip in seen(repo).fatal] == ["limit"]
        monkeypatch.setattr(names, "_NAMES", 1_000_000)
        monkeypatch.setattr(trees, "_TREES", 2)
        monkeypatch.setattr(trees, "_BATCH", 1)
        assert [skip.reason for skip in seen(repo).fatal] == ["limit"]
        monkeypatch.setattr(trees, "_TREES", 1_000_000)
        monkeypatch.setattr(trees, "_LARGEST", 50)
        found = seen(repo)
        assert {skip.reason for skip in found.fatal} == {"limit"} and "a.txt" in found.paths

    def test_many_broken_trees_end(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trees, "_BROKEN", 2)
        for number in range(4):
            blob = repo.git("hash-object", "-w", "--stdin", data=b"%d" % number)
            sub = repo.git("mktree", data=f"100644 blob {blob}\tx\n".encode())
            repo.git("tag", f"t{number}", repo.git("mktree", data=f"040000 tree {sub}\td\n".encode()))
            path = repo.path / ".git/objects" / sub[:2] / sub[2:]
            path.chmod(0o644)
            path.write_bytes(zlib.compress(b"tree 9000\0" + os.urandom(9000))[:200])
        skips = seen(repo).fatal
        assert [skip.reason for skip in skips] == ["unreadable", "unreadable", "limit"]

    @pytest.mark.skipif(os.name == "nt", reason="needs a fifo")
    def test_a_fifo_as_index(self, repo: Repo) -> None:
        (repo.path / ".git/index").unlink()
        os.mkfifo(repo.path / ".git/index")
        found = seen(repo)
        assert [skip.path for skip in found.fatal] == [".git/index"]
        assert "a.txt" in of(found, Kind.PATH)

    def test_a_broken_index(self, repo: Repo) -> None:
        (repo.path / ".git/index").write_bytes(b"DIRC and nothing of it")
        found = seen(repo)
        assert [skip.path for skip in found.fatal] == [".git/index"]
        assert "a.txt" in of(found, Kind.PATH)

    def test_what_it_says_of_itself(self, repo: Repo) -> None:
        assert Names(opened(repo.path)).describe()["mode"] == "names"
