"""One reused buffer: many small items to a chunk, a large item in pieces that overlap."""

from collections.abc import Callable, Iterator

from dce_guard.model.item import Chunk, Item

CHUNK = (
    1 << 22
)  # bytes; scanning larger buffers gains nothing, and 4 MB stays in most second-level caches' reach
OVERLAP = 1 << 16  # bytes two pieces of one item share: longer than any match and its context
_UNCOUNTED = bytes(
    (0, *range(0x80, 0xC0))
)  # UTF-8's continuation bytes, and the NULs of ASCII text in UTF-16


class Packer:
    """A buffer of CHUNK bytes (and a separator) that readers fill in place. A chunk is valid until the next.

    `data` and `view` are the buffer, `used` is where the next item begins.
    """

    __slots__ = ("_ends", "_items", "_starts", "data", "used", "view")

    def __init__(self) -> None:
        self.data = bytearray(CHUNK + 1)
        self.view = memoryview(self.data)
        self.used = 0
        self._items: list[Item] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def fits(self, size: int) -> bool:
        """Whether an item of `size` bytes and its separator go behind what is there."""
        return self.used + size <= CHUNK

    def add(self, item: Item, size: int) -> None:
        """Takes the `size` bytes that were written at `used` for an item, and parts them from the next."""
        end = self.used + size
        self._items.append(item)
        self._starts.append(self.used)
        self._ends.append(end)
        self.data[end] = 10
        self.used = end + 1

    def flush(self) -> Iterator[Chunk]:
        """The chunk so far, if there is anything in it; then the buffer is empty."""
        if self._items:
            chunk = Chunk(self.view[: self.used], self._items, self._starts, self._ends)
            self.used, self._items, self._starts, self._ends = 0, [], [], []
            yield chunk

    def pieces(self, item: Item, read: Callable[[memoryview], int | None]) -> Iterator[Chunk]:
        """An item of any size, in pieces; `read` fills what it is given and returns how much, 0 at the end.

        The buffer must be empty (flushed). At least one piece comes, also for an item without bytes.
        """
        have = offset = line = column = 0
        while True:
            end = have + _fill(self.view[have:CHUNK], read)
            last = end < CHUNK
            yield Chunk(self.view[:end], [item], [0], [end], offset, line, last, column)
            if last:
                return
            gone = end - OVERLAP
            line += self.data.count(b"\n", 0, gone)
            begin = self.data.rfind(b"\n", 0, gone) + 1
            column = (0 if begin else column) + len(bytes(self.view[begin:gone]).translate(None, _UNCOUNTED))
            self.view[:OVERLAP] = self.view[gone:end]
            offset, have = offset + gone, OVERLAP


def _fill(space: memoryview, read: Callable[[memoryview], int | None]) -> int:
    done = 0
    while done < len(space):
        count = read(space[done:])
        if not count:
            break
        done += count
    return done
