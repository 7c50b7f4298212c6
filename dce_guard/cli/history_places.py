"""From objects to places: which paths held a secret, since when, until when, and what leads there."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dce_guard.adapters.git import Repository
from dce_guard.adapters.lookup import Lookup
from dce_guard.adapters.provenance import Provenance, Spot
from dce_guard.cli.places import Past, outer
from dce_guard.cli.session import Session
from dce_guard.model.finding import Location, Sighting
from dce_guard.model.item import Kind
from dce_guard.scan.judge import GENERIC_PACKS


def placed(
    session: Session, repository: Repository, sightings: Sequence[Sighting], commits: Sequence[str],
    jobs: int | None = None,
) -> list[Sighting]:  # fmt: skip
    """The sightings of objects, each at the places that the history tells: one for each path, not for each version.

    Those at excluded paths are left out, and those that do not hold once the path is known (a name in a program
    is no password).
    """
    groups: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        groups[sighting.fingerprint].append(sighting)
    if not groups:
        return []
    provenance = Provenance(repository, commits, processes=jobs or len(os.sched_getaffinity(0)))
    held = {
        name: {place.object for one in group for place in one.locations} for name, group in groups.items()
    }
    spots = provenance.spots(held)
    with Lookup(repository) as lookup:
        placing = _Placing(session, lookup)
        return [one for name, group in groups.items() for one in placing.group(group, spots[name])]


class _Placing:
    """Gives the sightings of one secret their places."""

    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._excluded = session.policy.excluded
        self._past = Past(session)
        self._lookup = lookup
        self._generic = {rule.id for rule in session.kit.tables.rules if rule.pack in GENERIC_PACKS}

    def group(self, group: Sequence[Sighting], spots: Sequence[Spot]) -> Iterator[Sighting]:
        """One sighting for each spot and each that stands in its object."""
        by_object: dict[str, list[Sighting]] = defaultdict(list)
        for sighting in group:
            for name in {place.object for place in sighting.locations}:
                by_object[name].append(sighting)
        for spot in spots:
            if not self._excluded(spot.path):
                for sighting in by_object.get(spot.object, ()):
                    if self._holds(sighting, spot):
                        yield replace(
                            sighting, locations=tuple(_at(place, spot) for place in sighting.locations)
                        )

    def _holds(self, sighting: Sighting, spot: Spot) -> bool:
        """Whether it is one at this path, too: rules that go by names judge by the kind of file."""
        if sighting.rule not in self._generic or not spot.path:
            return True
        found = self._lookup.object(spot.object)
        return found is None or self._past.holds(found[1], spot.path, sighting.fingerprint)


def _at(place: Location, spot: Spot) -> Location:
    path = spot.path + place.path[len(outer(place)) :]
    commit = spot.trace.first.id if spot.trace.first else place.object if place.kind is Kind.COMMIT else ""
    kind = spot.kind if place.kind is Kind.BLOB else place.kind
    return replace(place, kind=kind, path=path, commit=commit, trace=spot.trace, reach=spot.reach)
