from dataclasses import replace

import report_samples as samples

from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.model.rule import Sensitivity
from dce_guard.report import FORMATS
from dce_guard.report.view import farthest, name, others, prepared, primary, rule_view


def test_worst_first_then_in_reading_order() -> None:
    low = samples.finding(sensitivity=Sensitivity.LOW, locations=(samples.location("a.py"),))
    late = samples.finding(locations=(samples.location("b.py", 10),))
    early = samples.finding(locations=(samples.location("b.py", 9),))
    assert prepared(samples.report(low, late, early)).findings == (early, late, low)


def test_the_secret_itself_comes_before_the_other_half() -> None:
    half, whole = samples.location(line=1, part="key id"), samples.location(line=2)
    found = samples.finding(locations=(half, whole))
    assert primary(found.locations) is whole
    assert others(found) == []
    assert primary((half,)) is half


def test_the_farthest_place_decides() -> None:
    places = tuple(samples.location(reach=reach) for reach in (Reach.WORK_TREE, Reach.PUSHED, Reach.STAGED))
    assert farthest(samples.finding(locations=places)) is Reach.PUSHED
    assert farthest(samples.finding(locations=places[::2])) is Reach.STAGED


def test_what_has_no_path_has_a_name() -> None:
    assert name(samples.location("", kind=Kind.COMMIT, commit="ab12")) == "commit/ab12"
    assert name(samples.location("", kind=Kind.STDIN)) == "stdin"
    assert name(samples.location("a.py")) == "a.py"


def test_a_secret_in_a_name_is_masked_everywhere() -> None:
    raw = "backup-" + "S3cr3t" * 4 + ".txt"
    in_name = samples.location(raw, 1, kind=Kind.PATH, snippet="backup-*****.txt")
    report = samples.report(
        samples.finding(locations=(in_name,)),
        samples.database(locations=(samples.location(raw, 7),)),
        skips=(Skip(raw, "unreadable"),),
    )
    made = prepared(report)
    assert {place.path for found in made.findings for place in found.locations} == {"backup-*****.txt"}
    assert made.skips[0].path == "backup-*****.txt"


def test_a_name_without_a_snippet_is_masked_by_its_span() -> None:
    place = samples.location("é-" + "k" * 30, 1, kind=Kind.PATH, snippet="", start=3, end=33)
    assert (
        prepared(samples.report(samples.finding(locations=(place,)))).findings[0].locations[0].path
        == "é-*****"
    )


def test_a_rule_that_is_not_described_is_titled_by_its_id() -> None:
    view = rule_view(replace(samples.report(), rules={}), "made-up")
    assert (view.title, view.references, view.remediation, view.cwe) == ("made-up", (), "", 798)


def test_only_web_addresses_are_references() -> None:
    rules = {"x": {"references": ["javascript:alert(1)", "RFC 7519", "https://example.org/"]}}
    assert rule_view(samples.report(rules=rules), "x").references == ("https://example.org/",)


def test_every_format_can_be_imported() -> None:
    import importlib

    for target in FORMATS.values():
        module, function = target.split(":")
        assert callable(getattr(importlib.import_module(module), function))
