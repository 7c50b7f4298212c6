"""What is known of a place beyond the scan itself: was it there before, how far did it get out."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dce_guard.cli.running import relocated, unpacked
from dce_guard.cli.session import Session
from dce_guard.model.finding import Location, Sighting
from dce_guard.model.item import Chunk, Item, Kind, Reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dce_guard.adapters.ranges import Range
    from dce_guard.adapters.reach import Outreach
    from dce_guard.cli.scanning import Seen


Change = Callable[[str, Location], Location | None]


def outer(place: Location) -> str:
    """The path of the file that a place is in: of the archive, for an entry of one."""
    return place.path.partition("!")[0] if place.kind is Kind.ENTRY else place.path


class Past:
    """Which secrets other versions of a file hold, by scanning those versions; each once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._engine = session.kit.engine()
        self._held: dict[bytes, frozenset[tuple[str, bool]]] = {}

    def holds(self, content: bytes, path: str, fingerprint: str, *, marked: bool = False) -> bool:
        """Whether `content`, as a version of `path`, holds the secret; with `marked`, also its marker."""
        from hashlib import sha256

        name = sha256(path.encode("utf-8", "surrogateescape") + b"\0" + content).digest()
        if name not in self._held:
            self._held[name] = self._scan(content, path)
        return (fingerprint, True) in self._held[name] or (
            not marked and (fingerprint, False) in self._held[name]
        )

    def _scan(self, content: bytes, path: str) -> frozenset[tuple[str, bool]]:
        from dce_guard.cli.scanning import Scanner

        # The newline is what readers put behind an item: some anchors want the end of a line.
        chunk = Chunk(content + b"\n", [Item(Kind.BLOB, path, len(content))], [0], [len(content)])
        seen = Scanner(self._engine, lambda: self._session.analyst).scan(unpacked(_One(chunk)))
        return frozenset(
            (sighting.fingerprint, bool(place.marker))
            for sighting in seen.sightings
            for place in sighting.locations
        )


class _One:
    """A source of one chunk."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk

    def chunks(self, shard: int = 0, shards: int = 1) -> "Iterator[Chunk]":
        """The chunk."""
        yield self._chunk


def added(session: Session, seen: "Seen", previous: "Mapping[tuple[str, str], str]") -> None:
    """Leaves in `seen` what the staged change adds: a secret that HEAD holds at the same path leaked before."""
    from dce_guard.adapters.lookup import Lookup

    if session.repository is None or not seen.sightings:
        return
    past = Past(session)
    with Lookup(session.repository) as lookup:

        def change(fingerprint: str, place: Location) -> Location | None:
            old = lookup.object(previous.get((outer(place), place.object), "")) if previous else None
            if old and past.holds(old[1], outer(place), fingerprint):
                return None
            return replace(place, reach=Reach.STAGED)

        seen.sightings = _changed(seen.sightings, change)


def _changed(sightings: list[Sighting], change: Change) -> list[Sighting]:
    new = (relocated(one, partial(change, one.fingerprint)) for one in sightings)
    return [one for one in new if one]


def reach_of_files(session: Session, seen: "Seen") -> None:
    """Tells for files on disk whether the secret is only there, staged, committed or pushed."""
    if session.repository is None or session.repository.root is None or not seen.sightings:
        return
    past = Past(session)
    outreach = _outreach(session)

    def change(fingerprint: str, place: Location) -> Location:
        name = outer(place)
        reach = outreach.of_path(name, lambda content: past.holds(content, name, fingerprint))
        return replace(place, reach=reach)

    try:
        seen.sightings = _changed(seen.sightings, change)
    finally:
        outreach.close()


def reach_of_objects(session: Session, seen: "Seen", source: "Range") -> None:
    """Gives objects of a range their path and commit, tells whether a remote has them, and leaves excluded ones out."""
    if not seen.sightings:
        return
    excluded = session.policy.excluded
    objects = {place.object for one in seen.sightings for place in one.locations if place.object}
    places = source.provenance(objects, excluded)
    outreach = _outreach(session)

    def change(_fingerprint: str, place: Location) -> Location | None:
        known = places.get(place.object)
        path = known.path if known else outer(place)
        if excluded(path):
            return None
        path += place.path[len(outer(place)) :]
        commit = (
            known.commit if known else place.commit or (place.object if place.kind is Kind.COMMIT else "")
        )
        return replace(place, path=path, commit=commit, reach=outreach.of_object(place.object))

    try:
        seen.sightings = _changed(seen.sightings, change)
    finally:
        outreach.close()


def _outreach(session: Session) -> "Outreach":
    from dce_guard.adapters.reach import Outreach

    assert session.repository
    return Outreach(session.repository)
