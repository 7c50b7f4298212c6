"""The object store of one repository looked through, by as many processes as are worth it."""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dce_guard.adapters.forest import Forest
from dce_guard.adapters.git import Repository
from dce_guard.adapters.packfile import COMMIT, TREE, Pack
from dce_guard.adapters.store import open_store
from dce_guard.cli.board import ROWS
from dce_guard.cli.history_progress import Show
from dce_guard.cli.scanning import Seen, processes, scan_shared
from dce_guard.cli.session import Session
from dce_guard.cli.stopping import Stop
from dce_guard.cli.store_scan import StoreScanner, Task

if TYPE_CHECKING:
    from dce_guard.cli.history_run import Wish
    from dce_guard.cli.output import Output

_GROWTH = 4  # bytes of content for a byte of a pack, at least: what a second process is worth


@dataclass(slots=True)
class Through:
    """What was seen, and the ids of all commits there are."""

    seen: Seen
    commits: list[str]


def look_through(
    session: Session, repository: Repository, objects: Collection[str] | None, wish: "Wish", output: "Output",
    stop: Stop | None = None, show: Show | None = None,
) -> Through:  # fmt: skip
    """Looks at all objects, or at those named, until the board says stop.

    Raises GuardError when a process ends before it is done.
    """
    stop = stop or Stop()
    show = show or Show(stop.board, None)
    store = open_store(repository)
    forests = [Forest(pack) for pack in store.packs]
    wanted = [_wanted(forest, store.packs[:number], objects) for number, forest in enumerate(forests)]
    loose = [one for one in store.loose if objects is None or one in objects]
    others = [*loose, *_foreign(repository, store.packs, bool(store.foreign), objects)]
    task = Task(forests, wanted, others)
    session.kit.tables  # noqa: B018  # read once, before processes part
    size = sum(len(pack.data) for pack in store.packs) * _GROWTH + len(others) * 4096
    shares = min(processes(size), wish.jobs or ROWS)
    show.total = sum(map(_bytes, forests, wanted))
    owner = os.getpid()

    def scanner() -> StoreScanner:
        if os.getpid() == owner:
            show.start()
        return StoreScanner(session, repository, stop.board)

    stop.patient = True
    seen = scan_shared(task, scanner, shares)
    stop.patient = False
    seen.skips += store.skips
    return Through(seen, [*_commits(forests), *seen.commits])


def _wanted(forest: Forest, before: list[Pack], objects: Collection[str] | None) -> bytearray | None:
    """By entry: 1 to look at it, 2 to read it for what is made from it, 0 for neither. None: all are wanted."""
    if not before and objects is None:
        return None
    pack = forest.pack
    wanted = bytearray(pack.count)
    for entry in range(pack.count):
        if forest.kinds[entry] != TREE:
            name = pack.object(entry)
            wanted[entry] = (objects is None or name.hex() in objects) and all(
                other.find(name) < 0 for other in before
            )
    for entry in range(pack.count):
        base = forest.base[entry] if wanted[entry] == 1 else -1
        while base != -1 and not wanted[base]:
            wanted[base] = 2
            base = forest.base[base]
    return wanted


def _bytes(forest: Forest, wanted: bytearray | None) -> int:
    """How many compressed bytes of a pack are to be looked at."""
    runs = re.finditer(b"[\1\3\4]+", forest.kinds) if wanted is None else re.finditer(b"\1+", wanted)
    offsets = forest.pack.offsets
    return sum(offsets[run.end()] - offsets[run.start()] for run in runs)


def _foreign(
    repository: Repository, packs: list[Pack], some: bool, objects: Collection[str] | None
) -> Iterator[str]:
    """Objects in packs that only git understands."""
    if not some:
        return
    asked = [
        "cat-file",
        "--batch-all-objects",
        "--unordered",
        "--buffer",
        "--batch-check=%(objectname) %(objecttype)",
    ]
    for line in repository.run(asked).decode("ascii").splitlines():
        name, _, kind = line.partition(" ")
        wanted = kind != "tree" and (objects is None or name in objects)
        if wanted and all(pack.find(bytes.fromhex(name)) < 0 for pack in packs):
            yield name


def _commits(forests: list[Forest]) -> Iterator[str]:
    for forest in forests:
        kinds = forest.kinds
        entry = kinds.find(COMMIT)
        while entry >= 0:
            yield forest.pack.object(entry).hex()
            entry = kinds.find(COMMIT, entry + 1)
