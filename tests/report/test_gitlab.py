import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Report
from dce_guard.report import gitlab

SPEC = Path(__file__).parents[3] / "shared/specs/gitlab-secret-detection-15.2.1.compact.json"
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def parsed(report: Report) -> Any:
    return json.loads(gitlab.render(report, AT, AT))


@pytest.mark.skipif(not SPEC.exists(), reason=f"needs {SPEC.name} from ../shared/specs")
def test_it_passes_the_schema() -> None:
    schema = json.loads(SPEC.read_text(encoding="utf-8"))
    for report in (samples.full(), samples.report(), samples.swept()):
        jsonschema.Draft7Validator(schema).validate(parsed(report))
    broken = parsed(samples.full())
    broken["scan"]["start_time"] += "Z"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(broken)


def test_times_are_utc_without_a_zone() -> None:
    east = AT.astimezone(timezone(timedelta(hours=5)))
    scan = json.loads(gitlab.render(samples.report(), east, AT.replace(tzinfo=None)))["scan"]
    assert scan["start_time"] == scan["end_time"] == "2026-05-04T03:02:01"


def test_the_rule_is_the_first_identifier_and_the_cwe_the_second() -> None:
    first, second = parsed(samples.report(samples.database()))["vulnerabilities"][0]["identifiers"]
    assert (first["type"], first["value"]) == ("dce_guard_rule", samples.DATABASE)
    assert (second["type"], second["value"]) == ("cwe", "259")


def test_the_commit_is_its_own_or_head_or_zeros() -> None:
    def shas(report: Report) -> set[str]:
        return {found["location"]["commit"]["sha"] for found in parsed(report)["vulnerabilities"]}

    assert shas(samples.report(samples.database())) == {samples.COMMIT}
    assert shas(samples.report(samples.finding())) == {samples.HEAD}
    assert shas(samples.report(samples.finding(), source={"mode": "stdin"})) == {"0" * 40}


def test_only_what_counts_and_one_a_file() -> None:
    found = parsed(samples.full())["vulnerabilities"]
    assert len(found) == 1 + 9
    assert len({one["id"] for one in found}) == 10
    assert {one["severity"] for one in found} == {"Critical", "High"}


def test_what_was_not_looked_at_is_a_message() -> None:
    scan = parsed(samples.full())["scan"]
    assert scan["status"] == "failure"
    assert [message["level"] for message in scan["messages"]] == ["fatal", "warn", "warn", "info"]
    assert "secret/locked.bin" in scan["messages"][0]["value"]
    assert parsed(samples.report())["scan"] | {"messages": []} == parsed(samples.report())["scan"]
    assert parsed(samples.report())["scan"]["status"] == "success"


def test_an_id_stays_when_lines_move() -> None:
    ids = [
        parsed(samples.report(samples.finding(locations=(samples.location(line=line),))))["vulnerabilities"][
            0
        ]["id"]
        for line in (3, 300)
    ]
    assert ids[0] == ids[1]


@given(st.text(st.characters(codec=None), min_size=1, max_size=30))
def test_no_control_character_reaches_the_page(text: str) -> None:
    found = samples.finding(locations=(samples.location(text, snippet=text),), reasons=(text,))
    one = parsed(samples.report(found))["vulnerabilities"][0]
    assert one["location"]["file"].isprintable()
    assert one["raw_source_code_extract"].isprintable()
    assert one["description"].isprintable()


def test_a_history_fills_in_who_and_when() -> None:
    found = parsed(samples.history(samples.gone()))["vulnerabilities"]
    (one,) = [one for one in found if one["location"]["file"] == "conf/old.env"]
    assert one["location"]["commit"] == {
        "sha": samples.COMMIT,
        "author": "Ana Lima",
        "date": "2021-03-04T00:00:00Z",
    }
    assert "History: first committed 2021-03-04 by Ana Lima" in one["description"]


def test_who_is_left_out_where_nobody_is_known_and_withheld_where_the_name_is_a_secret() -> None:
    def commit(**changes: Any) -> Any:
        place = samples.past(commit="", trace=samples.trace(**changes))
        (one,) = parsed(samples.history(samples.finding(locations=(place,))))["vulnerabilities"]
        return one["location"]["commit"]

    assert commit(first=None) == {"sha": samples.HEAD}
    assert commit(first=replace(samples.FIRST, author=""))["author"] == "(withheld: holds a secret)"
    assert "History" not in parsed(samples.full())["vulnerabilities"][0]["description"]
