"""Where settings are read from: the scanned tree (or a revision of it), and the user's own files."""

import os
import posixpath
import stat
from collections.abc import Callable
from importlib import import_module
from pathlib import Path, PureWindowsPath
from re import search
from typing import Any, Protocol

from dce_guard.errors import GuardError, UsageError
from dce_guard.scan.policy import Trust

LIMIT = 2**24  # bytes: larger than any settings, baseline or rule pack that people write
ReadAt = Callable[[str], bytes | None]


def absolute(name: str, folder: Path | None = None) -> Path:
    """The absolute path of `name`, seen from `folder` (the working directory), links not followed."""
    path = Path.home() / name[2:] if name.startswith("~/") else Path(name)
    return Path(os.path.normpath((folder or Path()).absolute() / path))


class Origin(Protocol):
    """A place that settings come from."""

    trust: Trust

    def place(self, base: str, name: str, at: str) -> str:
        """The path that `name`, written in file `base`, means. Raises UsageError if it may not be used."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none. Raises GuardError if it is there and cannot be read."""


class Tree:
    """The scanned repository: its work tree, or the revision that `read_at` reads."""

    trust = Trust.TREE

    def __init__(self, root: Path, read_at: ReadAt | None = None) -> None:
        self.root = root
        self._read_at = read_at

    def place(self, base: str, name: str, at: str) -> str:
        """A path from the root. Raises UsageError for absolute paths and such as leave the tree."""
        written = name.replace("\\", "/")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(base), written))
        rooted = written.startswith(("/", "~/")) or PureWindowsPath(written).drive
        if rooted or path in (".", "..") or path.startswith("../"):
            raise UsageError(
                f"{at}: '{name}' leads outside the repository; nothing was scanned",
                "settings of a repository may name its own files only; others belong in your own settings",
            )
        return path

    def read(self, path: str) -> bytes | None:
        """As `Origin.read`; a symbolic link may lead to a file of the tree only."""
        if self._read_at is not None:
            return self._read_at(path)
        whole = self.root / path
        if not os.path.lexists(whole):
            return None
        try:
            target = whole.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise _unreadable(path, error) from error
        if not target.is_relative_to(self.root.resolve()):
            raise UsageError(f"{path}: a symbolic link that leads outside the repository; it was not read")
        return _read_regular(target, path)


class Home:
    """Files that the user names and owns: the configuration below the home directory, the command line's."""

    trust = Trust.USER

    def place(self, base: str, name: str, at: str) -> str:
        """An absolute path; a relative `name` counts from the folder of `base`."""
        return str(absolute(name, Path(base).parent))

    def read(self, path: str) -> bytes | None:
        """As `Origin.read`."""
        return _read_regular(Path(path), path) if os.path.lexists(path) else None


def _read_regular(path: Path, name: str) -> bytes:
    """The bytes of a regular file. A pipe would wait for ever, a device has no end."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{name}: not a regular file; nothing was scanned")
        if status.st_size > LIMIT:
            raise UsageError(f"{name}: {status.st_size} bytes are more than the {LIMIT} such a file may have")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> GuardError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "cannot be followed"
    return GuardError(f"{name}: {reason}; nothing was scanned, since its settings are not known")


def parse_toml(data: bytes, name: str) -> tuple[dict[str, Any], str]:
    """A TOML document and its text. Raises UsageError `name:line: …`.

    `tomllib` is loaded only here: it costs 14 ms, and a repository without settings must not pay for it.
    """
    try:
        text = data.decode("utf-8-sig")
        document: dict[str, Any] = import_module("tomllib").loads(text)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: byte {error.start} is not UTF-8; settings are UTF-8 text") from error
    except RecursionError as error:
        raise UsageError(f"{name}: nested too deeply") from error
    except ValueError as error:
        line = search(r"\(at line (\d+), column (\d+)\)", str(error))
        reason = str(error).partition(" (at ")[0]
        raise UsageError(f"{name}{':' + line[1] if line else ''}: not TOML: {reason}") from error
    return document, text
