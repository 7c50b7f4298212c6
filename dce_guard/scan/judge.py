"""Is it one, how sure are we, and why: checks, known examples, overlaps and pairs of one item's matches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dce_guard.model.finding import Fact
from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.scan.plausible import entropy, is_placeholder

Check = Callable[[Match], Verdict]
# Rules of these packs go by a value's name and give way to any rule that knows the value's form.
GENERIC_PACKS = frozenset({"generic", "passwords"})
# A checksum, a parse or a signature says more than the look of the letters.
_CERTAIN = Confidence.HIGH


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

    def judge(self, match: Match) -> Judged:
        """One match by itself."""
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


def _apply(judged: Judged, verdict: Verdict) -> None:
    judged.drop, judged.known = verdict.drop, verdict.known
    judged.confidence = verdict.confidence or judged.confidence
    judged.sensitivity = verdict.sensitivity or judged.sensitivity
    judged.facts.update(verdict.facts)
    if verdict.reason:
        judged.reasons.append(verdict.reason)


def _regular(value: bytes) -> bool:
    """Whether a token of a vendor's form is one that people make up: XXXX, EXAMPLE, 123456. Keys of many lines pass."""
    return len(value) < 512 and b"-----BEGIN" not in value and is_placeholder(value.decode("latin-1"))


def _settled(judged: Sequence[Judged]) -> list[Judged]:
    """One of those that overlap: what is known of a value's form wins, also when it says that there is nothing.

    A GitHub token with a wrong checksum is no generic secret either; a vendor's form that is doubtful by itself
    is as sure as the name it stands beside makes it.
    """
    order = sorted(
        judged, key=lambda one: (one.generic, bool(one.drop), -one.confidence.rank, -len(one.match.secret))
    )
    kept: list[Judged] = []
    for one in order:
        if one.drop and not one.known:
            continue
        over = [other for other in kept if _overlap(one.match, other.match)]
        if not over:
            kept.append(one)
        elif not one.drop and one.confidence.rank > over[0].confidence.rank and not over[0].drop:
            over[0].confidence = one.confidence
            over[0].reasons += one.reasons
    return [one for one in kept if not one.drop]


def _overlap(one: Match, other: Match) -> bool:
    if one.text is not other.text:
        return (
            one.item_start < other.item_end
            and other.item_start < one.item_end
            and one.encoding != other.encoding
        )
    return one.start < other.end and other.start < one.end


def _joined(judged: Sequence[Judged]) -> list[Judged]:
    """Halves of a pair become one; a half that needs its other and has none is no finding, nor is an identifier."""
    taken: set[int] = set()
    for one in judged:
        if id(one) not in taken and one.match.rule.pair and (other := _nearest(one, judged)):
            one.other = other.match
            one.facts.update(other.facts)
            one.reasons.append(f"its other half ({other.match.rule.description}) stands near")
            one.confidence = _CERTAIN
            taken.add(id(other))
    return [
        one
        for one in judged
        if id(one) not in taken
        and not one.match.rule.public
        and not (one.match.rule.needs_pair and not one.other)
    ]


def _nearest(one: Judged, judged: Sequence[Judged]) -> Judged | None:
    pair = one.match.rule.pair
    if pair is None:
        return None
    near = [
        (abs(other.match.item_start - one.match.item_start), index)
        for index, other in enumerate(judged)
        if other.match.rule.id == pair.rule and other.match.encoding == one.match.encoding
    ]
    near = [(distance, index) for distance, index in near if distance <= pair.within + len(one.match.secret)]
    return judged[min(near)[1]] if near else None
