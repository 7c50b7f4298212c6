"""Reports: a `Report` in, text out. Pure and deterministic: the same report gives the same bytes."""

from collections.abc import Mapping

# Format name -> "module:function", so that a run imports the one format that it writes.
FORMATS: Mapping[str, str] = {
    "text": "dce_guard.report.text:render",
    "json": "dce_guard.report.json_report:render",
    "jsonl": "dce_guard.report.jsonl:render",
    "sarif": "dce_guard.report.sarif:render",
    "gitlab": "dce_guard.report.gitlab:render",
    "junit": "dce_guard.report.junit:render",
    "csv": "dce_guard.report.csv_report:render",
}
