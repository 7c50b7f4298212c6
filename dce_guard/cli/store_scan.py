"""A repository's object store scanned: packs by what is new in each version, the rest as any source."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dce_guard.adapters.archives import kind_of
from dce_guard.adapters.forest import Forest
from dce_guard.adapters.limited import Limited
from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.adapters.pack_sweep import PackSweep
from dce_guard.cli.running import unpacked
from dce_guard.cli.scanning import Chunks, Scanner, Seen
from dce_guard.model.item import Chunk, Item, Kind, Skip
from dce_guard.model.match import Match
from dce_guard.scan.delta import patch
from dce_guard.scan.reaches import WIDTH, reaches
from dce_guard.scan.sieve import Sieve, Sifted

if TYPE_CHECKING:
    from dce_guard.adapters.git import Repository
    from dce_guard.cli.session import Session
    from dce_guard.scan.engine import Engine

_HEAD = 262  # bytes that tell an archive
_POINTER = b"version https://git-lfs"  # how a Git LFS pointer begins
_WORTH_LOADING = 2000  # deltas applied here before dulwich is loaded, which takes 0.1 s


@dataclass(slots=True)
class Task:
    """What there is to look at: packs, in each the entries wanted (None: all), and ids of other objects."""

    forests: Sequence[Forest]
    wanted: Sequence[bytearray | None]
    others: Sequence[str]


class StoreScanner:
    """Scans shares of a store in one process; see scanning.scan_shared."""

    def __init__(self, session: "Session", repository: "Repository") -> None:
        self._session = session
        self._repository = repository
        self._engine: Engine = session.kit.engine()
        self._scanner = Scanner(self._engine, lambda: session.analyst)

    def scan(self, task: Task, shard: int = 0, shards: int = 1) -> Seen:
        """One share of the task."""
        seen = Seen()
        stage = self._session.kit.tables.stage
        sieve = Sieve(self._session.kit.matcher(), reaches(stage), WIDTH)
        left: list[str] = []
        for forest, wanted in zip(task.forests, task.wanted, strict=True):
            sweep = PackSweep(forest, sieve, _Judge(self, seen), apply, peculiar, wanted)
            self._all(sweep, seen, shard, shards)
            seen.items += sweep.tally.objects
            seen.bytes += sweep.tally.bytes
            left += [forest.pack.object(entry).hex() for entry in sweep.tally.left]
            if shard == 0:
                left += [forest.pack.object(entry).hex() for entry in forest.broken]
        self._all(_Read(self._repository, [*left, *task.others[shard::shards]], seen.commits), seen)
        seen.objects = seen.items
        return seen

    def judge(self, item: Item, text: bytes, sifted: Sifted, seen: Seen) -> bool:
        """Whether anything in a text is to be reported; what is goes to `seen`."""
        chunk = Chunk(text + b"\n", [item], [0], [len(text)])
        found = list(self._engine.looked(chunk, sifted.fresh))
        if not found:
            return False
        if len(sifted.fresh) < len(sifted.hits):
            found = list(self._engine.looked(chunk, sifted.hits))
        skips = [one for one in found if isinstance(one, Skip)]
        sightings = self._session.analyst.sightings(chunk, [one for one in found if isinstance(one, Match)])
        seen.skips += skips
        seen.sightings += sightings
        return bool(skips or sightings)

    def _all(self, source: Chunks, seen: Seen, shard: int = 0, shards: int = 1) -> None:
        largest = self._session.policy.max_file_size
        source = unpacked(Limited(source, largest) if largest is not None else source)
        for chunk in source.chunks(shard, shards):
            self._scanner.take(chunk, seen)


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


def peculiar(text: bytes) -> bool:
    """Whether a text takes the way of all files: it has NUL bytes, or begins like an archive or a pointer."""
    return b"\0" in text or text.startswith(_POINTER) or bool(kind_of(text[:_HEAD]))


class _Applier:
    """Applies deltas: here at first, with dulwich's compiled function from the number on that makes it worth while."""

    def __init__(self) -> None:
        self._done = 0
        self._fast: Callable[[bytes, bytes], list[bytes]] | None = None

    def __call__(self, base: bytes, delta: bytes) -> bytes:
        if self._fast:
            return b"".join(self._fast(base, delta))
        self._done += 1
        if self._done == _WORTH_LOADING:
            from dulwich.pack import apply_delta

            self._fast = apply_delta
        return patch(delta, base).text


apply = _Applier()
