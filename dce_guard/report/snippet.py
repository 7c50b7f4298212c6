"""The masked line of a finding with a caret line under the secret, cut to the terminal's width around it."""

import unicodedata
from collections.abc import Callable, Iterator

from dce_guard.model.finding import Location
from dce_guard.report.escape import visible

_INDENT = 4
_WIDEST = 160  # characters shown of a line where nothing says how wide the output is
_MORE = "..."
_MASKS = tuple(mark * 5 for mark in "*#=~_•…")  # what stands for a masked stretch


def snippet(place: Location, preview: str, width: int | None, paint: Callable[[str], str]) -> Iterator[str]:
    """The line, and the carets where the secret is found in it. Nothing where the place has no snippet."""
    line = visible(place.snippet.replace("\t", "    ").strip())
    if not line:
        return
    start, end = _span(line, visible(preview), place.column - 1)
    shown, start, end = _cut(line, start, end, (width - _INDENT) if width else _WIDEST)
    pad = " " * _INDENT
    yield f"{pad}{shown[:start]}{paint(shown[start:end])}{shown[end:]}"
    if end > start:
        yield f"{pad}{' ' * _cells(shown[:start])}{paint('^' * _cells(shown[start:end]))}"


def _span(line: str, preview: str, column: int) -> tuple[int, int]:
    """Where the masked secret stands: the preview, or else a mask, that is nearest to its column."""
    spans = list(_spans(line, preview)) or [span for mask in _MASKS for span in _spans(line, mask)]
    return min(spans, key=lambda span: abs(span[0] - column), default=(0, 0))


def _spans(line: str, part: str) -> Iterator[tuple[int, int]]:
    at = line.find(part) if part else -1
    while at >= 0:
        yield at, at + len(part)
        at = line.find(part, at + len(part))


def _cut(line: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """At most `room` columns of `line` that hold the span, with the cuts marked, and the span in them."""
    room = max(room, 2 * len(_MORE) + end - start)
    if _cells(line) <= room:
        return line, start, end
    spare = room - 2 * len(_MORE) - _cells(line[start:end])
    begin, stop = start, end
    while spare > 0 and (begin > 0 or stop < len(line)):
        if stop < len(line) and (begin == 0 or stop - end <= 2 * (start - begin) // 3):
            spare -= _cells(line[stop])
            stop += 1
        else:
            begin -= 1
            spare -= _cells(line[begin])
    stop -= spare < 0
    head, tail = _MORE if begin else "", _MORE if stop < len(line) else ""
    shift = len(head) - begin
    return head + line[begin:stop] + tail, start + shift, end + shift


def _cells(text: str) -> int:
    """Terminal columns: two for East Asian wide characters (UAX #11), none for combining ones."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)
