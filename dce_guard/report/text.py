"""The report for people: a block for each finding, a footer, and last why the command ends as it does."""

from collections.abc import Iterator
from typing import NamedTuple

from dce_guard.model.finding import Finding, Location, Report, State
from dce_guard.model.rule import Sensitivity
from dce_guard.report.advice import advice
from dce_guard.report.escape import visible
from dce_guard.report.footer import count_line, scanned, skip_lines
from dce_guard.report.history import exposure, grouped, leading, sentence
from dce_guard.report.outcome import Outcome, outcome
from dce_guard.report.snippet import snippet
from dce_guard.report.view import SHORT, at, commit_of, here, name, others, prepared, primary, rule_view

_COLORS = {
    Sensitivity.CRITICAL: "1;31",
    Sensitivity.HIGH: "31",
    Sensitivity.MEDIUM: "33",
    Sensitivity.LOW: "36",
}
_RANK = max(map(len, Sensitivity)) + 2
_INDENT = "  "
_MOST = 11  # lines of a finding
_MOST_PAST = 14  # of one that a history tells of
_LABEL = 7  # columns of "where  "
_ALSO = 5  # further places that are named before they are counted
_REFS = 5  # refs that are named before they are counted
_ALL = ": --format json"  # what tells every place


class Style(NamedTuple):
    """How to print. `width` None does not fold anything (a pipe); `quiet` is one line a finding."""

    color: bool = False
    width: int | None = None
    quiet: bool = False


PLAIN = Style()


def render(report: Report, style: Style = PLAIN, ending: Outcome | None = None) -> str:
    """The report, worst first, each line ended by a newline; empty for a clean quiet run.

    Paths stand as `path:line:column` and are never folded or cut, nor are commands. Text from the repository
    is escaped. `ending` is how the command ends where options change it (`outcome(report, strict=…)`).
    """
    report, ending = prepared(report), ending or outcome(report)
    lines = _quiet(report, style) if style.quiet else _full(report, style, ending)
    return "".join(f"{line}\n" for line in lines)


def _quiet(report: Report, style: Style) -> Iterator[str]:
    for finding in report.open:
        yield f"{_header(report, finding, style)}  {finding.fingerprint[:SHORT]}"
    yield from skip_lines(report)


def _full(report: Report, style: Style, ending: Outcome) -> Iterator[str]:
    for finding in report.open:
        yield from _block(report, finding, style)
        yield ""
    yield from _allowed(report, style)
    for notice in filter(None, report.notices):
        yield from _folded("note: ", visible(notice), style, most=4)
    yield from skip_lines(report)
    yield scanned(report)
    yield from count_line(report)
    color = "1;32" if ending.code == 0 else "1;31"
    yield _paint(f"exit {int(ending.code)}: {ending.reason}", color, style)


def _block(report: Report, finding: Finding, style: Style) -> Iterator[str]:
    """At most `_MOST` lines: what to do is folded into three, why into those that are left."""
    place, facts = primary(finding.locations), _facts(finding)
    told = advice(finding, rule_view(report, finding.rule), report.source.get("mode", ""))
    shown = list(snippet(place, finding.preview, style.width, lambda text: _paint(text, "31", style)))
    past = list(_past(finding, style))
    known = [*(_labelled("facts", facts, style) if facts else ()), *past, *_also(finding, style)]
    most = _MOST_PAST if past else _MOST
    room = most - 1 - len(shown) - len(known) - len(told.commands)
    todo = list(_labelled("next", told.todo, style, most=min(3, room - 1)))
    yield _header(report, finding, style)
    yield from shown
    yield from _labelled("why", _why(finding), style, most=min(3, room - len(todo)))
    yield from known
    yield from todo
    for label, command in told.commands:
        yield f"{_INDENT}{'':{_LABEL}}{_paint(label, '2', style)} {command}"


def _past(finding: Finding, style: Style) -> Iterator[str]:
    """Since when and until when it could be read, in two lines, and what leads to it, in one."""
    seen = exposure(finding)
    if seen is None:
        return
    yield from _labelled("when", sentence(finding, seen), style, most=2)
    refs = leading(seen, _REFS)
    if refs:
        yield from _labelled("refs", refs, style)


def _header(report: Report, finding: Finding, style: Style) -> str:
    rank = _paint(f"{finding.sensitivity.value:<{_RANK}}", _COLORS[finding.sensitivity], style)
    title = visible(rule_view(report, finding.rule).title)
    return f"{rank}{title}   {_paint(_at(primary(finding.locations)), '1', style)}"


def _at(place: Location) -> str:
    return visible(at(place))


def _why(finding: Finding) -> str:
    reasons = "; ".join(finding.reasons) or "it has the form that its issuer gives such values"
    state = f"; {finding.state.value}: {finding.note}" if finding.note else ""
    place = primary(finding.locations)
    decoded = f"; read through {place.encoding}" if place.encoding else ""
    return visible(f"{reasons}{decoded}{state} ({finding.confidence.value} confidence)")


def _facts(finding: Finding) -> str:
    """What was learned of the value, and where the other half of a pair stands."""
    halves = dict.fromkeys(f"{place.part} at {_at(place)}" for place in finding.locations if place.part)
    told = [f"{key} {_fact(value)}" for key, value in sorted(finding.facts.items())]
    return visible(", ".join((*told, *halves)))


def _fact(value: str | int | bool) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _also(finding: Finding, style: Style) -> Iterator[str]:
    """Two lines at most: places packed whole, and how many there are beside them."""
    places = _further(finding)
    if not places:
        return
    width = (style.width or 1_000_000) - len(_INDENT) - _LABEL
    rows, shown = [""], 0
    for place in places[:_ALSO]:
        ends = shown + 1 < len(places) and (len(rows) == 2 or shown + 1 == _ALSO)
        row = f"{rows[-1]}, {place}" if rows[-1] else place
        if rows[-1] and len(row) > width - (len(f" and 1000 more{_ALL}") if ends else 1):
            if len(rows) == 2:
                break
            rows[-1] += ","
            rows.append(place)
        else:
            rows[-1] = row
        shown += 1
    rest = len(places) - shown
    rows[-1] += f" and {rest} more{_ALL}" if rest else ""
    for label, row in zip(("also", ""), rows, strict=False):
        yield f"{_INDENT}{_paint(label.ljust(_LABEL), '2', style)}{row}"


def _further(finding: Finding) -> list[str]:
    """The other places; of a history a file is one, however many of its lines and versions hold the secret."""
    if not any(place.trace for place in finding.locations):
        return list(dict.fromkeys(map(_at, others(finding))))
    shown = _spot(
        primary(finding.locations)
    )  # its older versions, with the secret at the same spot, are no others
    left = (place for place in others(finding) if _spot(place) != shown)
    return [
        _briefly(group[0]) + (f" ({len(group)} places)" if len(group) > 1 else "") for group in grouped(left)
    ]


def _spot(place: Location) -> tuple[str, int, int]:
    return name(place), place.line, place.column


def _briefly(place: Location) -> str:
    """A place to edit as it is; one of the past without its column, which no editor can go to."""
    if here(place) or not place.path:
        return _at(place)
    return f"{visible(place.path)}:{place.line}@{visible(commit_of(place)[:SHORT])}".rstrip("@")


def _labelled(label: str, text: str, style: Style, most: int = 1) -> Iterator[str]:
    head = f"{_INDENT}{label:<{_LABEL}}"
    for line in _folded(head, text, style, most):
        yield line.replace(label, _paint(label, "2", style), 1) if line.startswith(head) else line


def _folded(head: str, text: str, style: Style, most: int) -> Iterator[str]:
    """`text` behind `head`, folded between words to the width into at most `most` lines; the cut shows."""
    rows = _rows(text, max(style.width - len(head), 20) if style.width else None, most)
    for number, row in enumerate(rows):
        yield (" " * len(head) if number else head) + row


def _rows(text: str, room: int | None, most: int) -> list[str]:
    if room is None:
        return [text]
    rows = [""]
    for word in text.split(" "):
        if rows[-1] and len(rows[-1]) + 1 + len(word) > room:
            if len(rows) == most:
                return [*rows[:-1], _cut(rows[-1], room)]
            rows.append(word)
        else:
            rows[-1] += f" {word}" if rows[-1] else word
    return [row if len(row) <= room else row[: room - 3] + "..." for row in rows]


def _cut(row: str, room: int) -> str:
    """`row` without its last words, so that the mark of the cut fits."""
    while len(row) > room - 4 and " " in row:
        row = row.rpartition(" ")[0]
    return row[: room - 4] + " ..."


def _allowed(report: Report, style: Style) -> Iterator[str]:
    allowed = [finding for finding in report.findings if finding.state is State.ALLOWED]
    for finding in allowed:
        place = primary(finding.locations)
        why = visible(place.marker or finding.note)
        title = visible(rule_view(report, finding.rule).title)
        yield f"{_paint('allowed'.ljust(_RANK), '2', style)}{title}   {_at(place)}  {why}"
    if allowed:
        yield ""


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.color and text else text
