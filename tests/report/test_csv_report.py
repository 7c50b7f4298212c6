import csv
import io

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Report
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
