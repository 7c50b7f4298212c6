"""GitLab's secret detection report, version 15.2.1 (gitlabhq, secret-detection-report-format.json)."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from dce_guard.model.finding import Finding, Location, Report
from dce_guard.report.escape import visible
from dce_guard.report.history import author, exposure, moment, sentence
from dce_guard.report.json_report import dumps
from dce_guard.report.view import SHORT, RuleView, by_path, commit_of, name, prepared, primary, rule_view

VERSION = "15.2.1"
NO_COMMIT = "0" * 40  # the schema demands a commit for every finding, also of files that no commit holds
MAX_NAME = 255
MAX_SOLUTION = 7000
# Identifies a finding in a file from one report to the next: version 5 of this namespace over both names.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "dce-guard/report/gitlab")


def render(report: Report, started: datetime, ended: datetime) -> str:
    """The report as GitLab reads it: findings that count, one a file, with skips and notices as messages.

    GitLab demands both times; for the same bytes from the same input give it fixed ones (SOURCE_DATE_EPOCH,
    the head commit's time). Aware times are written in UTC, naive ones as they are; the schema wants no zone.
    """
    report = prepared(report)
    tool = {
        "id": "dce-guard",
        "name": "dce-guard",
        "version": report.version,
        "vendor": {"name": "dce-guard"},
    }
    document = {
        "version": VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "secret_detection",
            "start_time": _time(started),
            "end_time": _time(ended),
            "status": "success" if report.complete else "failure",
            "messages": _messages(report),
        },
        "vulnerabilities": list(_vulnerabilities(report)),
    }
    return dumps(document, indent=2) + "\n"


def _time(moment: datetime) -> str:
    local = moment.astimezone(UTC) if moment.tzinfo else moment
    return local.strftime("%Y-%m-%dT%H:%M:%S")


def _messages(report: Report) -> list[dict[str, str]]:
    skips = [
        {
            "level": "fatal" if skip.fatal else "warn",
            "value": visible(f"not looked at: {skip.path}: {skip.reason} {skip.detail}".rstrip()),
        }
        for skip in report.skips
    ]
    return skips + [{"level": "info", "value": visible(notice)} for notice in report.notices if notice]


def _vulnerabilities(report: Report) -> Iterator[dict[str, Any]]:
    for finding in report.open:
        rule = rule_view(report, finding.rule)
        for places in by_path(finding.locations).values():
            yield _vulnerability(report, finding, rule, places)


def _vulnerability(
    report: Report, finding: Finding, rule: RuleView, places: Sequence[Location]
) -> dict[str, Any]:
    place = primary(places)
    told = {
        "id": str(uuid.uuid5(_NAMESPACE, f"{finding.fingerprint}/{name(place)!a}")),
        "name": visible(rule.title)[:MAX_NAME],
        "description": visible(_description(finding, rule, places)),
        "severity": finding.sensitivity.value.capitalize(),
        "solution": visible(_solution(finding, rule))[:MAX_SOLUTION],
        "identifiers": _identifiers(rule),
        "links": [{"url": url} for url in rule.references],
        "location": _location(report, place),
    }
    return told | ({"raw_source_code_extract": visible(place.snippet)} if place.snippet else {})


def _description(finding: Finding, rule: RuleView, places: Sequence[Location]) -> str:
    seen = f"Seen {len(places)} times in this file." if len(places) > 1 else ""
    reasons, past = "; ".join(finding.reasons), exposure(finding)
    told = f"History: {sentence(finding, past)}." if past else ""
    parts = (f"{rule.title}: {finding.preview}.", reasons and f"Why: {reasons}.", seen, told)
    return " ".join(filter(None, parts))


def _solution(finding: Finding, rule: RuleView) -> str:
    todo = f"Remove it and rotate it: dce-guard respond {finding.fingerprint[:SHORT]}"
    return f"{rule.remediation} {todo}".strip()


def _identifiers(rule: RuleView) -> list[dict[str, str]]:
    """The first one is what GitLab tracks a finding by."""
    return [
        {"type": "dce_guard_rule", "name": f"dce-guard rule {rule.id}", "value": rule.id},
        {
            "type": "cwe",
            "name": f"CWE-{rule.cwe}",
            "value": str(rule.cwe),
            "url": f"https://cwe.mitre.org/data/definitions/{rule.cwe}.html",
        },
    ]


def _location(report: Report, place: Location) -> dict[str, Any]:
    return {
        "file": visible(name(place)),
        "start_line": place.line,
        "end_line": place.end_line,
        "commit": _commit(report, place),
    }


def _commit(report: Report, place: Location) -> dict[str, str]:
    """The commit that brought it, as far as that is known: GitLab shows who and when."""
    first = place.trace.first if place.trace else None
    if first:
        return {"sha": first.id, "author": author(first), "date": moment(first.seconds)}
    return {"sha": commit_of(place) or report.source.get("head") or NO_COMMIT}
