"""Lines that led to nothing, by digest: the same line stands in version after version of a file, and in many files."""

from collections.abc import Collection, Iterable
from hashlib import blake2b

from dce_guard.scan.judge import GENERIC_PACKS
from dce_guard.scan.prefilter import Hit
from dce_guard.scan.stage import Stage

# A rule that goes by a name looks 256 bytes back from its anchor's end and takes a value of at most 512 behind it,
# and judging looks at 400 more on either side. All of that on the value's line, names on the line before.
_BEFORE, _AFTER = 256 + 400, 512 + 400
_MOST = 400_000  # digests kept; 40 MB


def one_line_anchors(stage: Stage) -> frozenset[int]:
    """Anchors of rules whose matches, and all that judging them looks at, stand on one line and the one before."""
    named = {
        number
        for number, rule in enumerate(stage.rules)
        if rule.heads and rule.pack in GENERIC_PACKS and not rule.pair
    }
    return frozenset(
        anchor for anchor, numbers in enumerate(stage.owners) if numbers and named.issuperset(numbers)
    )


class Lines:
    """Which hits are known to lead to nothing because of what stands around them."""

    def __init__(self, anchors: Collection[int]) -> None:
        self._anchors = anchors
        self._known: set[tuple[int, bytes]] = set()

    def knows(self, text: bytes, hit: Hit) -> bool:
        """Whether the same hit amid the same text was looked at."""
        return hit[0] in self._anchors and self._name(text, hit) in self._known

    def add(self, text: bytes, hits: Iterable[Hit]) -> None:
        """Remembers hits of a text in which nothing was found."""
        if len(self._known) > _MOST:
            self._known.clear()
        self._known.update(self._name(text, hit) for hit in hits if hit[0] in self._anchors)

    def _name(self, text: bytes, hit: Hit) -> tuple[int, bytes]:
        anchor, end = hit
        last = end - 1
        begin = max(text.rfind(b"\n", max(last - _BEFORE, 0), last), 0)
        first = max(text.rfind(b"\n", max(begin - _BEFORE, 0), begin), begin - _BEFORE, last - 2 * _BEFORE, 0)
        behind = text.find(b"\n", last, last + _AFTER)
        stretch = text[first : behind if behind >= 0 else last + _AFTER]
        return anchor, blake2b(stretch, digest_size=16).digest()
