"""`dce-guard history`: options and refusals, damage, provenance, exit codes."""

import json
import random
from pathlib import Path

import pytest
from history_repos import Told, history, known_key, swept
from repos import Repo, clone

from dce_guard.scan.templates import expand

__all__ = ["known_key"]
FORMATS = ("text", "json", "jsonl", "sarif", "gitlab", "junit", "csv")
DAY = "2025-0{}-01T12:00:00Z"


def stripe(seed: int = 1) -> str:
    return expand("sk_" + "live_{base62:20}{digits:4}", random.Random(f"history {seed}")).decode()


def line(seed: int = 1) -> bytes:
    return f"stripe_key = {stripe(seed)}\n".encode()


def dated(repo: Repo, month: int, name: str, content: bytes | None, author: str = "Ann") -> str:
    """A commit of one file on the first of a month; None takes the file out."""
    if content is None:
        repo.git("rm", "-q", name)
    else:
        repo.write(name, content)
    repo.git("add", "-A")
    when = DAY.format(month)
    env = {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    repo.git("commit", "-q", "--allow-empty", "-m", f"month {month}", **env)
    return repo.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "r")


def test_provenance_from_the_first_commit_to_the_one_that_took_it_out(repo: Repo, tmp_path: Path) -> None:
    dated(repo, 1, "base.txt", b"base\n")
    first = dated(repo, 2, "a.env", line(), "Bea")
    repo.git("branch", "old")
    last = dated(repo, 3, "a.env", line() + b"more\n", "Cem")
    removed = dated(repo, 4, "a.env", b"clean\n", "Dora")
    repo.git("branch", "-q", "-D", "old")
    repo.git("tag", "v1", last)
    trace = swept(repo.path).trace(stripe(), "blob", "a.env")
    assert {key: trace[key] and trace[key]["commit"] for key in ("first", "last", "removed")} == {
        "first": first, "last": last, "removed": None,
    }  # fmt: skip
    repo.git("tag", "-d", "v1")
    told = swept(repo.path)
    finding = told.finding(stripe())
    assert [place["path"] for place in finding["locations"]] == ["a.env"]
    trace = told.trace(stripe(), "blob", "a.env")
    assert trace["first"] == {"commit": first, "author": "Bea", "date": DAY.format(2)}
    assert trace["last"] == {"commit": last, "author": "Cem", "date": DAY.format(3)}
    assert trace["removed"] == {"commit": removed, "author": "Dora", "date": DAY.format(4)}
    assert (trace["refs"], trace["versions"], trace["current"]) == (["refs/heads/main"], 2, False)
    assert finding["exposure"]["days"] == 59
    assert (finding["exposure"]["pushed"], finding["locations"][0]["reach"]) == (False, "committed")
    text = history(repo.path, form="text", quiet=False).stdout.decode()
    assert f"first committed 2025-02-01 by Bea in {first[:10]}" in text
    assert "after 59 days" in text


def test_pushed_and_not_yet_pushed(repo: Repo, tmp_path: Path) -> None:
    dated(repo, 1, "a.env", line(1))
    remote = clone(repo, tmp_path / "remote.git", "--bare")
    work = clone(remote, tmp_path / "work")
    commit = dated(work, 2, "b.env", line(2))
    told = swept(work.path)
    assert told.place(stripe(1), "blob", "a.env")["reach"] == "pushed"
    assert told.place(stripe(2), "blob", "b.env")["reach"] == "committed"
    assert told.finding(stripe(2))["exposure"]["pushed"] is False
    work.git("push", "-q", "origin", "main")
    told = swept(work.path)
    assert told.place(stripe(2), "blob", "b.env")["reach"] == "pushed"
    assert told.trace(stripe(2), "blob", "b.env")["first"]["commit"] == commit
    assert "refs/remotes/origin/main" in told.trace(stripe(2), "blob", "b.env")["refs"]


def test_one_finding_with_every_place(repo: Repo) -> None:
    dated(repo, 1, "a.env", line())
    dated(repo, 2, "copy/b.env", line())
    dated(repo, 3, "a.env", None)
    repo.git("commit", "-q", "--allow-empty", "-m", f"used {stripe()}")
    repo.write("untracked", b"\n" + line())
    told = swept(repo.path)
    places = {(place["kind"], place["path"]) for place in told.finding(stripe())["locations"]}
    assert places >= {
        ("blob", "a.env"), ("blob", "copy/b.env"), ("commit", ""), ("file", "untracked"), ("file", "copy/b.env"),
    }  # fmt: skip
    assert len(told.report["findings"]) == 1


@pytest.fixture
def years(repo: Repo) -> Repo:
    """A secret each month from January on; one on a branch of its own; one amended away."""
    for month in (1, 2, 3, 4):
        dated(repo, month, f"{month}.env", line(month))
    repo.git("checkout", "-q", "-b", "topic/one", "HEAD~2")
    dated(repo, 5, "5.env", line(5))
    repo.git("checkout", "-q", "main")
    dated(repo, 6, "6.env", line(6))
    repo.git("reset", "-q", "--hard", "HEAD~1")
    return repo


def months(told: Told) -> set[int]:
    names = {told_place["path"] for one in told.report["findings"] for told_place in one["locations"]}
    return {int(name[0]) for name in names if name[1:] == ".env"}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], {1, 2, 3, 4, 5, 6}), (["--since", "2025-03-01"], {3, 4, 5, 6}), (["--until", "2025-02-15"], {1, 2}),
        (["--since", "2025-02-01", "--until", "2025-03-01"], {2, 3}), (["--branch", "main"], {1, 2, 3, 4}),
        (["--branch", "topic/*"], {1, 2, 5}), (["--branch", "main", "--branch", "topic/one"], {1, 2, 3, 4, 5}),
        (["--reachable-only"], {1, 2, 3, 4, 5}), (["--branch", "topic/one", "--since", "2025-03-01"], {5}),
        (["--jobs", "1"], {1, 2, 3, 4, 5, 6}), (["--no-worktree"], {1, 2, 3, 4, 5, 6}),
        (["--since", "2025-09-01"], set()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_narrowing(options: list[str], found: set[int], years: Repo, packed: bool) -> None:
    if packed:
        years.git("gc", "-q")
    told = history(years.path, *options)
    assert (months(told), told.code) == (found, 1 if found else 0)


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_too_large_is_left_out_and_told(years: Repo, packed: bool) -> None:
    if packed:
        years.git("gc", "-q")
    told = history(years.path, "--max-size", "20", "--no-worktree")
    assert (months(told), told.reasons) == (set(), {("too-large", False)})
    assert months(history(years.path, "--max-size", "1 MB")) == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--branch", "nowhere"], "nowhere"), (["--branch", "none/*"], "none/*"),
        (["--since", "blue moon"], "blue moon"),
        (["--since", "2025-03-01", "--until", "2025-01-01"], "after"), (["--max-size", "large"], "50 MB"),
        (["--jobs", "0"], "jobs"), (["--until", ""], ""), (["--format", "xml"], "xml"),
        (["--confidence", "sure"], "sure"),
    ],
)  # fmt: skip
def test_refusals(options: list[str], word: str, years: Repo) -> None:
    if options == ["--until", ""]:
        assert history(years.path, *options).code == 1  # as if it was not said
        return
    refused = history(years.path, *options, form=options[1] if options[0] == "--format" else "json")
    assert (refused.code, refused.stdout) == (2, b"")
    assert word in refused.stderr


def test_what_is_no_repository_is_refused(tmp_path: Path, years: Repo) -> None:
    for where in (tmp_path, tmp_path / "nowhere"):
        refused = history(where)
        assert refused.code in (2, 3), where
        assert (refused.stdout, "hint:" in refused.stderr or "Usage" in refused.stderr) == (b"", True)
    two = history(years.path, years.path)
    assert (two.code, two.stdout, "sweep" in two.stderr) == (2, b"", True)


def test_no_work_tree(repo: Repo) -> None:
    dated(repo, 1, "a.txt", b"clean\n")
    repo.write("untracked.env", line())
    assert history(repo.path).code == 1
    assert history(repo.path, "--no-worktree").code == 0


def test_summary_has_every_table(years: Repo) -> None:
    said = history(years.path, "--summary", form="text")
    text = said.stdout.decode()
    assert said.code == 1
    for word in ("Stripe secret key", "Ann", "2025", "6"):
        assert word in text
    assert not [month for month in range(1, 7) if stripe(month)[10:20] in text]


def test_a_url_is_cloned_and_removed(years: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    years.git("update-ref", "refs/pull/9/head", "topic/one")
    years.git("branch", "-q", "-D", "topic/one")
    told = swept(f"file://{years.path}")
    assert months(told) == {1, 2, 3, 4, 5}  # with refs/pull; what only a reflog has is not sent
    assert told.place(stripe(1), "blob", "1.env")["reach"] == "pushed"
    assert list(temp.iterdir()) == []
    gone = history(f"file://{tmp_path}/nowhere")
    assert (gone.code, gone.stdout, list(temp.iterdir())) == (3, b"", [])
    assert "hint:" in gone.stderr
    refused = history("ext::sh -c touch% x")
    assert (refused.code, refused.stdout, list(temp.iterdir())) == (2, b"", [])


def test_an_accepted_finding_stays_quiet(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from dce_guard.cli import main

    dated(repo, 1, "a.env", line(1))
    monkeypatch.delenv("DCE_GUARD_KEY")
    monkeypatch.chdir(repo.path)
    assert main.run(["baseline", "create", "--reason", "known"]) == 0
    repo.commit("baseline")
    repo.git("rm", "-q", "a.env")
    repo.commit("remove")
    told = history(repo.path)
    assert (told.code, {one["state"] for one in told.report["findings"]}) == (0, {"accepted"})
    assert history(repo.path, "--no-baseline").code == 1
    repo.commit_file("b.env", line(2))
    again = history(repo.path)
    assert (again.code, sorted(one["state"] for one in again.report["findings"])) == (1, ["accepted", "new"])


@pytest.mark.parametrize("form", FORMATS)
def test_exit_codes_in_every_format(form: str, repo: Repo) -> None:
    dated(repo, 1, "a.txt", b"clean\n")
    assert history(repo.path, form=form).code == 0
    dated(repo, 2, "a.env", line())
    found = history(repo.path, form=form)
    assert (found.code, stripe()[8:20].encode() in found.stdout) == (1, False)
    assert history(repo.path, "--exit-zero", form=form).code == 0
    if form in ("json", "sarif", "gitlab"):
        json.loads(found.stdout)
