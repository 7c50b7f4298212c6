"""From objects to places: which paths held a secret, since when, until when, and what leads there."""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dce_guard.adapters.git import Repository
from dce_guard.cli.places import outer
from dce_guard.cli.scanning import cores
from dce_guard.cli.session import Session
from dce_guard.model.finding import Held, Location, Sighting
from dce_guard.model.item import Kind, Reach
from dce_guard.scan.file_kinds import kind_of_file

if TYPE_CHECKING:
    from dce_guard.adapters.provenance import Spot


class Placed(NamedTuple):
    """Sightings at their places, the commits that had to do with them, and the objects that no commit holds."""

    sightings: list[Sighting]
    events: frozenset[str] = frozenset()
    nowhere: frozenset[str] = frozenset()


def placed(
    session: Session, repository: Repository, sightings: Sequence[Sighting], commits: Sequence[str],
    jobs: int | None = None, asked: Collection[str] | None = None,
) -> Placed:  # fmt: skip
    """The sightings of objects, each at the places that the history tells: one for each path, not for each version.

    Those at excluded paths are left out, and those that do not hold once the path is known (a name in a program
    is no password). `asked`: the only commits that can have had to do with them.
    """
    from dce_guard.adapters.provenance import Provenance

    groups: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        groups[sighting.fingerprint].append(sighting)
    if not groups:
        return Placed([])
    processes = jobs or cores()
    provenance = Provenance(repository, commits, processes=processes, asked=asked)
    held = {
        name: {place.object for one in group for place in one.locations} for name, group in groups.items()
    }
    spots = _with_staged(repository, provenance.spots(held))
    excluded = session.policy.excluded
    found = [one for name, group in groups.items() for one in _of_secret(group, spots[name], excluded)]
    every = (spot for group in spots.values() for spot in group)
    nowhere = frozenset(spot.object for spot in every if spot.trace.held is Held.NOTHING)
    return Placed(found, provenance.events, nowhere)


def _with_staged(
    repository: Repository, spots: "Mapping[str, tuple[Spot, ...]]"
) -> "dict[str, tuple[Spot, ...]]":
    """What no commit holds and the index does is staged, and has the index's path."""
    nowhere = {spot.object for group in spots.values() for spot in group if spot.trace.held is Held.NOTHING}
    listed = repository.ask(["ls-files", "-s", "-z"])[0] if nowhere and repository.root else b""
    staged: dict[str, str] = {}
    for entry in listed.split(b"\0")[:-1]:
        about, _, path = entry.partition(b"\t")
        staged.setdefault(about.split(b" ")[1].decode("ascii"), os.fsdecode(path))
    return {
        name: tuple(
            spot._replace(path=staged[spot.object], reach=Reach.STAGED)
            if spot.object in nowhere and spot.object in staged
            else spot
            for spot in group
        )
        for name, group in spots.items()
    }


def _at_spot(sighting: Sighting, spot: "Spot") -> Sighting | None:
    """The sighting at a place of the history; None where it is none once the kind of file is known."""
    there = replace(sighting, locations=tuple(_at(place, spot) for place in sighting.locations), by_file={})
    if not sighting.by_file:
        return there
    confidence = sighting.by_file.get(kind_of_file(spot.path))
    return replace(there, confidence=confidence) if confidence else None


def _of_secret(
    group: Sequence[Sighting], spots: "Sequence[Spot]", excluded: Callable[[str], bool]
) -> Iterator[Sighting]:
    """One sighting of a secret for each spot and each that stands in its object."""
    by_object: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in group:
        for name in {place.object for place in sighting.locations}:
            by_object[name].append(sighting)
    for spot in spots:
        if not excluded(spot.path):
            for sighting in by_object.get(spot.object, ()):
                if there := _at_spot(sighting, spot):
                    yield there


def _at(place: Location, spot: "Spot") -> Location:
    path = spot.path + place.path[len(outer(place)) :]
    commit = spot.trace.first.id if spot.trace.first else place.object if place.kind is Kind.COMMIT else ""
    kind = spot.kind if place.kind is Kind.BLOB else place.kind
    return replace(place, kind=kind, path=path, commit=commit, trace=spot.trace, reach=spot.reach)
