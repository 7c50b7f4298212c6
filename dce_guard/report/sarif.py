"""SARIF 2.1.0 as GitHub code scanning takes it in (docs.github.com, "SARIF support for code scanning")."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dce_guard.model.finding import Finding, Location, Report, State
from dce_guard.model.item import Reach
from dce_guard.report.escape import path_bytes, visible
from dce_guard.report.json_report import dumps
from dce_guard.report.sarif_history import exposed, pointed, properties, provenance
from dce_guard.report.sarif_rules import LEVELS, MAX_TEXT, clipped, literal, rule_object
from dce_guard.report.view import SHORT, RuleView, by_path, commit_of, farthest, name, prepared, rule_view

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub refuses a run of more than 25,000 results and shows 5,000; of a result's locations it keeps 100.
MAX_RESULTS = 5_000
MAX_LOCATIONS = 100
MAX_NOTIFICATIONS = 1_000  # our own: the file must stay under 10 MB compressed, and people read the first few
_SAFE = "/@+!$&'()*,;=~"  # allowed in a path as they are (RFC 3986, 3.3); ":" is not, in a first segment
_MASKS = "*#=~_•…"  # five of one of them stand for what was masked
_REACHED = {
    Reach.PUSHED: "It was pushed: rotate it.",
    Reach.COMMITTED: "It is committed and not pushed yet.",
    Reach.STAGED: "It is staged and not committed yet.",
    Reach.WORK_TREE: "It is in the work tree only.",
    Reach.UNREACHABLE: "No ref leads to it: if it was ever pushed, rotate it.",
    Reach.UNKNOWN: "",
}


@dataclass(frozen=True, slots=True)
class _Result:
    """One alert: a finding in one file, pointing at `place`, with the further places in that file."""

    finding: Finding
    place: Location
    more: tuple[Location, ...]
    hash: str


def render(report: Report, all_states: bool = False) -> str:
    """The report as one SARIF run, ASCII.

    GitHub ignores suppressions and would open an alert for each finding that people have accepted, so such
    are left out unless `all_states`, which writes them with `suppressions`. Folded to GitHub's limits, worst
    first; what was cut is said in `invocations[0].toolExecutionNotifications`.
    """
    report = prepared(report)
    results = [result for result in _results(report) if all_states or result.finding.state.counts]
    kept = results[:MAX_RESULTS]
    shown = {
        result.finding.rule: result.finding.sensitivity for result in reversed(kept)
    }  # the worst of each
    index = {rule: position for position, rule in enumerate(sorted(shown))}
    views = {rule: rule_view(report, rule) for rule in index}
    run = {
        "tool": {"driver": _driver(report, [rule_object(views[rule], shown[rule]) for rule in index])},
        "automationDetails": {"id": f"dce-guard/{report.source.get('mode', 'scan')}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the scanned tree."}}},
        "redactionTokens": _redaction_tokens(kept),
        "invocations": [_invocation(report, results)],
        "versionControlProvenance": provenance(report),
        "results": [_result(result, index, views[result.finding.rule]) for result in kept],
    }
    for key in ("redactionTokens", "versionControlProvenance"):
        if not run[key]:  # to be absent where nothing was redacted (3.14.28), nothing is known
            del run[key]
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _driver(report: Report, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "name": "dce-guard",
        "version": report.version,
        "semanticVersion": report.version,
        "rules": rules,
        "properties": {"rulesDigest": report.rules_digest},
    }


def _results(report: Report) -> Iterator[_Result]:
    """One for each finding and file, in the findings' order."""
    hashes = _line_hashes(report)
    for finding in report.findings:
        for path, places in by_path(finding.locations).items():
            first = pointed(places)
            more = tuple(place for place in places if place is not first)
            yield _Result(finding, first, more, hashes[finding.fingerprint, finding.rule, path])


def _line_hashes(report: Report) -> dict[tuple[str, str, str], str]:
    """`hash:n` of each result, where n counts equal hashes of one file from its top.

    Findings of every state are counted: accepting the first of two equal lines must not rename the second.
    """
    counts: Counter[tuple[str, str]] = Counter()
    hashes = {}
    found = [
        (path, pointed(places), finding)
        for finding in report.findings
        for path, places in by_path(finding.locations).items()
    ]
    for path, place, finding in sorted(
        found, key=lambda it: (it[0], it[1].line, it[1].column, it[2].fingerprint)
    ):
        line_hash = place.context_hash or finding.fingerprint[:16]
        counts[path, line_hash] += 1
        hashes[finding.fingerprint, finding.rule, path] = f"{line_hash}:{counts[path, line_hash]}"
    return hashes


def _result(result: _Result, index: Mapping[str, int], rule: RuleView) -> dict[str, Any]:
    finding = result.finding
    related = result.more[: MAX_LOCATIONS - 1]
    told = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "kind": "fail",
        "level": LEVELS[finding.sensitivity],
        "message": {"text": _message(result, rule)},
        "locations": [_location(result.place, finding)],
        "relatedLocations": [_related(place, number) for number, place in enumerate(related, 1)],
        "partialFingerprints": {
            "primaryLocationLineHash": result.hash,
            "dceGuard/v1": finding.fingerprint,
        },
        "properties": _properties(result),
    }
    if not finding.state.counts:
        told["suppressions"] = [_suppression(finding, result.place)]
    return told


def _message(result: _Result, rule: RuleView) -> str:
    """Its first sentence is the alert's title."""
    finding, place = result.finding, result.place
    why = clipped("; ".join(finding.reasons), MAX_TEXT // 2)
    parts = (
        f"{clipped(rule.title, 200)} '{finding.preview}'.",
        why and f"Why: {why}.",
        _REACHED[farthest(finding)],
        exposed(finding) or (place.commit and f"Commit {place.commit[:SHORT]}."),
        f"Next: dce-guard respond {finding.fingerprint[:SHORT]}.",
    )
    return clipped(literal(" ".join(filter(None, parts))))


def _location(place: Location, finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {
        "artifactLocation": _artifact(place),
        "region": _region(place) | {"snippet": {"text": visible(finding.preview)}},
    }
    if place.snippet and place.line == place.end_line:
        physical["contextRegion"] = {
            "startLine": place.line,
            "endLine": place.line,
            "snippet": {"text": clipped(visible(place.snippet))},
        }
    return {"physicalLocation": physical}


def _region(place: Location) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _related(place: Location, number: int) -> dict[str, Any]:
    what = place.part or "the same secret"
    where = f" at commit {commit_of(place)[:SHORT]}" if commit_of(place) else ""
    return {
        "id": number,
        "physicalLocation": {"artifactLocation": _artifact(place), "region": _region(place)},
        "message": {"text": literal(f"{what[0].upper()}{what[1:]} stands here{where}.")},
    }


def _artifact(place: Location) -> dict[str, str]:
    """A relative reference to %SRCROOT%, or a file URI of a file outside; names are percent-encoded bytes."""
    path = name(place)
    if len(path) > 2 and path[1] == ":" and path[2] in "/\\":  # C:\dir\file
        return {"uri": "file:///" + path[:2] + quote(path_bytes(path[2:].replace("\\", "/")), safe=_SAFE)}
    encoded = quote(path_bytes(path), safe=_SAFE)
    if path.startswith("/"):
        return {"uri": "file:///" + encoded.lstrip("/")}
    return {"uri": encoded, "uriBaseId": "%SRCROOT%"}


def _properties(result: _Result) -> dict[str, Any]:
    finding, place = result.finding, result.place
    told = {
        "category": finding.category.value,
        "sensitivity": finding.sensitivity.value,
        "confidence": finding.confidence.value,
        "provider": finding.provider,
        "state": finding.state.value,
        "reach": place.reach.value,
        "kind": place.kind.value,
        "commit": place.commit,
        "object": place.object,
        "encoding": place.encoding,
        "facts": dict(sorted(finding.facts.items())),
        **properties(place),
    }
    return {key: value for key, value in told.items() if value or value is False}


def _suppression(finding: Finding, place: Location) -> dict[str, str]:
    inline = finding.state is State.ALLOWED
    why = (place.marker if inline else "") or finding.note or finding.state.value
    return {
        "kind": "inSource" if inline else "external",
        "status": "accepted",
        "justification": clipped(visible(why)),
    }


def _redaction_tokens(results: Sequence[_Result]) -> list[str]:
    texts = [text for result in results for text in (result.finding.preview, result.place.snippet)]
    return [mark * 5 for mark in _MASKS if any(mark * 5 in text for text in texts)]


def _invocation(report: Report, results: Sequence[_Result]) -> dict[str, Any]:
    notes = [
        _note(
            "error" if skip.fatal else "warning", "not-looked-at", _said(skip.path, skip.reason, skip.detail)
        )
        for skip in report.skips[:MAX_NOTIFICATIONS]
    ]
    unsaid = len(report.skips) - len(notes)
    if unsaid:
        fatal = any(skip.fatal for skip in report.skips[MAX_NOTIFICATIONS:])
        notes.append(
            _note("error" if fatal else "warning", "not-looked-at", f"{unsaid} more were not looked at.")
        )
    notes += [_note("note", "notice", notice) for notice in report.notices if notice]
    notes += [_note("warning", "cut", text) for text in _cuts(results)]
    return {"executionSuccessful": report.complete, "toolExecutionNotifications": notes}


def _said(path: str, reason: str, detail: str) -> str:
    return f"Not looked at: '{path}': {reason}" + (f" ({detail})." if detail else ".")


def _cuts(results: Sequence[_Result]) -> Iterator[str]:
    if len(results) > MAX_RESULTS:
        yield (
            f"{len(results)} results were found and the worst {MAX_RESULTS} are in this file, as many as "
            f"GitHub shows; {len(results) - MAX_RESULTS} were left out. The formats json and jsonl hold all."
        )
    long = [result for result in results[:MAX_RESULTS] if len(result.more) >= MAX_LOCATIONS]
    if long:
        places = sum(len(result.more) + 1 - MAX_LOCATIONS for result in long)
        yield (
            f"{places} further locations of {len(long)} results were left out: "
            f"GitHub keeps {MAX_LOCATIONS} each."
        )


def _note(level: str, kind: str, text: str) -> dict[str, Any]:
    return {
        "level": level,
        "descriptor": {"id": f"dce-guard/{kind}"},
        "message": {"text": clipped(literal(text))},
    }
