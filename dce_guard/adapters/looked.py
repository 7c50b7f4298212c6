"""What earlier sweeps of a repository looked at and saw: safe to delete, without values, believed only if whole.

Three files for each repository and setup, so that a sweep of what has not changed reads the first only:
what there was and what is told of it (`json`), the sightings of objects (`raw`), the ids of objects (`ids`).
Each begins with the name of the run that wrote it; files of different runs do not belong together.
"""

import json
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from dce_guard.adapters import matcher_cache
from dce_guard.adapters.sighting_rows import FIELDS, Row, row, sighting
from dce_guard.model.finding import Sighting

FORMAT = 1
_RECORDS = 200
_BYTES = 1 << 30
_DRAFT_SECONDS = 86_400  # from then on a draft is one of a process that was killed
_RUN = 16  # bytes


class Mark(NamedTuple):
    """What a pack is known by: its file, and SHA-256 of its index, which stands for the ids in it.

    Git gives packs a new time when it finds an object there that it was about to write; the index tells then.
    """

    size: int
    mtime_ns: int
    inode: int
    ids: str = ""


@dataclass(slots=True)
class Memory:
    """What is known of a store. `packs` by path are those of which every object was looked at."""

    packs: dict[str, Mark] = field(default_factory=dict)
    loose: str = ""  # digest of the ids of all loose objects, "" when not all of them were looked at
    items: int = 0
    bytes: int = 0
    commits: int = 0
    skips: list[tuple[list[str], Row]] = field(
        default_factory=list
    )  # ids of objects, and what is told of them
    fetched: str = ""  # digest of the LFS store
    events: list[str] | None = None  # commits that may have to do with findings; None: not known
    nowhere: list[str] = field(default_factory=list)  # objects of findings that no commit held
    state: str = ""  # digest of what places depend on
    placed: list[Row] | None = None  # the sightings at their places
    names: str = ""  # digest of what names depend on, when nothing was found in any
    names_items: int = 0
    names_bytes: int = 0
    run: str = ""


class Ids:
    """Binary ids of one length, sorted, in one piece of memory."""

    def __init__(self, data: bytes, width: int) -> None:
        self.data = data
        self._width = width

    def __len__(self) -> int:
        return len(self.data) // self._width

    def __contains__(self, one: bytes) -> bool:
        data, width = self.data, self._width
        at = bisect_left(range(len(self)), one, key=lambda index: data[index * width : index * width + width])
        return data[at * width : at * width + width] == one

    def all(self) -> list[bytes]:
        """Each of them."""
        return [self.data[at : at + self._width] for at in range(0, len(self.data), self._width)]

    def joined(self, more: Iterable[bytes]) -> "Ids":
        """These and more."""
        fresh = {one for one in more if one not in self}
        return Ids(b"".join(sorted([*self.all(), *fresh])), self._width) if fresh else self


class Known(NamedTuple):
    """The ids of objects that were looked at, of all commits, and of the loose objects that there were."""

    looked: Ids
    commits: list[str]
    loose: frozenset[str]


class Shelf:
    """The files of one repository and setup, by the digest that stands for both."""

    def __init__(self, cache: Path | None, name: str, width: int) -> None:
        self._folder = cache / "history" if cache else None
        self._name = name
        self._width = width

    def memory(self) -> Memory | None:
        """What is known; None when nothing is, or it cannot be trusted."""
        found = _parsed(matcher_cache.read(self._folder, f"{self._name}.json"))
        if not isinstance(found, dict) or found.pop("format", None) != _format():
            return None
        packs = {path: Mark(*mark) for path, mark in found.pop("packs").items()}
        return Memory(packs=packs, **found)

    def raw(self, run: str) -> list[Sighting] | None:
        """The sightings of objects, not placed."""
        found = _parsed(matcher_cache.read(self._folder, f"{self._name}.raw"))
        if not isinstance(found, dict) or found["run"] != run:
            return None
        return [sighting(told) for told in found["sightings"]]

    def known(self, run: str) -> Known | None:
        """The ids."""
        data = matcher_cache.read(self._folder, f"{self._name}.ids")
        if data is None or data[:_RUN].hex() != run:
            return None
        sizes = [int.from_bytes(data[at : at + 8], "big") for at in range(_RUN, _RUN + 24, 8)]
        parts, at = [], _RUN + 24
        for size in sizes:
            parts.append(Ids(data[at : at + size], self._width))
            at += size
        return Known(
            parts[0], [one.hex() for one in parts[1].all()], frozenset(one.hex() for one in parts[2].all())
        )

    def keep(self, memory: Memory, known: Known | None = None, raw: Sequence[Sighting] | None = None) -> None:
        """Writes what is known; ids and sightings first, where there are new ones: both or none."""
        if known is not None and raw is not None:
            run = os.urandom(_RUN)
            memory.run = run.hex()
            parts = (known.looked.data, _joined(known.commits), _joined(sorted(known.loose)))
            sizes = b"".join(len(part).to_bytes(8, "big") for part in parts)
            self._write("ids", run + sizes + b"".join(parts))
            self._write("raw", _text({"run": memory.run, "sightings": [row(one) for one in raw]}))
        self._write("json", _text({"format": _format(), **_fields(memory)}))
        if self._folder:
            with suppress(OSError):
                _prune(self._folder, self._name)

    def touch(self) -> None:
        """Notes that it was of use: what was not for the longest time goes first."""
        if self._folder:
            with suppress(OSError):
                os.utime(self._folder / f"{self._name}.json")

    def _write(self, kind: str, payload: bytes) -> None:
        matcher_cache.keep(self._folder, f"{self._name}.{kind}", payload)


def _format() -> list[Any]:
    """What was written in another form is not read."""
    return [FORMAT, FIELDS, [one.name for one in fields(Memory)]]


def _fields(memory: Memory) -> dict[str, Any]:
    return {one.name: getattr(memory, one.name) for one in fields(memory)}


def _joined(names: Iterable[str]) -> bytes:
    return bytes.fromhex("".join(names))


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _parsed(data: bytes | None) -> Any:
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None


def mark(path: Path) -> Mark:
    """What a pack's file is known by, without its index. Raises OSError."""
    status = path.stat()
    return Mark(status.st_size, status.st_mtime_ns, status.st_ino)


def index_digest(path: Path) -> str:
    """Of a pack's index. Raises OSError."""
    return sha256(path.with_suffix(".idx").read_bytes()).hexdigest()


def _prune(folder: Path, name: str) -> None:
    """Drops the records that were of no use for the longest time, where there are too many or they are too large."""
    records: dict[str, list[os.stat_result]] = {}
    for entry in os.scandir(folder):
        status = entry.stat(follow_symlinks=False)
        if not entry.name.startswith("."):
            records.setdefault(entry.name.partition(".")[0], []).append(status)
        elif time.time() - status.st_mtime > _DRAFT_SECONDS:
            (folder / entry.name).unlink()
    newest = sorted(
        records, key=lambda one: (one == name, max(part.st_mtime for part in records[one])), reverse=True
    )
    size = 0
    for number, one in enumerate(newest):
        size += sum(part.st_size for part in records[one])
        if number and (number >= _RECORDS or size > _BYTES):
            for kind in ("json", "raw", "ids"):
                (folder / f"{one}.{kind}").unlink(missing_ok=True)
