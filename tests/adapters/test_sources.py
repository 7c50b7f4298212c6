"""What each source reads, and that it says so where it reads nothing."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repos import PLANTED, Repo, Seen, clone, git_env

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.packing import CHUNK, OVERLAP
from dce_guard.adapters.ranges import Place, Range
from dce_guard.adapters.reach import Outreach
from dce_guard.adapters.sources import Staged, Stdin
from dce_guard.adapters.worktree import WorkTree
from dce_guard.errors import Exit, GitError, GuardError, UsageError
from dce_guard.model.item import Kind, Reach

ZERO = "0" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def opened(repo: Repo | Path) -> Repository:
    found = discover(repo if isinstance(repo, Path) else repo.path)
    assert found is not None
    return found


def tree(repo: Repo, *paths: str, **options: object) -> Seen:
    source = WorkTree(opened(repo), [Path(path) for path in paths], cwd=repo.path, **options)  # type: ignore[arg-type]
    return Seen(source.chunks())


def staged(repo: Repo | Path) -> Seen:
    return Seen(Staged(opened(repo)).chunks())


def ranged(repo: Repo, spec: object) -> Seen:
    return Seen(Range(opened(repo), spec).chunks())  # type: ignore[arg-type]


SCAN_STAGED = "found = Staged(discover(Path.cwd()))"
SCAN_RECEIVED = (
    "found = Range(discover(Path.cwd()), [tuple(line.split()[:2]) for line in sys.stdin.read().splitlines()])"
)


def hooked(repo: Repo, hook: str, source: str, *command: str, hooks: Path | None = None) -> str:
    """What a real hook says that scans with `source` and then refuses."""
    tests = Path(__file__).parents[1]
    script = repo.home / "hook.py"
    script.write_text(
        f"import sys; sys.path[:0] = [{str(tests)!r}, {str(tests.parent)!r}]\n"
        "from pathlib import Path\n"
        "from repos import Seen\n"
        "from dce_guard.adapters.git import discover\n"
        "from dce_guard.adapters.ranges import Range\n"
        "from dce_guard.adapters.sources import Staged\n"
        f"{source}\n"
        "seen = Seen(found.chunks())\n"
        "print(sorted(seen.planted), seen.fatal, file=sys.stderr)\n"
        "sys.exit(9)\n"
    )
    path = (hooks or repo.path / ".git" / "hooks") / hook
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nexec {sys.executable} {script}\n")
    path.chmod(0o755)
    done = subprocess.run(
        ["git", *command], cwd=repo.path, env=git_env(repo.home), capture_output=True, text=True
    )
    assert done.returncode
    return done.stdout + done.stderr


class TestWorkTree:
    def test_reads_tracked_and_untracked_but_not_ignored_files(self, repo: Repo) -> None:
        repo.write(".gitignore", b"build/\n")
        repo.commit_file("tracked.txt")
        repo.write("untracked.txt")
        repo.write("build/out.txt")
        assert tree(repo).planted == {"tracked.txt", "untracked.txt"}
        assert tree(repo, ignored=True).planted == {"tracked.txt", "untracked.txt", "build/out.txt"}

    def test_reads_what_is_on_disk_and_not_what_is_committed(self, repo: Repo) -> None:
        repo.commit_file("a.txt")
        repo.write("a.txt", b"clean")
        assert tree(repo).planted == set()

    def test_a_deleted_file_is_no_error(self, repo: Repo) -> None:
        repo.commit_file("a.txt")
        (repo.path / "a.txt").unlink()
        seen = tree(repo)
        assert (seen.items, seen.skips) == ([], [])

    def test_a_sparse_checkout_reads_what_is_there(self, repo: Repo) -> None:
        repo.write("in/a.txt")
        repo.commit_file("out/b.txt")
        repo.git("sparse-checkout", "set", "in")
        seen = tree(repo)
        assert seen.planted == {"in/a.txt"}
        assert not seen.fatal

    def test_paths_are_relative_to_the_root_whatever_the_directory(self, repo: Repo) -> None:
        repo.commit_file("sub/deep/a.txt")
        source = WorkTree(discover(repo.path / "sub"), [Path("deep")], cwd=repo.path / "sub")
        assert Seen(source.chunks()).planted == {"sub/deep/a.txt"}

    def test_a_named_file_is_read_though_ignored(self, repo: Repo) -> None:
        repo.write(".gitignore", b"*.env\nbuild/\n")
        repo.write("x.env")
        repo.write("build/y.txt")
        assert tree(repo, "x.env").planted == {"x.env"}
        assert tree(repo, "build").planted == {"build/y.txt"}

    def test_a_path_that_is_not_there_is_refused(self, repo: Repo) -> None:
        with pytest.raises(GuardError) as error:
            tree(repo, "nosuch")
        assert error.value.exit_code == Exit.CANNOT_LOOK

    def test_a_path_outside_the_repository_is_a_plain_folder(self, repo: Repo, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "b.txt").write_bytes(PLANTED)
        assert tree(repo, str(tmp_path / "other")).planted == {f"{tmp_path.as_posix()}/other/b.txt"}

    def test_a_folder_without_a_repository_is_read_whole(self, tmp_path: Path) -> None:
        plain = tmp_path / "plain"
        (plain / "sub").mkdir(parents=True)
        (plain / "sub" / "a.txt").write_bytes(PLANTED)
        (plain / ".gitignore").write_bytes(b"*")
        Repo(plain / "nested").commit_file("b.txt")
        seen = Seen(WorkTree(None, cwd=plain).chunks())
        assert seen.planted == {"sub/a.txt", "nested/b.txt"}
        assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [
            ("nested/.git", "git-directory", False)
        ]

    def test_submodules_are_told_and_entered_when_asked(self, repo: Repo, tmp_path: Path) -> None:
        inner = Repo(tmp_path / "inner", home=repo.home)
        inner.commit_file("b.txt")
        repo.git("submodule", "--quiet", "add", str(inner.path), "lib")
        repo.commit()
        seen = tree(repo)
        assert seen.planted == set()
        assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [("lib", "submodule", False)]
        assert tree(repo, submodules=True).planted == {"lib/b.txt"}
        assert tree(repo, "lib").planted == {"lib/b.txt"}  # it was named
        assert Seen(WorkTree(discover(repo.path / "lib"), cwd=repo.path / "lib").chunks()).planted == {
            "b.txt"
        }

    def test_an_lfs_pointer_is_scanned_and_told(self, repo: Repo) -> None:
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
        repo.commit_file("big.bin", pointer)
        seen = tree(repo)
        assert seen.content("big.bin") == pointer
        assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [
            ("big.bin", "lfs-pointer", False)
        ]

    def test_excluded_paths_are_counted_and_not_read(self, repo: Repo) -> None:
        repo.write("vendor/a.txt")
        repo.commit_file("b.txt")
        source = WorkTree(opened(repo), cwd=repo.path, excludes=lambda path: path.startswith("vendor/"))
        assert Seen(source.chunks()).planted == {"b.txt"}
        assert source.excluded == 1

    def test_shards_part_the_work_and_lose_nothing(self, repo: Repo) -> None:
        for number in range(40):
            repo.write(f"d{number % 3}/f{number}", os.urandom(400_000))
        source = WorkTree(opened(repo), cwd=repo.path).load()
        parts = [Seen(source.chunks(shard, 2)) for shard in range(2)]
        assert source.files == 40 and source.size == 16_000_000
        assert len(parts[0].paths | parts[1].paths) == 40
        assert not parts[0].paths & parts[1].paths
        assert min(len(part.items) for part in parts) >= 12

    def test_the_attributes_and_the_encoding_change_nothing(self, repo: Repo) -> None:
        repo.write(".gitattributes", b"* -diff binary working-tree-encoding=UTF-16\n")
        repo.write("a.txt", PLANTED.decode().encode("utf-16"))
        assert PLANTED.decode().encode("utf-16") == tree(repo).content("a.txt")

    def test_a_bare_repository_has_no_files(self, tmp_path: Path) -> None:
        bare = Repo(tmp_path / "bare.git", "--bare")
        with pytest.raises(GuardError):
            Seen(WorkTree(opened(bare)).chunks())

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in for git is a shell script")
    def test_an_unreadable_untracked_folder_is_fatal(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Git only warns of it. As root nothing is unreadable, so a stand-in for git says the warning."""
        repo.commit_file("a.txt")
        fake = tmp_path / "bin" / "git"
        fake.parent.mkdir()
        warning = "warning: could not open directory 'x/y/': Permission denied"
        case = f'case "$*" in *" -o "*) echo "{warning}" >&2;; esac'
        fake.write_text(f'#!/bin/sh\n{case}\nexec {shutil.which("git")} "$@"\n')
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
        seen = tree(repo)
        assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [("x/y", "unreadable", True)]
        assert seen.planted == {"a.txt"}


class TestStaged:
    def test_reads_the_index_not_the_work_tree(self, repo: Repo) -> None:
        repo.commit_file("old.txt", b"clean")
        repo.write("a.txt")
        repo.write("b.txt")
        repo.git("add", "-A")
        repo.write("a.txt", b"clean")
        (repo.path / "b.txt").unlink()
        repo.write("not-staged.txt")
        assert staged(repo).planted == {"a.txt", "b.txt"}

    def test_only_what_the_commit_changes_with_what_was_there_before(self, repo: Repo) -> None:
        repo.write("same.txt")
        repo.commit_file("changed.txt", b"before\n")
        before = repo.git("rev-parse", "HEAD:changed.txt")
        repo.write("changed.txt", b"before\n" + PLANTED)
        repo.git("add", "-A")
        source = Staged(opened(repo))
        assert Seen(source.chunks()).paths == {"changed.txt"}
        assert list(source.previous.values()) == [before]

    def test_a_rename_with_an_edit_is_read(self, repo: Repo) -> None:
        repo.commit_file("a.txt", b"x\n" * 100)
        repo.git("mv", "a.txt", "b.txt")
        repo.write("b.txt", b"x\n" * 100 + PLANTED)
        repo.git("add", "-A")
        assert staged(repo).planted == {"b.txt"}

    def test_a_file_that_only_moved_was_there_before(self, repo: Repo) -> None:
        repo.commit_file("a.txt")
        repo.git("mv", "a.txt", "b.txt")
        blob = repo.git("rev-parse", ":0:b.txt")
        source = Staged(opened(repo))
        assert Seen(source.chunks()).planted == {"b.txt"}
        assert source.previous == {("b.txt", blob): blob}

    def test_before_the_first_commit(self, repo: Repo) -> None:
        repo.write("a.txt")
        repo.git("add", "-A")
        assert staged(repo).planted == {"a.txt"}

    def test_nothing_staged_is_empty_and_whole(self, repo: Repo) -> None:
        seen = staged(repo)
        assert (seen.items, seen.skips) == ([], [])

    def test_all_sides_of_an_unmerged_path(self, repo: Repo) -> None:
        repo.commit_file("a.txt", b"base\n")
        repo.git("checkout", "-q", "-b", "side")
        repo.commit_file("a.txt", b"side " + PLANTED)
        repo.git("checkout", "-q", "main")
        repo.commit_file("a.txt", b"main\n")
        with pytest.raises(AssertionError):
            repo.git("merge", "side")
        assert sorted(content for _, _, content in staged(repo).items) == [
            b"base\n",
            b"main\n",
            b"side " + PLANTED,
        ]

    def test_links_modules_and_intentions(self, repo: Repo, tmp_path: Path) -> None:
        inner = Repo(tmp_path / "inner", home=repo.home)
        inner.commit_file("b.txt")
        repo.commit_file("a.txt", b"")
        os.symlink(os.fsdecode(PLANTED), repo.path / "link")
        repo.git("submodule", "--quiet", "add", str(inner.path), "lib")
        repo.git("add", "link")
        repo.write("later.txt")
        repo.git("add", "-N", "later.txt")
        seen = staged(repo)
        assert seen.planted == {"link"}
        assert seen.kind("link") is Kind.SYMLINK
        assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [("lib", "submodule", False)]

    def test_without_an_identity(self, repo: Repo) -> None:
        repo.git("config", "user.useConfigOnly", "true")
        repo.write("a.txt")
        repo.git("add", "-A")
        assert staged(repo).planted == {"a.txt"}

    def test_a_damaged_index_is_an_error(self, repo: Repo) -> None:
        repo.commit_file("a.txt")
        (repo.path / ".git" / "index").write_bytes(b"DIRCnonsense")
        with pytest.raises(GitError):
            staged(repo)
        with pytest.raises(GitError):
            tree(repo)

    @pytest.mark.parametrize("how", [["-a"], ["a.txt"], []])
    def test_the_index_that_git_hands_its_hook(self, repo: Repo, how: list[str]) -> None:
        """`commit -a` and `commit PATH` use an index of their own, named in GIT_INDEX_FILE."""
        repo.write("a.txt", b"clean")
        repo.commit_file("b.txt", b"clean")
        repo.write("a.txt")
        if not how:
            repo.git("add", "a.txt")
        assert "['a.txt']" in hooked(repo, "pre-commit", SCAN_STAGED, "commit", "-m", "x", *how)

    def test_in_a_linked_work_tree_and_in_a_submodule(self, repo: Repo, tmp_path: Path) -> None:
        inner = Repo(tmp_path / "inner", home=repo.home)
        inner.commit_file("b.txt", b"clean")
        repo.git("submodule", "--quiet", "add", str(inner.path), "lib")
        repo.commit()
        repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        for place, hooks in (
            (tmp_path / "linked", repo.path / ".git" / "hooks"),
            (repo.path / "lib", repo.path / ".git" / "modules" / "lib" / "hooks"),
        ):
            made = Repo(place, home=repo.home)
            made.write("sub/a.txt")
            made.git("add", "-A")
            said = hooked(made, "pre-commit", SCAN_STAGED, "commit", "-m", "x", hooks=hooks)
            assert "['sub/a.txt']" in said
            assert "['sub/a.txt']" in hooked(
                made, "pre-commit", SCAN_STAGED, "commit", "-am", "x", hooks=hooks
            )


class TestRange:
    def test_reads_what_the_commits_add_and_nothing_else(self, repo: Repo) -> None:
        repo.commit_file("old.txt")
        repo.write("leak.txt", PLANTED + b"1")
        repo.commit("add it")
        repo.git("rm", "-q", "leak.txt")
        repo.commit("gone again")
        assert ranged(repo, "HEAD~2..HEAD").planted == {"leak.txt"}
        assert ranged(repo, "HEAD~1..HEAD").planted == set()
        assert ranged(repo, "HEAD..HEAD").items == []

    def test_commit_and_tag_messages_are_items(self, repo: Repo) -> None:
        repo.commit_file("a.txt", b"clean")
        repo.commit(f"message {PLANTED.decode()}")
        repo.git("tag", "-a", "v1", "-m", f"tagged {PLANTED.decode()}")
        kinds = [kind for kind, _, content in ranged(repo, "HEAD~1..v1").items if PLANTED in content]
        assert sorted(kinds) == [Kind.COMMIT, Kind.TAG]

    def test_what_only_a_merge_brought_in(self, repo: Repo) -> None:
        base = repo.commit_file("a.txt", b"base\n")
        repo.git("checkout", "-q", "-b", "side")
        repo.commit_file("b.txt", b"side\n")
        repo.git("checkout", "-q", "main")
        repo.commit_file("c.txt", b"main\n")
        repo.git("merge", "-q", "--no-commit", "side")
        repo.write("evil.txt")
        merge = repo.commit("merge")
        source = Range(opened(repo), f"{base}..main")
        assert Seen(source.chunks()).planted == {"evil.txt"}
        blob = repo.git("rev-parse", "main:evil.txt")
        assert source.provenance([blob])[blob] == Place("evil.txt", merge)

    def test_three_dots_begin_where_the_branches_parted(self, repo: Repo) -> None:
        repo.commit_file("a.txt", b"base\n")
        repo.git("checkout", "-q", "-b", "side")
        repo.commit_file("b.txt")
        repo.git("checkout", "-q", "main")
        fork = repo.git("rev-parse", "HEAD")
        repo.commit_file("c.txt", PLANTED + b" on main")
        source = Range(opened(repo), "main...side")
        assert Seen(source.chunks()).planted == {"b.txt"}
        assert source.base == fork

    def test_provenance_is_the_first_commit_and_the_exact_name(self, repo: Repo) -> None:
        base = repo.commit_file("a.txt", b"base\n")
        first = repo.commit_file("odd\n\tname\u202e.txt")
        repo.git("mv", "odd\n\tname\u202e.txt", "b.txt")
        repo.commit("moved")
        blob = repo.git("rev-parse", "HEAD:b.txt")
        found = Range(opened(repo), f"{base}..HEAD").provenance([blob])[blob]
        assert (found.path, found.commit) == ("odd\n\tname\u202e.txt", first)

    def test_a_copy_in_an_excluded_folder_does_not_hide_the_other(self, repo: Repo) -> None:
        base = repo.commit_file("a.txt", b"base\n")
        repo.write("a-vendor/copy.txt")
        repo.commit_file("src/leak.txt")
        blob = repo.git("rev-parse", "HEAD:src/leak.txt")
        source = Range(opened(repo), f"{base}..HEAD")
        assert source.provenance([blob])[blob].path == "a-vendor/copy.txt"
        assert source.provenance([blob], lambda path: "vendor" in path)[blob].path == "src/leak.txt"
        assert source.provenance([blob], lambda path: True)[blob].path == "a-vendor/copy.txt"

    def test_pushes_of_several_refs_new_and_deleted(self, repo: Repo, tmp_path: Path) -> None:
        upstream = Repo(tmp_path / "up.git", "--bare", home=repo.home)
        old = repo.commit_file("a.txt", b"base\n")
        repo.git("remote", "add", "origin", str(upstream.path))
        repo.git("push", "-q", "origin", "main")
        new = repo.commit_file("b.txt", PLANTED + b"main")
        repo.git("checkout", "-q", "-b", "side", old)
        side = repo.commit_file("c.txt", PLANTED + b"side")
        assert ranged(repo, [(old, new), (ZERO, side), (old, ZERO)]).planted == {"b.txt", "c.txt"}
        assert ranged(repo, [(ZERO, old)]).items == []
        assert ranged(repo, [(old, ZERO)]).items == []
        assert ranged(repo, [("1" * 40, side)]).planted == {"c.txt"}  # the other side has what we never saw
        with pytest.raises(UsageError):
            ranged(repo, [(old, "2" * 40)])

    def test_what_a_server_receives_is_read_from_the_quarantine(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit_file("a.txt", b"base\n")
        server = clone(repo, tmp_path / "server.git", "--bare")
        repo.git("remote", "add", "origin", str(server.path))
        repo.commit_file("b.txt")
        hooks = server.path / "hooks"
        said = hooked(repo, "pre-receive", SCAN_RECEIVED, "push", "origin", "main", "main:new", hooks=hooks)
        assert "['b.txt'] []" in said

    def test_unknown_revisions_are_refused_with_a_suggestion(self, repo: Repo) -> None:
        repo.commit_file("a.txt")
        repo.git("branch", "feature")
        with pytest.raises(UsageError) as error:
            ranged(repo, "faeture..HEAD")
        assert "'feature'" in error.value.hint
        for bad in ("main", "--output=x..HEAD", "a b..HEAD", "x\ny..HEAD"):
            with pytest.raises(UsageError):
                ranged(repo, bad)

    def test_a_shallow_clone_is_refused_where_it_holds_too_little(self, repo: Repo, tmp_path: Path) -> None:
        first = repo.commit_file("a.txt")
        second = repo.commit_file("b.txt", b"b")
        repo.commit_file("c.txt", b"c")
        shallow = clone(repo, tmp_path / "shallow", "--depth=2")
        assert "c.txt" in ranged(shallow, f"{second}..HEAD").paths
        with pytest.raises(GitError, match="shallow") as error:
            ranged(shallow, f"{first}..HEAD")
        assert "fetch-depth: 0" in error.value.hint
        with pytest.raises(GitError, match="shallow"):
            ranged(shallow, "HEAD~5..HEAD")

    def test_replaced_and_grafted_history_hides_nothing(self, repo: Repo) -> None:
        base = repo.commit_file("a.txt", b"base\n")
        bad = repo.commit_file("b.txt")
        repo.git("rm", "-q", "b.txt")
        repo.commit("gone")
        repo.git("replace", bad, base)
        (repo.path / ".git" / "info").mkdir(exist_ok=True)
        (repo.path / ".git" / "info" / "grafts").write_text(f"{repo.git('rev-parse', 'HEAD')} {base}\n")
        assert ranged(repo, f"{base}..HEAD").planted == {"b.txt"}

    def test_a_sha256_repository(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "long", "--object-format=sha256")
        repo.write("first.txt")
        repo.git("add", "-A")
        assert staged(repo).planted == {"first.txt"}
        repo.commit()
        repo.commit_file("b.txt", PLANTED + b"b")
        assert ranged(repo, "HEAD~1..HEAD").planted == {"b.txt"}
        assert tree(repo).planted == {"first.txt", "b.txt"}

    def test_a_bare_repository_and_linked_work_trees(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit_file("a.txt", b"base\n")
        repo.commit_file("b.txt")
        assert ranged(clone(repo, tmp_path / "bare.git", "--bare"), "HEAD~1..HEAD").planted == {"b.txt"}
        repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        linked = Repo(tmp_path / "linked", home=repo.home)
        linked.write("c.txt", PLANTED + b"c")
        assert tree(linked).planted == {"b.txt", "c.txt"}
        linked.git("add", "-A")
        assert staged(linked).planted == {"c.txt"}
        assert ranged(linked, "HEAD~1..HEAD").planted == {"b.txt"}

    def test_a_partial_clone_says_what_it_lacks(self, repo: Repo, tmp_path: Path) -> None:
        repo.git("config", "uploadpack.allowFilter", "true")
        repo.commit_file("a.txt", b"base\n")
        repo.commit_file("b.txt")
        Repo(tmp_path).git(
            "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.path}", "partial"
        )
        partial = Repo(tmp_path / "partial", home=repo.home)
        before = sorted(os.listdir(partial.path / ".git" / "objects" / "pack"))
        seen = ranged(partial, "HEAD~1..HEAD")
        assert [skip.reason for skip in seen.fatal] == ["missing"]
        assert sorted(os.listdir(partial.path / ".git" / "objects" / "pack")) == before  # nothing was fetched

    def test_attributes_hide_nothing(self, repo: Repo) -> None:
        base = repo.commit_file(".gitattributes", b"* -diff\n*.txt binary\n[attr]x -text -diff\n")
        repo.write("a.txt")
        repo.git("add", "-A")
        assert staged(repo).planted == {"a.txt"}
        repo.commit()
        assert ranged(repo, f"{base}..HEAD").planted == {"a.txt"}


class TestReach:
    def test_how_far_it_got(self, repo: Repo, tmp_path: Path) -> None:
        def holds(content: bytes) -> bool:
            return PLANTED in content

        repo.commit_file("pushed.txt")
        assert Outreach(opened(repo)).of_path("pushed.txt", holds) is Reach.COMMITTED  # no remote at all
        upstream = Repo(tmp_path / "up.git", "--bare", home=repo.home)
        repo.git("remote", "add", "origin", str(upstream.path))
        repo.git("push", "-q", "origin", "main")
        repo.commit_file("committed.txt", PLANTED + b"2")
        repo.write("staged.txt")
        repo.git("add", "-A")
        repo.write("tree.txt")
        asked = Outreach(opened(repo))
        names = ("pushed.txt", "committed.txt", "staged.txt", "tree.txt", "new\nline")
        assert [asked.of_path(name, holds) for name in names] == [
            Reach.PUSHED,
            Reach.COMMITTED,
            Reach.STAGED,
            Reach.WORK_TREE,
            Reach.UNKNOWN,
        ]
        assert asked.of_object(repo.git("rev-parse", "HEAD")) is Reach.COMMITTED
        asked.close()

    def test_before_the_first_commit(self, repo: Repo) -> None:
        repo.write("a.txt")
        repo.git("add", "-A")
        assert Outreach(opened(repo)).of_path("a.txt", lambda content: PLANTED in content) is Reach.STAGED


class TestStdin:
    def test_a_long_stream_in_bounded_pieces(self) -> None:
        content = (b"line\n" * 999_999) + PLANTED + b"\n" + b"x" * (2 * CHUNK + 17) + PLANTED
        seen = Seen(Stdin(io.BufferedReader(io.BytesIO(content))).chunks())  # type: ignore[arg-type]
        assert seen.items == [(Kind.STDIN, "<stdin>", content)]
        assert seen.largest == CHUNK

    @pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - OVERLAP])
    def test_sizes_around_a_buffers(self, size: int) -> None:
        content = os.urandom(size)
        assert Seen(Stdin(io.BytesIO(content)).chunks()).items == [(Kind.STDIN, "<stdin>", content)]

    def test_only_the_first_shard_reads(self) -> None:
        assert list(Stdin(io.BytesIO(PLANTED)).chunks(1, 2)) == []
