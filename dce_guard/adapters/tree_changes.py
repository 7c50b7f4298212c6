"""Which commits bring or take out certain blobs, and at which paths: one pass over all that changed."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

from dce_guard.adapters.commit_graph import NONE, CommitGraph
from dce_guard.adapters.git import Repository
from dce_guard.adapters.talk import Talk

_RAW = ("-r", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-textconv", "--no-ext-diff")
_RESTARTS = (
    50  # broken or absent trees after which a share is given up: each costs a fresh git process, or two
)


class Change(NamedTuple):
    """At a path, one of the blobs came, went, or took another's place. Ids are "" for "not there"."""

    number: int  # the commit's
    path: str
    old: str
    new: str
    mode: str  # of what came


class TreeChanges:
    """Changes that `blobs` have a part in, each commit compared with its first parent.

    `commits` (numbers) are looked at. `fresh` are those that could only be listed as they are, since what they
    are to be compared with is not here; of `lost` nothing is known, as in a partial clone without trees.
    """

    def __init__(
        self, repository: Repository, graph: CommitGraph, blobs: Collection[str], commits: Sequence[int]
    ) -> None:
        self._repository = repository
        self._graph = graph
        self._ids = list(graph.numbers)
        self._blobs = frozenset(blob.encode("ascii") for blob in blobs)
        self._commits = [number for number in commits if number not in graph.cut]
        self.fresh = {number for number in commits if number in graph.cut}
        self.lost: set[int] = set()
        self._failures = 0

    def all(self, processes: int) -> list[Change]:
        """All changes, in no order; so many git processes look for them at once."""
        size = -(-len(self._commits) // processes) or 1
        shares = [self._commits[at : at + size] for at in range(0, len(self._commits), size)]
        with ThreadPoolExecutor(max(1, processes)) as pool:
            found = list(chain.from_iterable(pool.map(self._share, shares)))
        for number in sorted(self.fresh):
            found += self.listing(number)
        return found

    def listing(self, number: int) -> list[Change]:
        """All that a commit's tree, or a tree, has."""
        if self._failures > _RESTARTS:
            return self._give_up(number)
        parser = _Parser(self._blobs, self._repository.id_length)
        asked = ["diff-tree", *_RAW, self._repository.empty_tree, self._ids[number].hex()]
        talk = Talk(self._repository, asked, ())
        found = [Change(number, *row[1:]) for block in talk.blocks() for row in parser.rows(block)]
        if talk.code:
            return self._give_up(number)
        return found

    def _give_up(self, number: int) -> list[Change]:
        self._failures += 1
        self.fresh.discard(number)
        self.lost.add(number)
        return []

    def _share(self, commits: Sequence[int]) -> list[Change]:
        found: list[Change] = []
        at = failures = 0
        while at < len(commits):
            at += self._session(commits[at:], found)
            if at == len(commits):
                break
            self.fresh.add(commits[at])
            at, failures = at + 1, failures + 1
            if failures > _RESTARTS:
                self.lost.update(commits[at:])
                break
        return found

    def _session(self, commits: Sequence[int], found: list[Change]) -> int:
        """Asks one git; returns how many commits it came to the end of."""
        parser = _Parser(self._blobs, self._repository.id_length)
        asked = ["diff-tree", "--stdin", "--always", "--root", *_RAW]
        talk = Talk(self._repository, asked, map(self._line, commits))
        for block in talk.blocks():
            for commit, *change in parser.rows(block):
                found.append(Change(self._graph.numbers[bytes.fromhex(commit)], *change))
        return parser.commits

    def _line(self, number: int) -> str:
        parent = self._graph.parent[number]
        commit = self._ids[number].hex()
        return commit if parent == NONE else f"{commit} {self._ids[parent].hex()}"


class _Parser:
    """Takes the raw format apart: a commit's id, then for each of its changes modes, ids and the path."""

    def __init__(self, blobs: Collection[bytes], length: int) -> None:
        self._blobs = blobs
        self._old, self._new = slice(15, 15 + length), slice(16 + length, 16 + 2 * length)
        self._rest = b""
        self._commit = b""
        self.commits = 0

    def rows(self, block: bytes) -> Iterator[tuple[str, str, str, str, str]]:
        """Commit, path, old id, new id and mode of the changes that the blobs have a part in."""
        *parts, self._rest = (self._rest + block).split(b"\0")
        old, new, blobs = self._old, self._new, self._blobs
        fields = iter(parts)
        for entry in fields:
            if entry[:1] != b":":
                self._commit = entry
                self.commits += 1
                continue
            path = next(fields, None)
            if path is None:  # comes with the next block
                self._rest = entry + b"\0" + self._rest
            elif entry[old] in blobs or entry[new] in blobs:
                yield self._row(path, entry)

    def _row(self, path: bytes, entry: bytes) -> tuple[str, str, str, str, str]:
        ids = (entry[part] for part in (self._old, self._new))
        before, after = (one.decode("ascii") if one in self._blobs else "" for one in ids)
        name = path.decode("utf-8", "surrogateescape")
        return self._commit.decode("ascii"), name, before, after, entry[8:14].decode("ascii")
