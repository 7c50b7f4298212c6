"""What every format asks of a report: order, titles, the place to point at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from dce_guard.model.finding import Finding, Location, Report
from dce_guard.model.item import Kind, Reach
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.report.names import without_secret_names

SHORT = 12  # characters of a fingerprint or commit that people need to type

_WORST = {sensitivity: rank for rank, sensitivity in enumerate(Sensitivity)}
# What no ref leads to may have been pushed once; what is staged or in the work tree only never was.
_FARTHEST = (
    *(Reach.PUSHED, Reach.COMMITTED, Reach.UNREACHABLE),
    *(Reach.STAGED, Reach.WORK_TREE, Reach.UNKNOWN),
)
_NOT_FILES = (Kind.COMMIT, Kind.TAG, Kind.REF, Kind.GIT_FILE, Kind.STDIN)


class RuleView(NamedTuple):
    """What `Report.rules` says of a rule, with defaults for what it leaves out."""

    id: str
    title: str
    provider: str
    confidence: Confidence
    remediation: str
    references: tuple[str, ...]
    cwe: int


def rule_view(report: Report, rule: str) -> RuleView:
    """The rule of a finding, for people. A rule that the report does not describe is titled by its id."""
    told: Mapping[str, object] = report.rules.get(rule, {})
    references = told.get("references", ())
    cwe = told.get("cwe", 798)
    return RuleView(
        id=rule,
        title=str(told.get("description") or rule).rstrip("."),
        provider=str(told.get("provider", "")),
        confidence=Confidence(str(told.get("confidence", "medium"))),
        remediation=str(told.get("remediation", "")),
        references=tuple(url for url in map(str, references) if url.startswith(("https://", "http://")))
        if isinstance(references, list | tuple)
        else (),
        cwe=cwe if isinstance(cwe, int) else 798,
    )


def prepared(report: Report) -> Report:
    """`report` with its findings worst first and without any name of a file or ref that holds a secret."""
    report = without_secret_names(report)
    return replace(report, findings=tuple(sorted(report.findings, key=_order)))


def _order(finding: Finding) -> tuple[int, str, int, int, str, str]:
    place = primary(finding.locations)
    return (
        _WORST[finding.sensitivity],
        place.path,
        place.line,
        place.column,
        finding.rule,
        finding.fingerprint,
    )


def primary(locations: Sequence[Location]) -> Location:
    """The first place of the secret itself; where only halves of a pair stand, the first of them.

    Of a history it is a place that is there now, in the work tree before HEAD's tree, else the first that
    was committed.
    """
    own = [place for place in locations if not place.part]
    return min(own, key=nearness) if own else locations[0]


def nearness(place: Location) -> tuple[int, int]:
    """Smaller is easier to get at: the work tree, HEAD's tree, commits from the first on, all else."""
    trace = place.trace
    if here(place):
        return (1 if trace else 0), 0
    if trace is None:
        return 3, 0
    return (2, trace.first.seconds) if trace.first else (3, 0)


def here(place: Location) -> bool:
    """Whether it stands in a file of the work tree, the index or HEAD's tree: something to edit now."""
    if place.kind in _NOT_FILES:
        return False
    if place.trace:
        return place.trace.current and bool(place.path)
    return place.kind not in (Kind.BLOB, Kind.PATH) or place.reach in (Reach.STAGED, Reach.WORK_TREE)


def commit_of(place: Location) -> str:
    """The commit that a place is told by: the one it was read at, else the first that held it; "" without."""
    first = place.trace.first if place.trace else None
    return place.commit or (first.id if first else "")


def others(finding: Finding) -> list[Location]:
    """The places of the secret itself beside the primary one."""
    first = primary(finding.locations)
    return [place for place in finding.locations if place is not first and not place.part]


def by_path(locations: Iterable[Location]) -> dict[str, list[Location]]:
    """Locations grouped by path, paths and places in the order given."""
    groups: dict[str, list[Location]] = {}
    for place in locations:
        groups.setdefault(place.path, []).append(place)
    return groups


def farthest(finding: Finding) -> Reach:
    """How far the secret got out, by the place where it got farthest."""
    reached = {place.reach for place in finding.locations}
    return next(reach for reach in _FARTHEST if reach in reached)


def name(place: Location) -> str:
    """A path, or what stands for one where there is none: "commit/1a2b…", "stdin"."""
    return place.path or "/".join(filter(None, (place.kind.value, place.commit or place.object)))


def at(place: Location) -> str:
    """Where to look, not yet escaped: "a.py:3:22"; what only the history has, by commit: "a.py:3:22@418e189a418e"."""
    past = place.trace and place.path and not here(place)
    commit = commit_of(place)[:SHORT] if past else ""
    return f"{name(place)}:{place.line}:{place.column}" + (f"@{commit}" if commit else "")
