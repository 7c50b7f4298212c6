import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Report, State
from dce_guard.model.item import Kind, Skip
from dce_guard.model.rule import Sensitivity
from dce_guard.report import sarif
from dce_guard.report.escape import path_bytes

SPEC = Path(__file__).parents[3] / "shared/specs/sarif-schema-2.1.0.json"
MULTITOOL = "DCE_GUARD_SARIF_MULTITOOL"


def run(report: Report, **options: Any) -> dict[str, Any]:
    document = json.loads(sarif.render(report, **options))
    (only,) = document["runs"]
    return only


def varied() -> Report:
    """One of each kind of place that is hard to write down."""
    pem = samples.location("key.pem", 1, end_line=9, column=1, end_column=30, snippet="-----BEGIN *****")
    places = (
        samples.location("caf\udce9/x [1]:{0}.py", 1, column=1, end_column=41, snippet=samples.PREVIEW),
        samples.location("a b/%41?#.py", 2, part="access key id"),
        samples.location("", 3, kind=Kind.COMMIT, commit=samples.COMMIT),
        samples.location("/outside/x.py", 4),
        samples.location("C:\\outside\\x.py", 5),
    )
    odd = samples.finding(fingerprint="ee" * 16, locations=places, reasons=("see [this](http://x) {0}",))
    full = samples.full()
    return replace(
        full, findings=(*full.findings, odd, samples.finding(fingerprint="ff" * 16, locations=(pem,)))
    )


@pytest.mark.skipif(not SPEC.exists(), reason=f"needs {SPEC.name} from ../shared/specs")
@pytest.mark.parametrize(
    "report",
    [varied(), samples.full(), samples.report(), samples.swept()],
    ids=["varied", "full", "clean", "history"],
)
def test_it_passes_the_official_schema(report: Report) -> None:
    schema = json.loads(SPEC.read_text(encoding="utf-8"))
    for all_states in (False, True):
        document = json.loads(sarif.render(report, all_states))
        jsonschema.Draft7Validator(schema).validate(document)
    document["runs"][0]["columnKind"] = "bytes"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(document)


def multitool() -> Path:
    where = os.environ.get(MULTITOOL, "")
    if not where:
        pytest.skip(f"needs {MULTITOOL}: the folder where `npm i @microsoft/sarif-multitool` was run")
    for name in ("Sarif.Multitool", "Sarif.Multitool.exe"):
        for found in sorted(Path(where).glob(f"node_modules/@microsoft/sarif-multitool-*/{name}")):
            return found
    pytest.skip(f"no Sarif.Multitool below {MULTITOOL}={where}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "report", [varied(), samples.report(), samples.swept()], ids=["varied", "clean", "history"]
)
def test_githubs_rules_find_no_error(report: Report, tmp_path: Path) -> None:
    binary = multitool()
    (tmp_path / "out.sarif").write_text(sarif.render(report, all_states=True), encoding="utf-8")
    command = [
        str(binary),
        "validate",
        "out.sarif",
        "--rule-kind",
        "Sarif;Ghas",
        "--level",
        "Error;Warning;Note",
    ]
    subprocess.run(
        [*command, "-o", "log.sarif", "--log", "ForceOverwrite"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    log = json.loads((tmp_path / "log.sarif").read_text(encoding="utf-8-sig"))
    (checked,) = log["runs"]
    assert checked["invocations"][0]["executionSuccessful"]
    errors = [found for found in checked["results"] if found.get("level") == "error"]
    assert [found["ruleId"] for found in errors] == []


def test_columns_are_code_points_one_based_and_end_exclusive() -> None:
    made = run(samples.report(samples.finding()))
    assert made["columnKind"] == "unicodeCodePoints"
    region = made["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {
        "startLine": 3,
        "startColumn": 22,
        "endLine": 3,
        "endColumn": 62,
        "snippet": {"text": samples.PREVIEW},
    }


@pytest.mark.parametrize(
    ("sensitivity", "score", "level"),
    [
        ("CRITICAL", "9.5", "error"),
        ("HIGH", "8.0", "error"),
        ("MEDIUM", "5.5", "warning"),
        ("LOW", "2.0", "note"),
    ],
)
def test_severity_follows_sensitivity(sensitivity: str, score: str, level: str) -> None:
    made = run(samples.report(samples.finding(sensitivity=Sensitivity(sensitivity))))
    (rule,) = made["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == score
    assert made["results"][0]["level"] == rule["defaultConfiguration"]["level"] == level


def test_a_rule_is_as_grave_as_its_gravest_finding() -> None:
    low = samples.finding(fingerprint="aa" * 16, sensitivity=Sensitivity.LOW)
    made = run(samples.report(low, samples.finding()))
    assert made["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == "9.5"
    assert [result["level"] for result in made["results"]] == ["error", "note"]


def test_help_says_what_to_do() -> None:
    rule = run(samples.report(samples.finding()))["tool"]["driver"]["rules"][0]
    for text in rule["help"].values():
        assert "deactivate and delete this one" in text
        assert "dce-guard respond" in text
        assert samples.RULES[samples.AWS]["references"][0] in text
    assert "external/cwe/cwe-798" in rule["properties"]["tags"]
    assert len(rule["properties"]["tags"]) <= 10


def test_what_people_accepted_is_left_out_unless_asked_for() -> None:
    found = (
        samples.accepted(),
        samples.allowed(),
        samples.finding(fingerprint="cc" * 16, state=State.ROTATED),
    )
    assert run(samples.report(*found))["results"] == []
    assert run(samples.report(*found))["tool"]["driver"]["rules"] == []
    results = run(samples.report(*found), all_states=True)["results"]
    assert [result["suppressions"][0]["kind"] for result in results] == ["external", "external", "inSource"]
    assert results[-1]["suppressions"][0]["justification"] == "dce-guard:allow made-up key"
    assert "suppressions" not in run(samples.report(samples.finding()), all_states=True)["results"][0]


def hashes(report: Report) -> dict[str, str]:
    return {
        result["partialFingerprints"]["dceGuard/v1"]: result["partialFingerprints"]["primaryLocationLineHash"]
        for result in run(report)["results"]
    }


def test_equal_lines_of_a_file_are_numbered_from_its_top() -> None:
    top = samples.finding(
        fingerprint="aa" * 16, locations=(samples.location(line=3),), sensitivity=Sensitivity.LOW
    )
    below = samples.finding(fingerprint="bb" * 16, locations=(samples.location(line=9),))
    elsewhere = samples.finding(fingerprint="cc" * 16, locations=(samples.location("b.py", 1),))
    line = samples.location().context_hash
    assert hashes(samples.report(below, elsewhere, top)) == {
        "aa" * 16: f"{line}:1",
        "bb" * 16: f"{line}:2",
        "cc" * 16: f"{line}:1",
    }
    accepted = replace(top, state=State.ACCEPTED)
    assert hashes(samples.report(accepted, below))["bb" * 16] == f"{line}:2"


def test_a_place_without_a_line_hash_has_a_fingerprint_of_its_own() -> None:
    found = samples.finding(locations=(samples.location(context_hash=""),))
    assert hashes(samples.report(found)) == {found.fingerprint: f"{found.fingerprint[:16]}:1"}


def test_one_result_a_file_with_the_further_places_related() -> None:
    places = (
        samples.location(line=3),
        samples.location("b.py", 1),
        samples.location(line=8),
        samples.location(line=2, part="key id"),
    )
    first, second = run(samples.report(samples.finding(locations=places)))["results"]
    lines = [place["physicalLocation"]["region"]["startLine"] for place in first["relatedLocations"]]
    assert lines == [8, 2]
    assert first["relatedLocations"][1]["message"]["text"] == "Key id stands here."
    assert second["relatedLocations"] == []


@given(st.text(st.characters(codec=None), min_size=1, max_size=40).filter(lambda path: path[0] != "/"))
def test_any_name_is_a_relative_reference_that_gives_its_bytes_back(path: str) -> None:
    text = sarif.render(samples.report(samples.finding(locations=(samples.location(path),))))
    assert text.isascii()
    artifact = json.loads(text)["runs"][0]["results"][0]["locations"][0]["physicalLocation"][
        "artifactLocation"
    ]
    if artifact.get("uriBaseId") == "%SRCROOT%":
        split = urlsplit(artifact["uri"])
        assert (split.scheme, split.netloc, split.query, split.fragment) == ("", "", "", "")
        assert unquote_to_bytes(split.path) == path_bytes(path)
    else:
        assert re.match(r"[^/]:[/\\]", path)


def test_names_are_written_as_their_bytes() -> None:
    uris = [
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in run(varied())["results"]
        for place in result["locations"]
    ]
    assert "caf%E9/x%20%5B1%5D%3A%7B0%7D.py" in uris
    assert "a%20b/%2541%3F%23.py" in uris
    assert f"commit/{samples.COMMIT}" in uris
    assert {"file:///outside/x.py", "file:///C:/outside/x.py"} <= set(uris)


def test_a_message_makes_no_link_and_no_placeholder() -> None:
    for result in run(varied())["results"]:
        assert not set("[]{}") & set(result["message"]["text"])
        assert len(result["message"]["text"]) <= 1000


def test_long_reasons_leave_the_command_in_the_message() -> None:
    text = run(samples.report(samples.finding(reasons=("x" * 5000,))))["results"][0]["message"]["text"]
    assert len(text) <= 1000
    assert text.endswith("dce-guard respond 3f2a9c01b2de.")


def test_what_was_masked_is_named() -> None:
    assert run(samples.report(samples.finding()))["redactionTokens"] == ["*****"]
    assert "redactionTokens" not in run(samples.report())


def test_the_worst_five_thousand_are_kept_and_the_cut_is_said() -> None:
    low = [samples.finding(fingerprint=f"{n:032x}", sensitivity=Sensitivity.LOW) for n in range(5_001)]
    made = run(samples.report(*low, samples.finding()))
    assert len(made["results"]) == 5_000
    assert made["results"][0]["partialFingerprints"]["dceGuard/v1"] == samples.finding().fingerprint
    (note,) = made["invocations"][0]["toolExecutionNotifications"]
    assert "5002 results were found and the worst 5000" in note["message"]["text"]
    assert "2 were left out" in note["message"]["text"]


def test_a_hundred_locations_are_kept_and_the_cut_is_said() -> None:
    places = tuple(samples.location(line=line) for line in range(1, 151))
    made = run(samples.report(samples.finding(locations=places)))
    (result,) = made["results"]
    assert len(result["locations"]) + len(result["relatedLocations"]) == 100
    (note,) = made["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("50 further locations of 1 results")


def test_what_was_not_looked_at_is_a_notification() -> None:
    (invocation,) = run(samples.full())["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = invocation["toolExecutionNotifications"]
    assert [note["level"] for note in notes] == ["error", "warning", "warning", "note"]
    assert "secret/locked.bin" in notes[0]["message"]["text"]
    assert run(samples.report())["invocations"][0]["executionSuccessful"] is True


def test_many_skips_are_counted_and_a_fatal_one_among_them_shows() -> None:
    skips = [Skip(f"f{n}", "submodule", fatal=False) for n in range(1_500)]
    (invocation,) = run(samples.report(skips=(*skips, Skip("z", "unreadable"))))["invocations"]
    last = invocation["toolExecutionNotifications"][-1]
    assert (last["level"], last["message"]["text"]) == ("error", "501 more were not looked at.")


def test_each_mode_is_a_category_of_its_own() -> None:
    assert run(samples.report())["automationDetails"]["id"] == "dce-guard/worktree/"
    assert run(samples.report(source={"mode": "range"}))["automationDetails"]["id"] == "dce-guard/range/"


def test_an_alert_of_a_history_points_at_the_path_at_the_first_commit() -> None:
    newer = replace(samples.FIRST, id="ab" * 20, seconds=samples.FIRST.seconds + 9)
    later = samples.past(line=2, commit=newer.id, trace=samples.trace(first=newer))
    half = samples.past(line=1, part="key id", trace=samples.trace(first=replace(samples.FIRST, seconds=0)))
    (result,) = run(samples.history(samples.finding(locations=(half, later, samples.past()))))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "conf/old.env"
    assert place["region"]["startLine"] == 4
    assert len(result["relatedLocations"]) == 2


def test_properties_of_a_history_name_commits_blob_and_refs() -> None:
    (result, *_) = run(samples.history(samples.gone()))["results"]
    told = result["properties"]
    assert (told["commit"], told["blob"]) == (samples.COMMIT, "cd" * 20)
    assert (told["removedCommit"], told["removedDate"]) == (samples.REMOVED.id, "2022-03-04T01:00:00Z")
    assert (told["lastCommit"], told["lastAuthor"]) == (samples.LAST.id, "Bo Ek")
    assert (told["held"], told["current"], told["refsTotal"]) == ("ref", False, 40)
    assert told["refs"][0] == "refs/heads/main"
    assert "First committed 2021-03-04 by Ana Lima in 418e189a418e; taken out" in result["message"]["text"]


def test_without_a_history_nothing_is_said_of_one() -> None:
    made = run(samples.full())
    assert "versionControlProvenance" not in made
    for result in made["results"]:
        assert not {"blob", "firstCommit", "held", "current"} & set(result["properties"])
        assert "First committed" not in result["message"]["text"]


def test_what_no_ref_leads_to_is_said() -> None:
    (result,) = run(samples.history(samples.unreachable()))["results"]
    assert "No ref leads to it: if it was ever pushed, rotate it." in result["message"]["text"]
    assert result["properties"]["reach"] == "unreachable"
    assert "removedCommit" not in result["properties"]


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ({"root": "/srv/my shop"}, "file:///srv/my%20shop"),
        ({"root": "C:\\code\\shop"}, "file:///C:/code/shop"),
        ({"url": "https://example.org/a/b.git"}, "https://example.org/a/b.git"),
        ({"url": "https://me:pw@example.org/b?token=t#x"}, "https://example.org/b"),
        ({"url": "git@example.org:a/b.git"}, "ssh://example.org/a/b.git"),
        ({"url": "/srv/mirror.git"}, "file:///srv/mirror.git"),
    ],
)
def test_the_repository_is_named_by_a_uri_without_who(source: dict[str, str], uri: str) -> None:
    made = run(samples.history(source={"mode": "history", "head": samples.HEAD, **source}))
    assert made["versionControlProvenance"] == [
        {"repositoryUri": uri, "mappedTo": {"uriBaseId": "%SRCROOT%"}, "revisionId": samples.HEAD}
    ]


@pytest.mark.parametrize("source", [{}, {"root": "shop"}, {"url": "https://[bad/x"}])
def test_a_repository_without_an_address_is_not_named(source: dict[str, str]) -> None:
    assert "versionControlProvenance" not in run(samples.history(source={"mode": "history", **source}))


def test_a_history_is_a_category_of_its_own() -> None:
    assert run(samples.history())["automationDetails"]["id"] == "dce-guard/history/"
    assert (
        "revisionId"
        not in run(samples.history(source={"mode": "history", "root": "/x"}))["versionControlProvenance"][0]
    )
