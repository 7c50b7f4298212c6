"""Who brought what is found in a history, where it is held, and who took it out: on real repositories."""

from pathlib import Path

import pytest

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.provenance import Provenance, Spot
from dce_guard.adapters.spread import bits
from dce_guard.model.finding import Held
from dce_guard.model.item import Kind, Reach
from tests.repos import Repo, clone

A, B = b"the first content\n", b"the second content\n"


def opened(repo: Repo) -> Repository:
    found = discover(repo.path, named=True)
    assert found
    return found


def stored(repo: Repo) -> list[str]:
    rows = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)")
    return [row[7:] for row in rows.split("\n") if row.startswith("commit ")]


def blob(repo: Repo, *contents: bytes) -> list[str]:
    return [repo.git("hash-object", "--stdin", data=content) for content in contents or (A,)]


def spots(repo: Repo, ids: list[str], **options: object) -> list[Spot]:
    repository = opened(repo)
    answer = Provenance(repository, stored(repo), **options).spots({"secret": ids})  # type: ignore[arg-type]
    return list(answer["secret"])


def one(repo: Repo, *contents: bytes) -> Spot:
    found = spots(repo, blob(repo, *contents))
    assert len(found) == 1
    return found[0]


def name(commit: object) -> str:
    return commit.id if commit else ""  # type: ignore[attr-defined]


def at(day: int) -> dict[str, str]:
    return {"GIT_COMMITTER_DATE": f"2026-02-{day:02}T00:00:00Z"}


def commit(repo: Repo, day: int, *files: tuple[str, bytes], gone: tuple[str, ...] = ()) -> str:
    for path, content in files:
        repo.write(path, content)
    for path in gone:
        (repo.path / path).unlink()
    repo.git("add", "-A")
    repo.git("commit", "-q", "--allow-empty", "-m", f"day {day}", **at(day))
    return repo.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    commit(made, 1, ("other", b"harmless\n"))
    return made


def test_brought_held_and_taken_out(repo: Repo) -> None:
    first = commit(repo, 2, ("key", A))
    last = commit(repo, 3, ("other", b"more\n"))
    removed = commit(repo, 4, gone=("key",))
    commit(repo, 5)
    spot = one(repo)
    assert (spot.path, spot.kind, spot.object) == ("key", Kind.BLOB, blob(repo)[0])
    trace = spot.trace
    assert (name(trace.first), name(trace.last), name(trace.removed)) == (first, last, removed)
    assert trace.first and (trace.first.author, trace.first.seconds) == ("A U Thor", 1769990400)
    assert (trace.held, trace.current, trace.refs, trace.refs_total) == (
        Held.REF,
        False,
        ("refs/heads/main",),
        1,
    )
    assert spot.reach is Reach.COMMITTED


def test_what_stands_is_not_removed(repo: Repo) -> None:
    commit(repo, 2, ("key", A))
    commit(repo, 3, gone=("key",))
    again = commit(repo, 4, ("key", A))
    trace = one(repo).trace
    assert (trace.current, trace.removed, name(trace.last)) == (True, None, again)
    assert name(trace.first) != again  # a revert does not bring it for the first time


def test_a_new_version_is_neither(repo: Repo) -> None:
    first = commit(repo, 2, ("key", A))
    commit(repo, 3, ("key", B))
    removed = commit(repo, 4, ("key", b"clean\n"))
    spot = one(repo, A, B)
    assert (name(spot.trace.first), name(spot.trace.removed)) == (first, removed)
    assert spot.trace.versions == 2 and spot.object == blob(repo, A)[0]


def test_a_merge_does_not_bring_what_the_branch_brought(repo: Repo) -> None:
    repo.git("switch", "-qc", "topic")
    brought = commit(repo, 2, ("key", A))
    repo.git("switch", "-q", "main")
    commit(repo, 3, ("other", b"more\n"))
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic", **at(4))
    merge = repo.git("rev-parse", "HEAD")
    trace = one(repo).trace
    assert name(trace.first) == brought != merge
    assert name(trace.last) == merge and trace.refs == ("refs/heads/main", "refs/heads/topic")


def test_an_evil_merge_brings(repo: Repo) -> None:
    repo.git("switch", "-qc", "topic")
    commit(repo, 2, ("x", b"x\n"))
    repo.git("switch", "-q", "main")
    commit(repo, 3, ("y", b"y\n"))
    repo.git("merge", "-q", "--no-ff", "--no-commit", "topic")
    evil = commit(repo, 4, ("key", A))
    assert len(repo.git("rev-list", "-1", "--parents", "HEAD").split()) == 3
    trace = one(repo).trace
    assert name(trace.first) == evil and trace.refs == ("refs/heads/main",)


def test_a_merge_that_keeps_its_own_side_takes_out(repo: Repo) -> None:
    repo.git("switch", "-qc", "topic")
    brought = commit(repo, 2, ("key", A))
    repo.git("switch", "-q", "main")
    commit(repo, 3)
    repo.git("merge", "-q", "-s", "ours", "-m", "ours", "topic", **at(4))
    merge = repo.git("rev-parse", "HEAD")
    assert one(repo).trace.removed is None  # the branch still has it
    repo.git("branch", "-qD", "topic")
    trace = one(repo).trace
    assert (name(trace.last), name(trace.removed), trace.current) == (brought, merge, False)


def test_an_octopus_and_a_criss_cross(repo: Repo) -> None:
    for branch in ("a", "b", "c"):
        repo.git("switch", "-qc", branch, "main")
        commit(repo, 2, (branch, A if branch == "b" else branch.encode()))
    brought = repo.git("rev-parse", "b")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "-m", "octopus", "a", "b", "c", **at(3))
    assert len(repo.git("rev-list", "-1", "--parents", "HEAD").split()) == 4
    repo.git("switch", "-q", "c")
    repo.git("merge", "-q", "-m", "cross", "b", **at(4))
    repo.git("merge", "-q", "-m", "cross", "main", **at(5))
    trace = one(repo).trace
    assert name(trace.first) == brought and trace.removed is None
    assert trace.refs == ("refs/heads/b", "refs/heads/c", "refs/heads/main") and trace.current


def test_the_oldest_of_two_that_bring_it(repo: Repo) -> None:
    repo.git("switch", "-qc", "late")
    commit(repo, 9, ("key", A))
    repo.git("switch", "-qc", "early", "main")
    early = commit(repo, 4, ("key", A))
    assert name(one(repo).trace.first) == early


def test_renamed_and_at_many_paths(repo: Repo) -> None:
    first = commit(repo, 2, ("one", A), ("two/copy", A))
    renamed = commit(repo, 3, ("three", A), gone=("one",))
    found = {spot.path: spot.trace for spot in spots(repo, blob(repo))}
    assert list(found) == ["one", "three", "two/copy"]
    assert (name(found["one"].first), name(found["one"].removed)) == (first, renamed)
    assert (name(found["three"].first), found["three"].removed) == (renamed, None)
    assert found["two/copy"].current and not found["one"].current


def test_amended_is_only_in_the_reflog(repo: Repo) -> None:
    bad = commit(repo, 2, ("key", A))
    repo.write("key", b"clean\n")
    repo.git("commit", "-qa", "--amend", "-m", "amended", **at(3))
    spot = one(repo)
    assert (spot.trace.held, name(spot.trace.first), spot.reach) == (Held.REFLOG, bad, Reach.UNREACHABLE)
    assert (spot.trace.refs, spot.trace.refs_total, spot.trace.current) == ((), 0, False)
    repo.git("reflog", "expire", "--expire=now", "--all")
    spot = one(repo)
    assert (spot.trace.held, name(spot.trace.last), spot.trace.removed) == (Held.COMMIT, bad, None)


def test_a_reset_leaves_a_note_that_holds_nothing(repo: Repo) -> None:
    bad = commit(repo, 2, ("key", A))
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert (repo.path / ".git/ORIG_HEAD").read_text().strip() == bad
    assert one(repo).trace.held is Held.REFLOG


def test_taken_out_by_a_commit_that_nothing_leads_to(repo: Repo) -> None:
    start = repo.git("rev-parse", "HEAD")
    commit(repo, 2, ("key", A))
    removed = commit(repo, 3, gone=("key",))
    repo.git("reset", "-q", "--hard", start)
    trace = one(repo).trace
    assert (trace.held, name(trace.removed)) == (Held.REFLOG, removed)


def test_what_no_commit_holds(repo: Repo) -> None:
    repo.git("hash-object", "-w", "--stdin", data=A)
    spot = one(repo)
    assert (spot.path, spot.kind, spot.object) == ("", Kind.BLOB, blob(repo)[0])
    assert (spot.trace.held, spot.trace.first, spot.reach) == (Held.NOTHING, None, Reach.UNREACHABLE)


def test_pushed_is_what_a_remote_has(tmp_path: Path, repo: Repo) -> None:
    commit(repo, 2, ("key", A))
    work = clone(repo, tmp_path / "work")
    commit(work, 3, ("own", B))
    theirs, ours = one(work, A), one(work, B)
    assert (theirs.reach, ours.reach) == (Reach.PUSHED, Reach.COMMITTED)
    assert theirs.trace.refs == ("refs/heads/main", "refs/remotes/origin/main")
    assert ours.trace.refs == ("refs/heads/main",)
    assert one(repo).reach is Reach.COMMITTED


def test_everything_in_a_mirror_is_pushed(tmp_path: Path, repo: Repo) -> None:
    commit(repo, 2, ("key", A))
    mirror = clone(repo, tmp_path / "mirror.git", "--mirror")
    assert one(mirror).reach is Reach.PUSHED
    mirror.git("hash-object", "-w", "--stdin", data=B)
    assert one(mirror, B).reach is Reach.UNREACHABLE


def test_refs_in_order_and_counted(repo: Repo) -> None:
    commit(repo, 2, ("key", A))
    for ref in ("notes/x", "pull/7/head", "remotes/o/b", "merge-requests/3/head", "tags/v1", "heads/z"):
        repo.git("update-ref", f"refs/{ref}", "HEAD")
    repo.git("tag", "-a", "-m", "annotated", "v2")
    repo.git("update-ref", "refs/heads/before", "HEAD~1")
    expected = ["heads/main", "heads/z", "tags/v1", "tags/v2", "remotes/o/b", "merge-requests/3/head"]
    trace = one(repo).trace
    assert trace.refs == tuple(f"refs/{ref}" for ref in [*expected, "pull/7/head", "notes/x"])
    for number in range(30):
        repo.git("update-ref", f"refs/heads/b{number:02}", "HEAD")
    trace = one(repo).trace
    assert (len(trace.refs), trace.refs_total) == (20, 38) and "refs/heads/before" not in trace.refs


def test_a_detached_head_and_other_work_trees(tmp_path: Path, repo: Repo) -> None:
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    bad = commit(Repo(tmp_path / "linked", home=repo.home), 2, ("key", A))
    trace = one(repo).trace
    assert (trace.held, trace.refs, trace.current) == (Held.REF, ("worktrees/linked/HEAD",), False)
    repo.git("switch", "-q", "--detach", bad)
    trace = one(repo).trace
    assert trace.current and trace.refs == ("HEAD", "worktrees/linked/HEAD")


def test_a_stash_and_its_untracked_files(repo: Repo) -> None:
    repo.write("other", A)
    repo.write("untracked", B)
    repo.git("stash", "push", "-q", "--include-untracked")
    tracked, untracked = one(repo, A), one(repo, B)
    assert (tracked.path, untracked.path) == ("other", "untracked")
    assert name(tracked.trace.first) == repo.git("rev-parse", "stash@{0}")
    assert name(untracked.trace.first) == repo.git("rev-parse", "stash@{0}^3")
    assert tracked.trace.refs == untracked.trace.refs == ("refs/stash",)


def test_a_note(repo: Repo) -> None:
    noted = repo.git("rev-parse", "HEAD")
    repo.git("notes", "add", "-m", "remember")
    spot = one(repo, b"remember\n")
    assert (spot.path.replace("/", ""), spot.trace.refs) == (noted, ("refs/notes/commits",))
    assert not spot.trace.current


def test_a_commit_message_and_an_authors_line(repo: Repo) -> None:
    bad = commit(repo, 2, ("key", A))
    commit(repo, 3)
    (spot,) = spots(repo, [bad])
    assert (spot.path, spot.kind, spot.object, spot.trace.refs) == (
        "",
        Kind.COMMIT,
        bad,
        ("refs/heads/main",),
    )
    assert spot.trace.first and spot.trace.first.author == "" and spot.trace.first.seconds == 1769990400
    both = spots(repo, [bad, *blob(repo)])
    assert [spot.kind for spot in both] == [Kind.COMMIT, Kind.BLOB]
    assert both[1].trace.first and both[1].trace.first.author == ""
    repo.git("reset", "-q", "--hard", f"{bad}~1")
    assert spots(repo, [bad])[0].trace.held is Held.REFLOG


def test_annotated_tags(repo: Repo) -> None:
    repo.git("tag", "-a", "-m", "inner", "inner")
    repo.git("tag", "-a", "-m", "outer", "outer", "inner")
    tag = repo.git("rev-parse", "inner")
    (spot,) = spots(repo, [tag])
    assert (spot.kind, spot.path, spot.trace.refs) == (Kind.TAG, "", ("refs/tags/inner", "refs/tags/outer"))
    repo.git("tag", "-d", "inner")
    (spot,) = spots(repo, [tag])
    assert (spot.trace.held, spot.trace.refs) == (Held.REF, ("refs/tags/outer",))
    repo.git("tag", "-d", "outer")
    (spot,) = spots(repo, [tag])
    assert (spot.trace.held, spot.reach) == (Held.NOTHING, Reach.UNREACHABLE)


def test_tags_of_a_blob_and_of_a_tree(repo: Repo) -> None:
    repo.git("tag", "-a", "-m", "blob", "of-blob", repo.git("hash-object", "-w", "--stdin", data=A))
    row = f"100644 blob {repo.git('hash-object', '-w', '--stdin', data=B)}\tin-tree\n"
    repo.git("tag", "of-tree", repo.git("mktree", data=row.encode()))
    found = [one(repo, A), one(repo, B)]
    assert [spot.path for spot in found] == ["", "in-tree"]
    assert [spot.trace.refs for spot in found] == [("refs/tags/of-blob",), ("refs/tags/of-tree",)]
    assert all(spot.trace.held is Held.REF and spot.trace.first is None for spot in found)


def test_links_and_submodules(repo: Repo) -> None:
    target = repo.git("hash-object", "-w", "--stdin", data=A)
    inner = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"120000,{target},link")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{inner},module")
    repo.git("commit", "-qm", "link", **at(2))
    spot = one(repo)
    assert (spot.kind, spot.path) == (Kind.SYMLINK, "link")
    assert [spot.kind for spot in spots(repo, [inner])] == [Kind.COMMIT]  # the submodule is not a place of it


@pytest.mark.parametrize("path", [b"caf\xe9", b"two\nlines", b":100644 100644 x", b" lead"])
def test_any_name(repo: Repo, path: bytes) -> None:
    row = b"100644 blob %s\t%s\0" % (repo.git("hash-object", "-w", "--stdin", data=A).encode(), path)
    tree = repo.git("mktree", "-z", data=row)
    repo.git("update-ref", "refs/heads/odd", repo.git("commit-tree", "-m", "odd", tree))
    assert one(repo).path.encode("utf-8", "surrogateescape") == path


def test_nothing_at_all(tmp_path: Path) -> None:
    empty = Repo(tmp_path / "empty")
    assert Provenance(opened(empty)).spots({}) == {}
    (spot,) = spots(empty, blob(empty))
    assert (spot.trace.held, spot.trace.refs) == (Held.NOTHING, ())


def test_sha256(tmp_path: Path) -> None:
    made = Repo(tmp_path / "wide", "--object-format=sha256")
    commit(made, 1, ("x", b"x"))
    first = commit(made, 2, ("key", A))
    assert name(one(made).trace.first) == first and len(first) == 64


def test_a_shallow_clone_begins_where_it_was_cut(tmp_path: Path, repo: Repo) -> None:
    commit(repo, 2, ("key", A))
    cut = commit(repo, 3, ("other", b"more\n"))
    removed = commit(repo, 4, gone=("key",))
    trace = one(clone(repo, tmp_path / "shallow", "--depth=2")).trace
    assert (name(trace.first), name(trace.removed)) == (cut, removed)


def test_a_clone_without_trees_says_less(tmp_path: Path, repo: Repo) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    commit(repo, 2, ("key", A))
    commit(repo, 3, ("key", b"clean\n"), ("held", B))
    partial = clone(repo, tmp_path / "partial", "--filter=tree:0")
    held = one(partial, B)
    assert (held.path, held.trace.current, held.reach) == ("held", True, Reach.PUSHED)
    gone = one(partial, A)
    assert (gone.path, gone.trace.held, gone.reach) == ("", Held.NOTHING, Reach.UNKNOWN)


def test_a_missing_parent_and_a_missing_tree(repo: Repo) -> None:
    bad = commit(repo, 2, ("key", A))
    lost = commit(repo, 3, ("dir/file", b"x\n"))
    last = commit(repo, 4, gone=("key",))
    tree = repo.git("rev-parse", f"{lost}:dir")
    (repo.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    trace = one(repo).trace
    assert name(trace.first) == bad and trace.held is Held.REF
    start = repo.git("rev-parse", f"{bad}~1")
    (repo.path / ".git/objects" / start[:2] / start[2:]).unlink()
    trace = one(repo).trace
    assert (name(trace.first), trace.refs) == (bad, ("refs/heads/main",))
    assert last != name(trace.last)


def test_replaced_commits_are_not_believed(repo: Repo) -> None:
    bad = commit(repo, 2, ("key", A))
    commit(repo, 3, gone=("key",))
    repo.git("replace", bad, f"{bad}~1")
    assert name(one(repo).trace.first) == bad


def test_many_secrets_at_once_and_from_a_cache(repo: Repo) -> None:
    first = commit(repo, 2, ("key", A), ("pair", B))
    commit(repo, 3)
    gone = commit(repo, 4, gone=("key",))
    repository, ids = opened(repo), blob(repo, A, B)
    groups = {"a": ids[:1], "b": ids[1:], "both": ids, "same": ids[:1]}
    asked = Provenance(repository, processes=3)
    found = asked.spots(groups)
    assert found["a"] == found["same"] and len(found["both"]) == 2
    assert asked.events == {first, gone}
    assert Provenance(repository, asked=asked.events).spots(groups) == found
    assert Provenance(repository, asked=()).spots(groups) != found


def test_bits() -> None:
    for numbers in ([], [0], [3, 8191], list(range(0, 200, 3))):
        assert list(bits(sum(1 << number for number in numbers))) == numbers
