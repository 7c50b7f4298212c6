"""Files as they are on disk, whatever they are, many to a buffer."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator

from dce_guard.adapters.packing import CHUNK, Packer
from dce_guard.adapters.rooted import Rooted
from dce_guard.model.item import Chunk, Item, Kind, Skip

_GONE = (errno.ENOENT, errno.ENOTDIR)
_POINTER = (
    b"version https://git-lfs"  # the first line of a Git LFS pointer; one is under 300 bytes by its spec
)
_POINTER_SIZE = 300


class FileReader:
    """Reads files below `root`. Reports say `prefix` before each path.

    `avoid`: (device, inode) of our own open state. Opening and closing an SQLite file drops the locks this
    process holds on it, and committed rows are lost (measured: 1,000 of 1,260).
    """

    def __init__(self, root: str, prefix: str = "", avoid: frozenset[tuple[int, int]] = frozenset()) -> None:
        self._rooted = Rooted(root)
        self._prefix = prefix
        self._avoid = avoid
        self._packer = Packer()

    def chunks(self, paths: Iterable[str]) -> Iterator[Chunk | Skip]:
        """Buffers of files, links as their target text; a Skip for what could not be read or is no file."""
        try:
            for path in paths:
                try:
                    handle = self._rooted.open(path)
                except OSError as error:
                    yield from self._refused(path, error)
                    continue
                try:
                    if not self._packed(path, handle):
                        yield from self._file(path, handle)
                except OSError as error:
                    yield self._skip(path, "unreadable", error.strerror or "")
                finally:
                    os.close(handle)
            yield from self._packer.flush()
        finally:
            self._rooted.close()

    def _packed(self, path: str, handle: int) -> bool:
        """Takes an ordinary file that fits: one read and no generator, a quarter less time."""
        status, packer = os.fstat(handle), self._packer
        size = status.st_size
        if not stat.S_ISREG(status.st_mode) or self._avoid or size < _POINTER_SIZE or not packer.fits(size):
            return False
        if _once(handle, packer.view[packer.used : packer.used + size + 1]) != size:
            os.lseek(handle, 0, os.SEEK_SET)
            return False
        packer.add(Item(Kind.FILE, self._prefix + path, size), size)
        return True

    def _file(self, path: str, handle: int) -> Iterator[Chunk | Skip]:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            yield self._odd(path, status.st_mode)
            return
        if self._avoid and (status.st_dev, status.st_ino) in self._avoid:
            yield self._skip(path, "own-state", "dce-guard has it open", fatal=False)
            return
        size, packer = status.st_size, self._packer
        if not packer.fits(size):
            yield from packer.flush()
        item = Item(Kind.FILE, self._prefix + path, size)
        if size <= CHUNK:
            start = packer.used
            count = _read(handle, packer.view[start : start + size + 1])
            if count <= size:
                packer.add(item, count)
                if count < _POINTER_SIZE and packer.data.startswith(_POINTER, start):
                    yield self._skip(
                        path, "lfs-pointer", "the file's content is in Git LFS, not here", fatal=False
                    )
                return
            os.lseek(handle, 0, os.SEEK_SET)  # it grew, or is of a kind that tells no size (/proc)
            yield from packer.flush()
        yield from packer.pieces(item, lambda space: _read(handle, space))

    def _refused(self, path: str, error: OSError) -> Iterator[Chunk | Skip]:
        """What cannot be opened as a file: a link is read as its text, the rest is told."""
        if error.errno in (errno.ELOOP, errno.EMLINK):
            try:
                yield from self._link(path, self._rooted.readlink(path))
                return
            except OSError as second:
                error = second
        if error.errno in _GONE:
            yield self._skip(path, "vanished", "listed, but gone when it was to be read", fatal=False)
        elif error.errno == errno.ENXIO:
            yield self._skip(path, "special-file", "a socket or a device", fatal=False)
        else:
            yield self._skip(path, "unreadable", error.strerror or "")

    def _link(self, path: str, target: bytes) -> Iterator[Chunk]:
        packer = self._packer
        if not packer.fits(len(target)):
            yield from packer.flush()
        packer.data[packer.used : packer.used + len(target)] = target
        packer.add(Item(Kind.SYMLINK, self._prefix + path, len(target)), len(target))

    def _odd(self, path: str, mode: int) -> Skip:
        if stat.S_ISDIR(mode):
            return self._skip(path, "vanished", "a folder took its place", fatal=False)
        return self._skip(path, "special-file", "a fifo, socket or device", fatal=False)

    def _skip(self, path: str, reason: str, detail: str, fatal: bool = True) -> Skip:
        return Skip(self._prefix + path, reason, detail, fatal)


def walk(root: str, start: str = "") -> Iterator[tuple[str, int] | Skip]:
    """Path and size of each file and link below `start` in `root`, folders in order of name.

    Links are not followed, `.git` folders not entered (a Skip says so). An unreadable folder is a fatal Skip.
    """
    rooted = Rooted(root)
    waiting = [start]
    try:
        while waiting:
            here = waiting.pop()
            try:
                with rooted.listing(here) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
                    found = [
                        _entry(entry, f"{here}/{entry.name}" if here else entry.name) for entry in entries
                    ]
            except OSError as error:
                yield Skip(here or ".", "unreadable", error.strerror or "")
                continue
            yield from (entry for entry in found if not isinstance(entry, str))
            waiting += [entry for entry in reversed(found) if isinstance(entry, str)]
    finally:
        rooted.close()


def _entry(entry: "os.DirEntry[str]", path: str) -> str | tuple[str, int] | Skip:
    """A folder's path, a file with its size, or why it is neither."""
    if entry.is_dir(follow_symlinks=False):
        return path if entry.name != ".git" else Skip(path, "git-directory", "not entered", fatal=False)
    if not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
        return Skip(path, "special-file", "a fifo, socket or device", fatal=False)
    try:
        return path, entry.stat(follow_symlinks=False).st_size
    except OSError:
        return path, 0


def _readv(handle: int, space: memoryview) -> int:
    return os.readv(handle, (space,))


def _readinto(handle: int, space: memoryview) -> int:
    data = os.read(handle, len(space))
    space[: len(data)] = data
    return len(data)


_once = _readv if hasattr(os, "readv") else _readinto


def _read(handle: int, space: memoryview) -> int:
    """Fills `space` from a file; returns how much there was (a short read need not be the end)."""
    done = _once(handle, space)
    while 0 < done < len(space):
        count = _once(handle, space[done:])
        if not count:
            break
        done += count
    return done
