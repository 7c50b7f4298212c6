"""From buffers to matches: where the matcher points, the second stage looks, and decoded text goes round again."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dce_guard.model.item import Chunk, Item, Skip
from dce_guard.scan.prefilter import Buffer, Hit, Matcher
from dce_guard.scan.wide import is_wide

if TYPE_CHECKING:
    from dce_guard.model.match import Match

# Pieces of one large item overlap by this many bytes, so that what one piece cuts the next holds whole.
OVERLAP = 64 << 10
# Bytes of decoded text searched for one item of a buffer. Compressed text inside compressed text grows a
# thousandfold a level; 64 MB are sixteen buffers of honest base64.
MAX_DECODED = 64 << 20
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

    def __init__(
        self,
        matcher: Matcher,
        second: Callable[[], SecondStage],
        wide: Callable[[Buffer], bool] | None = None,
    ) -> None:
        self._matcher = matcher
        self._second = second
        self._wide = wide or is_wide  # whether a buffer holds text of two or four bytes a character
        self._left = 0  # bytes of decoded text that may still be searched in this item

    def scan(self, chunk: Chunk, around: int = 0) -> "Iterator[Match | Skip]":
        """Matches of every rule in every item, also in what is encoded in it; and what could not be looked at.

        Pieces of one item that overlap tell each match once; `around`: also what begins so many bytes before or
        behind a piece's own part, for who looks at neighbours (and asks `owns` then).
        """
        for index, hits in sorted(_by_item(chunk, self._matcher.hits(chunk.data)).items()):
            self._left = MAX_DECODED
            yield from _whole(chunk, index, self._view(_item_view(chunk, index), hits), around)
        for index in _with_nuls(chunk):
            if not self._wide(memoryview(chunk.data)[chunk.starts[index] : chunk.ends[index]]):
                continue
            self._left = MAX_DECODED
            yield from _whole(chunk, index, self._search(_without_nuls(_item_view(chunk, index))), around)

    def looked(self, chunk: Chunk, hits: Sequence[Hit]) -> "Iterator[Match | Skip]":
        """The same for a chunk of one whole item without NUL bytes that was searched elsewhere, with these hits."""
        self._left = MAX_DECODED
        yield from self._view(_item_view(chunk, 0), list(hits))

    def _view(self, view: View, hits: list[Hit]) -> "Iterator[Match | Skip]":
        second = self._second()
        yield from second.matches(view, hits)
        for inner in second.texts(view, hits):
            if self._left < 0:
                return
            self._left -= len(inner.data)
            if self._left < 0:
                yield _too_much(view.item)
                return
            yield from self._search(inner)

    def _search(self, view: View) -> "Iterator[Match | Skip]":
        if hits := self._matcher.hits(view.data):
            yield from self._view(view, hits)
        if view.depth and _NUL.search(view.data) and self._wide(view.data):
            yield from self._search(_without_nuls(view))


def _too_much(item: Item) -> Skip:
    return Skip(
        item.path, "limit", f"it decodes to more than {MAX_DECODED >> 20} MB, the rest was not searched"
    )


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
    while (nul := _next_nul(chunk.data, position)) >= 0:
        index = chunk.locate(nul)
        yield index
        position = max(chunk.ends[index], nul + 1)


def _next_nul(data: Buffer, position: int) -> int:
    """Where the next NUL byte stands, -1 without one: `find` of the buffer behind a view is ten times `re`'s speed."""
    whole = data.obj if isinstance(data, memoryview) else data
    if isinstance(whole, bytes | bytearray):
        return whole.find(b"\0", position, len(data))
    match = _NUL.search(data, position)
    return match.start() if match else -1


def _without_nuls(view: View) -> View:
    """The view with NUL bytes taken out: ASCII text in UTF-16 or UTF-32, either order, any alignment, reads plain.

    This finds text that no byte order mark announces and text inside binary files, at the cost of a memory copy.
    """
    wide = bytes(view.data[view.low : view.high])
    text = wide.translate(None, b"\0") + b"\n"  # parted as items are: some anchors want the end of a line
    counted = _Counted(wide)

    def span(start: int, end: int) -> tuple[int, int]:
        return view.span(view.low + counted.offset(start), view.low + counted.offset(end - 1) + 1)

    encoding = "/".join(filter(None, (view.encoding, _width(len(wide), len(wide) - len(text) + 1))))
    return View(text, 0, len(text) - 1, view.item, span, encoding, view.depth)


class _Counted:
    """Where a byte stands, by its number among those that are not NUL: counted in blocks, once."""

    _BLOCK = 4096  # bytes

    def __init__(self, wide: bytes) -> None:
        self._wide = wide
        self._before: list[int] = []  # bytes other than NUL before each block

    def offset(self, number: int) -> int:
        """The offset of the byte that has this number, from 0."""
        if not self._before:
            self._count()
        block = bisect_right(self._before, number) - 1
        left = number - self._before[block]
        for at in range(block * self._BLOCK, len(self._wide)):
            if self._wide[at]:
                if not left:
                    return at
                left -= 1
        return len(self._wide)

    def _count(self) -> None:
        total = 0
        for start in range(0, len(self._wide), self._BLOCK):
            self._before.append(total)
            part = self._wide[start : start + self._BLOCK]
            total += len(part) - part.count(0)


def _width(size: int, nuls: int) -> str:
    """What to call text of `size` bytes of which so many are NUL."""
    share = nuls / size
    return "utf-32" if share > 0.7 else "utf-16" if share > 0.3 else "nul"


def owns(chunk: Chunk, index: int, match: "Match", around: int = 0) -> bool:
    """Whether it is for this buffer to tell a match: pieces that overlap share out their item in its middle."""
    if match.item_end - match.item_start >= OVERLAP // 2:
        return True
    edge = chunk.offset + chunk.ends[index] - chunk.starts[index]
    first = chunk.offset + OVERLAP // 2 if chunk.offset else 0
    behind = edge if chunk.last else edge - OVERLAP // 2
    return first - around <= match.item_start < behind + around


def _whole(
    chunk: Chunk, index: int, found: "Iterator[Match | Skip]", around: int
) -> "Iterator[Match | Skip]":
    """Leaves out what a piece's edge may have cut, and what the next piece holds as well: each match once."""
    if not chunk.offset and chunk.last:
        yield from found
        return
    edge = chunk.offset + chunk.ends[index] - chunk.starts[index]
    for one in found:
        if isinstance(one, Skip):
            yield one
        elif one.item_end - one.item_start >= OVERLAP // 2:
            if chunk.last or not _is_cut(one, edge):
                yield one
        elif owns(chunk, index, one, around):
            yield one


def _is_cut(match: "Match", edge: int) -> bool:
    """Whether a match too long for the overlap may go on behind the piece. (Most are in long encoded text.)"""
    return match.item_end >= edge - 1 and match.end >= len(match.text) - 1
