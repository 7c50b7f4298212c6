"""Which versions of a text can hold nothing new, told from what their deltas say.

A history holds each file many times over, and git keeps most versions as deltas of one another. A match needs a hit
of one of its rule's anchors, so what an unsuspicious base lends to a version, surroundings included, needs no second
look: only what a delta inserts is searched, and the seams around it. Nothing is left out by chance: the hits told
are those that a search of the whole version has.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dce_guard.scan.delta import Copy
from dce_guard.scan.prefilter import Hit, Matcher

# Bytes that judging looks at beyond a rule's own reach: a line's 1,000, a pair's 900, a PEM block's 4,000.
AROUND = 4096


class Version(NamedTuple):
    """A text made from a base of `base_size` bytes in which `hits` led to nothing; `copies` are what it lends."""

    text: bytes
    copies: Sequence[Copy]
    base_size: int
    hits: Sequence[Hit]


@dataclass(slots=True)
class Sifted:
    """A text's hits in order of offset, and of them those that must be looked at."""

    hits: Sequence[Hit]
    fresh: Sequence[Hit]


NOTHING = Sifted((), ())


class Sieve:
    """Searches texts, many at once. `reaches`: bytes before and after the end of each anchor that its rules look at.

    `width` is the most that a hit of an anchor stretches, as far as a rule looks at it.
    """

    def __init__(self, matcher: Matcher, reaches: Sequence[tuple[int, int]], width: int) -> None:
        self._matcher = matcher
        self._reaches = reaches
        self._width = width

    def whole(self, texts: Sequence[bytes]) -> list[Sifted]:
        """Of texts without a base: all hits."""
        found = self._located(texts)
        return [
            Sifted(found[index], found[index]) if index in found else NOTHING for index in range(len(texts))
        ]

    def versions(self, versions: Sequence[Version]) -> list[Sifted]:
        """Of texts whose bases were searched: hits in what is new, and those of the base that stand in copies."""
        pieces: list[bytes] = []
        places: list[tuple[int, int]] = []  # of each piece: which version's, and where it stands there
        for number, version in enumerate(versions):
            for low, high in _new(version, self._width + 1):
                pieces.append(version.text[low:high])
                places.append((number, low))
        new: dict[int, set[Hit]] = defaultdict(set)
        for index, hits in self._located(pieces).items():
            number, low = places[index]
            new[number].update((anchor, low + end) for anchor, end in hits)
        return [
            self._sifted(version, new.get(number, set())) if version.hits or number in new else NOTHING
            for number, version in enumerate(versions)
        ]

    def _located(self, texts: Sequence[bytes]) -> dict[int, list[Hit]]:
        """Hits by text, offsets counted in it. Texts are parted as a reader parts items."""
        found: dict[int, list[Hit]] = defaultdict(list)
        hits = self._matcher.hits(b"\n".join((*texts, b""))) if texts else ()
        if hits:
            starts = _starts(texts)
            for anchor, end in hits:
                index = bisect_right(starts, end - 1) - 1
                found[index].append((anchor, end - starts[index]))
        return found

    def _sifted(self, version: Version, new: set[Hit]) -> Sifted:
        kept: set[Hit] = set()
        again: set[Hit] = set()
        for hit, whole in self._lent(version):
            (kept if whole else again).add(hit)
        fresh = (new | again) - kept
        return Sifted(_ordered(fresh | kept), _ordered(fresh))

    def _lent(self, version: Version) -> Iterator[tuple[Hit, bool]]:
        """The base's hits that stand in copies, and whether all around them does too."""
        hits = version.hits
        ends = [end for _, end in hits]
        size = len(version.text)
        for start, end, source in version.copies:
            behind = source + end - start
            first = -(1 << 40) if start == 0 == source else start
            last = 1 << 40 if end == size and behind == version.base_size else end
            for anchor, at in hits[bisect_right(ends, source) : bisect_right(ends, behind)]:
                place = at - source + start
                before, after = self._reaches[anchor]
                whole = place - before - AROUND >= first and place + after + AROUND <= last
                yield (anchor, place), whole


def _ordered(hits: set[Hit]) -> Sequence[Hit]:
    return sorted(hits, key=lambda hit: (hit[1], hit[0]))


def _starts(texts: Sequence[bytes]) -> list[int]:
    starts, at = [], 0
    for text in texts:
        starts.append(at)
        at += len(text) + 1
    return starts


def _new(version: Version, around: int) -> list[tuple[int, int]]:
    """Stretches of the text that hold all that is not copied, each seam between copies, and `around` on both sides."""
    size, behind, source_behind = len(version.text), 0, 0
    merged: list[tuple[int, int]] = []
    for start, end, source in (*version.copies, (size, size, version.base_size)):
        if start != behind or source != source_behind:
            low, high = max(behind - around, 0), min(start + around, size)
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        behind, source_behind = end, source + end - start
    return merged
