"""Git LFS: the objects that were fetched, and the pointers that stand for them.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer is UTF-8 text of less than 1,024 bytes,
lines of "key value", `version` first, the others in order of their keys, with an `oid` and a `size`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from dce_guard.adapters.files import FileReader, walk
from dce_guard.adapters.git import Repository
from dce_guard.adapters.gitdir import PREFIX
from dce_guard.adapters.limited import Chunks
from dce_guard.adapters.packing import CHUNK
from dce_guard.model.item import Chunk, Skip

POINTER = b"version https://"  # how every pointer begins

_STORE = "lfs/objects"
_LONGEST = 1024  # bytes; the spec's bound for a pointer
_VERSIONS = (b"version https://git-lfs.github.com/spec/v", b"version https://hawser.github.com/spec/v")
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)
_SIZE = re.compile(rb"^size [0-9]+\r?$", re.MULTILINE)
_NAME = re.compile(r"[0-9a-f]{64}")


class LfsObjects:
    """The fetched objects in the git directory's LFS store, as files named by their place there."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._files: list[tuple[str, int]] | None = None
        self._skips: list[Skip] = []

    def load(self) -> "LfsObjects":
        """Makes the list of objects, once."""
        if self._files is None:
            self._files = []
            common = self._repository.common_dir
            for found in walk(str(common), _STORE) if os.path.lexists(common / _STORE) else ():
                if isinstance(found, Skip):
                    self._skips.append(replace(found, path=PREFIX + found.path))
                else:
                    self._files.append(found)
        return self

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """Buffers of objects; a Skip for what could not be read."""
        self.load()
        if shard == 0:
            yield from self._skips
        mine, done = [], 0
        for path, size in self._files or ():
            if done // CHUNK % shards == shard:
                mine.append(path)
            done += size
        yield from FileReader(str(self._repository.common_dir), PREFIX).chunks(mine)

    def describe(self) -> Mapping[str, str]:
        """Mode and the git directory."""
        return {"mode": "lfs", "root": str(self._repository.git_dir)}


class Pointers:
    """A source of objects that tells of each pointer whose content is not in the LFS store."""

    def __init__(self, source: Chunks, repository: Repository) -> None:
        self._source = source
        self._repository = repository

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """What the source has; behind a chunk the skips for pointers in it."""
        for chunk in self._source.chunks(shard, shards):
            yield chunk
            if isinstance(chunk, Chunk) and chunk.last:
                yield from self._told(chunk)

    def _told(self, chunk: Chunk) -> Iterator[Skip]:
        for item, start, end in zip(chunk.items, chunk.starts, chunk.ends, strict=True):
            if end - start < _LONGEST and bytes(chunk.data[start : start + len(POINTER)]) == POINTER:
                oid = pointer(bytes(chunk.data[start:end]))
                if oid and not fetched(self._repository, oid):
                    detail = f"the content {oid[:12]} is in Git LFS, not here"
                    yield Skip(item.path or item.object, "lfs-pointer", detail, fatal=False)


def pointer(content: bytes) -> str:
    """The id of the object that a file's content stands for, "" where it is no pointer."""
    if len(content) >= _LONGEST or not content.startswith(_VERSIONS):
        return ""
    oid = _OID.search(content)
    return oid[1].decode("ascii") if oid and _SIZE.search(content) else ""


def fetched(repository: Repository, oid: str) -> bool:
    """Whether the object is in the store, as a file that LfsObjects reads."""
    if not _NAME.fullmatch(oid):
        return False
    path = place(repository.common_dir, oid)
    return path.is_file() and not path.is_symlink()


def place(common_dir: Path, oid: str) -> Path:
    """Where the store keeps an object."""
    return common_dir / _STORE / oid[:2] / oid[2:4] / oid
