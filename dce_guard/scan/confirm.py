"""The second look: a rule's exact pattern on a small window around each hit, with a time limit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from dce_guard.model.rule import Rule
from dce_guard.scan.prefilter import Buffer

# A pattern on a window of a few KB takes microseconds; a second means an attack, and is reported as a skip.
SECONDS_PER_WINDOW = 1.0
_MOST_GROWTH = 1 << 20  # a match is followed beyond its window up to this many bytes


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> regex.Pattern[bytes]:
    """The pattern compiled over bytes (regex keeps 500 only, packs hold more)."""
    return regex.compile(pattern.encode())


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
    pattern = compiled(rule.pattern)
    done = reached = low
    for start, stop in windows(rule, ends, low, high):
        if stop <= reached:
            continue  # an earlier window grew over it
        matches, reached = _search(pattern, data, max(start, done), stop, high)
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
    pattern: regex.Pattern[bytes], data: Buffer, start: int, stop: int, high: int
) -> tuple[list[regex.Match[bytes]], int]:
    """Matches in one window, and its end; when one runs into that end, of a larger window: it may go on there.

    Searched in place, so that what looks behind sees the bytes before the window.
    """
    while True:
        matches = list(pattern.finditer(data, start, stop, timeout=SECONDS_PER_WINDOW))
        cut = stop < high and any(match.end() >= stop - 1 for match in matches)
        if not cut or stop - start > _MOST_GROWTH:
            return matches, stop
        stop = min(high, stop + 4 * (stop - start))
