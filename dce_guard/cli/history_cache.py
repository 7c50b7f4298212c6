"""What earlier sweeps of a repository know, what is new since, and what this one adds."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dce_guard.adapters.absent import promisors
from dce_guard.adapters.git import Repository
from dce_guard.adapters.looked import Ids, Known, Mark, Memory, Shelf, index_digest, mark
from dce_guard.adapters.matcher_cache import cache_folder
from dce_guard.adapters.ref_state import fetched, indexes, state
from dce_guard.adapters.ref_tips import types
from dce_guard.adapters.sighting_rows import row, sighting, skip
from dce_guard.adapters.store import Listing
from dce_guard.cli.scanning import Seen
from dce_guard.cli.session import Session
from dce_guard.errors import GitError
from dce_guard.model.finding import Sighting

if TYPE_CHECKING:
    from dce_guard.adapters.forest import Forest
    from dce_guard.cli.history_places import Placed

_COMMIT = 1  # in packs (gitformat-pack)
_ASKED = 50_000  # ids that git is asked about at once


@dataclass(slots=True)
class Work:
    """A store as it was looked through just now: packs, of each the entries that were wanted, other objects."""

    forests: "Sequence[Forest]"
    wanted: Sequence[bytearray | None]
    others: Sequence[str]
    seen: Seen
    stopped: bool


class Cache:
    """Of one repository and setup. `memory` is what is known; `covers`: nothing is new."""

    def __init__(self, session: Session, repository: Repository, listing: Listing) -> None:
        self._repository = repository
        self._width = repository.id_length // 2
        self._listing = listing
        self.loose = sha256("".join(sorted(listing.loose)).encode()).hexdigest()
        self._shelf = Shelf(cache_folder(session.environ), _name(session, repository), self._width)
        self.memory = self._shelf.memory() or Memory()
        self._raw: list[Sighting] | None = None
        self._known: Known | None = None
        old = self.memory.packs
        self._packs = {str(path): known for path in listing.packs if (known := _same(path, old))}
        self._gone = bool(old.keys() - self._packs.keys())
        whole = len(self._packs) == len(listing.packs) and not self._gone
        self._fetched = fetched(repository)
        told_again = self._fetched != self.memory.fetched and any(map(_is_pointer, self.memory.skips))
        self.covers = bool(self.memory.run) and whole and self.memory.loose == self.loose and not told_again
        self._session = session
        self.names_leak = False
        """Whether a name that places speak of holds something."""
        self._refs = _refs(repository)
        self.placed = self._placed() if self.covers else None
        """The sightings of objects at their places, when nothing changed that they depend on."""
        if self.placed is None:
            self._recall()
        elif self._packs != old:
            self.memory.packs = self._packs
            self._shelf.keep(self.memory)
        else:
            self._shelf.touch()

    @property
    def looked(self) -> Ids:
        """The ids of what was looked at."""
        return self._ids().looked

    @property
    def commits(self) -> list[str]:
        """The ids of all commits."""
        return self._ids().commits

    @property
    def sightings(self) -> list[Sighting]:
        """Those of objects, not placed."""
        if self._raw is None:
            self._recall()
        return self._raw or []

    def seen(self) -> Seen:
        """What earlier sweeps saw in objects, but for the sightings."""
        memory = self.memory
        skips = [skip(told) for _, told in memory.skips]
        return Seen(skips=skips, items=memory.items, bytes=memory.bytes, objects=memory.items)

    def unknown(self) -> Listing:
        """What there is to look at."""
        looked = self.looked
        return Listing(
            [path for path in self._listing.packs if str(path) not in self._packs],
            {one for one in self._listing.loose if bytes.fromhex(one) not in looked},
            self._listing.skips,
        )

    def learn(self, work: Work) -> None:
        """Takes in what was looked at and keeps it; objects that something was not read of are not among it."""
        fatal = {one for ids, told in work.seen.of if told.fatal for one in ids}
        done = _done(work, fatal)
        whole = True
        for forest, wanted in zip(work.forests, work.wanted, strict=True):
            whole = whole and not _missing(forest, wanted, done)
            path = forest.pack.path
            with suppress(OSError):  # git gc took it away meanwhile
                if whole:
                    self._packs[str(path)] = mark(path)._replace(ids=index_digest(path))
        old = set(self.commits)
        fresh = ({*commits_of(work.forests), *work.seen.commits} - old) if done else set()
        known = Known(
            self.looked.joined(done), [*self.commits, *sorted(fresh)], frozenset(self._listing.loose)
        )
        self._raw = [*self.sightings, *(one for one in work.seen.sightings if _of(one) in known.looked)]
        self._known = known
        self._count(work, fresh, known)
        self.memory.packs = self._packs
        self.memory.loose = self.loose if whole and not work.stopped and not fatal else ""
        self._shelf.keep(self.memory, known, self._raw)

    def _placed(self) -> list[Sighting] | None:
        memory = self.memory
        if memory.placed is None or not self._refs or memory.state != self._state():
            return None
        return [sighting(told) for told in memory.placed]

    @property
    def names(self) -> Seen | None:
        """What names there are, where none of them holds anything and none has changed."""
        memory = self.memory
        if not self._refs or memory.names != self._state(indexes(self._repository)):
            return None
        return Seen(items=memory.names_items, bytes=memory.names_bytes)

    def keep(self, found: "Placed | None", names: Seen | None) -> None:
        """Keeps where the sightings are, and that names hold nothing, each where it is new."""
        memory = self.memory
        if names:
            clean = not names.sightings and not names.skips
            memory.names = self._state(indexes(self._repository)) if clean else ""
            memory.names_items, memory.names_bytes = names.items, names.bytes
        if found:
            self._keep_places(found)
        if (
            not memory.names or self.names_leak
        ):  # a name that holds something is a value, and places have names
            memory.placed, memory.state = None, ""
        self._shelf.keep(memory)

    def _keep_places(self, found: "Placed") -> None:
        memory = self.memory
        traceable = not self._repository.shallow and not promisors(self._repository)
        memory.events = sorted(found.events) if traceable else None
        memory.nowhere = sorted(found.nowhere)
        memory.placed, memory.state = [row(one) for one in found.sightings], self._state()

    def _state(self, *more: str) -> str:
        """A digest of the objects that there are, of what leads to them, and of more."""
        packs = sorted((path, known.ids) for path, known in self._packs.items())
        told = (self.loose, packs, self._refs, self._session.policy.excludes.patterns, more)
        return sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()

    def _count(self, work: Work, fresh: Iterable[str], known: Known) -> None:
        memory, seen = self.memory, work.seen
        memory.items += seen.items - seen.again_items
        memory.bytes += seen.bytes - seen.again_bytes
        memory.commits = len(known.commits)
        if memory.events is not None:
            memory.events = sorted({*memory.events, *fresh})
        for ids, told in seen.of:
            if not told.fatal and all(bytes.fromhex(one) in known.looked for one in ids):
                memory.skips.append((sorted(ids), [told.path, told.reason, told.detail, told.fatal]))

    def _ids(self) -> Known:
        if self._known is None:
            self._recall()
        assert self._known
        return self._known

    def _recall(self) -> None:
        """Reads what was looked at and seen; where that cannot be trusted, nothing is known."""
        run = self.memory.run
        known, raw = (self._shelf.known(run), self._shelf.raw(run)) if run else (None, None)
        if known is None or raw is None:
            self.memory, self._packs, self.covers = Memory(), {}, False
            known, raw = Known(Ids(b"", self._width), [], frozenset()), []
        elif self._gone or known.loose - self._listing.loose:
            known, raw = self._here(known, raw)
        self._known, self._raw = known, raw
        if self.memory.fetched != self._fetched:
            self._forget_pointers(known)

    def _forget_pointers(self, known: Known) -> None:
        """What LFS pointers stand for may have come or gone: they are looked at again, in whichever pack."""
        again = {bytes.fromhex(one) for told in self.memory.skips if _is_pointer(told) for one in told[0]}
        self.memory.fetched = self._fetched
        if again:
            looked = Ids(b"".join(one for one in known.looked.all() if one not in again), self._width)
            self._known, self._packs = known._replace(looked=looked), {}
            self.memory.skips = [told for told in self.memory.skips if not _is_pointer(told)]
            self.memory.items -= len(again)

    def _here(self, known: Known, raw: list[Sighting]) -> tuple[Known, list[Sighting]]:
        """Without the objects that the repository no longer has: one that comes back is looked at again."""
        names, here = [one.hex() for one in known.looked.all()], []
        for at in range(0, len(names), _ASKED):
            some = names[at : at + _ASKED]
            here += [one for one, its in zip(some, types(self._repository, some), strict=True) if its]
        left = Ids(bytes.fromhex("".join(here)), self._width)
        self.memory.skips = [
            told for told in self.memory.skips if all(bytes.fromhex(one) in left for one in told[0])
        ]
        commits = [one for one in known.commits if bytes.fromhex(one) in left]
        return Known(left, commits, known.loose), [one for one in raw if _of(one) in left]


def _refs(repository: Repository) -> str:
    """What leads to objects; "" where git cannot tell, and then nothing is kept that depends on it."""
    try:
        return state(repository)
    except GitError:
        return ""


def _is_pointer(told: tuple[list[str], list[Any]]) -> bool:
    return bool(skip(told[1]).reason == "lfs-pointer")


def _same(path: Path, old: dict[str, Mark]) -> Mark | None:
    """What the pack is known by, if every object in it was looked at."""
    then = old.get(str(path))
    if then is None:
        return None
    try:
        now = mark(path)
        if now[:3] == then[:3]:
            return then
        return now._replace(ids=then.ids) if index_digest(path) == then.ids else None
    except OSError:
        return None


def _name(session: Session, repository: Repository) -> str:
    """One-way: of the repository's place, and of all that decides what is told of an object."""
    policy, key = session.policy, session.key
    place = str(repository.common_dir.resolve()).encode("utf-8", "surrogateescape")
    setup = (
        session.kit.digest, policy.min_confidence.value, policy.max_file_size, policy.detect_secrets_plugins,
        [(switch.on, switch.pattern) for switch in policy.switches], key.shared, repository.object_format,
        sha256(b"dce-guard/looked/1" + key.value.reveal()).hexdigest(),
    )  # fmt: skip
    return f"{sha256(place).hexdigest()[:32]}-{sha256(repr(setup).encode()).hexdigest()[:32]}"


def _of(sighting: Sighting) -> bytes:
    return bytes.fromhex(sighting.locations[0].object)


def _done(work: Work, fatal: set[str]) -> set[bytes]:
    """The ids of all that was looked at to its end; of loose objects also the trees."""
    done = set(work.seen.done)
    for number, forest in enumerate(work.forests):
        for searched in work.seen.entries[number :: len(work.forests)]:
            at = searched.find(1)
            while at >= 0:
                done.add(forest.pack.object(at))
                at = searched.find(1, at + 1)
    if not work.stopped:
        done.update(map(bytes.fromhex, work.others))
    return done - set(map(bytes.fromhex, fatal))


def _missing(forest: "Forest", wanted: bytearray | None, done: set[bytes]) -> bool:
    """Whether there is an entry that should have been looked at and was not."""
    runs = re.finditer(b"[^\2]+", forest.kinds) if wanted is None else re.finditer(b"\1+", wanted)
    return any(forest.pack.object(entry) not in done for run in runs for entry in range(*run.span()))


def commits_of(forests: "Iterable[Forest]") -> Iterator[str]:
    """The ids of all commits in packs."""
    for forest in forests:
        entry = forest.kinds.find(_COMMIT)
        while entry >= 0:
            yield forest.pack.object(entry).hex()
            entry = forest.kinds.find(_COMMIT, entry + 1)
