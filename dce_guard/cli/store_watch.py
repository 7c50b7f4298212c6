"""What becomes of each object of a store: looked at, or why not; and how far a share of them has come."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dce_guard.cli.board import Board, Sums
from dce_guard.cli.scanning import Chunks, Seen
from dce_guard.model.item import Chunk, Item, Skip

_HEAD = 262  # bytes that tell an archive


class Watch:
    """Writes how far one process has come on the board; called with compressed bytes and objects that are done."""

    def __init__(self, board: Board, row: int, seen: Seen) -> None:
        self.seen = seen
        self._board = board
        self._row = row
        self._bytes = self._objects = self._read = 0
        self._found: set[str] = set()

    def __call__(self, done: int, objects: int) -> bool:
        """Takes them in; whether to go on."""
        self._bytes += done
        self._objects += objects
        fresh = self.seen.sightings[self._read :]
        self._found.update(one.fingerprint for one in fresh if not one.by_file)  # those may be none
        self._read = len(self.seen.sightings)
        self._board.put(self._row, Sums(self._bytes, self._objects, len(self._found)))
        return not self._board.stopped


class Group:
    """Counts what one object, or those of one buffer, came to: what has to be looked at again does not count."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._of: frozenset[str] = frozenset()
        self._begin = (0, 0)
        self._failed = False

    def fail(self) -> None:
        """Of what is being looked at, something was not."""
        self._failed = True

    def next(self, objects: frozenset[str]) -> None:
        """What comes now; the same frozenset as before is the same group."""
        if objects is self._of:
            return
        if self._failed:
            self._seen.again_items += self._seen.items - self._begin[0]
            self._seen.again_bytes += self._seen.bytes - self._begin[1]
        self._of, self._failed = objects, False
        self._begin = (self._seen.items, self._seen.bytes)


class Alone:
    """A source of objects in which what is `odd` (by item and first bytes) comes by itself.

    So a skip can be laid to an object: `objects` are the ids of what is being looked at. What was looked at
    to its end is in `seen.done`.
    """

    def __init__(self, source: Chunks, odd: Callable[[Item, bytes], bool], seen: Seen) -> None:
        self._source = source
        self._odd = odd
        self._seen = seen
        self.objects: frozenset[str] = frozenset()

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """What the source has, in other pieces."""
        for chunk in self._source.chunks(shard, shards):
            if isinstance(chunk, Skip):
                self.objects = frozenset((chunk.path,))  # of an object that was not read, its id
                yield chunk
                continue
            for part in self._parted(chunk):
                if not part.offset:
                    self.objects = frozenset(item.object for item in part.items)
                yield part
                if part.last:
                    self._seen.done.update(map(bytes.fromhex, self.objects))

    def _parted(self, chunk: Chunk) -> Iterator[Chunk]:
        data, starts, ends = chunk.data, chunk.starts, chunk.ends
        heads = [
            bytes(data[start : min(start + _HEAD, end)]) for start, end in zip(starts, ends, strict=True)
        ]
        odd = [self._odd(item, head) for item, head in zip(chunk.items, heads, strict=True)]
        if len(chunk.items) == 1 or not any(odd):
            yield chunk
            return
        together = [index for index, is_odd in enumerate(odd) if not is_odd]
        for group in ([together] if together else []) + [
            [index] for index, is_odd in enumerate(odd) if is_odd
        ]:
            yield _part(chunk, group)


def _part(chunk: Chunk, group: Sequence[int]) -> Chunk:
    """Some items of a chunk as a chunk of their own: what stands between them is no part of any."""
    data, part = bytearray(), Chunk(b"")
    for index in group:
        part.items.append(chunk.items[index])
        part.starts.append(len(data))
        data += chunk.data[chunk.starts[index] : chunk.ends[index]]
        part.ends.append(len(data))
        data += b"\n"
    part.data = data
    return part


def blame(skips: Sequence[Skip], objects: frozenset[str], seen: Seen) -> None:
    """Takes skips of objects in, each with the ids it may belong to; what has no name gets its object's."""
    for skip in skips:
        if len(objects) == 1 and (not skip.path or skip.path.startswith("!")):
            skip = replace(skip, path=f"{next(iter(objects))}{skip.path}")
        seen.skips.append(skip)
        seen.of.append((objects, skip))
