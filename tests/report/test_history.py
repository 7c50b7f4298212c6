from dataclasses import replace

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Commit, Finding, Held
from dce_guard.model.item import Kind, Reach
from dce_guard.report.history import (
    WITHHELD,
    author,
    day,
    exposure,
    grouped,
    leading,
    moment,
    sentence,
    short_ref,
)
from dce_guard.report.view import here, primary

DAY = 86_400


def told(found: Finding) -> str:
    seen = exposure(found)
    assert seen is not None
    return sentence(found, seen)


def only(**changes: object) -> Finding:
    return samples.finding(locations=(samples.past(trace=samples.trace(**changes)),))


def test_the_window_is_from_the_first_commit_to_the_last_removal() -> None:
    later = replace(samples.REMOVED, id="99" * 20, seconds=samples.REMOVED.seconds + 9 * DAY)
    early = replace(samples.FIRST, id="11" * 20, seconds=samples.FIRST.seconds - DAY)
    places = (
        samples.past(trace=samples.trace(removed=later)),
        samples.past("b.env", trace=samples.trace(first=early)),
    )
    seen = exposure(samples.finding(locations=places))
    assert seen is not None
    assert (seen.first, seen.removed, seen.days) == (early, later, 375)
    assert (seen.current, seen.pushed, seen.held) == (False, True, Held.REF)


def test_one_place_that_is_left_keeps_the_window_open() -> None:
    for left in (
        samples.current(),
        samples.location(),
        samples.past("c", trace=samples.trace(removed=None)),
    ):
        seen = exposure(samples.finding(locations=(samples.past(), left)))
        assert seen is not None
        assert (seen.removed, seen.days) == (None, None)
    assert exposure(samples.gone()) is not None


def test_without_a_history_there_is_no_exposure() -> None:
    assert exposure(samples.finding()) is None
    assert exposure(samples.database()) is None


def test_the_other_half_of_a_pair_does_not_keep_it_open() -> None:
    half = samples.current("b.py", part="access key id")
    seen = exposure(samples.finding(locations=(samples.past(), half)))
    assert seen is not None
    assert seen.removed == samples.REMOVED
    assert seen.current is False


def test_clocks_that_disagree_give_no_negative_days() -> None:
    seen = exposure(only(removed=replace(samples.FIRST, seconds=samples.FIRST.seconds - 5 * DAY)))
    assert seen is not None
    assert seen.days == 0


def test_the_strongest_hold_of_all_places_counts() -> None:
    places = [samples.past(str(held), trace=samples.trace(held=held)) for held in reversed(Held)]
    for strongest, left in ((Held.REF, 4), (Held.REFLOG, 3), (Held.COMMIT, 2), (Held.NOTHING, 1)):
        seen = exposure(samples.finding(locations=tuple(places[:left])))
        assert seen is not None
        assert seen.held is strongest


def test_a_sentence_says_who_when_and_until_when() -> None:
    assert told(only()) == (
        "first committed 2021-03-04 by Ana Lima in 418e189a418e; "
        "taken out 2022-03-04 by Bo Ek in 0dd0cafe0dd0 after 365 days; pushed"
    )
    assert told(samples.finding(locations=(samples.current(),))).endswith("; still there; pushed")


def test_a_short_window_is_less_than_a_day() -> None:
    soon = replace(samples.REMOVED, seconds=samples.FIRST.seconds + 60)
    assert "after less than a day" in told(only(removed=soon))
    tomorrow = replace(samples.REMOVED, seconds=samples.FIRST.seconds + DAY)
    assert "after 1 day;" in told(only(removed=tomorrow))


@pytest.mark.parametrize(
    ("held", "what"),
    [(Held.REFLOG, "reflog"), (Held.COMMIT, "dangling commit"), (Held.NOTHING, "dangling object")],
)
def test_what_no_ref_leads_to_is_named_so(held: Held, what: str) -> None:
    trace = samples.trace(held=held, removed=None)
    found = samples.finding(locations=(samples.past(reach=Reach.UNREACHABLE, trace=trace),))
    end = f"; unreachable: only in this clone's object store ({what})"
    assert told(found).endswith(f"in 418e189a418e{end}")
    undone = samples.past(reach=Reach.UNREACHABLE, trace=replace(trace, removed=samples.REMOVED))
    assert told(samples.finding(locations=(undone,))).endswith(f"after 365 days{end}")
    again = samples.finding(locations=(undone, samples.location()))
    assert "unreachable" not in told(again)


def test_what_is_not_known_is_not_made_up() -> None:
    assert told(only(first=None)) == (
        "first commit not known; taken out 2022-03-04 by Bo Ek in 0dd0cafe0dd0; pushed"
    )
    dangling = samples.trace(held=Held.NOTHING, first=None, last=None, removed=None)
    lost = samples.finding(locations=(samples.past("", reach=Reach.UNKNOWN, trace=dangling),))
    assert told(lost) == "in no commit; what leads to it is not known"
    tag = samples.past("", kind=Kind.TAG, trace=samples.trace(first=None, removed=None))
    assert told(samples.finding(locations=(tag,))).startswith("in the message of a tag; still there until")


def test_what_is_not_in_the_current_tree_is_not_said_to_be_there() -> None:
    elsewhere = told(only(removed=None))
    assert "not in the current tree, still held by another branch" in elsewhere
    assert "still there" not in elsewhere
    message = samples.past("", kind=Kind.COMMIT, trace=samples.trace(removed=None))
    assert "only rewriting the history" in told(samples.finding(locations=(message,)))


def test_only_what_is_known_not_to_be_pushed_is_said_not_to_be() -> None:
    def of(reach: Reach) -> str:
        return told(samples.finding(locations=(samples.past(reach=reach),)))

    assert of(Reach.COMMITTED).endswith("; not pushed")
    assert "pushed" not in of(Reach.UNKNOWN)


def test_an_author_that_holds_a_secret_is_withheld_and_no_name_moves_the_cursor() -> None:
    assert author(replace(samples.FIRST, author="")) == WITHHELD
    assert author(replace(samples.FIRST, author="a\x1b[2Jb\u202e")) == "a\\x1b[2Jb\\u202e"
    assert len(author(replace(samples.FIRST, author="x" * 500))) == 60
    assert WITHHELD in told(only(first=replace(samples.FIRST, author="")))


@given(st.integers())
def test_any_time_that_a_commit_claims_is_a_date(seconds: int) -> None:
    text = moment(seconds)
    assert text[:10] == day(seconds)
    assert (len(text), text[10], text[-1]) == (20, "T", "Z")


def test_dates_are_utc_whole_seconds() -> None:
    assert moment(0) == "1970-01-01T00:00:00Z"
    assert moment(-1) == "1969-12-31T23:59:59Z"
    assert moment(10**18) == "9999-12-31T23:59:59Z"
    assert day(samples.FIRST.seconds - 1) == "2021-03-03"


@pytest.mark.parametrize(
    ("ref", "shown"),
    [
        ("refs/heads/fix/login", "fix/login"),
        ("refs/remotes/origin/main", "origin/main"),
        ("refs/tags/v1", "tag v1"),
        ("refs/pull/12/head", "pull request 12"),
        ("refs/pull/12/merge", "pull request 12"),
        ("refs/merge-requests/7/head", "merge request 7"),
        ("refs/stash", "stash"),
        ("refs/notes/commits", "notes commits"),
        ("refs/changes/01/1/1", "refs/changes/01/1/1"),
        ("HEAD", "HEAD"),
        ("refs/heads/a\x1b[2J\udcff", "a\\x1b[2J\\xff"),
        ("refs/heads/merge", "merge"),
    ],
)
def test_refs_have_the_names_that_people_use(ref: str, shown: str) -> None:
    assert short_ref(ref) == shown


def test_refs_that_are_not_named_are_counted() -> None:
    seen = exposure(only())
    assert seen is not None
    assert leading(seen, 2) == "main, origin/main and 38 more"
    assert leading(replace(seen, refs_total=6), 6).endswith(", fix/login")
    assert leading(replace(seen, refs=(), refs_total=0), 5) == ""
    assert leading(replace(seen, refs=(), refs_total=1_200), 5) == "1,200 refs"


def test_the_place_to_point_at_is_there_now_or_else_the_first() -> None:
    later = samples.past("a.env", trace=samples.trace(first=samples.LAST))
    lost = samples.past("0", trace=samples.trace(first=None, held=Held.NOTHING))
    log = samples.location(".git/logs/HEAD", kind=Kind.GIT_FILE)
    places = [log, lost, later, samples.past(), samples.current(), samples.location()]
    ends = ["src/settings.py", "src/settings.py", "conf/old.env", "a.env", ".git/logs/HEAD"]
    for end in ends:
        assert primary(places).path == end
        places.pop()


def test_only_files_that_can_be_edited_are_here() -> None:
    assert here(samples.location())
    assert here(samples.current())
    assert here(samples.location(kind=Kind.BLOB, reach=Reach.STAGED))
    assert here(samples.location(kind=Kind.PATH))
    assert not here(samples.location(kind=Kind.PATH, reach=Reach.UNKNOWN))
    assert not here(samples.current("", kind=Kind.COMMIT))
    assert not here(samples.past())
    assert not here(samples.location(kind=Kind.BLOB, reach=Reach.UNKNOWN))
    assert not here(samples.location(".git/config", kind=Kind.GIT_FILE))
    assert not here(samples.location("refs/heads/x", kind=Kind.REF))


def test_places_are_grouped_by_file_and_messages_are_not_one() -> None:
    messages = [samples.past("", kind=Kind.COMMIT, commit=commit) for commit in ("aa", "bb")]
    groups = grouped([samples.past(), *messages, samples.past(line=9), samples.current("z", part="key id")])
    assert [len(group) for group in groups] == [2, 1, 1]


def test_ties_are_settled_by_the_commit_so_that_order_changes_nothing() -> None:
    twins = [Commit(name * 20, "Ana", 7) for name in ("aa", "bb")]
    traces = [samples.past(str(n), trace=samples.trace(first=twin)) for n, twin in enumerate(twins)]
    for places in (traces, traces[::-1]):
        seen = exposure(samples.finding(locations=tuple(places)))
        assert seen is not None
        assert seen.first == twins[0]
