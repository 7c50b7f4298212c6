"""The second look: a rule's exact pattern on a small window around each hit, with a time limit."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from dce_guard.model.rule import Rule
from dce_guard.scan.prefilter import Buffer

# A pattern on a window of a few KB takes microseconds; a second means an attack, and is reported as a skip.
# (For rules with heads this is the limit of an attempt at one head.)
SECONDS_PER_WINDOW = 1.0
_MOST_GROWTH = 1 << 20  # a match is followed beyond its window up to this many bytes


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> regex.Pattern[bytes]:
    """The pattern compiled over bytes (regex keeps 500 only, packs hold more)."""
    return regex.compile(pattern.encode())


@lru_cache(maxsize=4096)
def _begins(heads: tuple[str, ...], opening: str) -> tuple[tuple[bytes, ...], re.Pattern[bytes]]:
    return tuple(head.encode() for head in heads), re.compile(opening.encode())


def windows(rule: Rule, ends: Sequence[int], low: int, high: int) -> list[tuple[int, int]]:
    """Merged stretches of [low, high) to search, for hits that end at `ends` (ascending)."""
    merged: list[tuple[int, int]] = []
    for end in ends:
        start, stop = max(low, end - rule.before), min(high, end + rule.after)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


@dataclass(frozen=True, slots=True)
class Found:
    """One match of a pattern: its secret and where that stands in the buffer, and its other named groups."""

    secret: bytes
    start: int
    end: int
    groups: Mapping[str, bytes]


def confirm(rule: Rule, data: Buffer, low: int, high: int, ends: Sequence[int]) -> Iterator[Found]:
    """Every match of the rule's pattern in data[low:high] near the hits, in reading order.

    Raises TimeoutError when a window takes too long.
    """
    done = reached = low
    for start, stop in windows(rule, ends, low, high):
        if stop <= reached:
            continue  # an earlier window grew over it
        matches, reached = _search(rule, data, max(start, done), stop, high)
        for match in matches:
            done = match.end()
            if match["secret"]:
                yield _found(match)


def _found(match: regex.Match[bytes]) -> Found:
    groups = {
        name: value for name, value in match.groupdict().items() if name != "secret" and value is not None
    }
    return Found(bytes(match["secret"]), match.start("secret"), match.end("secret"), groups)


def _search(
    rule: Rule, data: Buffer, start: int, stop: int, high: int
) -> tuple[list[regex.Match[bytes]], int]:
    """Matches in one window, and its end; when one runs into that end, of a larger window: it may go on there.

    Searched in place, so that what looks behind sees the bytes before the window.
    """
    while True:
        matches = list(_matches(rule, data, start, stop))
        cut = stop < high and any(match.end() >= stop - 1 for match in matches)
        if not cut or stop - start > _MOST_GROWTH:
            return matches, stop
        stop = min(high, stop + 4 * (stop - start))


def _matches(rule: Rule, data: Buffer, start: int, stop: int) -> Iterable[regex.Match[bytes]]:
    pattern = compiled(rule.pattern)
    if rule.heads:
        return _headed(rule, pattern, data, start, stop)
    return pattern.finditer(data, start, stop, timeout=SECONDS_PER_WINDOW)


def _headed(
    rule: Rule, pattern: regex.Pattern[bytes], data: Buffer, start: int, stop: int
) -> Iterator[regex.Match[bytes]]:
    """What `finditer` gives, tried where the pattern's heads stand only.

    A pattern that begins with one of twenty words costs `regex` 0.3 µs a byte to search for; `find` of all of
    them in a lower-case copy takes a tenth of that, and `re` refuses most of what it finds.
    """
    heads, opening = _begins(rule.heads, rule.opening)
    text = bytes(data[start:stop]).lower()
    done = 0
    for at in _places(text, heads):
        if at < done or not opening.match(text, at):
            continue
        if match := pattern.match(data, start + at, stop, timeout=SECONDS_PER_WINDOW):
            done = match.end() - start
            yield match


def _places(text: bytes, heads: Iterable[bytes]) -> list[int]:
    """Where any head stands in `text`, ascending."""
    places: set[int] = set()
    for head in heads:
        at = text.find(head)
        while at >= 0:
            places.add(at)
            at = text.find(head, at + 1)
    return sorted(places)
