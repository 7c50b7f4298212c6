"""Sightings as rows of JSON, and back. They hold no values, so they can be kept; a path may come along.

Each object is a list of its fields in their order, without names: a tenth of the time that dictionaries take.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from dce_guard.model.finding import Commit, Held, Location, Sighting, Trace
from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.model.rule import Category, Confidence, Sensitivity

T = TypeVar("T")
Row = list[Any]


def _names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


FIELDS = {kind.__name__: _names(kind) for kind in (Sighting, Location, Trace, Commit, Skip)}
"""What the rows consist of: what was written with other fields cannot be read."""


def row(sighting: Sighting) -> Row:
    """A sighting as a row."""
    told = _values(sighting)
    told[_LOCATIONS] = [_place(place) for place in sighting.locations]
    told[_FACTS], told[_BY_FILE] = dict(sighting.facts), dict(sighting.by_file)
    return told


def _place(place: Location) -> Row:
    told = _values(place)
    if place.trace:
        trace = _values(place.trace)
        told[_TRACE] = [_values(one) if isinstance(one, Commit) else one for one in trace]
    return told


def _values(one: Any) -> Row:
    return [getattr(one, name) for name in FIELDS[type(one).__name__]]


def sighting(told: Row) -> Sighting:
    """The sighting of a row. Raises ValueError, TypeError or IndexError when it is none."""
    return _made(Sighting, told, _OF_SIGHTING)


def skip(told: Row) -> Skip:
    """The skip of a row of its fields."""
    return Skip(*told)


def _made(kind: Callable[..., T], told: Row, change: Sequence[tuple[int, Callable[[Any], Any]]]) -> T:
    values = list(told)
    for at, read in change:
        values[at] = read(values[at])
    return kind(*values)


def _trace(told: Row | None) -> Trace | None:
    return _made(Trace, told, _OF_TRACE) if told else None


def _commit(told: Row | None) -> Commit | None:
    return Commit(*told) if told else None


def _places(told: list[Row]) -> tuple[Location, ...]:
    return tuple([_made(Location, one, _OF_PLACE) for one in told])


def _kinds(told: dict[str, str]) -> dict[str, Confidence]:
    return {name: Confidence(value) for name, value in told.items()}


def _changes(made: type, /, **named: Callable[[Any], Any]) -> list[tuple[int, Callable[[Any], Any]]]:
    names = FIELDS[made.__name__]
    return [(names.index(name), read) for name, read in named.items()]


_LOCATIONS = FIELDS["Sighting"].index("locations")
_FACTS = FIELDS["Sighting"].index("facts")
_BY_FILE = FIELDS["Sighting"].index("by_file")
_TRACE = FIELDS["Location"].index("trace")
_OF_TRACE = _changes(Trace, held=Held, first=_commit, last=_commit, removed=_commit, refs=tuple)
_OF_PLACE = _changes(Location, kind=Kind, reach=Reach, trace=_trace)
_OF_SIGHTING = _changes(
    Sighting, category=Category, sensitivity=Sensitivity, confidence=Confidence, reasons=tuple,
    locations=_places, by_file=_kinds,
)  # fmt: skip
