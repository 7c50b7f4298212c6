"""A repository's object store scanned: packs by what is new in each version, the rest as any source."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dce_guard.adapters.archives import kind_of
from dce_guard.adapters.forest import Forest
from dce_guard.adapters.lfs import POINTER, Pointers
from dce_guard.adapters.limited import Limited
from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.adapters.pack_sweep import PackSweep
from dce_guard.cli.board import Board
from dce_guard.cli.running import unpacked
from dce_guard.cli.scanning import Chunks, Scanner, Seen
from dce_guard.cli.store_watch import Alone, Group, Watch, blame
from dce_guard.errors import GuardError
from dce_guard.model.item import Chunk, Item, Kind, Skip
from dce_guard.model.match import Match
from dce_guard.scan.delta import patch
from dce_guard.scan.lines import Lines, one_line_anchors
from dce_guard.scan.reaches import WIDTH, reaches
from dce_guard.scan.sieve import Sieve, Sifted

if TYPE_CHECKING:
    from dce_guard.adapters.git import Repository
    from dce_guard.cli.session import Session
    from dce_guard.scan.engine import Engine

_HEAD = 262  # bytes that tell an archive
_WORTH_LOADING = 2000  # deltas applied here before dulwich is loaded, which takes 0.1 s


@dataclass(slots=True)
class Task:
    """What there is to look at: packs, in each the entries wanted (None: all), and ids of other objects."""

    forests: Sequence[Forest]
    wanted: Sequence[bytearray | None]
    others: Sequence[str]


class StoreScanner:
    """Scans shares of a store in one process; see scanning.scan_shared."""

    def __init__(self, session: "Session", repository: "Repository", board: Board | None = None) -> None:
        self._session = session
        self._repository = repository
        self._engine: Engine = session.kit.engine()
        self._scanner = Scanner(self._engine, lambda: session.analyst)
        self._board = board or Board()
        self._lines = Lines(one_line_anchors(session.kit.tables.stage))

    def scan(self, source: Task, shard: int = 0, shards: int = 1) -> Seen:
        """One share of the task."""
        seen = Seen()
        watch = Watch(self._board, shard, seen)
        gc.disable()  # millions of short-lived tuples, none in a cycle: looking for cycles takes 4 % of the time
        try:
            left = self._packs(source, watch, shard, shards)
            objects = [*left, *source.others[shard::shards]]
            if not self._board.stopped:
                self._all(_Read(self._repository, objects, seen.commits), watch)
        except GuardError:  # Ctrl-C also ends the git that is being read from
            if not self._board.stopped:
                raise
        seen.objects = seen.items
        return seen

    def _packs(self, task: Task, watch: Watch, shard: int, shards: int) -> list[str]:
        """Looks through a share of the packs; returns the ids of objects that are left to git."""
        seen, left = watch.seen, []
        sieve = Sieve(self._session.kit.matcher(), reaches(self._session.kit.tables.stage), WIDTH)
        for forest, wanted in zip(task.forests, task.wanted, strict=True):
            sweep = PackSweep(forest, sieve, _Judge(self, seen), apply, self._is_peculiar, wanted, watch)
            seen.entries.append(sweep.tally.searched)
            if self._board.stopped:
                continue
            self._all(sweep, watch, shard, shards)
            seen.items += sweep.tally.objects
            seen.bytes += sweep.tally.bytes
            left += [forest.pack.object(entry).hex() for entry in sweep.tally.left]
            if shard == 0:
                left += [forest.pack.object(entry).hex() for entry in forest.broken]
        return left

    def judge(self, item: Item, text: bytes, sifted: Sifted, seen: Seen) -> bool:
        """Whether anything in a text is to be reported; what is goes to `seen`."""
        lines = (
            self._lines if item.kind is Kind.BLOB else Lines(())
        )  # elsewhere what depends on the file is unsaid
        fresh = [hit for hit in sifted.fresh if not lines.knows(text, hit)]
        if not fresh:
            return False
        chunk = Chunk(text + b"\n", [item], [0], [len(text)])
        found = list(self._engine.looked(chunk, fresh))
        if found and len(sifted.fresh) < len(sifted.hits):  # halves of pairs may stand in what was lent
            found = list(
                self._engine.looked(chunk, [hit for hit in sifted.hits if not lines.knows(text, hit)])
            )
        skips = [one for one in found if isinstance(one, Skip)]
        sightings = self._session.analyst.sightings(chunk, [one for one in found if isinstance(one, Match)])
        blame(skips, frozenset((item.object,)), seen)
        if any(skip.fatal for skip in skips):
            seen.again_items += 1
            seen.again_bytes += item.size
        seen.sightings += sightings
        if not (skips or sightings):
            lines.add(text, fresh)
        return bool(skips or sightings)

    def _is_peculiar(self, text: bytes) -> bool:
        """Whether a text takes the way of all files: with NUL bytes, too large, an archive or a pointer."""
        largest = self._session.policy.max_file_size
        return b"\0" in text or _is_odd(text[:_HEAD]) or (largest is not None and len(text) > largest)

    def _all(self, source: Chunks, watch: Watch, shard: int = 0, shards: int = 1) -> None:
        largest, seen = self._session.policy.max_file_size, watch.seen
        alone = Alone(source, lambda item, head: bool(largest and item.size > largest) or _is_odd(head), seen)
        limited = Limited(alone, largest) if largest is not None else alone
        group = Group(seen)
        for chunk in unpacked(Pointers(limited, self._repository)).chunks(shard, shards):
            if self._board.stopped:
                break
            told = len(seen.skips)
            group.next(alone.objects)
            self._scanner.take(chunk, seen)
            fresh, seen.skips[told:] = seen.skips[told:], []
            if any(skip.fatal for skip in fresh):
                group.fail()
            blame(fresh, alone.objects, seen)
        group.next(frozenset())


class _Judge:
    """`StoreScanner.judge` for one share's `Seen`."""

    def __init__(self, scanner: StoreScanner, seen: Seen) -> None:
        self._scanner = scanner
        self._seen = seen

    def __call__(self, item: Item, text: bytes, sifted: Sifted) -> bool:
        return self._scanner.judge(item, text, sifted, self._seen)


class _Read:
    """Objects by id, through git."""

    def __init__(self, repository: "Repository", objects: Sequence[str], commits: list[str]) -> None:
        self._repository = repository
        self._objects = objects
        self._commits = commits  # gets the ids of those that are commits

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """All of them."""
        wanted = [Wanted(one) for one in self._objects]
        for chunk in ObjectReader(self._repository, wanted).chunks() if wanted else ():
            if isinstance(chunk, Chunk):
                self._commits += [item.object for item in chunk.items if item.kind is Kind.COMMIT]
            yield chunk


def _is_odd(head: bytes) -> bool:
    return head.startswith(POINTER) or bool(kind_of(head))


class _Applier:
    """Applies deltas: here at first, with dulwich's compiled function from the number on that makes it worth while."""

    def __init__(self) -> None:
        self._done = 0
        self._fast: Callable[[bytes, bytes], list[bytes]] | None = None

    def __call__(self, base: bytes, delta: bytes) -> bytes:
        if self._fast:
            with suppress(Exception):  # it has names of its own for what `patch` says as ValueError
                return b"".join(self._fast(base, delta))
        self._done += 1
        if self._done == _WORTH_LOADING:
            from dulwich.pack import apply_delta

            self._fast = apply_delta
        return patch(delta, base).text


apply = _Applier()
