"""A source without what is larger than the user wants looked at."""

from collections.abc import Iterator
from typing import Protocol

from dce_guard.model.item import Chunk, Item, Skip


class Chunks(Protocol):
    """The part of a source that is wrapped."""

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """Everything there is to look at."""


class Limited:
    """Leaves items of more than `largest` bytes out, and says so of each."""

    def __init__(self, source: Chunks, largest: int) -> None:
        self._source = source
        self._largest = largest

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """What the source has, with a Skip in the place of each item that is too large."""
        for chunk in self._source.chunks(shard, shards):
            if isinstance(chunk, Skip) or all(item.size <= self._largest for item in chunk.items):
                yield chunk
            else:
                yield from self._parted(chunk)

    def _parted(self, chunk: Chunk) -> Iterator[Chunk | Skip]:
        kept = [index for index, item in enumerate(chunk.items) if item.size <= self._largest]
        if not chunk.offset:
            yield from (self._skip(item) for item in chunk.items if item.size > self._largest)
        if kept:
            yield Chunk(
                chunk.data, [chunk.items[index] for index in kept], [chunk.starts[index] for index in kept],
                [chunk.ends[index] for index in kept], chunk.offset, chunk.line, chunk.last,
            )  # fmt: skip

    def _skip(self, item: Item) -> Skip:
        detail = f"{item.size} bytes are more than the {self._largest} that max-file-size allows"
        return Skip(item.path, "too-large", detail, fatal=False)
