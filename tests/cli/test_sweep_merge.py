"""Many reports as one: one finding a value, every place named, and nothing that was missed left unsaid."""

import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dce_guard.adapters.repositories import Target
from dce_guard.adapters.sweep_store import Result, Status
from dce_guard.cli.sweep_merge import Merge
from dce_guard.errors import Exit
from dce_guard.model.finding import State
from dce_guard.model.item import Kind, Skip
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.report.json_report import render
from dce_guard.report.outcome import outcome
from dce_guard.report.sarif import render as sarif

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from report_samples import RULES, database, finding, location, report

ONE, TWO, THREE = (Target(f"/srv/{name}", f"acme/{name}") for name in ("one", "two", "three"))


def result(target, made=None, status=Status.DONE, code=1, error=""):
    return Result(target.address, status, code, error, json.loads(render(made)) if made else None)


def merged(*results, targets=(ONE, TWO, THREE), interrupted=False):
    merge = Merge(targets, RULES)
    for one in results:
        merge.add(one)
    return merge.report(interrupted)


def all_done(*made):
    return merged(
        *(result(target, one) for target, one in zip((ONE, TWO, THREE), made, strict=False)),
        targets=(ONE, TWO, THREE)[: len(made)],
    )


def test_one_value_in_three_repositories_is_one_finding():
    told = all_done(
        report(finding()), report(database()), report(finding(locations=(location("b"), location("a"))))
    )
    assert [one.fingerprint for one in told.findings] == [finding().fingerprint, database().fingerprint]
    assert [place.path for place in told.findings[0].locations] == [
        "acme/one:src/settings.py", "acme/three:b", "acme/three:a",
    ]  # fmt: skip
    assert told.stats["findings"] == 2 and told.stats["done"] == 3 and told.complete


def test_the_order_of_results_does_not_show():
    parts = [
        result(target, report(finding(facts={target.name: 1}), database(), notices=(target.name,)))
        for target in (ONE, TWO, THREE)
    ]
    whole = render(merged(*parts))
    for seed in range(5):
        random.Random(seed).shuffle(parts)
        assert render(merged(*parts)) == whole


@pytest.mark.parametrize(
    ("states", "said", "counts"),
    [
        ((State.ACCEPTED, State.NEW), State.NEW, True),
        ((State.ROTATED, State.EXPIRED), State.EXPIRED, True),
        ((State.ALLOWED, State.ACCEPTED), State.ACCEPTED, False),
        ((State.NEW, State.REAPPEARED), State.NEW, True),
    ],
)
def test_what_counts_in_one_repository_counts(states, said, counts):
    made = [report(finding(state=state, note=f"why {state}")) for state in states]
    for order in (made, made[::-1]):
        told = all_done(*order)
        assert told.findings[0].state is said and bool(told.open) is counts
        assert outcome(told).code is (Exit.FINDINGS if counts else Exit.CLEAN)
    assert f"why {said}" in told.findings[0].note


def test_it_says_where_a_value_was_accepted_that_counts_elsewhere():
    told = all_done(report(finding(state=State.ACCEPTED, note="revoked")), report(finding()))
    assert told.findings[0].note == "accepted in acme/one (revoked)"


def test_the_gravest_verdict_speaks():
    low = finding(sensitivity=Sensitivity.LOW, confidence=Confidence.HIGH, facts={"a": 1, "b": 1})
    high = finding(sensitivity=Sensitivity.HIGH, confidence=Confidence.LOW, facts={"b": 2})
    told = all_done(report(low), report(high)).findings[0]
    assert told.sensitivity is Sensitivity.HIGH and told.facts == {"a": 1, "b": 2}


def test_messages_and_other_halves_are_named_too():
    commit = replace(location(""), kind=Kind.COMMIT, path="", commit="ab" * 20)
    half = location("half", part="id")
    told = all_done(report(finding(locations=(commit, half))), report(finding())).findings[0]
    assert [place.path for place in told.locations] == [
        f"acme/one:commit/{'ab' * 20}", "acme/two:src/settings.py", "acme/one:half",
    ]  # fmt: skip


def test_a_masked_name_is_masked_under_its_repository():
    name = "keys/" + "wJal" + "rXUtnFEMI-EKEY" + ".txt"
    place = location(name, kind=Kind.PATH, start=5, end=23, snippet="keys/wJal*****EKEY.txt")
    told = render(all_done(report(finding(locations=(place,))), report(database())))
    assert '"acme/one:keys/wJal*****EKEY.txt"' in told and "rXUtn" not in told
    assert '"acme/two:.env"' in told


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (result(TWO, None, Status.FAILED, 3, "gone"), "failed"),
        (result(TWO, None, Status.FAILED, None, "gone"), "failed"),
        (result(TWO, report(finding()), Status.INCOMPLETE, 3, "gone"), "incomplete"),
        (Result(TWO.address, Status.DONE, 0, "", {"findings": "none"}), "done"),
        (None, "failed"),
    ],
)
def test_what_was_not_looked_at_is_never_clean(one, reason):
    told = merged(*filter(None, (result(ONE, report(), code=0), one)), targets=(ONE, TWO))
    assert [skip.path for skip in told.skips] == ["acme/two"] and told.skips[0].fatal
    assert told.skips[0].reason in (reason, "failed")
    assert outcome(told, exit_zero=True).code is Exit.CANNOT_LOOK and not told.complete


def test_a_failure_outweighs_findings_and_an_interruption_both():
    results = (result(ONE, report(finding())), result(TWO, None, Status.FAILED))
    assert outcome(merged(*results, targets=(ONE, TWO))).code is Exit.CANNOT_LOOK
    assert outcome(merged(*results, interrupted=True)).code is Exit.INTERRUPTED
    assert merged(*results, interrupted=True).stats["left"] == 1


def test_a_repository_that_was_interrupted_does_not_interrupt_the_sweep():
    part = report(finding(), skips=(Skip("", "interrupted", "by somebody"),))
    told = merged(result(ONE, part, Status.INCOMPLETE, 130), targets=(ONE,))
    assert outcome(told).code is Exit.CANNOT_LOOK and told.skips[0].reason == "incomplete"


def test_skips_and_notices_say_whose_they_are():
    part = report(skips=(Skip("a/b", "limit", "", fatal=False),), notices=("shallow",))
    told = all_done(part, part, part)
    assert [skip.path for skip in told.skips] == ["acme/one:a/b", "acme/three:a/b", "acme/two:a/b"]
    assert told.notices == ("acme/one, acme/three, acme/two: shallow",)
    assert outcome(told).code is Exit.CLEAN and outcome(told, strict=True).code is Exit.CANNOT_LOOK


def test_counts_are_summed_and_rules_are_not():
    told = all_done(
        report(stats={"items": 3, "rules": 7, "other": 1}), report(stats={"items": 4, "rules": 6})
    )
    assert told.stats["items"] == 7 and told.stats["rules"] == 7 and "other" not in told.stats
    assert told.stats["repositories"] == 2 and told.stats["failed"] == 0


def test_what_was_not_asked_for_or_came_before_does_not_count():
    told = merged(
        result(ONE, report()), result(ONE, report(finding())), result(TWO, report(finding())), targets=(ONE,)
    )
    assert told.findings == () and told.complete and told.stats["repositories"] == 1


def test_other_formats_take_it():
    log = json.loads(sarif(all_done(report(finding()), report(finding()))))["runs"][0]
    assert log["automationDetails"]["id"] == "dce-guard/sweep/"
    paths = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in log["results"]}
    assert paths == {"acme/one%3Asrc/settings.py", "acme/two%3Asrc/settings.py"}


def test_different_rules_give_a_digest_of_their_own():
    same = all_done(report(), report()).rules_digest
    assert same == report().rules_digest
    mixed = all_done(report(), report(rules_digest="e2" * 32)).rules_digest
    assert len(mixed) == 64 and mixed not in (same, "e2" * 32)
