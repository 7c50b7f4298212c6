"""From judged matches to sightings: places in lines and columns, masked lines, names. The value ends here."""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

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
_BOM = "\ufeff"  # stands before the first column
_ARMOUR = re.compile(rb"\\[nr]|[\s\"'+,;]")


def canonical(value: bytes) -> bytes:
    """What a value is named by: a PEM block without line breaks and quotes, anything else as it is.

    The same key indented, in one line with `\\n`, or with CRLF is the same key.
    """
    return _ARMOUR.sub(b"", value) if b"-----BEGIN" in value else value


class Script(NamedTuple):
    """How the characters around a match are written: codec, bytes a character, where NULs of its ends stand."""

    codec: str = "utf-8"
    unit: int = 1
    lead: int = 0  # bytes of the first character in front of the match
    tail: int = 0  # bytes of the last character behind it
    stray: bool = False  # NUL bytes in it mean nothing

    def text(self, raw: bytes) -> str:
        """`raw`, whole characters, as text."""
        return (raw.replace(b"\0", b"") if self.stray else raw).decode(self.codec, "replace")


def script_of(page: "Page", match: Match) -> Script:
    """Told from the NUL bytes around the match; UTF-8 where there are none."""
    if not match.encoding.startswith(_WIDE):
        return Script()
    before, after = (
        page.text(match.item_start - 3, match.item_start),
        page.text(match.item_start + 1, match.item_end),
    )
    for unit, codec in ((4, "utf-32"), (2, "utf-16")):
        nuls = b"\0" * (unit - 1)
        little, big = after.startswith(nuls), before.endswith(nuls)
        if big and not (little and match.item_start % unit < unit - 1):
            return Script(codec + "-be", unit, unit - 1, 0)
        if little:  # amid ASCII both look alike, but for where a character begins
            return Script(codec + "-le", unit, 0, unit - 1)
    return Script(stray=True)


class Page:
    """One item's text in a chunk, with its lines."""

    def __init__(self, chunk: Chunk, index: int) -> None:
        self._data = chunk.data
        self._low, self._high = chunk.starts[index], chunk.ends[index]
        self._shift = self._low - chunk.offset  # from a position in the item to one in the buffer
        self._lines_before = chunk.line
        self._columns_before = chunk.column
        self._counted: dict[tuple[int, str], tuple[int, int]] = {}  # by line and codec: up to where, how many

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

    def column(self, begin: int, position: int, script: Script) -> int:
        """1-based column, in code points, of the item's byte `position` in the line that begins at `begin`.

        Counted on from the one asked for before: a line may be the whole file.
        """
        known, count = self._counted.get((begin, script.codec), (begin, 0))
        if known > position:
            known, count = begin, 0
        raw = self.text(known, position)
        text = script.text(raw[len(raw) % script.unit :])
        count += len(text.removeprefix(_BOM) if known == 0 else text)
        self._counted[begin, script.codec] = position, count
        return count + 1 + (self._columns_before if begin + self._shift == self._low else 0)


def sightings(
    page: Page, judged: Sequence[Judged], identity: Identity, redact: Sequence[Match] = ()
) -> list[Sighting]:
    """One sighting for each finding of an item. `redact` are further matches to mask in the lines shown."""
    matches = [match for one in judged for match in (one.match, one.other) if match]
    spans = Spans((match.item_start, match.item_end) for match in (*matches, *redact))
    return [_sighting(page, one, identity, spans) for one in judged]


class Spans:
    """Where secrets stand in an item, asked by stretch."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = sorted(set(spans))
        self._longest = max((end - start for start, end in self._spans), default=0)

    def within(self, low: int, high: int) -> list[tuple[int, int]]:
        """Those of which a part stands in [low, high)."""
        first = bisect_left(self._spans, (low - self._longest, 0))
        behind = bisect_left(self._spans, (high, 0))
        return [span for span in self._spans[first:behind] if span[1] > low]


def _sighting(page: Page, one: Judged, identity: Identity, spans: Spans) -> Sighting:
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


def _location(page: Page, match: Match, spans: Spans, part: str) -> Location:
    start, end = match.item_start, match.item_end
    script = script_of(page, match)
    begin, stop = page.bounds(start)
    last_begin, _ = page.bounds(max(start, end - 1))
    shown = _snippet(page, (begin, stop), (start - script.lead, end + script.tail), spans, script)
    item = match.item
    return Location(
        kind=item.kind, path=item.path, line=page.line_of(start), end_line=page.line_of(max(start, end - 1)),
        column=page.column(begin, start - script.lead, script),
        end_column=page.column(last_begin, end + script.tail, script),
        start=start, end=end, object=item.object, commit=item.commit, encoding=match.encoding, snippet=shown,
        part=part, marker=_marker(page, match, begin, stop, script.codec != "utf-8" or script.stray),
        context_hash=_context(match, shown),
    )  # fmt: skip


def _narrow(text: bytes, wide: bool) -> bytes:
    return text.replace(b"\0", b"") if wide else text


def _snippet(page: Page, line: tuple[int, int], secret: tuple[int, int], spans: Spans, script: Script) -> str:
    """The line with every secret in it masked, cut around this one when it is long."""
    (begin, stop), (start, end), unit = line, secret, script.unit
    low, high = max(begin, start - _REACH), max(min(stop, end + _REACH), start)
    low, high = low + (start - low) % unit, high - (high - start) % unit
    text = page.text(low, high)
    inside = ((max(0, a - low), min(len(text), b - low)) for a, b in spans.within(low, high))
    plain = [(_plain(text[: a - a % unit], script), _plain(text[: b + -b % unit], script)) for a, b in inside]
    shown = _plain(text, script).rstrip(b"\r")
    return mask_line(shown, [(len(before), min(len(upto), len(shown))) for before, upto in plain])


def _plain(raw: bytes, script: Script) -> bytes:
    """As UTF-8; what is in no known encoding stays as it is."""
    return raw if script == Script() else script.text(raw).encode("utf-8", "replace")


def _marker(page: Page, match: Match, begin: int, stop: int, wide: bool) -> str:
    """The marker on the first line of the secret, on its last, or on a line of its own above."""
    start, end = match.item_start, match.item_end
    line = page.text(max(begin, start - _MARKER_REACH), min(stop, end + _MARKER_REACH))
    above = b""
    if begin > 0:
        above_begin, above_stop = page.bounds(begin - 1)
        above = page.text(above_begin, min(above_stop, above_begin + _MARKER_REACH))
    found = marker(_narrow(line, wide), _narrow(above, wide), match.rule.id)
    if not found and end > stop:
        last_begin, last_stop = page.bounds(end - 1)
        last = page.text(max(last_begin, end - _MARKER_REACH), min(last_stop, end + _MARKER_REACH))
        found = marker(_narrow(last, wide), b"", match.rule.id)
    return found


def _context(match: Match, shown: str) -> str:
    """A name for this line without its secrets, stable while the line and its file are."""
    text = "\0".join((match.rule.id, match.item.path, " ".join(shown.split())))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
