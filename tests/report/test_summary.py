from dataclasses import replace

import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Commit, Finding
from dce_guard.model.item import Reach, Skip
from dce_guard.report.outcome import outcome
from dce_guard.report.summary import render

ANY = st.text(st.characters(codec=None), min_size=1, max_size=80)


def tables(*findings: Finding) -> list[list[str]]:
    return [table.splitlines() for table in render(samples.history(*findings)).split("\n\n")]


def rows(table: list[str]) -> dict[str, list[str]]:
    return {" ".join(cells[:-2]): cells[-2:] for cells in map(str.split, table)}


def by(commit: Commit, number: int = 0) -> Finding:
    place = samples.past(trace=samples.trace(first=commit))
    return samples.finding(fingerprint=f"{number:032x}", locations=(place,))


def test_there_is_a_table_for_each_question_and_then_the_totals() -> None:
    rules, authors, years, exposure, totals = tables(*samples.swept().findings)
    assert rows(rules)["AWS secret access key"] == ["3", "13"]
    assert rows(authors) == {
        "author of the first commit": ["findings", "places"],
        "Ana Lima": ["3", "15"],
        "(in no commit)": ["1", "1"],
    }
    assert list(rows(years)) == ["year of the first commit", "2021", "(in no commit)"]
    assert list(rows(exposure))[1:] == [
        "pushed, in the current tree",
        "pushed, not in the current tree",
        "unreachable, no ref leads to it",
        "work tree only",
    ]
    assert "4 findings in 16 places" in totals


def test_each_table_adds_up_to_the_total() -> None:
    *all_tables, _ = tables(*samples.swept().findings)
    for table in all_tables:
        counts = list(rows(table).values())[1:]
        assert sum(int(findings) for findings, _ in counts) == 4
        assert sum(int(places) for _, places in counts) == 16


def test_a_finding_belongs_to_whom_first_committed_it_alone() -> None:
    later = samples.past("z", trace=samples.trace(first=samples.LAST))
    found = samples.finding(locations=(later, samples.past()))
    _, authors, years, *_ = tables(found)
    assert list(rows(authors))[1:] == ["Ana Lima"]
    assert list(rows(years))[1:] == ["2021"]


def test_a_clean_report_is_one_line() -> None:
    text = render(samples.history())
    assert text == (
        "no secrets found; scanned 292,555 objects of the history (41,022 commits), 5.8 GB with 412 rules\n"
    )
    assert render(samples.history(samples.accepted())).startswith("no secrets found; ")


def test_an_incomplete_report_without_findings_does_not_read_as_clean() -> None:
    text = render(samples.history(skips=(Skip("abc", "missing"),)))
    assert "could not look at: 1 missing object: abc" in text
    assert text.splitlines()[-1].startswith("exit 3: incomplete: ")
    assert len(text.splitlines()) > 1


def test_what_people_accepted_is_counted_apart() -> None:
    text = render(samples.history(samples.gone(), samples.accepted()))
    assert "\n1 finding in 3 places; 1 passed over\n" in text
    assert "AWS" not in text


def test_local_findings_are_told_from_pushed_ones() -> None:
    for reach, called in (
        (Reach.COMMITTED, "local only, not pushed"),
        (Reach.STAGED, "work tree only"),
        (Reach.UNKNOWN, "not known how far"),
    ):
        *_, exposure, _ = tables(samples.finding(locations=(samples.past(reach=reach),)))
        assert list(rows(exposure))[1:] == [called]


def test_many_authors_are_folded_into_one_row() -> None:
    found = [by(replace(samples.FIRST, author=f"author-{n:03}"), n) for n in range(50)]
    _, authors, *_ = tables(*found)
    assert len(authors) == 1 + 20 + 1
    assert rows(authors)["30 more"] == ["30", "30"]


def test_a_withheld_author_is_named_so() -> None:
    assert "(withheld: holds a secret)  " in render(samples.history(by(replace(samples.FIRST, author=""))))


def test_the_last_line_is_how_the_command_ends() -> None:
    report = samples.history(samples.gone())
    assert render(report).endswith("\nexit 1: 1 finding\n")
    assert render(report, outcome(report, exit_zero=True)).endswith("\nexit 0: 1 finding (--exit-zero)\n")


@given(ANY, st.integers())
def test_no_author_and_no_title_moves_the_cursor(text: str, seconds: int) -> None:
    report = samples.history(by(Commit("a", text, seconds)), rules={samples.AWS: {"description": text}})
    shown = render(report)
    assert shown.replace("\n", "").isprintable()
    assert max(map(len, shown.splitlines())) < 110
