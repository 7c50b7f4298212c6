"""A sweep's results: one JSON line a repository, whole or not there, in a file that outlives every crash."""

import json
import os
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from dce_guard.adapters.atomic import refusals
from dce_guard.errors import GuardError, UsageError
from dce_guard.model.sensitive import Sensitive

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

SCHEMA = "dce-guard/sweep/1"
_KEY_BYTES = 32
_PRIVATE = 0o600
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Status(StrEnum):
    """How looking at one repository ended."""

    DONE = "done"  # all of it was looked at
    INCOMPLETE = "incomplete"  # there is a report, and it says what was not looked at
    FAILED = "failed"  # there is no report


@dataclass(frozen=True, slots=True)
class Result:
    """What one repository's sweep came to."""

    repository: str  # its address
    status: Status
    exit_code: int | None  # of its `dce-guard history`; None where that never ended
    error: str = ""
    report: Mapping[str, Any] | None = None  # the JSON report
    finished_at: str = ""  # ISO 8601, UTC
    setup: str = ""  # names key, options and version that it was made with: others are not comparable


class Store:
    """The results in one file, under a lock that this process holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def results(self) -> Iterator[Result]:
        """Every result, in the order in which they came. Raises GuardError when a line is none."""
        for _, result in self._lines():
            yield result

    def drop(self, dropped: Collection[str]) -> None:
        """Drops the results of these repositories, older ones of others, and a last line that was cut short.

        The file is replaced in one step, and left alone when there is nothing to drop.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        kept: dict[str, bytes] = {}
        for line, result in self._lines():
            if result.repository not in dropped:
                kept[result.repository] = line
        if sum(map(len, kept.values())) != size:
            self._replace(kept)

    def add(self, result: Result) -> None:
        """Writes one result to the disk before it returns. Raises GuardError when that is not possible."""
        line = json.dumps({"schema": SCHEMA, **_document(result)}, ensure_ascii=True).encode("ascii") + b"\n"
        with refusals(self.path, f"the result of {result.repository} was not kept"):
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFE, _PRIVATE)
            with os.fdopen(handle, "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(handle)

    def _lines(self) -> Iterator[tuple[bytes, Result]]:
        if not self.path.exists():
            return
        with refusals(self.path, "nothing was swept"), self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                result = _read(line) if line.endswith(b"\n") else None
                if result:
                    yield line, result
                elif file.read(1):  # a line that was cut short is the last
                    raise UsageError(
                        f"{self.path}:{number}: no result of a sweep; nothing was swept",
                        "name another file with --results, or one that is not there yet",
                    )
                elif number == 1 and not line.startswith(b'{"schema": "dce-guard/sweep/'[: len(line)]):
                    raise UsageError(
                        f"{self.path} holds no results of a sweep; nothing was swept",
                        "name another file with --results",
                    )

    def _replace(self, lines: Mapping[str, bytes]) -> None:
        with refusals(self.path, "the results are as they were, and nothing was swept"):
            handle, name = tempfile.mkstemp(prefix=".dce-guard-", dir=self.path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.writelines(lines.values())
                    file.flush()
                    os.fsync(handle)
                Path(name).replace(self.path)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """The results at `path`, locked until the end. Raises GuardError when another sweep holds them."""
    if not path.parent.is_dir():
        raise UsageError(
            f"{path.parent} is no folder; nothing was swept", "make it, or name another with --results"
        )
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{path}: a link or no regular file; nothing was swept", "name a plain file")
    with _locked(_beside(path, ".lock")):
        if path.exists():
            with refusals(path, "nothing was swept"):
                path.chmod(_PRIVATE)
        yield Store(path)


def sweep_key(path: Path) -> Sensitive:
    """The key under which one sweep's repositories name values: kept beside the results, made if there is none.

    Raises GuardError for a key file that is a link or holds no key: a new one would name values differently.
    """
    place = _beside(path, ".key")
    with refusals(place, "nothing was swept"):
        if not os.path.lexists(place):
            _make_key(place)
        handle = os.open(place, os.O_RDONLY | _SAFE | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            text = file.read(4 * _KEY_BYTES)
    try:
        value = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        value = b""
    if len(value) != _KEY_BYTES or place.is_symlink():
        raise GuardError(
            f"{place} is no key of a sweep; nothing was swept",
            "remove it and look at all repositories again, under a new key",
        )
    return Sensitive(value)


def _make_key(place: Path) -> None:
    """The lock is held: nobody else makes one. Written aside first, so that no crash leaves half a key."""
    handle, name = tempfile.mkstemp(prefix=".dce-guard-", dir=place.parent)  # mode 0600
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(_KEY_BYTES).hex().encode("ascii") + b"\n")
        file.flush()
        os.fsync(handle)
    Path(name).replace(place)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with refusals(path, "nothing was swept"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _SAFE, _PRIVATE)
    with os.fdopen(handle, "r+b") as file:
        try:
            _lock(file)
        except OSError:
            raise GuardError(
                f"another sweep writes to {path.with_suffix('')}; nothing was swept",
                "wait for it, or name another file with --results",
            ) from None
        yield


def _lock(file: IO[bytes]) -> None:
    """Until the file is closed, also by the end of the process however it came. Raises OSError when taken."""
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _document(result: Result) -> dict[str, Any]:
    return {
        "repository": result.repository,
        "status": result.status.value,
        "exit_code": result.exit_code,
        "error": result.error,
        "report": result.report,
        "finished_at": result.finished_at,
        "setup": result.setup,
    }


def _read(line: bytes) -> Result | None:
    try:
        table = json.loads(line)
        if table["schema"] != SCHEMA or not isinstance(table["repository"], str):
            return None
        return Result(
            table["repository"], Status(table["status"]), table["exit_code"], str(table["error"]),
            table["report"], str(table["finished_at"]), str(table["setup"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
