"""CSV for spreadsheets: one row a place, every cell safe to open."""

import csv
import io
from collections.abc import Iterator

from dce_guard.model.finding import Commit, Finding, Location, Report
from dce_guard.model.item import Skip
from dce_guard.report.escape import visible
from dce_guard.report.history import author, moment
from dce_guard.report.view import name, prepared, rule_view

COLUMNS = (
    *("state", "sensitivity", "confidence", "rule", "title", "category", "provider"),
    *("path", "line", "column", "kind", "commit", "reach"),
    *("preview", "fingerprint", "note"),
    *("first_commit", "first_date", "first_author", "last_commit", "removed_commit", "removed_date"),
    *("current", "held", "refs"),
)
# A cell that begins so is a formula to spreadsheet programs (OWASP, "CSV injection"; the last four are the
# full-width forms, which some locales take as well).
_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def render(report: Report) -> str:
    """A header, a row for each place of each finding in every state, and a row for each skip.

    A skip's row has the state `not-looked-at`, so that a file without findings does not read as clean.
    """
    report = prepared(report)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in report.findings:
        writer.writerows(_rows(report, finding))
    writer.writerows(_skipped(skip) for skip in report.skips)
    return out.getvalue()


def _rows(report: Report, finding: Finding) -> Iterator[list[str]]:
    title = rule_view(report, finding.rule).title
    for place in finding.locations:
        cells = (
            finding.state.value,
            finding.sensitivity.value,
            finding.confidence.value,
            finding.rule,
            title,
            finding.category.value,
            finding.provider,
            name(place),
            str(place.line),
            str(place.column),
            place.kind.value,
            place.commit,
            place.reach.value,
            finding.preview,
            finding.fingerprint,
            place.marker or finding.note,
            *_past(place),
        )
        yield [_cell(cell) for cell in cells]


def _past(place: Location) -> tuple[str, ...]:
    """The cells that only a history fills."""
    trace = place.trace
    if trace is None:
        return ("",) * 9
    rest = trace.refs_total - len(trace.refs)
    return (
        *_told(trace.first),
        author(trace.first) if trace.first else "",
        trace.last.id if trace.last else "",
        *_told(trace.removed),
        "yes" if trace.current else "no",
        trace.held.value,
        " ".join(trace.refs) + (f" and {rest} more" if rest > 0 else ""),
    )


def _told(commit: Commit | None) -> tuple[str, str]:
    return (commit.id, moment(commit.seconds)) if commit else ("", "")


def _skipped(skip: Skip) -> list[str]:
    told = {"state": "not-looked-at", "path": skip.path, "note": f"{skip.reason}: {skip.detail}".rstrip(": ")}
    return [_cell(told.get(column, "")) for column in COLUMNS]


def _cell(text: str) -> str:
    return ("'" if text.startswith(_FORMULA) else "") + visible(text)
