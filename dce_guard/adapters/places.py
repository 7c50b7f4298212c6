"""Places of a history that held something: a path with any of a set of blobs at it, or a commit itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from dce_guard.adapters.spread import Step
from dce_guard.adapters.tree_changes import Change

_LINK = "120000"
_COMMIT = -1


class Version(NamedTuple):
    """A blob as it came to a place."""

    object: str
    link: bool  # as a symbolic link


class Place(NamedTuple):
    """One bit: which set of ids (by its number) at which path; or the commit `path`."""

    set: int
    path: str


class Places:
    """Places, numbered as they are met, and what each commit does to them."""

    def __init__(self, sets: Sequence[frozenset[str]]) -> None:
        self._sets = sets
        self._owners: dict[str, list[int]] = defaultdict(list)
        for number, ids in enumerate(sets):
            for one in ids:
                self._owners[one].append(number)
        self._bits: dict[Place, int] = {}
        self._acts: list[tuple[int, int, str]] = []  # commit, bit, what it does: "takes", "drops", "born"
        self.all: list[Place] = []
        self.versions: list[set[str]] = []
        self.brought: dict[tuple[int, int], Version] = {}  # by commit and bit

    def take(self, changes: Iterable[Change]) -> None:
        """Adds what commits changed."""
        for change in changes:
            owners = {*self._owners.get(change.old, ()), *self._owners.get(change.new, ())}
            for owner in owners:
                bit = self.bit(Place(owner, change.path))
                if change.new in self._sets[owner]:
                    self._came(bit, change)
                else:
                    self.versions[bit].add(change.old)
                    self._acts.append((change.number, bit, "drops"))

    def take_commit(self, number: int, commit: str) -> None:
        """Adds a commit that is itself a place."""
        bit = self.bit(commit_place(commit))
        self.versions[bit].add(commit)
        self._acts.append((number, bit, "born"))

    def bit(self, place: Place) -> int:
        """The number of a place."""
        bit = self._bits.setdefault(place, len(self.all))
        if bit == len(self.all):
            self.all.append(place)
            self.versions.append(set())
        return bit

    def known(self, place: Place) -> int | None:
        """The number of a place that may not be here."""
        return self._bits.get(place)

    @property
    def ids(self) -> Collection[str]:
        """All ids of all sets."""
        return self._owners.keys()

    def steps(self, start: int, end: int) -> dict[int, Step]:
        """What each commit does to the bits from `start` on, which are counted from there."""
        steps: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Step._fields, 0))
        for number, bit, act in self._acts:
            if start <= bit < end:
                steps[number][act] |= 1 << bit - start
        return {number: Step(**acts) for number, acts in steps.items()}

    def leavers(self) -> dict[int, list[int]]:
        """For each bit the commits that emptied its place."""
        found: dict[int, list[int]] = defaultdict(list)
        for number, bit, act in self._acts:
            if act == "drops":
                found[bit].append(number)
        return found

    def _came(self, bit: int, change: Change) -> None:
        self.versions[bit].add(change.new)
        if change.old in self._sets[self.all[bit].set]:
            self.versions[bit].add(change.old)
        self.brought[change.number, bit] = Version(change.new, change.mode == _LINK)
        self._acts.append((change.number, bit, "takes"))


def commit_place(commit: str) -> Place:
    """The place that a commit itself is."""
    return Place(_COMMIT, commit)
