"""The object store of one repository looked through, by as many processes as are worth it."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dce_guard.adapters.git import Repository
from dce_guard.adapters.looked import Ids
from dce_guard.adapters.packfile import TREE, Pack
from dce_guard.adapters.store import Listing, listed, open_store
from dce_guard.cli.board import ROWS
from dce_guard.cli.history_cache import Cache, Work, commits_of
from dce_guard.cli.history_progress import Show
from dce_guard.cli.scanning import Seen, processes, scan_shared
from dce_guard.cli.session import Session
from dce_guard.cli.stopping import Stop

if TYPE_CHECKING:
    from dce_guard.adapters.forest import Forest
    from dce_guard.cli.history_run import Wish
    from dce_guard.cli.output import Output

Asked = Callable[[bytes], bool]
"""Whether an object is to be looked at, by its binary id."""

_LOOSE = 4096  # bytes: about what a loose object comes to
_GROWTH = 4  # bytes of content for a byte of a pack, at least: what a second process is worth


@dataclass(slots=True)
class Through:
    """What was seen, and the ids of all commits there are."""

    seen: Seen
    commits: list[str]
    cache: Cache | None = None

    @property
    def count(self) -> int:
        """How many commits there are."""
        return self.cache.memory.commits if self.cache else len(self.commits)


def look_through(
    session: Session, repository: Repository, objects: Collection[str] | None, wish: "Wish", output: "Output",
    stop: Stop | None = None, show: Show | None = None,
) -> Through:  # fmt: skip
    """Looks at all objects, or at those named, until the board says stop; what earlier sweeps know is taken over.

    Raises GuardError when a process ends before it is done.
    """
    stop = stop or Stop()
    show = show or Show(stop.board, None)
    listing = listed(repository)
    if objects is not None or wish.no_cache or session.key.source == "none":
        work = _work(session, repository, listing, _named(objects), wish.jobs, stop, show)
        stop.patient = False
        return Through(work.seen, [*commits_of(work.forests), *work.seen.commits])
    cache = Cache(session, repository, listing)
    seen = cache.seen()
    if cache.placed is None:
        seen.sightings = list(cache.sightings)
    if cache.covers:
        seen.skips += listing.skips
    else:
        work = _work(session, repository, cache.unknown(), _new(cache.looked), wish.jobs, stop, show)
        cache.learn(work)
        seen.add(work.seen)
    stop.patient = False
    return Through(seen, cache.commits if cache.placed is None else [], cache)


def _named(objects: Collection[str] | None) -> Asked | None:
    return None if objects is None else lambda one: one.hex() in objects


def _new(looked: Ids) -> Asked | None:
    return (lambda one: one not in looked) if len(looked) else None


def _work(
    session: Session, repository: Repository, listing: Listing, asked: Asked | None, jobs: int | None,
    stop: Stop, show: Show,
) -> Work:  # fmt: skip
    """Looks through what is listed. From then on `stop` is patient: what was seen is to be put away."""
    from dce_guard.adapters.forest import Forest
    from dce_guard.cli.store_scan import StoreScanner, Task

    store = open_store(repository, listing)
    forests = [Forest(pack) for pack in store.packs]
    wanted = [_wanted(forest, store.packs[:number], asked) for number, forest in enumerate(forests)]
    loose = [one for one in store.loose if asked is None or asked(bytes.fromhex(one))]
    others = [*loose, *_foreign(repository, store.packs, bool(store.foreign), asked)]
    show.total = sum(map(_bytes, forests, wanted))
    shares = min(processes(show.total * _GROWTH + len(others) * _LOOSE), jobs or ROWS)
    owner = os.getpid()

    def scanner() -> StoreScanner:
        if os.getpid() == owner:
            show.start()
        return StoreScanner(session, repository, stop.board)

    stop.patient = True
    if forests or others:
        session.kit.tables  # noqa: B018  # read once, before processes part
        seen = scan_shared(Task(forests, wanted, others), scanner, shares)
    else:
        seen = Seen()
    seen.skips += store.skips
    return Work(forests, wanted, others, seen, stop.asked)


def _wanted(forest: "Forest", before: list[Pack], asked: Asked | None) -> bytearray | None:
    """By entry: 1 to look at it, 2 to read it for what is made from it, 0 for neither. None: all are wanted."""
    if not before and asked is None:
        return None
    pack = forest.pack
    wanted = bytearray(pack.count)
    for entry in range(pack.count):
        if forest.kinds[entry] != TREE:
            name = pack.object(entry)
            wanted[entry] = (asked is None or asked(name)) and all(other.find(name) < 0 for other in before)
    for entry in range(pack.count):
        base = forest.base[entry] if wanted[entry] == 1 else -1
        while base != -1 and not wanted[base]:
            wanted[base] = 2
            base = forest.base[base]
    return wanted


def _bytes(forest: "Forest", wanted: bytearray | None) -> int:
    """How many compressed bytes of a pack are to be looked at."""
    runs = re.finditer(b"[\1\3\4]+", forest.kinds) if wanted is None else re.finditer(b"\1+", wanted)
    offsets = forest.pack.offsets
    return sum(offsets[run.end()] - offsets[run.start()] for run in runs)


def _foreign(repository: Repository, packs: list[Pack], some: bool, asked: Asked | None) -> Iterator[str]:
    """Objects in packs that only git understands."""
    if not some:
        return
    question = [
        "cat-file",
        "--batch-all-objects",
        "--unordered",
        "--buffer",
        "--batch-check=%(objectname) %(objecttype)",
    ]
    for line in repository.run(question).decode("ascii").splitlines():
        name, _, kind = line.partition(" ")
        wanted = kind != "tree" and (asked is None or asked(bytes.fromhex(name)))
        if wanted and all(pack.find(bytes.fromhex(name)) < 0 for pack in packs):
            yield name
