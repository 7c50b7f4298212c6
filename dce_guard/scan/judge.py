"""Is it one, how sure are we, and why: checks, known examples, overlaps and pairs of one item's matches."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from dce_guard.model.finding import Fact
from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.file_kinds import kind_of_file
from dce_guard.scan.plausible import entropy, is_filler

Check = Callable[[Match], Verdict]
# Rules of these packs go by a value's name and give way to any rule that knows the value's form.
GENERIC_PACKS = frozenset({"generic", "passwords"})
# A checksum, a parse or a signature says more than the look of the letters.
_CERTAIN = Confidence.HIGH
_MOST_THOUGHT = 50_000  # judgements kept; 40 MB


@dataclass(slots=True)
class Judged:
    """A match and what is thought of it. `drop` says why it is no finding."""

    match: Match
    confidence: Confidence
    sensitivity: Sensitivity
    facts: dict[str, Fact] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    drop: str = ""
    known: bool = False  # dropped, and by its form: nothing else may report it
    other: Match | None = None  # the half it was joined with

    @property
    def generic(self) -> bool:
        """Whether only its name gave it away."""
        return self.match.rule.pack in GENERIC_PACKS


class Judge:
    """Judges matches with the checks that rules name and the values that vendors publish as examples."""

    def __init__(self, checks: Mapping[str, Check], is_known: Callable[[bytes], bool]) -> None:
        self._checks = checks
        self._is_known = is_known
        self._thought: dict[bytes, Judged] = {}  # by digest of all that decides; no value in it

    def judge(self, match: Match) -> Judged:
        """One match by itself. What a name and its line decide is thought of once, however often it stands there."""
        if not (match.rule.heads and match.rule.pack in GENERIC_PACKS):
            return self._judged(match)
        name = _line_name(match)
        known = self._thought.get(name)
        if known is None:
            if len(self._thought) >= _MOST_THOUGHT:
                self._thought.clear()
            known = self._thought[name] = self._judged(match)
            known.match = _forgotten(match)
        return replace(known, match=match, facts=dict(known.facts), reasons=list(known.reasons))

    def _judged(self, match: Match) -> Judged:
        judged = Judged(match, match.rule.confidence, match.rule.sensitivity)
        value = match.secret.reveal()
        judged.drop = self._unlikely(match, value)
        judged.known = bool(judged.drop)
        sure = False
        for name in match.rule.checks:
            if judged.drop:
                break
            verdict = self._checks[name](match)
            sure = sure or verdict.confidence is _CERTAIN
            _apply(judged, verdict)
        if not judged.drop and not sure and not match.rule.public and _regular(value):
            judged.drop = "a placeholder"
        return judged

    def _unlikely(self, match: Match, value: bytes) -> str:
        if self._is_known(value):
            return "a published example"
        if match.rule.min_entropy and entropy(value.decode("latin-1")) < match.rule.min_entropy:
            return "too regular"
        return ""

    def item(self, matches: Iterable[Match]) -> list[Judged]:
        """The findings among all matches of one item: judged, overlaps settled, halves joined, in reading order."""
        judged = [self.judge(match) for match in matches]
        kept = _settled(judged)
        joined = _joined(kept)
        return sorted(joined, key=lambda one: (one.match.item_start, one.match.item_end, one.match.rule.id))


def _line_name(match: Match) -> bytes:
    """A digest of all that the judgement on a match of a rule that goes by names depends on."""
    line, at = match.line()
    parts = (
        match.rule.id.encode(), kind_of_file(match.item.path).encode(), match.secret.reveal(), line, b"%d" % at,
        *(b"%b=%b" % (name.encode(), value) for name, value in match.groups.items()),
    )  # fmt: skip
    return blake2b(b"\0".join(parts), digest_size=16).digest()


def _forgotten(match: Match) -> Match:
    """The match without its text and value."""
    return replace(match, secret=Sensitive(b""), groups={}, text=b"")


def _apply(judged: Judged, verdict: Verdict) -> None:
    judged.drop, judged.known = verdict.drop, verdict.known
    judged.confidence = verdict.confidence or judged.confidence
    judged.sensitivity = verdict.sensitivity or judged.sensitivity
    judged.facts.update(verdict.facts)
    if verdict.reason:
        judged.reasons.append(verdict.reason)


def _regular(value: bytes) -> bool:
    """Whether a token of a vendor's form is one that people make up: XXXX, EXAMPLE, 123456. Keys of many lines pass."""
    return len(value) < 512 and b"-----BEGIN" not in value and is_filler(value.decode("latin-1"))


def _settled(judged: Sequence[Judged]) -> list[Judged]:
    """One of those that overlap: what is known of a value's form wins, also when it says that there is nothing.

    A GitHub token with a wrong checksum is no generic secret either; a vendor's form that is doubtful by itself
    is as sure as the name it stands beside makes it.
    """
    order = sorted(
        judged, key=lambda one: (one.generic, bool(one.drop), -one.confidence.rank, -len(one.match.secret))
    )
    kept: list[Judged] = []
    taken = _Taken()
    for one in order:
        if one.drop and not one.known:
            continue
        number = taken.take(one.match)
        if number is None:
            kept.append(one)
        elif not one.drop and one.confidence.rank > kept[number].confidence.rank and not kept[number].drop:
            kept[number].confidence = one.confidence
            kept[number].reasons += one.reasons
    return [one for one in kept if not one.drop]


class _Taken:
    """Which stretches of an item matches have taken: in a text, and by its place in the item in any other."""

    def __init__(self) -> None:
        self._count = 0
        self._texts: dict[int, _Stretches] = defaultdict(_Stretches)
        self._encodings: dict[str, _Stretches] = defaultdict(_Stretches)

    def take(self, match: Match) -> int | None:
        """Takes the match's stretch; where a part of it is taken, the number of the first that took one."""
        found = [kept.first(match.item_start, match.item_end) for kept in self._others(match.encoding)]
        found.append(self._texts[id(match.text)].first(match.start, match.end))
        before = min((number for number in found if number is not None), default=None)
        if before is None:
            self._texts[id(match.text)].add(match.start, match.end, self._count)
            self._encodings[match.encoding].add(match.item_start, match.item_end, self._count)
            self._count += 1
        return before

    def _others(self, encoding: str) -> Iterator["_Stretches"]:
        return (kept for name, kept in self._encodings.items() if name != encoding)


class _Stretches:
    """Stretches that do not overlap, in order, each with a number. Found by halving: an item may hold thousands."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._numbers: list[int] = []

    def _within(self, start: int, end: int) -> slice:
        return slice(bisect_right(self._ends, start), bisect_left(self._starts, end))

    def first(self, start: int, end: int) -> int | None:
        """The least number of those that hold a part of [start, end)."""
        return min(self._numbers[self._within(start, end)], default=None)

    def add(self, start: int, end: int, number: int) -> None:
        """Takes [start, end) in, made one with what it overlaps."""
        over = self._within(start, end)
        start, end = min([start, *self._starts[over]]), max([end, *self._ends[over]])
        number = min([number, *self._numbers[over]])
        self._starts[over], self._ends[over], self._numbers[over] = [start], [end], [number]


def _joined(judged: Sequence[Judged]) -> list[Judged]:
    """Halves of a pair become one; a half that needs its other and has none is no finding, nor is an identifier.

    A half that leads a pair of its own stays, also when a third takes it for its other.
    """
    halves = _Halves(judged)
    taken: set[int] = set()
    for one in judged:
        if id(one) not in taken and one.match.rule.pair and (other := halves.nearest(one.match)):
            one.other = other.match
            one.facts.update(other.facts)
            one.reasons.append(f"its other half ({other.match.rule.description}) stands near")
            one.confidence = _CERTAIN
            if not other.other:
                taken.add(id(other))
    return [
        one
        for one in judged
        if id(one) not in taken
        and not one.match.rule.public
        and not (one.match.rule.needs_pair and not one.other)
    ]


class _Halves:
    """Matches by rule and decoding, in reading order."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        self._by_rule: dict[tuple[str, str], list[tuple[int, int, int, Judged]]] = defaultdict(list)
        for number, one in enumerate(judged):
            match = one.match
            row = (match.item_start, match.start, number, one)
            self._by_rule[match.rule.id, match.encoding].append(row)
        for rows in self._by_rule.values():
            rows.sort()

    def nearest(self, match: Match) -> Judged | None:
        """The nearest match of the rule it pairs with, as far as that rule allows; the earlier of two."""
        pair = match.rule.pair
        if pair is None:
            return None
        rows = self._by_rule.get((pair.rule, match.encoding), [])
        at = bisect_left(rows, (match.item_start, match.start))
        near = [(_gap(match, one.match), number, one) for _, _, number, one in rows[max(0, at - 1) : at + 1]]
        near = [row for row in near if row[0] <= pair.within]
        return min(near)[2] if near else None


def _gap(one: Match, other: Match) -> int:
    """Bytes between two matches: in their text, or in the item where they were decoded from two places."""
    if one.text is other.text:
        return max(other.start - one.end, one.start - other.end, 0)
    return max(other.item_start - one.item_end, one.item_start - other.item_end, 0)
