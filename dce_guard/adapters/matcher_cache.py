"""Compiled rules, kept between runs: safe to delete, never trusted when damaged or somebody else's."""

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress

_DIGEST = 32  # bytes of SHA-256 before the payload
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def cache_folder(environ: Mapping[str, str]) -> str | None:
    """The user's cache folder for this program; None where the environment names no home."""
    if environ.get("XDG_CACHE_HOME"):
        return os.path.join(environ["XDG_CACHE_HOME"], "dce-guard")
    if sys.platform == "win32":
        return (
            os.path.join(environ["LOCALAPPDATA"], "dce-guard", "Cache")
            if environ.get("LOCALAPPDATA")
            else None
        )
    if not environ.get("HOME"):
        return None
    part = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return os.path.join(environ["HOME"], part, "dce-guard")


def read(folder: str | None, name: str) -> bytes | None:
    """What was kept under `name`; None when nothing was, or it is damaged, or others could have written it."""
    if folder is None:
        return None
    try:
        descriptor = os.open(os.path.join(folder, name), _FLAGS)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not _is_ours(os.fstat(descriptor)):
            return None
        data = file.read()
    payload = data[_DIGEST:]
    return payload if hashlib.sha256(payload).digest() == data[:_DIGEST] else None


def _is_ours(status: os.stat_result) -> bool:
    if not stat.S_ISREG(status.st_mode):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o077)


def write(folder: str | None, name: str, payload: bytes) -> None:
    """Keeps `payload` under `name`, whole or not at all. A folder that cannot be written to is no error."""
    if folder is None:
        return
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    with suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(payload).digest() + payload)
            os.replace(draft, os.path.join(folder, name))
        except OSError:
            os.unlink(draft)
