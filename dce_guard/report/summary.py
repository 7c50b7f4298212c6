"""The summary of a report: how many findings by rule, by author, by year and by how far they got out."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from dce_guard.model.finding import Finding, Report
from dce_guard.model.item import Reach
from dce_guard.report.escape import visible
from dce_guard.report.footer import scanned, skip_lines
from dce_guard.report.history import author, exposure, year
from dce_guard.report.outcome import Outcome, outcome, plural
from dce_guard.report.view import farthest, here, prepared, rule_view

_MOST = 20  # rows of a table that are named before the rest is one
_WIDEST = 60  # characters of what a row is called
_NO_COMMIT = "(in no commit)"
_PUSHED = ("pushed, in the current tree", "pushed, not in the current tree")
_LOCAL = {
    Reach.COMMITTED: "local only, not pushed",
    Reach.UNREACHABLE: "unreachable, no ref leads to it",
    Reach.STAGED: "work tree only",
    Reach.WORK_TREE: "work tree only",
    Reach.UNKNOWN: "not known how far",
}
_GROUPS = (*_PUSHED, *dict.fromkeys(_LOCAL.values()))  # the worst first


class _Count(NamedTuple):
    findings: int = 0
    places: int = 0

    def more(self, finding: Finding) -> "_Count":
        return _Count(self.findings + 1, self.places + _places(finding))


def render(report: Report, ending: Outcome | None = None) -> str:
    """Tables of the findings that count, then totals; one line where there are none and all was looked at.

    A finding has one author and one year, those of the first commit that brought it. Plain text, aligned.
    """
    report, ending = prepared(report), ending or outcome(report)
    if not report.open and report.complete:
        return f"{ending.reason}; {scanned(report)}\n"
    return "".join(f"{line}\n" for line in _lines(report, ending))


def _lines(report: Report, ending: Outcome) -> Iterator[str]:
    for title, rows in _tables(report):
        yield from _table(title, rows)
        yield ""
    yield from skip_lines(report)
    yield scanned(report)
    passed = len(report.findings) - len(report.open)
    places = sum(map(_places, report.open))
    total = (
        f"{len(report.open):,} {plural(len(report.open), 'finding')} in {places:,} {plural(places, 'place')}"
    )
    yield total + (f"; {passed:,} passed over" if passed else "")
    yield f"exit {int(ending.code)}: {ending.reason}"


def _tables(report: Report) -> Iterator[tuple[str, list[tuple[str, _Count]]]]:
    if not report.open:
        return
    rules = _counted(report, lambda finding: rule_view(report, finding.rule).title)
    yield "rule", _most_first(rules)
    yield "author of the first commit", _most_first(_counted(report, _author))
    yield "year of the first commit", sorted(_counted(report, _year).items(), key=_undated_last)
    outreach = _counted(report, _outreach)
    yield "exposure", [(group, outreach[group]) for group in _GROUPS if group in outreach]


def _counted(report: Report, key: Callable[[Finding], str]) -> dict[str, _Count]:
    counts: dict[str, _Count] = {}
    for finding in report.open:
        called = key(finding)
        counts[called] = counts.get(called, _Count()).more(finding)
    return counts


def _most_first(counts: Mapping[str, _Count]) -> list[tuple[str, _Count]]:
    rows = sorted(counts.items(), key=lambda row: (-row[1].findings, -row[1].places, row[0]))
    rest = rows[_MOST:]
    if not rest:
        return rows
    left = _Count(sum(count.findings for _, count in rest), sum(count.places for _, count in rest))
    return [*rows[:_MOST], (f"{len(rest)} more", left)]


def _undated_last(row: tuple[str, _Count]) -> tuple[bool, str]:
    return row[0] == _NO_COMMIT, row[0]


def _author(finding: Finding) -> str:
    seen = exposure(finding)
    return author(seen.first) if seen and seen.first else _NO_COMMIT


def _year(finding: Finding) -> str:
    seen = exposure(finding)
    return year(seen.first.seconds) if seen and seen.first else _NO_COMMIT


def _outreach(finding: Finding) -> str:
    reach = farthest(finding)
    if reach is not Reach.PUSHED:
        return _LOCAL[reach]
    return _PUSHED[0] if any(map(here, finding.locations)) else _PUSHED[1]


def _places(finding: Finding) -> int:
    return sum(not place.part for place in finding.locations) or len(finding.locations)


def _table(title: str, rows: list[tuple[str, _Count]]) -> Iterator[str]:
    cells = [
        (_clipped(visible(called)), f"{findings:,}", f"{places:,}") for called, (findings, places) in rows
    ]
    heads = (title, "findings", "places")
    wide = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for called, findings, places in (heads, *cells):
        yield f"{called:<{wide[0]}}  {findings:>{wide[1]}}  {places:>{wide[2]}}"


def _clipped(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
