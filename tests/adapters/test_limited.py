"""What is larger than the user wants is left out, and said."""

from collections.abc import Iterator

import pytest

from dce_guard.adapters.limited import Limited
from dce_guard.model.item import Chunk, Item, Kind, Skip


class Given:
    """A source of the chunks it is given."""

    def __init__(self, *chunks: Chunk | Skip) -> None:
        self._chunks = chunks

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """The chunks."""
        yield from self._chunks


def item(name: str, size: int) -> Item:
    return Item(Kind.FILE, name, size)


def packed() -> Chunk:
    return Chunk(b"aaa\nbbbbbb\ncc\n", [item("a", 3), item("b", 6), item("c", 2)], [0, 4, 11], [3, 10, 13])


def test_only_the_large_ones_go_and_each_is_named():
    skip, chunk = Limited(Given(packed()), 3).chunks()
    assert (skip.path, skip.reason, skip.fatal) == ("b", "too-large", False)
    assert [one.path for one in chunk.items] == ["a", "c"]
    assert [bytes(chunk.data[a:b]) for a, b in zip(chunk.starts, chunk.ends, strict=True)] == [b"aaa", b"cc"]


@pytest.mark.parametrize("largest", [6, 100])
def test_a_chunk_of_small_ones_passes_untouched(largest):
    chunk = packed()
    assert list(Limited(Given(chunk), largest).chunks()) == [chunk]


def test_the_pieces_of_a_large_one_are_one_skip():
    large = item("large", 8)
    pieces = Chunk(b"12345", [large], [0], [5], last=False), Chunk(b"45678", [large], [0], [5], offset=3)
    found = list(Limited(Given(*pieces), 7).chunks())
    assert [one.path for one in found if isinstance(one, Skip)] == ["large"]
    assert not any(isinstance(one, Chunk) for one in found)


def test_skips_pass():
    skip = Skip("x", "unreadable")
    assert list(Limited(Given(skip), 0).chunks()) == [skip]
