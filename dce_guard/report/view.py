"""What every format asks of a report: order, titles, the place to point at, names that hold a secret."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from dce_guard.model.finding import Finding, Location, Report
from dce_guard.model.item import Kind, Reach
from dce_guard.model.rule import Confidence, Sensitivity

SHORT = 12  # characters of a fingerprint or commit that people need to type

_WORST = {sensitivity: rank for rank, sensitivity in enumerate(Sensitivity)}
_FARTHEST = (Reach.PUSHED, Reach.COMMITTED, Reach.STAGED, Reach.WORK_TREE, Reach.UNKNOWN)


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
    """`report` with its findings worst first and without any file name that holds a secret."""
    report = _without_secret_names(report)
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
    """The first place of the secret itself; where only halves of a pair stand, the first of them."""
    return next((place for place in locations if not place.part), locations[0])


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


def _without_secret_names(report: Report) -> Report:
    """A secret in a file's name is masked wherever the report says that name: the report would leak it."""
    masked = {
        place.path: _masked_name(place)
        for finding in report.findings
        for place in finding.locations
        if place.kind is Kind.PATH
    }
    if not masked:
        return report
    findings = tuple(
        replace(finding, locations=tuple(_renamed(place, masked) for place in finding.locations))
        for finding in report.findings
    )
    skips = tuple(replace(skip, path=masked.get(skip.path, skip.path)) for skip in report.skips)
    return replace(report, findings=findings, skips=skips)


def _masked_name(place: Location) -> str:
    """The snippet of a name is the name with every secret in it masked."""
    if place.snippet:
        return place.snippet
    raw = place.path.encode("utf-8", "surrogateescape")
    return (raw[: place.start] + b"*****" + raw[place.end :]).decode("utf-8", "surrogateescape")


def _renamed(place: Location, masked: Mapping[str, str]) -> Location:
    return replace(place, path=masked[place.path]) if place.path in masked else place
