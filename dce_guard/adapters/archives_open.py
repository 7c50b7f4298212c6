"""Opening an archive that is held in memory: its entries, packed into buffers, and what kept us out."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename
from typing import cast

from dce_guard.adapters.archives import Budget, kind_of
from dce_guard.adapters.archives_streams import Readinto, stream
from dce_guard.adapters.archives_tar import Read, Tar, TarError
from dce_guard.adapters.packing import CHUNK, Packer
from dce_guard.model.item import Chunk, Item, Kind, Skip

_LONGEST_NAME = 1024  # characters of an entry's name in a report; a zip may hold 65,535
_DIRECTORY_ENTRY = b"PK\x01\x02"
_MOST_IN_DIRECTORY = 100_000  # zipfile holds 600 bytes for each, and reads all of them before the first
_STEP = 1 << 18
# zipfile asks bzip2 and LZMA for all that one read of compressed bytes gives, and reads at least 4,096 of them:
# 80 MB of bzip2's zeros at worst. Larger reads give more.
_SMALL_STEP = 4096
_SUFFIXES = (".gz", ".xz", ".bz2", ".zst")
_TARS = (".tgz", ".txz", ".tbz", ".tbz2", ".tzst")
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    KeyError,
    IndexError,
)


def entries(kind: str, item: Item, content: io.BytesIO, budget: Budget) -> Iterator[Chunk | Skip]:
    """The entries of an archive of this kind, as items named `archive!entry`; skips for what could not be read.

    Stops where `budget` is used up, and says so there.
    """
    opening = _Opening(item, budget)
    if kind == "zip":
        return opening.packed(opening.zipped(content))
    if kind == "tar":
        return opening.packed(opening.tarred(opening.metered(content.readinto)))
    read = stream(kind, content, budget)
    if read is None:
        return iter([Skip(item.path, "unsupported-archive", f"{kind} is not opened", fatal=False)])
    return opening.packed(opening.streamed(read))


class _Opening:
    """One archive being read."""

    def __init__(self, item: Item, budget: Budget) -> None:
        self._item = item
        self._budget = budget
        self._skips: dict[str, Skip] = {}

    def packed(self, members: Iterator[tuple[str, int, Read]]) -> Iterator[Chunk | Skip]:
        """Members packed into buffers, then what was skipped: one Skip a reason."""
        packer = Packer()
        try:
            for name, size, read in members:
                if not self._budget.enter():
                    break
                outer = self._item
                path = f"{outer.path}!{name[:_LONGEST_NAME]}"
                item = Item(Kind.ENTRY, path, size, outer.object, outer.commit)
                yield from _packed(packer, item, read)
                if self._budget.over:
                    break
        except _BROKEN:
            self._skip("damaged", "from some point on it cannot be read")
        except NotImplementedError:
            self._skip("unsupported-archive", "packed in a way that is not supported")
        except MemoryError:
            self._skip("limit", "unpacking it takes too much memory", fatal=True)
        yield from packer.flush()
        yield from self._skips.values()

    def metered(self, readinto: Readinto, step: int = _STEP) -> Read:
        """A reader that spends the budget, and notes damage where it meets it: what came before is scanned."""

        def read(space: memoryview) -> int:
            allowed = self._budget.grant(min(len(space), step))
            try:
                count = readinto(space[:allowed]) or 0 if allowed else 0
            except _BROKEN:
                self._skip("damaged", "from some point on it cannot be read")
                return 0
            except MemoryError:
                self._skip("limit", "unpacking it takes too much memory", fatal=True)
                return 0
            self._budget.left -= count
            return count

        return read

    def zipped(self, content: io.BytesIO) -> Iterator[tuple[str, int, Read]]:
        """Members of a zip file, by its directory."""
        if content.getvalue().count(_DIRECTORY_ENTRY) > _MOST_IN_DIRECTORY:
            self._skip("limit", f"it has more than {_MOST_IN_DIRECTORY:,} entries; none was looked at", True)
            return
        with zipfile.ZipFile(content) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.flag_bits & 1:
                    self._skip("encrypted", "it has entries that need a password")
                    continue
                yield from self._member(archive, info)

    def _member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[tuple[str, int, Read]]:
        """One member; a broken one does not hide the next."""
        try:
            member = archive.open(info)
        except NotImplementedError:
            self._skip("unsupported-archive", "it has entries packed in a way that is not supported")
        except (*_BROKEN, RuntimeError):  # RuntimeError: a password, by the entry's own header
            self._skip("damaged", "it has entries that cannot be read")
        else:
            with member:
                plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                step = _STEP if plain else _SMALL_STEP
                yield (
                    info.filename,
                    info.file_size,
                    self.metered(cast(io.BufferedIOBase, member).readinto, step),
                )

    def tarred(self, read: Read) -> Iterator[tuple[str, int, Read]]:
        """Members of a tar stream, the stream's bytes being what is spent."""
        try:
            yield from Tar(read).members()
        except TarError as error:
            if not self._budget.over:
                self._skip("damaged", f"{error}; what follows was not looked at")

    def streamed(self, readinto: Readinto) -> Iterator[tuple[str, int, Read]]:
        """The one content of a compressed file, or the members where that is a tar archive."""
        read = self.metered(readinto)
        head = bytearray(512)
        count = 0
        while count < len(head) and (more := read(memoryview(head)[count:])):
            count += more
        whole = _behind(bytes(head[:count]), read)
        if kind_of(bytes(head[:count])) == "tar":
            yield from self.tarred(whole)
        elif count:
            yield _inner_name(self._item.path), 0, whole

    def _skip(self, reason: str, detail: str, fatal: bool = False) -> None:
        self._skips.setdefault(reason, Skip(self._item.path, reason, detail, fatal))


def _packed(packer: Packer, item: Item, read: Read) -> Iterator[Chunk]:
    """An entry behind those before it where it fits, else in pieces."""
    if not packer.fits(min(max(item.size, 1 << 16), CHUNK)):
        yield from packer.flush()
    start, count = packer.used, 0
    while start + count < CHUNK and (more := read(packer.view[start + count : CHUNK])):
        count += more
    if start + count < CHUNK:
        packer.add(item if item.size == count else replace(item, size=count), count)
        return
    begun = bytes(packer.view[start:CHUNK])
    yield from packer.flush()
    yield from packer.pieces(item, _behind(begun, read))


def _behind(begun: bytes, read: Read) -> Read:
    """A reader that gives what was read already, then the rest."""
    left = memoryview(begun)

    def whole(space: memoryview) -> int:
        nonlocal left
        if not left:
            return read(space)
        count = min(len(space), len(left))
        space[:count] = left[:count]
        left = left[count:]
        return count

    return whole


def _inner_name(path: str) -> str:
    """What to call the content of a compressed file: its name without the suffix."""
    name = basename(path.replace("!", "/"))
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    for suffix in _TARS:
        if name.lower().endswith(suffix):
            return name[: name.rindex(".")] + ".tar"
    return "content"
