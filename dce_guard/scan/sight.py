"""From judged matches to sightings: places in lines and columns, masked lines, names. The value ends here."""

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property

from dce_guard.model.finding import Location, Sighting
from dce_guard.model.item import Chunk
from dce_guard.model.match import Match
from dce_guard.scan.allow import marker
from dce_guard.scan.identity import Identity
from dce_guard.scan.judge import Judged
from dce_guard.scan.mask import mask_line, preview

_REACH = 400  # bytes of a line kept on either side of a secret: a minified file is one line
_MARKER_REACH = 4096  # bytes behind a secret in which a marker on its line is looked for
_WIDE = ("utf-16", "utf-32", "nul")
_ARMOUR = re.compile(rb"\\[nr]|[\s\"'+,;]")


def canonical(value: bytes) -> bytes:
    """What a value is named by: a PEM block without line breaks and quotes, anything else as it is.

    The same key indented, in one line with `\\n`, or with CRLF is the same key.
    """
    return _ARMOUR.sub(b"", value) if b"-----BEGIN" in value else value


class Page:
    """One item's text in a chunk, with its lines."""

    def __init__(self, chunk: Chunk, index: int) -> None:
        self._data = chunk.data
        self._low, self._high = chunk.starts[index], chunk.ends[index]
        self._shift = self._low - chunk.offset  # from a position in the item to one in the buffer
        self._lines_before = chunk.line

    @cached_property
    def _breaks(self) -> list[int]:
        """Positions of line ends in the buffer; of carriage returns where there is no newline at all."""
        return self._ends(b"\n") or self._ends(b"\r")

    def _ends(self, mark: bytes) -> list[int]:
        return [match.start() for match in re.compile(mark).finditer(self._data, self._low, self._high)]

    def line_of(self, position: int) -> int:
        """1-based number of the line that holds the item's byte `position`."""
        return self._lines_before + self._number(position) + 1

    def _number(self, position: int) -> int:
        low, high = 0, len(self._breaks)
        at = position + self._shift
        while low < high:
            middle = (low + high) // 2
            if self._breaks[middle] < at:
                low = middle + 1
            else:
                high = middle
        return low

    def bounds(self, position: int) -> tuple[int, int]:
        """The item's byte span of the line that holds `position`, without its line end."""
        number = self._number(position)
        begin = self._breaks[number - 1] + 1 if number else self._low
        end = self._breaks[number] if number < len(self._breaks) else self._high
        return begin - self._shift, end - self._shift

    def text(self, start: int, end: int) -> bytes:
        """The item's bytes from `start` to `end`, as far as the buffer holds them."""
        return bytes(self._data[max(self._low, start + self._shift) : min(self._high, end + self._shift)])


def sightings(
    page: Page, judged: Sequence[Judged], identity: Identity, redact: Sequence[Match] = ()
) -> list[Sighting]:
    """One sighting for each finding of an item. `redact` are further matches to mask in the lines shown."""
    matches = [match for one in judged for match in (one.match, one.other) if match]
    spans = sorted({(match.item_start, match.item_end) for match in (*matches, *redact)})
    return [_sighting(page, one, identity, spans) for one in judged]


def _sighting(page: Page, one: Judged, identity: Identity, spans: Sequence[tuple[int, int]]) -> Sighting:
    rule = one.match.rule
    value = one.match.secret.reveal()
    locations = [_location(page, one.match, spans, "")]
    facts = dict(one.facts)
    if one.other and rule.pair:
        locations.append(_location(page, one.other, spans, rule.pair.fact))
        facts[rule.pair.fact] = preview(one.other.secret.reveal())
    return Sighting(
        identity.fingerprint(canonical(value)), rule.id, rule.category, one.sensitivity, rule.provider,
        one.confidence, preview(value), facts, tuple(one.reasons), tuple(locations),
    )  # fmt: skip


def _location(page: Page, match: Match, spans: Sequence[tuple[int, int]], part: str) -> Location:
    start, end = match.item_start, match.item_end
    wide = match.encoding.startswith(_WIDE)
    begin, stop = page.bounds(start)
    last_begin, _ = page.bounds(max(start, end - 1))
    shown = _snippet(page, begin, stop, start, end, spans, wide)
    item = match.item
    return Location(
        kind=item.kind, path=item.path, line=page.line_of(start), end_line=page.line_of(max(start, end - 1)),
        column=_columns(page.text(begin, start), wide), end_column=_columns(page.text(last_begin, end), wide),
        start=start, end=end, object=item.object, commit=item.commit, encoding=match.encoding, snippet=shown,
        part=part, marker=_marker(page, match, begin, stop, wide), context_hash=_context(match, shown),
    )  # fmt: skip


def _columns(before: bytes, wide: bool) -> int:
    """1-based column behind `before`, in code points."""
    return len(_narrow(before, wide).decode("utf-8", "replace")) + 1


def _narrow(text: bytes, wide: bool) -> bytes:
    return text.replace(b"\0", b"") if wide else text


def _snippet(
    page: Page, begin: int, stop: int, start: int, end: int, spans: Sequence[tuple[int, int]], wide: bool
) -> str:
    """The line with every secret in it masked, cut around this one when it is long."""
    low, high = max(begin, start - _REACH), min(stop, max(end, start) + _REACH)
    text = page.text(low, high)
    inside = [(max(0, a - low), min(len(text), b - low)) for a, b in spans if a < high and b > low]
    if wide:
        inside = [(len(_narrow(text[:a], True)), len(_narrow(text[:b], True))) for a, b in inside]
    return mask_line(_narrow(text, wide).rstrip(b"\r"), inside)


def _marker(page: Page, match: Match, begin: int, stop: int, wide: bool) -> str:
    """The marker on the first line of the secret, on its last, or on a line of its own above."""
    start, end = match.item_start, match.item_end
    line = page.text(max(begin, start - _MARKER_REACH), min(stop, end + _MARKER_REACH))
    above = page.text(*page.bounds(begin - 1)) if begin > 0 else b""
    found = marker(_narrow(line, wide), _narrow(above, wide), match.rule.id)
    if not found and end > stop:
        last = page.text(*page.bounds(end - 1))
        found = marker(_narrow(last, wide)[: 2 * _MARKER_REACH], b"", match.rule.id)
    return found


def _context(match: Match, shown: str) -> str:
    """A name for this line without its secrets, stable while the line and its file are."""
    text = "\0".join((match.rule.id, match.item.path, " ".join(shown.split())))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
