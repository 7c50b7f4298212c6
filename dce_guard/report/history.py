"""What a history tells of a finding: since when and until when it could be read, by whom, from where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dce_guard.model.finding import Commit, Finding, Held, Location, Trace
from dce_guard.model.item import Kind, Reach
from dce_guard.report.escape import visible
from dce_guard.report.view import SHORT, farthest, here, name, nearness

WITHHELD = "(withheld: holds a secret)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_LONGEST = 60  # characters shown of an author's name
_KEPT = {
    Held.REFLOG: "unreachable: only in this clone's object store (reflog)",
    Held.COMMIT: "unreachable: only in this clone's object store (dangling commit)",
    Held.NOTHING: "unreachable: only in this clone's object store (dangling object)",
}
_SHORTER = (  # how a ref begins, and what people call it
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/tags/", "tag "),
    ("refs/notes/", "notes "),
    ("refs/pull/", "pull request "),
    ("refs/pull-requests/", "pull request "),
    ("refs/merge-requests/", "merge request "),
)
_REQUEST_ENDS = ("/head", "/merge", "/from")


@dataclass(frozen=True, slots=True)
class Exposure:
    """How long a secret could be read, and from where, over all its places.

    `first` brought it, `last` is the newest commit that holds it. `removed` took out the last of it, and is
    None while one place still holds it: the window is open.
    """

    held: Held  # the strongest of what keeps it
    first: Commit | None
    last: Commit | None
    removed: Commit | None
    current: bool  # it stands in the work tree, the index or HEAD's tree
    pushed: bool
    refs: tuple[str, ...]  # the refs that are named, of all places
    refs_total: int  # at least so many lead to it

    @property
    def days(self) -> int | None:
        """Whole days from the first commit to the one that took it out; None while one of them is not known.

        Clocks of committers disagree, so a window that ends before it begins has 0.
        """
        if not self.first or not self.removed:
            return None
        return max(0, self.removed.seconds - self.first.seconds) // _DAY


def exposure(finding: Finding) -> Exposure | None:
    """What the traces of the finding's places say together; None where no history was looked through.

    Places of the other half of a pair do not count, unless there are only such.
    """
    own = [place for place in finding.locations if not place.part] or list(finding.locations)
    traces = [place.trace for place in own if place.trace]
    if not traces:
        return None
    refs = tuple(dict.fromkeys(ref for trace in traces for ref in trace.refs))
    strength = list(Held)
    return Exposure(
        held=min((trace.held for trace in traces), key=strength.index),
        first=min((trace.first for trace in traces if trace.first), key=_when, default=None),
        last=max((trace.last for trace in traces if trace.last), key=_when, default=None),
        removed=_removed(own, traces),
        current=any(map(here, own)),
        pushed=farthest(finding) is Reach.PUSHED,
        refs=refs,
        refs_total=max(len(refs), *(trace.refs_total for trace in traces)),
    )


def _removed(own: Sequence[Location], traces: Sequence[Trace]) -> Commit | None:
    """The commit that took it out of the last place; None while it is left in one."""
    ends = [trace.removed for trace in traces if trace.removed]
    return max(ends, key=_when) if len(ends) == len(own) else None


def _when(commit: Commit) -> tuple[int, str]:
    return commit.seconds, commit.id


def moment(seconds: int) -> str:
    """ISO 8601 in UTC, to the second: "2021-03-04T05:06:07Z". What no calendar has is cut to its ends."""
    return _datetime(seconds).replace(tzinfo=None).isoformat() + "Z"


def day(seconds: int) -> str:
    """The date in UTC: "2021-03-04"."""
    return _datetime(seconds).date().isoformat()


def year(seconds: int) -> str:
    """The year in UTC, four digits."""
    return day(seconds)[:4]


def _datetime(seconds: int) -> datetime:
    """A commit may claim any time, also one before the year 1 or after 9999."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return (datetime.max if seconds > 0 else datetime.min).replace(tzinfo=UTC, microsecond=0)


def author(commit: Commit) -> str:
    """The author's name, safe to show; where it holds a secret, that it does."""
    shown = visible(commit.author) or WITHHELD
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."


def sentence(finding: Finding, seen: Exposure) -> str:
    """Since when, by whom, until when, and how far: one line for people, safe to show."""
    pushed = "pushed" if seen.pushed else "not pushed" if farthest(finding) is Reach.COMMITTED else ""
    parts = (_began(finding, seen), _ended(finding, seen), _kept(finding, seen), pushed)
    return "; ".join(filter(None, parts))


def _began(finding: Finding, seen: Exposure) -> str:
    if seen.first:
        return _brought("first committed", seen.first)
    if all(place.kind is Kind.TAG for place in finding.locations):
        return "in the message of a tag"
    return "in no commit" if seen.held is Held.NOTHING else "first commit not known"


def _ended(finding: Finding, seen: Exposure) -> str:
    if seen.removed:
        return _brought("taken out", seen.removed) + (
            "" if seen.days is None else f" after {_lasted(seen.days)}"
        )
    if seen.current:
        return "still there"
    if seen.held is not Held.REF:
        return ""
    kinds = {place.kind for place in finding.locations}
    if kinds == {Kind.TAG}:
        return "still there until the tag is deleted"
    if kinds <= {Kind.COMMIT, Kind.TAG}:
        return "still there: only rewriting the history takes it out of a message"
    return "not in the current tree, still held by another branch, tag or message"


def _kept(finding: Finding, seen: Exposure) -> str:
    if seen.current or seen.held is Held.REF:
        return ""
    unknown = farthest(finding) is Reach.UNKNOWN
    return "what leads to it is not known" if unknown else _KEPT[seen.held]


def _lasted(days: int) -> str:
    return f"{days:,} day{'s' * (days != 1)}" if days else "less than a day"


def _brought(what: str, commit: Commit) -> str:
    return f"{what} {day(commit.seconds)} by {author(commit)} in {visible(commit.id[:SHORT])}"


def leading(seen: Exposure, most: int) -> str:
    """The first refs that lead to it, as people call them, and how many more there are; "" without any."""
    names = list(dict.fromkeys(map(short_ref, seen.refs)))
    rest = max(0, seen.refs_total - len(seen.refs)) + max(0, len(names) - most)
    if not names:
        return f"{rest:,} refs" if rest else ""
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest else "")


def short_ref(ref: str) -> str:
    """A ref as people call it: "main", "origin/main", "tag v1", "pull request 12"; safe to show."""
    for begin, called in _SHORTER:
        if ref.startswith(begin):
            rest = ref.removeprefix(begin)
            if called.endswith("request "):
                rest = next((rest.removesuffix(end) for end in _REQUEST_ENDS if rest.endswith(end)), rest)
            return visible(called + rest)
    return "stash" if ref == "refs/stash" else visible(ref)


def grouped(locations: Iterable[Location]) -> list[list[Location]]:
    """Places of the secret itself by file, what is easiest to get at first, in the groups as among them."""
    groups: dict[str, list[Location]] = {}
    for place in sorted((place for place in locations if not place.part), key=nearness):
        groups.setdefault(name(place), []).append(place)
    return list(groups.values())
