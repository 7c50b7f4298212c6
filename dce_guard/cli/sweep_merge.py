"""Many repositories' reports as one: a value that stands in several is one finding with all its places."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dce_guard._version import __version__
from dce_guard.adapters.repositories import Target
from dce_guard.adapters.sweep_store import Result, Status
from dce_guard.errors import GuardError
from dce_guard.model.finding import Finding, Location, Report, State
from dce_guard.model.item import Kind, Skip
from dce_guard.model.rule import Sensitivity
from dce_guard.report.outcome import INTERRUPTED
from dce_guard.report.read import read
from dce_guard.report.view import name

_SEVERITY = tuple(Sensitivity)
_STATES = tuple(State)
_SUMMED = ("bytes", "commits", "items", "objects")
_NAMED = 3  # repositories that a notice names


class Merge:
    """One report, grown result by result. `rules` describes the rules for people, by their ids."""

    def __init__(self, targets: Iterable[Target], rules: Mapping[str, Mapping[str, object]]) -> None:
        self._names = {target.address: target.name for target in targets}
        self._left = dict(self._names)
        self._rules = rules
        self._findings: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
        self._skips: list[Skip] = []
        self._notices: dict[str, list[str]] = defaultdict(list)
        self._digests: set[str] = set()
        self._stats: Counter[str] = Counter()
        self._most_rules = 0

    def add(self, result: Result) -> None:
        """Takes one repository's result in. Those that were not asked for, or came before, do not count."""
        called = self._left.pop(result.repository, None)
        if called is None:
            return
        status, report = result.status, None
        if result.report is not None:
            try:
                report = read(result.report)
            except GuardError:
                status = Status.FAILED
        self._stats[status.value] += 1
        if report:
            self._take(called, report)
        if status is not Status.DONE and not (report and not report.complete):
            self._skips.append(Skip(called, status.value, result.error))

    def _take(self, called: str, report: Report) -> None:
        for finding in report.findings:
            self._findings[finding.fingerprint].append((called, finding))
        self._skips += (
            # Only this sweep's own end is an interruption; a repository's is something not looked at.
            replace(skip, path=_prefixed(called, skip.path), reason=_reason(skip))
            for skip in report.skips
        )
        for notice in report.notices:
            self._notices[notice].append(called)
        self._digests.add(report.rules_digest)
        self._most_rules = max(self._most_rules, report.stats.get("rules", 0))
        self._stats.update({key: report.stats[key] for key in _SUMMED if key in report.stats})

    def report(self, interrupted: bool = False) -> Report:
        """All that was taken in. What has no result is something that could not be looked at."""
        findings = tuple(_merged(group) for group in self._findings.values())
        reason = INTERRUPTED if interrupted else Status.FAILED.value
        missing = (Skip(called, reason, "not looked at") for called in self._left.values())
        used = {finding.rule for finding in findings}
        stats = {status.value: 0 for status in Status} | self._stats | {
            "repositories": len(self._names), "left": len(self._left),
            "findings": len(findings), "rules": self._most_rules,
        }  # fmt: skip
        return Report(
            source={"mode": "sweep"},
            findings=tuple(sorted(findings, key=lambda one: (one.locations[0].path, one.fingerprint))),
            skips=tuple(sorted((*self._skips, *missing), key=lambda one: (one.path, one.reason, one.detail))),
            stats=stats,
            rules_digest=_digest(self._digests),
            version=__version__,
            notices=tuple(_notice(text, names) for text, names in sorted(self._notices.items())),
            rules={rule: told for rule, told in self._rules.items() if rule in used},
        )


def _merged(group: Sequence[tuple[str, Finding]]) -> Finding:
    """One finding: it counts if it does in one repository; the rest of its verdict is the gravest."""
    group = sorted(group, key=lambda one: one[0])
    speaks = min((finding for _, finding in group), key=_standing)
    facts = {key: value for _, finding in group for key, value in finding.facts.items()} | dict(speaks.facts)
    places = tuple(_placed(called, place) for called, finding in group for place in finding.locations)
    return replace(
        speaks,
        facts=dict(sorted(facts.items())),
        locations=tuple(sorted(places, key=lambda place: bool(place.part))),
        note=_note(group, speaks),
    )


def _standing(finding: Finding) -> tuple[bool, int, int, int, str]:
    """Smaller speaks for the value: what counts before what does not, then the graver verdict."""
    return (
        not finding.state.counts,
        _STATES.index(finding.state),
        _SEVERITY.index(finding.sensitivity),
        -finding.confidence.rank,
        finding.rule,
    )


def _note(group: Sequence[tuple[str, Finding]], speaks: Finding) -> str:
    """Its own note, and what other repositories have said of the value."""
    others = [
        f"{finding.state.value} in {called}" + (f" ({finding.note})" if finding.note else "")
        for called, finding in group
        if finding.state is not speaks.state and not finding.state.counts
    ]
    return "; ".join(filter(None, (speaks.note, *others)))


def _placed(called: str, place: Location) -> Location:
    """The place with its repository before its path; a message without a path is called as people know it."""
    path = _prefixed(called, name(place))
    return replace(place, path=path, snippet=path if place.kind in (Kind.PATH, Kind.REF) else place.snippet)


def _prefixed(called: str, path: str) -> str:
    return f"{called}:{path}" if path else called


def _reason(skip: Skip) -> str:
    return Status.INCOMPLETE.value if skip.reason == INTERRUPTED else skip.reason


def _notice(text: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(sorted(names)[:_NAMED])}{more}: {text}"


def _digest(digests: set[str]) -> str:
    """Of the rules that all used; where repositories have rules of their own, of all digests."""
    if len(digests) == 1:
        return next(iter(digests))
    return hashlib.sha256("".join(sorted(digests)).encode("ascii", "replace")).hexdigest()
