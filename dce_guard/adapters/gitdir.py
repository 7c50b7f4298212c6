"""The git directory's own files: configuration, reflogs, FETCH_HEAD, drafts of messages, hooks, what is half done."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from dce_guard.adapters.files import FileReader
from dce_guard.adapters.git import Repository
from dce_guard.adapters.packing import CHUNK
from dce_guard.adapters.rooted import Rooted
from dce_guard.model.item import Chunk, Kind, Skip

PREFIX = ".git/"
_FILES = 200_000  # a reflog for each of as many branches; more is told, not read
_STORE_FILES = {"alternates", "http-alternates"}  # the text in objects/info; the second holds addresses
# Read by others (objects, refs, names) or not to be read by anyone (our own key is in the last).
_NOT_HERE = frozenset(("objects", "refs", "packed-refs", "index", "dce-guard"))
_INDEXES = ("index.", "next-index-", "sharedindex.")


class GitFiles:
    """The files of the git directory, and of the one it shares with other work trees: all but objects, refs,
    indexes, sample hooks, Git LFS's objects and what dce-guard itself keeps there.

    Paths begin with `.git/` wherever the directory is. Links are not followed. Of a submodule's git directory
    the same files are read; a Skip tells that its objects were not.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._files: list[tuple[Path, list[tuple[str, int]]]] | None = None
        self._skips: list[Skip] = []

    def load(self) -> "GitFiles":
        """Makes the list of files, once."""
        if self._files is None:
            self._files = []
            for folder in _folders(self._repository):
                found = _Walk(folder)
                self._files.append((folder, list(found.files())))
                self._skips += found.skips
        return self

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """Buffers of files; a Skip for what could not be read."""
        self.load()
        if shard == 0:
            yield from self._skips
        done = 0
        for folder, files in self._files or ():
            mine = []
            for path, size in files:
                if done // CHUNK % shards == shard:
                    mine.append(path)
                done += size
            yield from read(folder, mine)

    def describe(self) -> Mapping[str, str]:
        """Mode and the git directory."""
        return {"mode": "git-directory", "root": str(self._repository.git_dir)}


def read(folder: Path, paths: Iterable[str]) -> Iterator[Chunk | Skip]:
    """Buffers of files of a git directory; links as their target text; a Skip for what cannot be read."""
    for answer in FileReader(str(folder), PREFIX).chunks(paths):
        if isinstance(answer, Chunk):
            answer.items = [
                replace(item, kind=Kind.GIT_FILE) if item.kind is Kind.FILE else item for item in answer.items
            ]
        yield answer


def _folders(repository: Repository) -> list[Path]:
    """The shared git directory, and this work tree's own where that is somewhere else."""
    common, own = repository.common_dir, repository.git_dir
    return [common] if own.resolve().is_relative_to(common.resolve()) else [common, own]


class _Folder(NamedTuple):
    """A folder, and the git directory that it is in (both relative to the top)."""

    path: str
    home: str

    def below(self, name: str) -> str:
        """The path of an entry."""
        return f"{self.path}/{name}" if self.path else name

    @property
    def inner(self) -> str:
        """Its path in its git directory."""
        return self.path[len(self.home) :].lstrip("/")


class _Walk:
    """A git directory's files, without those that others read."""

    def __init__(self, folder: Path) -> None:
        self._rooted = Rooted(str(folder))
        self.skips: list[Skip] = []

    def files(self) -> Iterator[tuple[str, int]]:
        """Path and size of each, folders in order of name."""
        waiting, count = [_Folder("", "")], 0
        try:
            while waiting:
                here = waiting.pop()
                folders, files = self._listed(here)
                waiting += reversed(folders)
                count += len(files)
                if count > _FILES:
                    self._skip(here.path, "limit", f"more than {_FILES:,} files in the git directory")
                    return
                yield from files
        finally:
            self._rooted.close()

    def _listed(self, here: _Folder) -> tuple[list[_Folder], list[tuple[str, int]]]:
        """The folders to go down to, and the files to read, of one folder."""
        try:
            with self._rooted.listing(here.path) as listing:
                entries = {entry.name: entry for entry in listing}
                if _is_repository(here, entries):
                    here = _Folder(here.path, here.path)
                return self._sorted_out(here, entries)
        except OSError as error:
            self._skip(here.path, "unreadable", error.strerror or "")
            return [], []

    def _sorted_out(
        self, here: _Folder, entries: "dict[str, os.DirEntry[str]]"
    ) -> tuple[list[_Folder], list[tuple[str, int]]]:
        folders, files = [], []
        for name in sorted(entries):
            if _is_anothers(here.inner, name):
                if name == "objects" and not here.inner:
                    files += self._store(here)
            elif entries[name].is_dir(follow_symlinks=False):
                folders.append(_Folder(here.below(name), here.home))
            else:
                files.append((here.below(name), _size(entries[name])))
        return folders, files

    def _store(self, here: _Folder) -> list[tuple[str, int]]:
        """The text files of an object store. A submodule's store has objects that nobody reads: that is told."""
        if here.path:
            self._skip(here.path, "submodule", "its objects were not read", fatal=False)
        try:
            with self._rooted.listing(here.below("objects/info")) as listing:
                found = _STORE_FILES & {entry.name for entry in listing}
        except OSError:
            return []  # whoever reads the objects says what is wrong there
        return [(here.below(f"objects/info/{name}"), 0) for name in sorted(found)]

    def _skip(self, path: str, reason: str, detail: str, fatal: bool = True) -> None:
        self.skips.append(Skip(PREFIX + path, reason, detail, fatal))


def _is_repository(here: _Folder, entries: Collection[str]) -> bool:
    """Whether a folder is a git directory: the top, a submodule's, another work tree's. Reflogs can look like one."""
    if here.inner.split("/")[0] == "logs":
        return False
    return not here.path or ("HEAD" in entries and ("objects" in entries or "commondir" in entries))


def _is_anothers(inner: str, name: str) -> bool:
    """Whether not to be read here: an entry of the folder `inner` of a git directory."""
    if not inner:
        return name in _NOT_HERE or name.startswith(_INDEXES)
    return (inner == "lfs" and name == "objects") or (inner == "hooks" and name.endswith(".sample"))


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
