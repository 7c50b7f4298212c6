"""Compiled rules, kept between runs: safe to delete, never trusted when damaged or somebody else's."""

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_KEPT = 8  # sets of compiled rules; a megabyte each
_DIGEST = 32  # bytes of SHA-256 before the payload
# Not blocking: a named pipe in the file's place would hang the scan.
_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """The user's cache folder for this program; None where the environment names no home."""
    if environ.get("XDG_CACHE_HOME"):
        return Path(environ["XDG_CACHE_HOME"], "dce-guard")
    if sys.platform == "win32":
        return Path(environ["LOCALAPPDATA"], "dce-guard", "Cache") if environ.get("LOCALAPPDATA") else None
    if not environ.get("HOME"):
        return None
    part = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path(environ["HOME"], part, "dce-guard")


def read(folder: Path | None, name: str) -> bytes | None:
    """What was kept under `name`; None when nothing was, or it is damaged, or others could have written it."""
    if folder is None:
        return None
    try:
        descriptor = os.open(folder / name, _FLAGS)
    except OSError:
        return None
    try:
        data = _read(descriptor) if _is_ours(os.fstat(descriptor)) else b""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    payload = data[_DIGEST:]
    return payload if _digest(name, payload) == data[:_DIGEST] else None


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read()


def _digest(name: str, payload: bytes) -> bytes:
    """Of name and payload: another file of ours, moved to this name, is not what was kept under it."""
    return hashlib.sha256(name.encode() + b"\0" + payload).digest()


def _is_ours(status: os.stat_result) -> bool:
    if not stat.S_ISREG(status.st_mode):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o077)


def write(folder: Path | None, name: str, payload: bytes) -> None:
    """As `keep`; all but the newest few files of this kind are dropped."""
    keep(folder, name, payload)
    if folder is not None:
        with suppress(OSError):
            _prune(folder, name)


def keep(folder: Path | None, name: str, payload: bytes) -> None:
    """Keeps `payload` under `name`, whole or not at all. A folder that cannot be written to is no error."""
    if folder is None:
        return
    draft = folder / f".{name}.{os.getpid()}"
    with suppress(OSError):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_digest(name, payload) + payload)
            draft.replace(folder / name)
        except OSError:
            draft.unlink()


def _prune(folder: Path, name: str) -> None:
    """Drops all but the newest few files of this kind: each version and each set of rules makes its own."""
    kind = Path(name).suffix
    kept = sorted(folder.glob(f"*{kind}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[_KEPT:]:
        old.unlink()
