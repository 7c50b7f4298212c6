import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Commit, Held
from dce_guard.model.item import Reach
from dce_guard.report import json_report, jsonl

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/report-1.schema.json").read_text(encoding="utf-8"))
ANY = st.text(st.characters(codec=None), max_size=30)


def parsed(*findings: Any, **changes: Any) -> dict[str, Any]:
    return json.loads(json_report.render(samples.report(*findings, **changes)))


def check(document: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_it_passes_its_schema_and_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    check(json.loads(json_report.render(samples.full(), {"bb" * 16: "made-up"})))
    check(parsed())


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("schema",), "dce-guard/report/2"),
        (("findings", 0, "state"), "fine"),
        (("findings", 0, "locations"), []),
        (("findings", 0, "locations", 0, "column"), 0),
        (("skips", 0, "fatal"), "yes"),
        (("complete",), None),
    ],
)
def test_the_schema_refuses(where: tuple[Any, ...], value: object) -> None:
    document = json.loads(json_report.render(samples.full()))
    inner = document
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        check(document)


def test_the_keys_are_those_that_are_documented() -> None:
    document = json.loads(json_report.render(samples.full()))
    assert set(document) == set(SCHEMA["properties"])
    for found in document["findings"]:
        assert set(found) - {"note"} == set(SCHEMA["$defs"]["finding"]["required"])
        for place in found["locations"]:
            assert set(place) <= set(SCHEMA["$defs"]["location"]["properties"])
    assert set(document["skips"][0]) == set(SCHEMA["$defs"]["skip"]["required"])


def test_order_of_findings_and_facts_changes_no_byte() -> None:
    one = samples.finding(facts={"a": 1, "b": True})
    other = samples.finding(facts={"b": True, "a": 1})
    database = samples.database()
    assert json_report.render(samples.report(one, database)) == json_report.render(
        samples.report(database, other)
    )


def test_a_value_is_in_it_only_for_whom_it_was_revealed() -> None:
    found = samples.finding()
    assert "secret" not in parsed(found)["findings"][0]
    text = json_report.render(samples.report(found, samples.database()), {found.fingerprint: "made-up"})
    first, second = json.loads(text)["findings"]
    assert first["secret"] == "made-up"
    assert "secret" not in second
    line = json.loads(jsonl.render(samples.report(found), {found.fingerprint: "made-up"}).splitlines()[0])
    assert line["secret"] == "made-up"


@given(ANY, ANY)
def test_any_name_and_line_is_ascii_without_lone_surrogates(path: str, line: str) -> None:
    text = json_report.render(
        samples.report(samples.finding(locations=(samples.location(path, snippet=line),)))
    )
    assert text.isascii()
    place = json.loads(text)["findings"][0]["locations"][0]
    place["path"].encode("utf-8")
    assert "path_bytes" in place or place["path"] == path


def test_a_name_that_is_no_utf8_keeps_its_bytes() -> None:
    place = parsed(samples.finding(locations=(samples.location("caf\udce9.py"),)))["findings"][0][
        "locations"
    ][0]
    assert place["path"] == "caf\ufffd.py"
    assert base64.b64decode(place["path_bytes"]) == b"caf\xe9.py"


def test_an_incomplete_report_says_so() -> None:
    assert parsed()["complete"] is True
    assert json.loads(json_report.render(samples.full()))["complete"] is False


def test_lines_end_with_a_summary() -> None:
    text = jsonl.render(samples.full())
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["type"] for line in lines] == ["finding"] * 4 + ["skip"] * 3 + ["summary"]
    assert lines[-1]["states"] == {"accepted": 1, "allowed": 1, "new": 2}
    assert lines[-1]["skips"] == 3
    assert lines[-1]["complete"] is False


def test_a_clean_stream_is_a_summary() -> None:
    (line,) = jsonl.render(samples.report()).splitlines()
    assert json.loads(line)["states"] == {}


def test_a_history_passes_the_schema_with_its_keys_documented() -> None:
    document = json.loads(json_report.render(samples.swept()))
    check(document)
    for found in document["findings"]:
        assert set(found) <= set(SCHEMA["$defs"]["finding"]["properties"])
        for place in found["locations"]:
            assert set(place) <= set(SCHEMA["$defs"]["location"]["properties"])


def test_a_place_says_how_long_it_held_the_value() -> None:
    document = parsed(samples.finding(locations=(samples.past(), samples.location("z.py"))))
    past, now = document["findings"][0]["locations"]
    assert past["trace"] == {
        "held": "ref",
        "first": {"commit": samples.FIRST.id, "author": "Ana Lima", "date": "2021-03-04T00:00:00Z"},
        "last": {"commit": samples.LAST.id, "author": "Bo Ek", "date": "2021-12-20T11:33:20Z"},
        "removed": {"commit": samples.REMOVED.id, "author": "Bo Ek", "date": "2022-03-04T01:00:00Z"},
        "current": False,
        "refs": list(samples.BRANCHES),
        "refs_total": 40,
        "versions": 2,
    }
    assert "trace" not in now


def test_a_closed_window_has_days_and_an_open_one_has_none() -> None:
    closed = parsed(samples.gone())["findings"][0]["exposure"]
    assert (closed["from"], closed["until"], closed["days"]) == (
        "2021-03-04T00:00:00Z",
        "2022-03-04T01:00:00Z",
        365,
    )
    assert (closed["pushed"], closed["current"], closed["held"]) == (True, False, "ref")
    still = parsed(samples.finding(locations=(samples.past(), samples.current())))["findings"][0]["exposure"]
    assert (still["until"], still["days"], still["removed"], still["current"]) == (None, None, None, True)


def test_without_a_history_nothing_is_said_of_exposure() -> None:
    (found,) = parsed(samples.database())["findings"]
    assert "exposure" not in found
    assert not any("trace" in place for place in found["locations"])


def test_a_dangling_object_has_no_commits_and_passes_the_schema() -> None:
    trace = samples.trace(held=Held.NOTHING, first=None, last=None, removed=None, refs=(), refs_total=0)
    place = samples.past("", commit="", reach=Reach.UNREACHABLE, trace=trace)
    document = parsed(samples.finding(locations=(place,)))
    check(document)
    exposure = document["findings"][0]["exposure"]
    assert (exposure["from"], exposure["held"], exposure["first"]) == (None, "nothing", None)


@pytest.mark.parametrize(("key", "value"), [("held", "branch"), ("days", -1), ("from", "2021-03-04")])
def test_the_schema_refuses_an_exposure(key: str, value: object) -> None:
    document = parsed(samples.gone())
    document["findings"][0]["exposure"][key] = value
    with pytest.raises(jsonschema.ValidationError):
        check(document)


def test_a_withheld_author_is_empty() -> None:
    trace = samples.trace(first=Commit(samples.COMMIT, "", 0))
    document = parsed(samples.finding(locations=(samples.past(trace=trace),)))
    check(document)
    assert document["findings"][0]["locations"][0]["trace"]["first"]["author"] == ""
