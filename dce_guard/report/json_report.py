"""The JSON report `dce-guard/report/1`; docs/report.md describes it, docs/report-1.schema.json checks it."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from dce_guard.model.finding import Commit, Finding, Location, Report, Trace
from dce_guard.model.item import Skip
from dce_guard.report.escape import path_bytes
from dce_guard.report.history import Exposure, exposure, moment
from dce_guard.report.view import prepared

SCHEMA = "dce-guard/report/1"
NOTHING_REVEALED: Mapping[str, str] = {}


def render(report: Report, revealed: Mapping[str, str] = NOTHING_REVEALED) -> str:
    """The report as ASCII JSON, indented, with a newline at its end.

    `revealed` maps fingerprints to values, for a person who asked to see them; a finding in it has the key
    `secret`. No other key ever holds a value.
    """
    report = prepared(report)
    document = {
        **header(report),
        "skips": [skip_object(skip) for skip in report.skips],
        "findings": [finding_object(finding, revealed) for finding in report.findings],
    }
    return dumps(document, indent=2) + "\n"


def header(report: Report) -> dict[str, Any]:
    """What a report says beside findings and skips."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "dce-guard", "version": report.version},
        "source": dict(sorted(report.source.items())),
        "rules_digest": report.rules_digest,
        "complete": report.complete,
        "stats": dict(sorted(report.stats.items())),
        "notices": list(report.notices),
    }


def finding_object(finding: Finding, revealed: Mapping[str, str] = NOTHING_REVEALED) -> dict[str, Any]:
    """A finding as the JSON report holds it."""
    told: dict[str, Any] = {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "category": finding.category.value,
        "sensitivity": finding.sensitivity.value,
        "provider": finding.provider,
        "confidence": finding.confidence.value,
        "preview": finding.preview,
        "facts": dict(sorted(finding.facts.items())),
        "reasons": list(finding.reasons),
        "state": finding.state.value,
        "locations": [_location(place) for place in finding.locations],
    }
    seen = exposure(finding)
    if seen:
        told["exposure"] = _exposure(seen)
    if finding.note:
        told["note"] = finding.note
    if finding.fingerprint in revealed:
        told["secret"] = revealed[finding.fingerprint]
    return told


def _exposure(seen: Exposure) -> dict[str, Any]:
    return {
        "from": moment(seen.first.seconds) if seen.first else None,
        "until": moment(seen.removed.seconds) if seen.removed else None,
        "days": seen.days,
        "pushed": seen.pushed,
        "current": seen.current,
        "held": seen.held.value,
        **_commits(seen),
        "refs_total": seen.refs_total,
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "held": trace.held.value,
        **_commits(trace),
        "current": trace.current,
        "refs": list(trace.refs),
        "refs_total": trace.refs_total,
        "versions": trace.versions,
    }


def _commits(told: Exposure | Trace) -> dict[str, Any]:
    return {"first": _commit(told.first), "last": _commit(told.last), "removed": _commit(told.removed)}


def _commit(commit: Commit | None) -> dict[str, str] | None:
    if commit is None:
        return None
    return {"commit": commit.id, "author": commit.author, "date": moment(commit.seconds)}


def _location(place: Location) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": place.kind.value,
        **_path(place.path),
        "line": place.line,
        "end_line": place.end_line,
        "column": place.column,
        "end_column": place.end_column,
        "start": place.start,
        "end": place.end,
        "object": place.object,
        "commit": place.commit,
        "encoding": place.encoding,
        "reach": place.reach.value,
    }
    optional = {"snippet": place.snippet, "part": place.part, "marker": place.marker}
    told |= {key: value for key, value in optional.items() if value}
    return told | ({"trace": _trace(place.trace)} if place.trace else {})


def skip_object(skip: Skip) -> dict[str, Any]:
    """A skip as the JSON report holds it."""
    return {**_path(skip.path), "reason": skip.reason, "detail": skip.detail, "fatal": skip.fatal}


def _path(path: str) -> dict[str, str]:
    """`path`, and its bytes beside it where they are no UTF-8 and JSON cannot say them."""
    readable = scalar(path)
    if readable == path:
        return {"path": path}
    return {"path": readable, "path_bytes": base64.b64encode(path_bytes(path)).decode("ascii")}


def dumps(document: object, indent: int | None = None) -> str:
    """`document` as ASCII JSON in which every escape is a Unicode scalar value.

    `ensure_ascii` writes a lone surrogate as it is, and serde, Go and jq refuse or replace the document then
    (RFC 8259, 8.2 calls the outcome unpredictable), so such become U+FFFD.
    """
    text = json.dumps(document, ensure_ascii=True, indent=indent)
    return json.dumps(_scalars(document), ensure_ascii=True, indent=indent) if "\\ud" in text else text


def _scalars(value: Any) -> Any:
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, dict):
        return {_scalars(key): _scalars(inner) for key, inner in value.items()}
    return [_scalars(inner) for inner in value] if isinstance(value, list | tuple) else value


def scalar(text: str) -> str:
    """`text` with each lone surrogate replaced by U+FFFD."""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
