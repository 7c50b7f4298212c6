"""One JSON object a line: findings, then skips, then one summary. For streams, `jq` and log shippers."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from dce_guard.model.finding import Report
from dce_guard.report.json_report import NOTHING_REVEALED, dumps, finding_object, header, skip_object
from dce_guard.report.view import prepared


def render(report: Report, revealed: Mapping[str, str] = NOTHING_REVEALED) -> str:
    """Lines whose `type` is "finding", "skip" and, last, "summary": without one the stream was cut short."""
    return "".join(dumps(line) + "\n" for line in _lines(prepared(report), revealed))


def _lines(report: Report, revealed: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for finding in report.findings:
        yield {"type": "finding", **finding_object(finding, revealed)}
    for skip in report.skips:
        yield {"type": "skip", **skip_object(skip)}
    states = Counter(finding.state.value for finding in report.findings)
    yield {
        "type": "summary",
        **header(report),
        "states": dict(sorted(states.items())),
        "skips": len(report.skips),
    }
