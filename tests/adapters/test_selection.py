"""Which objects a narrowed history is about."""

from pathlib import Path

import pytest

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.selection import Selection, select
from dce_guard.adapters.window import moment
from dce_guard.errors import GitError, UsageError
from tests.repos import Repo, clone

NOW = 1_774_958_400  # 2026-03-31T12:00:00Z


def opened(repo: Repo) -> Repository:
    found = discover(repo.path, named=True)
    assert found
    return found


def commit(repo: Repo, date: str, *files: tuple[str, bytes]) -> str:
    for path, content in files:
        repo.write(path, content)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--allow-empty", "-m", date, GIT_COMMITTER_DATE=f"{date}T12:00:00Z")
    return repo.git("rev-parse", "HEAD")


def chosen(repo: Repo, **options: object) -> Selection:
    return select(opened(repo), now=NOW, **options)  # type: ignore[arg-type]


def ids(repo: Repo, *contents: bytes) -> set[str]:
    return {repo.git("hash-object", "--stdin", data=content) for content in contents}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """January, February and March, each with a file of its own; a topic of February; a dangling blob."""
    made = Repo(tmp_path / "repo")
    commit(made, "2026-01-10", ("january", b"1"))
    commit(made, "2026-02-10", ("february", b"2"))
    made.git("switch", "-qc", "topic/one", "HEAD~1")
    commit(made, "2026-02-20", ("topic", b"t"))
    made.git("switch", "-q", "main")
    commit(made, "2026-03-10", ("march", b"3"))
    made.git("hash-object", "-w", "--stdin", data=b"dangling")
    return made


def test_nothing_asked_is_everything(repo: Repo) -> None:
    assert chosen(repo) == Selection(None, {}, ())


def test_what_refs_reach(repo: Repo) -> None:
    commit(repo, "2026-03-11", ("dropped", b"d"))
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("tag", "-a", "-m", "tag", "v1")
    found = chosen(repo, reachable_only=True)
    assert found.objects and found.describe == {"reachable_only": "true"} and not found.missing
    assert ids(repo, b"1", b"2", b"3", b"t") <= found.objects
    assert {repo.git("rev-parse", name) for name in ("v1", "main", "topic/one", "main~2")} <= found.objects
    assert not ids(repo, b"d", b"dangling") & found.objects
    assert repo.git("rev-parse", "ORIG_HEAD") not in found.objects
    assert repo.git("rev-parse", "main^{tree}") not in found.objects


def test_a_detached_head_counts(repo: Repo) -> None:
    repo.git("switch", "-q", "--detach")
    commit(repo, "2026-03-11", ("loose", b"l"))
    assert ids(repo, b"l") <= (chosen(repo, reachable_only=True).objects or set())


@pytest.mark.parametrize(
    ("name", "holds", "lacks"),
    [
        ("topic/one", b"1t", b"23"),
        ("refs/heads/topic/one", b"1t", b"23"),
        ("topic/*", b"1t", b"23"),
        ("refs/heads/t*", b"1t", b"23"),
        ("main~1", b"12", b"3t"),
        ("v1", b"12", b"3t"),
    ],
)
def test_a_branch_by_any_of_its_names(repo: Repo, name: str, holds: bytes, lacks: bytes) -> None:
    repo.git("tag", "-a", "-m", "tag", "v1", "main~1")
    found = chosen(repo, branches=[name])
    assert found.objects and found.describe == {"branches": name}
    assert ids(repo, *(bytes([one]) for one in holds)) <= found.objects
    assert not ids(repo, *(bytes([one]) for one in lacks)) & found.objects
    assert (repo.git("rev-parse", "v1") in found.objects) == (name == "v1")


def test_several_branches_and_a_tag_of_the_same_name(repo: Repo) -> None:
    repo.git("tag", "topic/one", "main")
    assert not ids(repo, b"3") & (chosen(repo, branches=["topic/one"]).objects or set())
    assert ids(repo, b"3", b"t") <= (chosen(repo, branches=["topic/one", "main"]).objects or set())


@pytest.mark.parametrize("name", ["topic/two", "nope*", "--all", "^main", "main..topic/one"])
def test_an_unknown_branch_is_refused(repo: Repo, name: str) -> None:
    with pytest.raises(UsageError, match="nothing was scanned") as refused:
        chosen(repo, branches=["main", name])
    assert refused.value.hint
    if name == "topic/two":
        assert "topic/one" in refused.value.hint


def test_a_time(repo: Repo) -> None:
    found = chosen(repo, since="2026-02-01", until="2026-02-28")
    february = {repo.git("rev-parse", name) for name in ("main~1", "topic/one")}
    assert found.objects == february | ids(repo, b"2", b"t")
    assert found.describe == {"since": "2026-02-01T00:00:00Z", "until": "2026-02-28T23:59:59Z"}
    assert chosen(repo, since="2026-04-01").objects == frozenset()


def test_a_time_on_a_branch(repo: Repo) -> None:
    found = chosen(repo, since="2026-02-01", branches=["topic/one"])
    assert found.objects == {repo.git("rev-parse", "topic/one")} | ids(repo, b"t")


def test_a_time_holds_what_nothing_leads_to_unless_told(repo: Repo) -> None:
    dropped = commit(repo, "2026-03-20", ("dropped", b"d"))
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert {dropped} | ids(repo, b"d") == chosen(repo, since="2026-03-15").objects
    assert chosen(repo, since="2026-03-15", reachable_only=True).objects == frozenset()


def test_a_clock_that_went_back_hides_nothing(repo: Repo) -> None:
    commit(repo, "2025-01-01")
    commit(repo, "2026-03-20")
    found = chosen(repo, since="2026-03-01", reachable_only=True)
    assert {repo.git("rev-parse", name) for name in ("main", "main~2")} <= (found.objects or set())


def test_merges_tags_links_and_roots(repo: Repo) -> None:
    repo.git("merge", "-q", "--no-ff", "--no-commit", "topic/one")
    merge = commit(repo, "2026-03-25", ("evil", b"e"))
    made = {"GIT_COMMITTER_DATE": "2026-03-26T00:00:00Z"}
    repo.git("tag", "-a", "-m", "late", "late", "main~2", **made)
    repo.git("tag", "-a", "-m", "early", "early")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{merge},module")
    found = chosen(repo, since="2026-03-24").objects or set()
    assert {merge, repo.git("rev-parse", "late")} | ids(repo, b"e") <= found
    assert repo.git("rev-parse", "early") not in found and not ids(repo, b"1") & found
    assert ids(repo, b"1") <= (chosen(repo, until="2026-01-31").objects or set())


def test_no_commit_yet(tmp_path: Path) -> None:
    empty = Repo(tmp_path / "empty")
    assert chosen(empty, reachable_only=True).objects == frozenset()
    assert chosen(empty, since="1w").objects == frozenset()


def test_what_is_missing_is_told(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = clone(repo, tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    assert set(chosen(partial, reachable_only=True).missing) == ids(repo, b"1", b"2", b"3", b"t")
    (missing,) = ids(repo, b"2")
    (repo.path / ".git/objects" / missing[:2] / missing[2:]).unlink()
    assert chosen(repo, reachable_only=True).missing == (missing,)
    tree = repo.git("rev-parse", "main~1^{tree}")
    (repo.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitError):
        chosen(repo, since="2026-02-01")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-31", "2026-03-31T00:00:00+00:00"),
        ("2026-03-31T18:00", "2026-03-31T18:00:00+00:00"),
        ("2026-03-31 18:00:00+02:00", "2026-03-31T16:00:00+00:00"),
        ("2 weeks ago", "2026-03-17T12:00:00+00:00"),
        ("2w", "2026-03-17T12:00:00+00:00"),
        ("2.weeks.ago", "2026-03-17T12:00:00+00:00"),
        ("90 minutes", "2026-03-31T10:30:00+00:00"),
        ("1 month ago", "2026-02-28T12:00:00+00:00"),
        ("3 Months", "2025-12-31T12:00:00+00:00"),
        ("2y", "2024-03-31T12:00:00+00:00"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert moment(text, "since", NOW) == moment(expected, "since", 0)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday evening",
        "2",
        "2m",
        "2 fortnights",
        "31.3.2026",
        "2026-13-01",
        "99999y",
        "-2w",
        "now",
        " ",
        "2024",
    ],
)
def test_nonsense_is_refused(text: str, repo: Repo) -> None:
    with pytest.raises(UsageError, match=r"--until .* is no point in time; nothing was scanned") as refused:
        chosen(repo, until=text)
    assert "2026-03-31" in refused.value.hint


def test_a_time_that_ends_before_it_begins(repo: Repo) -> None:
    with pytest.raises(UsageError, match="is after"):
        chosen(repo, since="2026-03-02", until="2026-03-01")
    assert chosen(repo, since="2026-03-10", until="2026-03-10").objects
