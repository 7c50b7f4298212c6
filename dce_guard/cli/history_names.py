"""Names that a report is about to say: one that holds a secret is a finding itself, and is masked everywhere."""

from collections.abc import Iterable, Iterator, Mapping

from dce_guard.adapters.packing import Packer
from dce_guard.model.finding import Sighting
from dce_guard.model.item import Chunk, Item, Kind

_LONGEST = 1 << 16  # bytes of a name


class Told:
    """A source of the names of files and refs that sightings, and what was asked for, speak of."""

    def __init__(self, sightings: Iterable[Sighting], asked: Mapping[str, str]) -> None:
        places = [place for one in sightings for place in one.locations]
        self._paths = {place.path.partition("!")[0] for place in places if place.trace}
        self._refs = {ref for place in places if place.trace for ref in place.trace.refs}
        self._refs.update(value for key, value in asked.items() if key not in ("mode", "root", "git_dir"))

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk]:
        """All of them, each as an item."""
        for kind, names in ((Kind.PATH, self._paths), (Kind.REF, self._refs)):
            yield from _chunks(kind, sorted(name.encode("utf-8", "surrogateescape") for name in names))


class Paths:
    """A source of names of files that a history knew."""

    def __init__(self, names: Iterable[bytes]) -> None:
        self._names = names

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk]:
        """All of them, each as an item."""
        yield from _chunks(Kind.PATH, sorted(self._names))


def _chunks(kind: Kind, names: Iterable[bytes]) -> Iterator[Chunk]:
    packer = Packer()
    for name in names:
        raw = name[:_LONGEST]
        if not packer.fits(len(raw)):
            yield from packer.flush()
        packer.data[packer.used : packer.used + len(raw)] = raw
        packer.add(Item(kind, raw.decode("utf-8", "surrogateescape"), len(raw)), len(raw))
    yield from packer.flush()
