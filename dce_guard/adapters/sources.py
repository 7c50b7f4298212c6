"""What a scan reads: the work tree, the index of the commit being made, a stream. (A range: `ranges`.)"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Protocol

from dce_guard.adapters.git import Repository, failure
from dce_guard.adapters.objects import ObjectReader, Wanted, start
from dce_guard.adapters.packing import Packer
from dce_guard.errors import GitError, GuardError
from dce_guard.model.item import Chunk, Item, Kind, Skip


class Source(Protocol):
    """Something to scan. A chunk is valid until the next; shards part the work between processes."""

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """Everything there is to look at, and what could not be looked at."""
        ...

    def describe(self) -> Mapping[str, str]:
        """What was scanned, for the report's `source`."""
        ...


class Stdin:
    """A stream, in bounded memory."""

    def __init__(self, stream: BinaryIO, name: str = "<stdin>") -> None:
        self._stream = stream
        self._name = name

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """The stream in overlapping pieces, to the first shard. Raises GuardError when reading fails."""
        if shard:
            return
        item = Item(Kind.STDIN, self._name, 0)
        try:
            yield from Packer().pieces(item, self._stream.readinto)  # type: ignore[attr-defined]
        except OSError as error:
            raise GuardError(f"Standard input could not be read to its end: {error.strerror}.") from None

    def describe(self) -> Mapping[str, str]:
        """Mode and name."""
        return {"mode": "stdin", "root": self._name}


class Staged:
    """What the commit being made adds or changes, as it stands in the index (whichever index git names)."""

    def __init__(self, repository: Repository, excludes: Callable[[str], bool] | None = None) -> None:
        self._repository = repository
        self._excludes = excludes
        self._wanted: list[Wanted] | None = None
        self._skips: list[Skip] = []
        self.previous: dict[tuple[str, str], str] = {}
        """Of each (path, object) the object that HEAD has there, or where it was moved from unchanged."""

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """The blobs. Raises GitError when the index cannot be read."""
        process = None
        if self._wanted is None:
            process = start(self._repository)  # ready while the list is made: 3 ms less
            try:
                self._wanted = self._list()
            except BaseException:
                process.communicate()
                raise
        if shard == 0:
            yield from self._skips
        yield from ObjectReader(self._repository, self._wanted[shard::shards]).chunks(process)

    def describe(self) -> Mapping[str, str]:
        """Mode and root."""
        return {"mode": "staged", "root": str(self._repository.root)}

    def _list(self) -> list[Wanted]:
        if self._repository.root is None:
            raise GitError("A bare repository has no index; nothing was scanned.", "Use --range.")
        fields = _fields(self._changes())
        changes = [
            (*about.split(" ")[1:], path) for about, path in zip(fields[::2], fields[1::2], strict=True)
        ]
        gone = {old for _, old, _, status, _ in changes if status == "D"}
        wanted: list[Wanted] = []
        for mode, old, new, status, path in changes:
            if status in "AMT" and self._add(wanted, mode, new, path):
                before = new if new in gone else old  # a file that only moved was there before
                if before.strip("0"):
                    self.previous[path, new] = before
        if any(status == "U" for _, _, _, status, _ in changes):
            self._stages(wanted)
        return list(dict.fromkeys(wanted))

    def _changes(self) -> bytes:
        """The raw difference between HEAD (or nothing, before the first commit) and the index."""
        against = ["diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames"]
        against += ["--no-textconv", "--no-ext-diff", "--ignore-submodules=none"]
        out, stderr, code = self._repository.ask([*against, "HEAD", "--"])
        if code and _unborn(self._repository):
            out, stderr, code = self._repository.ask([*against, self._repository.empty_tree, "--"])
        if code:
            raise failure("diff-index", stderr)
        return out

    def _stages(self, wanted: list[Wanted]) -> None:
        """Both sides and the base of each unmerged path: what a merge in conflict has in the index."""
        for entry in _fields(self._repository.run(["ls-files", "-u", "-s", "-z"])):
            about, path = entry.split("\t", 1)
            mode, blob, _ = about.split(" ")
            self._add(wanted, mode, blob, path)

    def _add(self, wanted: list[Wanted], mode: str, blob: str, path: str) -> bool:
        if self._excludes and self._excludes(path):
            return False
        if mode == "160000":
            self._skips.append(Skip(path, "submodule", "its own repository is not scanned here", fatal=False))
            return False
        if not blob.strip("0"):
            return False
        wanted.append(Wanted(blob, path, Kind.SYMLINK if mode == "120000" else None))
        return True


def _unborn(repository: Repository) -> bool:
    """Whether HEAD names a branch without a commit."""
    name, _, code = repository.ask(["symbolic-ref", "-q", "HEAD"])
    return not code and not repository.run(["for-each-ref", os.fsdecode(name.strip())])


def _fields(answer: bytes) -> list[str]:
    return os.fsdecode(answer).split("\0")[:-1]
