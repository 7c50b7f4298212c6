"""One finding a secret: sightings of one value brought together, with every place."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dce_guard.model.finding import Fact, Finding, Location, Sighting, State
from dce_guard.model.rule import Confidence, Sensitivity

_SEVERITY = tuple(Sensitivity)


def fold(sightings: Iterable[Sighting], least: Confidence) -> tuple[Finding, ...]:
    """Findings of at least this confidence, in order of their first place, each with all its places.

    What knows the value's form best speaks for the finding; markers allow it when they stand at every place.
    """
    groups: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        groups[sighting.fingerprint].append(sighting)
    findings = (_finding(group) for group in groups.values())
    kept = [finding for finding in findings if finding.confidence.rank >= least.rank]
    return tuple(sorted(kept, key=lambda finding: (_order(finding.locations[0]), finding.fingerprint)))


def _finding(group: Sequence[Sighting]) -> Finding:
    best = min(group, key=_standing)
    facts: dict[str, Fact] = {}
    for sighting in sorted(group, key=_standing, reverse=True):
        facts.update(sighting.facts)
    places = {_key(place): place for sighting in group for place in sighting.locations}
    locations = tuple(sorted(places.values(), key=_order))
    own = [place for place in locations if not place.part]
    allowed = bool(own) and all(place.marker for place in own)
    return Finding(
        best.fingerprint, best.rule, best.category, best.sensitivity, best.provider, best.confidence, best.preview,
        dict(sorted(facts.items())), best.reasons, locations,
        State.ALLOWED if allowed else State.NEW, own[0].marker if allowed else "",
    )  # fmt: skip


def _standing(sighting: Sighting) -> tuple[bool, int, int, str, str]:
    """Smaller is better: a vendor's rule, higher confidence, worse sensitivity; then any fixed order."""
    return (
        sighting.provider == "generic",
        -sighting.confidence.rank,
        _SEVERITY.index(sighting.sensitivity),
        sighting.rule,
        sighting.locations[0].path,
    )


def _key(place: Location) -> tuple[str, str, str, int, int, str]:
    """Two sightings at one place are one, however they were decoded."""
    return place.path, place.object, place.commit, place.start, place.end, place.part


def _order(place: Location) -> tuple[bool, str, int, int, str, str]:
    return bool(place.part), place.path, place.line, place.column, place.commit, place.object
