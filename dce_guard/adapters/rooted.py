"""Files below a folder, opened so that no symbolic link on the way leads out of it."""

import errno
import os
import stat
import sys

_DIRECTORIES = 64  # kept open on the way down; a tree of thousands of levels must not use up the descriptors
_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a fifo would wait for its writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
RELATIVE = os.open in os.supports_dir_fd and os.scandir in os.supports_fd and hasattr(os, "O_NOFOLLOW")


class Rooted:
    """A folder, and the folders below it, by open descriptor.

    Paths are relative, with `/`. Opening from descriptor to descriptor follows no link, is not fooled by a
    folder swapped for a link meanwhile, and knows no longest path (Linux opens none over 4,096 bytes).
    Where the system cannot do that (Windows), each parent is looked at instead.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._here = ""  # the folder the last descriptor stands for
        self._open: list[
            tuple[str, int]
        ] = []  # name and descriptor from the top; -1: closed to save descriptors
        self._top = -1
        self._plain: set[str] = {""}  # folders seen to be no links, where descriptors cannot be used

    def close(self) -> None:
        """Gives all descriptors back."""
        for _, handle in self._open:
            _close(handle)
        self._open.clear()
        _close(self._top)
        self._top, self._here = -1, ""

    def open(self, path: str) -> int:
        """A descriptor of a file. Raises OSError; ELOOP or ENOTDIR where a link is in the way."""
        folder, _, name = path.rpartition("/")
        if RELATIVE:
            return os.open(name, _FILE, dir_fd=self.folder(folder))
        where = self._looked_at(folder, name)
        if _is_link(where):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return os.open(where, _FILE)

    def readlink(self, path: str) -> bytes:
        """The target text of a symbolic link."""
        folder, _, name = path.rpartition("/")
        if RELATIVE:
            return os.fsencode(os.readlink(name, dir_fd=self.folder(folder)))
        return os.fsencode(os.readlink(self._looked_at(folder, name)))  # noqa: PTH115

    def listing(self, folder: str) -> "os._ScandirIterator[str]":
        """The entries of a folder."""
        return os.scandir(self.folder(folder)) if RELATIVE else os.scandir(self._looked_at(folder, ""))

    def folder(self, path: str) -> int:
        """A descriptor of a folder, valid until the next call."""
        if self._top < 0:
            self._top = os.open(self._root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        if path == self._here:
            return self._open[-1][1] if self._open else self._top
        names = path.split("/") if path else []
        self._climb(names)
        self._here = "/".join(name for name, _ in self._open)
        for name in names[len(self._open) :]:
            handle = os.open(name, _FOLDER, dir_fd=self._open[-1][1] if self._open else self._top)
            self._open.append((name, handle))
            self._here = f"{self._here}/{name}" if self._here else name
            self._spare()
        return self._open[-1][1] if self._open else self._top

    def _climb(self, names: list[str]) -> None:
        """Closes what is not on the way to `names`, and what was spared and so cannot be gone down from."""
        shared = 0
        for (name, _), wanted in zip(self._open, names, strict=False):
            if name != wanted:
                break
            shared += 1
        while len(self._open) > shared or (self._open and self._open[-1][1] < 0):
            _close(self._open.pop()[1])

    def _spare(self) -> None:
        at = len(self._open) - _DIRECTORIES
        if at >= 0:
            name, handle = self._open[at]
            _close(handle)
            self._open[at] = (name, -1)

    def _looked_at(self, folder: str, name: str) -> str:
        parts = folder.split("/") if folder else []
        for end in range(1, len(parts) + 1):
            parent = "/".join(parts[:end])
            if parent not in self._plain:
                if _is_link(os.path.join(self._root, parent)):  # noqa: PTH118
                    raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
                self._plain.add(parent)
        return os.path.join(self._root, *parts, name)  # noqa: PTH118


def _is_link(path: str) -> bool:
    status = os.lstat(path)
    reparse = sys.platform == "win32" and status.st_reparse_tag  # a junction is no link to S_ISLNK
    return bool(reparse) or stat.S_ISLNK(status.st_mode)


def _close(handle: int) -> None:
    if handle >= 0:
        os.close(handle)
