import csv
import io

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Commit, Report
from dce_guard.model.item import Skip
from dce_guard.report import csv_report


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_report.render(report), newline="")))


def test_a_row_for_each_place_in_every_state() -> None:
    states = [row["state"] for row in rows(samples.full())]
    assert sorted(set(states)) == ["accepted", "allowed", "new", "not-looked-at"]
    assert len(states) == 1 + 1 + 1 + 9 + 3


def test_a_row_says_what_and_where() -> None:
    (row,) = rows(samples.report(samples.finding()))
    assert (row["path"], row["line"], row["column"]) == ("src/settings.py", "3", "22")
    assert (row["preview"], row["title"]) == (samples.PREVIEW, "AWS secret access key")


def test_skips_alone_do_not_read_as_clean() -> None:
    (row,) = rows(samples.report(skips=(Skip("a.bin", "unreadable", "permission denied"),)))
    assert (row["state"], row["path"], row["note"]) == (
        "not-looked-at",
        "a.bin",
        "unreadable: permission denied",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = rows(samples.report(samples.finding(locations=(samples.location(f"{start}cmd|' /C calc'!A0"),))))
    assert row["path"].startswith("'")


@given(st.text(st.characters(codec=None), min_size=1, max_size=40))
def test_any_name_is_one_printable_cell(path: str) -> None:
    (row,) = rows(samples.report(samples.finding(locations=(samples.location(path),), note=path)))
    assert row["path"].isprintable()
    assert row["path"][0] not in "=+-@\t\r"
    assert list(row) == list(csv_report.COLUMNS)


def test_a_history_fills_the_last_columns() -> None:
    row = rows(samples.history(samples.gone()))[0]
    assert list(row)[-9:] == list(csv_report.COLUMNS[-9:])
    assert (row["first_commit"], row["first_date"]) == (samples.COMMIT, "2021-03-04T00:01:00Z")
    assert (row["first_author"], row["last_commit"]) == ("Ana Lima", samples.LAST.id)
    assert (row["removed_commit"], row["removed_date"]) == (samples.REMOVED.id, "2022-03-04T01:00:00Z")
    assert (row["current"], row["held"]) == ("no", "ref")
    assert row["refs"] == " ".join(samples.BRANCHES) + " and 34 more"


def test_without_a_history_they_are_empty() -> None:
    for row in rows(samples.full()):
        assert [row[column] for column in csv_report.COLUMNS[-9:]] == [""] * 9


def test_what_is_still_there_has_no_removal() -> None:
    (row,) = rows(samples.history(samples.finding(locations=(samples.current(),))))
    assert (row["current"], row["removed_commit"], row["removed_date"]) == ("yes", "", "")


def test_no_author_and_no_ref_is_a_formula() -> None:
    first = Commit("a", "=cmd|' /C calc'!A0", 0)
    trace = samples.trace(first=first, refs=("@SUM(A1)",), refs_total=1)
    (row,) = rows(samples.history(samples.finding(locations=(samples.past(trace=trace),))))
    assert row["first_author"].startswith("'=")
    assert row["refs"] == "'@SUM(A1)"
    trace = samples.trace(first=Commit("a", "", 0))
    (row,) = rows(samples.history(samples.finding(locations=(samples.past(trace=trace),))))
    assert row["first_author"] == "(withheld: holds a secret)"
