"""Where a repository keeps its objects: packs, loose files, and the same of the stores it borrows from."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dce_guard.adapters.git import Repository
from dce_guard.adapters.gitdir import PREFIX
from dce_guard.adapters.packfile import Pack
from dce_guard.model.item import Skip

_DEPTH = 5  # git follows alternates of alternates no further
_SECOND = b"\xfftOc"  # how an index of version 2 or later begins (gitformat-pack)
_FANOUT = 256 * 4  # bytes of the table that an index of version 1 begins with
_FOLDER = re.compile(r"[0-9a-f]{2}\Z")
_NAME = re.compile(r"[0-9a-f]{38}(?:[0-9a-f]{24})?\Z")


@dataclass(slots=True)
class Store:
    """All objects: of packs that can be read here, by id the loose ones, and which packs are left to git."""

    packs: list[Pack] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)


@dataclass(slots=True)
class Listing:
    """What there is by its names alone: files of packs, ids of loose objects, folders that cannot be listed."""

    packs: list[Path] = field(default_factory=list)
    loose: set[str] = field(default_factory=set)
    skips: list[Skip] = field(default_factory=list)


def listed(repository: Repository) -> Listing:
    """All names, without opening any."""
    found = Listing()
    for folder in folders(repository):
        found.packs += pack_paths(folder)
        found.loose.update(_loose(folder, found.skips))
    return found


def open_store(repository: Repository, listing: Listing | None = None) -> Store:
    """The packs, largest first, and the loose objects that no pack holds as well: all there are, or those listed."""
    listing = listing or listed(repository)
    found = Store(skips=listing.skips)
    for path in listing.packs:
        _open(found, path, repository.id_length // 2)
    found.packs.sort(key=lambda pack: (-pack.count, pack.path))
    packs = found.packs
    found.loose = sorted(
        one for one in listing.loose if all(pack.find(bytes.fromhex(one)) < 0 for pack in packs)
    )
    return found


def folders(repository: Repository) -> list[Path]:
    """The repository's object folder and those it borrows from, each once (gitrepository-layout, alternates)."""
    own = Path(repository.env.get("GIT_OBJECT_DIRECTORY") or repository.common_dir / "objects")
    given = repository.env.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "").split(os.pathsep)
    waiting = [(own, 0), *((Path(place), 0) for place in given if place)]
    known: dict[Path, Path] = {}
    for folder, depth in waiting:
        real = folder.resolve()
        if real in known:
            continue
        known[real] = folder
        if depth < _DEPTH:
            waiting += [(place, depth + 1) for place in _borrowed(folder)]
    return list(known.values())


def pack_paths(folder: Path) -> list[Path]:
    """The packs of one object folder, by name."""
    return sorted(folder.glob("pack/pack-*.pack"))


def _borrowed(folder: Path) -> Iterator[Path]:
    try:
        lines = (folder / "info/alternates").read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        if line and not line.startswith((b"#", b'"')):  # what is quoted git itself reads (rare: odd bytes)
            yield folder / os.fsdecode(line)


def _open(found: Store, path: Path, id_bytes: int) -> None:
    try:
        found.packs.append(Pack(path, id_bytes))
    except (OSError, ValueError):
        found.foreign.append(path)
        if not _is_index(path.with_suffix(".idx"), id_bytes):
            shown = f"{PREFIX}objects/pack/{path.name}"
            found.skips.append(Skip(shown, "unreadable", "its index is broken: git does not read it"))


def _is_index(path: Path, id_bytes: int) -> bool:
    """Whether git takes it for an index, of version 1 or 2. Of a pack with another it says nothing and has nothing.

    One that is not there, or must not be read, is told by who lists what is absent.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_FANOUT + 8)
            size = file.seek(0, os.SEEK_END)
    except OSError:
        return True
    second = head[:4] == _SECOND
    count = int.from_bytes(head[_FANOUT + 4 : _FANOUT + 8] if second else head[_FANOUT - 4 : _FANOUT], "big")
    if second:
        return head[4:8] == b"\0\0\0\2" and size >= _FANOUT + 8 + count * (id_bytes + 8) + 2 * id_bytes
    return size == _FANOUT + count * (id_bytes + 4) + 2 * id_bytes


def _loose(folder: Path, skips: list[Skip]) -> Iterator[str]:
    try:
        names = [name for name in _names(folder) if _FOLDER.match(name)]
    except OSError as error:
        skips.append(Skip(str(folder), "unreadable", error.strerror or "cannot be listed"))
        return
    for name in names:
        try:
            yield from (name + rest for rest in _names(folder / name) if _NAME.match(rest))
        except OSError as error:
            skips.append(Skip(str(folder / name), "unreadable", error.strerror or "cannot be listed"))


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:  # a tenth of what Path.iterdir takes, and there are up to millions
        return [entry.name for entry in entries]
