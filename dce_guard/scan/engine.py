"""From buffers to matches: where the matcher points, the second stage looks, and decoded text goes round again."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dce_guard.model.item import Chunk, Item, Skip
from dce_guard.scan.prefilter import Buffer, Hit, Matcher

if TYPE_CHECKING:
    from dce_guard.model.match import Match

# Pieces of one large item overlap by this many bytes, so that what one piece cuts the next holds whole.
OVERLAP = 64 << 10
_NUL = re.compile(b"\0")

Span = Callable[[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class View:
    """One text to search: data[low:high] of a buffer, and how its positions translate to the item's."""

    data: Buffer
    low: int
    high: int
    item: Item
    span: Span
    encoding: str = ""
    depth: int = 0


class SecondStage(Protocol):
    """What confirms hits. Loaded on the first hit only: it costs more to import than a clean scan takes."""

    def matches(self, view: View, hits: list[Hit]) -> "Iterator[Match | Skip]":
        """Confirmed matches of the rules whose anchors hit in the view."""

    def texts(self, view: View, hits: list[Hit]) -> Iterator[View]:
        """What is encoded in the view where decoders' anchors hit, as views to search."""


class Engine:
    """Scans chunks. Holds a matcher's scratch space: one engine a thread or process."""

    def __init__(self, matcher: Matcher, second: Callable[[], SecondStage]) -> None:
        self._matcher = matcher
        self._second = second

    def scan(self, chunk: Chunk) -> "Iterator[Match | Skip]":
        """Matches of every rule in every item, also in what is encoded in it; and what could not be looked at."""
        for index, hits in sorted(_by_item(chunk, self._matcher.hits(chunk.data)).items()):
            yield from _whole(chunk, index, self._view(_item_view(chunk, index), hits))
        for index in _with_nuls(chunk):
            yield from _whole(chunk, index, self._search(_without_nuls(_item_view(chunk, index))))

    def _view(self, view: View, hits: list[Hit]) -> "Iterator[Match | Skip]":
        second = self._second()
        yield from second.matches(view, hits)
        for inner in second.texts(view, hits):
            yield from self._search(inner)

    def _search(self, view: View) -> "Iterator[Match | Skip]":
        if hits := self._matcher.hits(view.data):
            yield from self._view(view, hits)
        if view.depth and _NUL.search(view.data):
            yield from self._search(_without_nuls(view))


def _by_item(chunk: Chunk, hits: list[Hit]) -> dict[int, list[Hit]]:
    items: dict[int, list[Hit]] = defaultdict(list)
    for hit in hits:
        items[chunk.locate(hit[1] - 1)].append(hit)
    return items


def _item_view(chunk: Chunk, index: int) -> View:
    low, high = chunk.starts[index], chunk.ends[index]
    shift = chunk.offset - low
    return View(chunk.data, low, high, chunk.items[index], lambda start, end: (start + shift, end + shift))


def _with_nuls(chunk: Chunk) -> Iterator[int]:
    """Items that hold a NUL byte, in order: one search over the buffer finds the next such item."""
    index = -1
    position = 0
    while match := _NUL.search(chunk.data, position):
        index = chunk.locate(match.start())
        yield index
        position = chunk.ends[index]


def _without_nuls(view: View) -> View:
    """The view with NUL bytes taken out: ASCII text in UTF-16 or UTF-32, either order, any alignment, reads plain.

    This finds text that no byte order mark announces and text inside binary files, at the cost of a memory copy.
    """
    wide = bytes(view.data[view.low : view.high])
    text = wide.translate(None, b"\0")

    def span(start: int, end: int) -> tuple[int, int]:
        return view.span(view.low + _wide_offset(wide, start), view.low + _wide_offset(wide, end - 1) + 1)

    encoding = "/".join(filter(None, (view.encoding, _width(wide))))
    return View(text, 0, len(text), view.item, span, encoding, view.depth)


def _wide_offset(wide: bytes, position: int) -> int:
    """Where the byte stands in `wide` that is number `position` when NUL bytes are not counted."""
    low, high = position, len(wide)
    while low < high:
        middle = (low + high) // 2
        if middle + 1 - wide.count(b"\0", 0, middle + 1) > position:
            high = middle
        else:
            low = middle + 1
    return low


def _width(wide: bytes) -> str:
    """What to call text of this density of NUL bytes."""
    share = wide.count(b"\0") / len(wide)
    return "utf-32" if share > 0.7 else "utf-16" if share > 0.3 else "nul"


def _whole(chunk: Chunk, index: int, found: "Iterator[Match | Skip]") -> "Iterator[Match | Skip]":
    """Leaves out what a piece's edge may have cut: the neighbouring piece holds it whole."""
    if not chunk.offset and chunk.last:
        yield from found
        return
    first = chunk.offset + OVERLAP // 2 if chunk.offset else 0
    beyond = chunk.offset + chunk.ends[index] - chunk.starts[index]
    for one in found:
        if isinstance(one, Skip) or (one.item_start >= first and (chunk.last or one.item_end < beyond - 1)):
            yield one
