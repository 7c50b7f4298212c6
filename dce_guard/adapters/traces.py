"""From what commits did to places: since when, until when, and where one can still get at them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from dce_guard.adapters.commit_graph import BY_MEMORY, BY_NOTHING, BY_REF, NONE, CommitGraph, people
from dce_guard.adapters.git import Repository
from dce_guard.adapters.ref_tips import REMOTES, Tip, Tips, mirrors
from dce_guard.adapters.spread import Spread, State, bits
from dce_guard.model.finding import Commit, Held, Trace
from dce_guard.model.item import Reach

HELD = {BY_REF: Held.REF, BY_MEMORY: Held.REFLOG, BY_NOTHING: Held.COMMIT}
NAMES = 20  # refs told by name; the others are counted
_NOWHERE = State(0, 0)


class Told(NamedTuple):
    """What is to be said of one place, and the number of the commit that brought it."""

    trace: Trace
    reach: Reach
    first: int = NONE


class Lead(NamedTuple):
    """The first few refs that lead somewhere, how many do, and whether one of them is a remote's."""

    names: tuple[str, ...] = ()
    total: int = 0
    remote: bool = False


class Traces:
    """Tells of places, given what their history comes to."""

    def __init__(
        self, repository: Repository, graph: CommitGraph, known: Tips, nameless: Collection[str]
    ) -> None:
        self._repository = repository
        self._graph = graph
        self._refs = known.refs
        self._tips = [graph.number(tip.target) for tip in known.refs]
        self._head = graph.number(known.head) if known.head else NONE
        self._nameless = nameless
        self._mirrors = mirrors(repository)
        self._people: dict[int, Commit] = {}

    @property
    def asked(self) -> frozenset[int]:
        """The commits whose states must be kept."""
        return frozenset((*self._tips, self._head)) - {NONE}

    def all(self, spread: Spread, versions: Sequence[int]) -> list[Told | None]:
        """What to tell of each bit (there are as many as `versions`); None where no commit brought it."""
        self._meet(spread)
        leads = _Leads(self._refs, [spread.states.get(number, _NOWHERE) for number in self._tips])
        holders = self._holders(spread)
        return [
            self._tell(spread, bit, count, leads.of(bit), holders[bit]) if bit in spread.first else None
            for bit, count in enumerate(versions)
        ]

    def left(self, numbers: Sequence[int], versions: int) -> Told:
        """What to tell where it is only known who took something out, not who brought it."""
        self._know(numbers)
        kind = min(self._graph.led[number] for number in numbers)
        removed = self._newest(number for number in numbers if self._graph.led[number] == kind)
        trace = Trace(HELD[kind], removed=self._person(removed), versions=versions)
        return Told(trace, Reach.UNREACHABLE if kind != BY_REF else Reach.UNKNOWN)

    def _tell(self, spread: Spread, bit: int, versions: int, lead: Lead, holders: list[int]) -> Told:
        first = min(spread.first[bit], key=self._age)
        kind = self._graph.led[first]
        refs_lead = kind == BY_REF
        trace = Trace(
            HELD[kind],
            self._person(first),
            self._person(self._newest(holders or self._alike(spread.ends[bit], kind) or [first])),
            None if holders else self._person(self._removed(spread, bit, kind)),
            self._head in holders,
            lead.names,
            lead.total,
            versions,
        )
        out = Reach.PUSHED if lead.remote or self._mirrors else Reach.COMMITTED
        return Told(trace, out if refs_lead else Reach.UNREACHABLE, first)

    def _removed(self, spread: Spread, bit: int, kind: int) -> int:
        if kind != BY_REF and self._alike(spread.leaves[bit], kind):
            return NONE
        removers = self._alike(spread.removed[bit], kind) or self._alike(spread.dropped[bit], kind)
        return self._newest(removers)

    def _alike(self, numbers: Iterable[int], kind: int) -> list[int]:
        return [number for number in numbers if self._graph.led[number] == kind]

    def _holders(self, spread: Spread) -> dict[int, list[int]]:
        """For each bit the tips whose trees have it."""
        holders: dict[int, list[int]] = defaultdict(list)
        for number in self.asked:
            for bit in bits(spread.states[number].present):
                holders[bit].append(number)
        return holders

    def _newest(self, numbers: Iterable[int]) -> int:
        """By time; HEAD before others of the same second, then the one further from the root."""
        return max(
            numbers,
            key=lambda number: (self._seconds(number), number == self._head, -number),
            default=NONE,
        )

    def _age(self, number: int) -> tuple[int, bool, int, int]:
        """The strongest hold first, commits before trees that only a tag names, then the oldest."""
        return self._graph.led[number], number not in self._people, self._seconds(number), -number

    def _seconds(self, number: int) -> int:
        person = self._people.get(number)
        return person.seconds if person else 0

    def _person(self, number: int) -> Commit | None:
        return self._people.get(number)

    def _meet(self, spread: Spread) -> None:
        lists = (spread.first, spread.removed, spread.dropped, spread.ends)
        numbers = {number for one in lists for found in one.values() for number in found}
        self._know(numbers | self.asked)

    def _know(self, numbers: Iterable[int]) -> None:
        unknown = {
            number for number in numbers if number not in self._people and self._graph.is_commit(number)
        }
        names = self._graph.names(unknown)
        found = people(self._repository, list(names.values()), self._nameless)
        self._people |= {number: found[name] for number, name in names.items()}


class _Leads:
    """Which refs' histories have a bit. Refs with the same history are taken together: most have."""

    def __init__(self, refs: Sequence[Tip], states: Sequence[State]) -> None:
        self._refs = refs
        alike: dict[int, list[int]] = defaultdict(list)
        for index, state in enumerate(states):
            alike[state.contained].append(index)
        self._lists = list(alike.values())
        self._of_bit: dict[int, list[int]] = defaultdict(list)
        for number, contained in enumerate(alike):
            for bit in bits(contained):
                self._of_bit[bit].append(number)
        self._known: dict[tuple[int, ...], Lead] = {}

    def of(self, bit: int) -> Lead:
        """The refs that lead to a bit, in their order."""
        lists = tuple(self._of_bit.get(bit, ()))
        if lists not in self._known:
            self._known[lists] = self._lead(sorted(at for one in lists for at in self._lists[one]))
        return self._known[lists]

    def _lead(self, indexes: Sequence[int]) -> Lead:
        names = [self._refs[index].name for index in indexes]
        return Lead(tuple(names[:NAMES]), len(names), any(name.startswith(REMOTES) for name in names))
