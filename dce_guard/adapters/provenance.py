"""Who brought what is found in a history, when, where, how far it got, and who took it out again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from dce_guard.adapters.commit_graph import BY_MEMORY, BY_REF, NONE, load
from dce_guard.adapters.git import Repository
from dce_guard.adapters.places import Places, commit_place
from dce_guard.adapters.ref_tips import mirrors, tips, types
from dce_guard.adapters.spread import Spread
from dce_guard.adapters.tag_chains import tag_names
from dce_guard.adapters.traces import NAMES, Told, Traces
from dce_guard.adapters.tree_changes import Change, TreeChanges
from dce_guard.model.finding import Commit, Held, Trace
from dce_guard.model.item import Kind, Reach

_BLOCK = 8192  # places followed at once: 2 KB for each of the commits where a history is widest


class Spot(NamedTuple):
    """One place of a history that held a secret.

    `kind` is BLOB, SYMLINK, COMMIT or TAG; `object` the object's id as it was at the trace's first commit.
    `path` is "" for commits, tags and what stands in no tree; bytes that are not UTF-8 as surrogateescape.
    """

    path: str
    kind: Kind
    object: str
    trace: Trace
    reach: Reach


class Provenance:
    """Traces the objects that findings are in, all of them in one pass over the history.

    `commits`: the ids of all commits in the object store, for those that nothing leads to. `asked`: the only
    commits that can have brought or removed anything, as a cache knows (`events` of an earlier run, and what is
    new). `processes`: how many git processes compare trees at once.

    Where trees are missing or broken (a partial clone, a damaged store) it says less; it raises GitError only
    where git cannot even list refs.
    """

    def __init__(
        self,
        repository: Repository,
        commits: Iterable[str] = (),
        *,
        processes: int = 1,
        asked: Collection[str] | None = None,
    ) -> None:
        self._repository = repository
        self._commits = list(commits)
        self._processes = processes
        self._asked = asked
        self.events: frozenset[str] = frozenset()
        """The commits that brought, changed or removed something, once `spots` has answered."""

    def spots(self, groups: Mapping[str, Collection[str]]) -> dict[str, tuple[Spot, ...]]:
        """For each secret its places, sorted by path, from the ids of the objects that hold it."""
        sets = list(dict.fromkeys(frozenset(ids) for ids in groups.values()))
        if not sets:
            return {}
        history = _History(self._repository, self._commits, frozenset().union(*sets))
        places = Places(sets)
        self.events = history.changes(places, self._asked, self._processes)
        answer = _Answer(self._repository, history, places, history.tell(places))
        found = {ids: tuple(sorted(answer.spots(number, ids), key=_order)) for number, ids in enumerate(sets)}
        return {secret: found[frozenset(ids)] for secret, ids in groups.items()}


class _History:
    """What is known of one repository, and what its commits did to the objects asked about."""

    def __init__(self, repository: Repository, commits: Collection[str], ids: frozenset[str]) -> None:
        self._repository = repository
        listed = sorted(ids)
        self.types = {one: its[1] for one, its in zip(listed, types(repository, listed), strict=True) if its}
        self.tips = tips(repository)
        commits = [*commits, *(one for one in listed if self.types.get(one) == "commit")]
        start = [tip.target for tip in self.tips.refs if tip.type == "commit"]
        start += [self.tips.head] if self.tips.head else []
        self.graph = load(repository, [*start, *self.tips.remembered], commits)
        self._count = len(self.graph)
        self._named = [tip for tip in self.tips.refs if tip.type in ("tree", "blob")]
        for tip in self._named:
            self.graph.add(tip.target)
        self.graph.lead([*start, *(tip.target for tip in self._named)], BY_REF)
        self.graph.lead(self.tips.remembered, BY_MEMORY)
        self.graph.spread()
        self.complete = True
        """Whether all is known that commits changed."""
        self._fresh: Collection[int] = ()

    def changes(self, places: Places, asked: Collection[str] | None, processes: int) -> frozenset[str]:
        """Fills the places; returns the commits that had to do with them."""
        for commit in (one for one, its in self.types.items() if its == "commit"):
            number = self.graph.number(commit)
            if number != NONE:
                places.take_commit(number, commit)
        blobs = {one for one in places.ids if self.types.get(one) not in ("commit", "tag")}
        if not blobs:
            return frozenset()
        numbers = range(self._count) if asked is None else sorted(map(self.graph.number, asked))
        compared = TreeChanges(
            self._repository, self.graph, blobs, [one for one in numbers if self.graph.is_commit(one)]
        )
        found = compared.all(processes) + self._named_changes(compared, blobs)
        places.take(found)
        self.complete, self._fresh = not compared.lost, compared.fresh
        return frozenset(self.graph.names({one.number for one in found if one.number < self._count}).values())

    def _named_changes(self, compared: TreeChanges, blobs: Collection[str]) -> list[Change]:
        """What is in trees that a tag names, and blobs that one names."""
        found: list[Change] = []
        for target, kind in dict.fromkeys((tip.target, tip.type) for tip in self._named):
            number = self.graph.number(target)
            if kind == "tree":
                found += compared.listing(number)
            elif target in blobs:
                found.append(Change(number, "", "", target, ""))
        return found

    def tell(self, places: Places) -> list[Told]:
        """What to tell of each place."""
        nameless = {one for one, its in self.types.items() if its == "commit"}
        traces = Traces(self._repository, self.graph, self.tips, nameless)
        versions = [len(ids) for ids in places.versions]
        told: list[Told | None] = []
        for start in range(0, len(versions), _BLOCK):
            end = min(start + _BLOCK, len(versions))
            spread = Spread(self.graph, places.steps(start, end), self._fresh, traces.asked)
            told += traces.all(spread, versions[start:end])
        leavers = places.leavers() if None in told else {}
        return [one or traces.left(leavers[bit], versions[bit]) for bit, one in enumerate(told)]


class _Answer:
    """Puts together what was found."""

    def __init__(self, repository: Repository, history: _History, places: Places, told: list[Told]) -> None:
        self._history = history
        self._places = places
        self._told = told
        self._bits: dict[int, list[int]] = defaultdict(list)
        for bit, place in enumerate(places.all):
            self._bits[place.set].append(bit)
        tags = {one for one, its in history.types.items() if its == "tag"}
        self._tags = tag_names(repository, history.tips.refs, tags)
        self._pushed = Reach.PUSHED if mirrors(repository) else Reach.COMMITTED

    def spots(self, number: int, ids: frozenset[str]) -> Iterator[Spot]:
        """The spots of one set of ids."""
        seen: set[str] = set()
        for bit in self._bits[number]:
            seen |= self._places.versions[bit]
            yield self._spot(bit)
        for one in ids - seen:
            kind = self._history.types.get(one)
            if kind == "tag":
                yield self._tag(one)
            elif kind == "commit":
                yield self._commit(one)
            else:
                out = Reach.UNREACHABLE if self._history.complete else Reach.UNKNOWN
                yield Spot("", Kind.BLOB, one, Trace(Held.NOTHING), out)

    def _spot(self, bit: int) -> Spot:
        told = self._told[bit]
        version = self._places.brought.get((told.first, bit))
        kind = Kind.SYMLINK if version and version.link else Kind.BLOB
        one = version.object if version else min(self._places.versions[bit])
        return Spot(self._places.all[bit].path, kind, one, told.trace, told.reach)

    def _commit(self, commit: str) -> Spot:
        bit = self._places.known(commit_place(commit))
        if bit is None:
            return Spot("", Kind.COMMIT, commit, Trace(Held.NOTHING, Commit(commit, "", 0)), Reach.UNKNOWN)
        return Spot("", Kind.COMMIT, commit, self._told[bit].trace, self._told[bit].reach)

    def _tag(self, tag: str) -> Spot:
        names = self._tags.get(tag, [])
        held, out = (Held.REF, self._pushed) if names else (Held.NOTHING, Reach.UNREACHABLE)
        trace = Trace(held, refs=tuple(names[:NAMES]), refs_total=len(names))
        return Spot("", Kind.TAG, tag, trace, out)


def _order(spot: Spot) -> tuple[str, str, str]:
    return spot.path, spot.kind.value, spot.object
