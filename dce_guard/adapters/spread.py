"""What a history comes to: sets of bits handed down from parents to children, one commit after another.

A bit stands for one place that held something. Sets are Python's integers: a commit that changes nothing has its
parent's very own, so a history of any length costs the memory of its widest moment.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from dce_guard.adapters.commit_graph import NONE, CommitGraph

_MANY = 16  # bits; measured: with fewer, taking one after another is faster than writing the set out


class Step(NamedTuple):
    """What one commit does: bits whose place it fills, empties, and that stand for the commit itself."""

    takes: int = 0
    drops: int = 0
    born: int = 0


class State(NamedTuple):
    """At one commit: the bits its tree has, and those that came in somewhere in its history."""

    present: int
    contained: int


class Spread:
    """Lists of commits for each bit. "Alike": what leads to both commits is the same (a ref, a reflog, nothing).

    `first` brought it, and nothing before them did. `removed`: not in the tree, but in the first parent's;
    `dropped`: only in a further parent's. `ends` have it, and no child that is alike has; `leaves` are those of
    them without such a child. `states` are those of the commits asked for.
    """

    def __init__(
        self,
        graph: CommitGraph,
        steps: Mapping[int, Step],
        fresh: Collection[int],
        asked: Collection[int],
    ) -> None:
        self.first: dict[int, list[int]] = defaultdict(list)
        self.removed: dict[int, list[int]] = defaultdict(list)
        self.dropped: dict[int, list[int]] = defaultdict(list)
        self.ends: dict[int, list[int]] = defaultdict(list)
        self.leaves: dict[int, list[int]] = defaultdict(list)
        self.states: dict[int, State] = {}
        self._graph = graph
        self._steps = steps
        self._fresh = fresh
        self._asked = asked
        count = len(graph)
        self._present: list[int] = [0] * count
        self._contained: list[int] = [0] * count
        self._later: list[int] = [0] * count  # what children have that are alike
        self._followed = bytearray(count)  # whether there is such a child
        self._waiting = _children(graph)
        for number in range(count - 1, -1, -1):
            self._visit(number)

    def _visit(self, number: int) -> None:
        parent = self._graph.parent[number]
        had = under = elsewhere = 0
        if parent != NONE:
            had, under = self._present[parent], self._contained[parent]
        others = self._graph.others.get(number, ())
        for other in others:
            elsewhere |= self._present[other]
            under |= self._contained[other]
        here, step = had, self._steps.get(number)
        if step or number in self._fresh:
            here, under = self._change(number, step or Step(), State(had, under), elsewhere)
        if elsewhere:
            _note(self.dropped, elsewhere & ~here & ~had, number)
        self._present[number], self._contained[number] = here, under
        if number in self._asked:
            self.states[number] = State(here, under)
        for behind in (parent, *others):
            if behind != NONE:
                self._hand_on(number, behind, here)
        if not self._waiting[number]:
            self._settle(number)

    def _change(self, number: int, step: Step, before: State, elsewhere: int) -> tuple[int, int]:
        start = 0 if number in self._fresh else before.present
        here = start & ~step.drops | step.takes
        added = here & ~before.present & ~elsewhere | step.born
        _note(self.first, added & ~before.contained, number)
        _note(self.removed, before.present & ~here, number)
        return here, before.contained | added

    def _hand_on(self, number: int, parent: int, here: int) -> None:
        if self._graph.led[number] == self._graph.led[parent]:
            self._later[parent] |= here
            self._followed[parent] = 1
        self._waiting[parent] -= 1
        if not self._waiting[parent]:
            self._settle(parent)

    def _settle(self, number: int) -> None:
        """All children are done: notes what ends here, and lets the sets go."""
        ends = self._present[number] & ~self._later[number]
        if ends:
            _note(self.ends, ends, number)
            if not self._followed[number]:
                _note(self.leaves, ends, number)
        self._present[number] = self._contained[number] = self._later[number] = 0


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    if mask.bit_count() > _MANY:
        yield from _many(mask)
        return
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _many(mask: int) -> Iterator[int]:
    """The same for many: each step of the other way costs as much as the set is wide."""
    digits = f"{mask:b}"[::-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def _children(graph: CommitGraph) -> "array[int]":
    waiting = array("i", bytes(4 * len(graph)))
    for parent in graph.parent:
        if parent != NONE:
            waiting[parent] += 1
    for others in graph.others.values():
        for other in others:
            waiting[other] += 1
    return waiting


def _note(where: dict[int, list[int]], mask: int, number: int) -> None:
    for bit in bits(mask):
        where[bit].append(number)
