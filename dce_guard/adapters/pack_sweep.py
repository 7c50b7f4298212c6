"""The objects of a pack, each once, and of each only what its base does not have.

Deltas are followed from their bases, so no base is inflated twice, whatever a cache of git's would have held
(`git cat-file` reads in the order of its list and resolves chains again and again).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from dce_guard.adapters.forest import Forest
from dce_guard.adapters.packfile import BLOB, COMMIT, TAG
from dce_guard.adapters.packing import CHUNK, Packer
from dce_guard.model.item import Chunk, Item, Kind
from dce_guard.scan.delta import Copy, patch, sizes
from dce_guard.scan.prefilter import Hit
from dce_guard.scan.sieve import Sieve, Sifted, Version

LARGEST = CHUNK  # bytes; git streams what is larger
_BATCH = 1 << 20  # bytes of text searched at once
_HELD = 64 << 20  # bytes of bases that wait for what is made from them; beyond that git is asked
# Following a delta's instructions costs as much as searching 30 bytes of text for each of its bytes (measured).
_WORTH = 30
_DROP = 32 << 20  # bytes of a pack read between two times that its pages are given back
_TELL = 1 << 16  # compressed bytes between two pulses
_KINDS = {COMMIT: Kind.COMMIT, BLOB: Kind.BLOB, TAG: Kind.TAG}

Judge = Callable[[Item, bytes, Sifted], bool]
"""Looks at a text's fresh hits and reports what is to be reported; whether there was anything."""
Apply = Callable[[bytes, bytes], bytes]
"""(base, delta) to the text, faster than following the instructions here."""
Pulse = Callable[[int, int], bool]
"""Hears of compressed bytes and objects that were just done; whether to go on."""


@dataclass(slots=True)
class Tally:
    """What was searched here, and the entries that are left to git."""

    objects: int = 0
    bytes: int = 0
    left: list[int] = field(default_factory=list)
    searched: bytearray = field(default_factory=bytearray)  # by entry: 1 where it was searched here
    stopped: bool = False  # before the end


@dataclass(slots=True)
class _Made:
    """An object that is made from a base, and the base's hits when nothing was reported of it."""

    entry: int
    base: bytes
    hits: Sequence[Hit] | None


@dataclass(slots=True)
class _Text:
    """An object's content; `copies` where it is to be searched as a version of `base`."""

    entry: int
    text: bytes
    base: _Made | None = None
    copies: Sequence[Copy] = ()


class PackSweep:
    """Searches shares of a pack. `wanted`: by entry, whether to look at it; its bases are read all the same.

    `peculiar`: whether a text must go the way of all files: one with NUL bytes, an archive, a pointer.
    """

    def __init__(
        self, forest: Forest, sieve: Sieve, judge: Judge, apply: Apply, peculiar: Callable[[bytes], bool],
        wanted: bytearray | None = None, pulse: Pulse = lambda _bytes, _objects: True,
    ) -> None:  # fmt: skip
        self._forest = forest
        self._pack = forest.pack
        self._sieve = sieve
        self._judge = judge
        self._apply = apply
        self._peculiar = peculiar
        self._wanted = wanted
        self._pulse = pulse
        self._packer = Packer()
        self._stack: list[list[_Made]] = []
        self._held = 0
        self._done = self._count = 0  # compressed bytes and objects since the pulse last heard of any
        self.tally = Tally(searched=bytearray(forest.pack.count))

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk]:
        """Buffers of the peculiar objects. The others are searched and judged on the way."""
        for batch in self._batches(shard, shards):
            yield from self._roots(batch)
            while self._stack and not self.tally.stopped:
                made = self._stack.pop()
                self._held -= sum(len(one.base) for one in made)
                yield from self._settled([text for one in made if (text := self._version(one))])
            if self.tally.stopped:
                return
        self._tell()
        yield from self._packer.flush()

    def _batches(self, shard: int, shards: int) -> Iterator[list[int]]:
        """Runs of whole entries; shares get alternate runs: near each other in the pack, and balanced."""
        pack, kinds, base, wanted = self._pack, self._forest.kinds, self._forest.base, self._wanted
        batch: list[int] = []
        begin = dropped = run = 0
        for entry in range(pack.count):
            if base[entry] != -1 or kinds[entry] not in _KINDS or (wanted and not wanted[entry]):
                continue
            if run % shards == shard:
                batch.append(entry)
            if pack.offsets[entry] - begin > _BATCH:
                if batch:
                    yield batch
                batch, begin, run = [], pack.offsets[entry], run + 1
                if begin - dropped > _DROP:
                    pack.forget()
                    dropped = begin
        if batch:
            yield batch

    def _roots(self, entries: Sequence[int]) -> Iterator[Chunk]:
        texts: list[_Text] = []
        size = 0
        for entry in entries:
            text = self._whole(entry)
            if text is not None:
                texts.append(_Text(entry, text))
                size += len(text)
            if size > _BATCH:
                yield from self._settled(texts)
                texts, size = [], 0
                if self.tally.stopped:
                    return
        yield from self._settled(texts)

    def _whole(self, entry: int) -> bytes | None:
        try:
            head = self._pack.head(entry)
            if head.size <= LARGEST:
                return self._pack.inflate(entry, head.at, head.size)
        except (ValueError, IndexError):
            pass  # git says what is wrong with it
        self._leave(entry)
        return None

    def _version(self, made: _Made) -> _Text | None:
        """What a delta makes of its base: by its instructions where they are few, else as a whole."""
        try:
            head = self._pack.head(made.entry)
            delta = self._pack.inflate(made.entry, head.at, head.size) if head.size <= LARGEST else b""
            base, result = sizes(delta)
            if result <= LARGEST and base == len(made.base):
                if made.hits is None or result < _WORTH * len(delta):
                    return _Text(made.entry, self._apply(made.base, delta))
                text, copies = patch(delta, made.base)
                return _Text(made.entry, text, made, copies)
        except (ValueError, IndexError):
            pass  # git says what is wrong with it
        self._leave(made.entry)
        return None

    def _settled(self, texts: Sequence[_Text]) -> Iterator[Chunk]:
        """Searches and judges them, hands on the peculiar ones, and puts what is made from them on the stack."""
        whole = [text for text in texts if text.base is None]
        plain = [text for text in whole if not self._peculiar(text.text)]
        known = [text for text in texts if text.base]
        answers: dict[int, Sequence[Hit] | None] = {}
        for text, sifted in zip(plain, self._sieve.whole([text.text for text in plain]), strict=True):
            answers[text.entry] = self._judged(text, sifted)
        for text, sifted in zip(
            known, self._sieve.versions([_as_version(text) for text in known]), strict=True
        ):
            if self._peculiar(text.text):
                continue
            answers[text.entry] = self._judged(text, sifted)
        for text in texts:
            if text.entry not in answers:
                yield from self._look(text)
        self._grow(texts, answers)
        offsets = self._pack.offsets
        self._done += sum([offsets[text.entry + 1] - offsets[text.entry] for text in texts])
        self._count += len(texts)
        if self._done > _TELL:
            self._tell()

    def _tell(self) -> None:
        self.tally.stopped = not self._pulse(self._done, self._count)
        self._done = self._count = 0

    def _judged(self, text: _Text, sifted: Sifted) -> Sequence[Hit] | None:
        """The hits to pass on to versions; None where something was reported: each version reports it again."""
        wanted = not self._wanted or self._wanted[text.entry] == 1
        self.tally.searched[text.entry] = wanted
        self.tally.objects += wanted
        self.tally.bytes += len(text.text) if wanted else 0
        if not sifted.fresh or not wanted:
            return sifted.hits if not sifted.fresh else None
        return None if self._judge(self._item(text), text.text, sifted) else sifted.hits

    def _look(self, text: _Text) -> Iterator[Chunk]:
        if self._wanted and self._wanted[text.entry] != 1:
            return
        packer, size = self._packer, len(text.text)
        if not packer.fits(size):
            yield from packer.flush()
        packer.data[packer.used : packer.used + size] = text.text
        packer.add(self._item(text), size)

    def _item(self, text: _Text) -> Item:
        kind = _KINDS[self._forest.kinds[text.entry]]
        return Item(kind, "", len(text.text), self._pack.object(text.entry).hex())

    def _grow(self, texts: Sequence[_Text], answers: dict[int, Sequence[Hit] | None]) -> None:
        """What is made from these, in batches of bounded size."""
        batch: list[_Made] = []
        size = 0
        for text in texts:
            hits = answers.get(text.entry)
            for child in self._forest.children(text.entry):
                if self._wanted and not self._wanted[child]:
                    continue
                if self._held + size > _HELD:
                    self._leave(child)
                    continue
                batch.append(_Made(child, text.text, hits))
                size += len(text.text)
                if size > _BATCH:
                    self._push(batch, size)
                    batch, size = [], 0
        self._push(batch, size)

    def _push(self, batch: list[_Made], size: int) -> None:
        if batch:
            self._stack.append(batch)
            self._held += size

    def _leave(self, entry: int) -> None:
        """Leaves an object, and all that is made from it, to git."""
        wanted = self._wanted
        self.tally.left += [one for one in self._forest.below(entry) if not wanted or wanted[one] == 1]


def _as_version(text: _Text) -> Version:
    assert text.base and text.base.hits is not None
    return Version(text.text, text.copies, len(text.base.base), text.base.hits)
