import io
from xml.etree import ElementTree

import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from dce_guard.model.finding import Report
from dce_guard.report import junit


def cases(report: Report) -> list[TestCase]:
    (suite,) = JUnitXml.fromroot(ElementTree.fromstring(junit.render(report)))
    return list(suite)


def of(kind: type, report: Report) -> list[TestCase]:
    return [case for case in cases(report) if any(isinstance(result, kind) for result in case.result)]


def test_a_reader_of_junit_reads_it() -> None:
    xml = JUnitXml.fromfile(io.StringIO(junit.render(samples.full())))
    assert (xml.tests, xml.failures, xml.errors, xml.skipped, xml.time) == (6, 2, 1, 3, 0.0)
    assert all(case.time == 0.0 for case in cases(samples.full()))


def test_a_finding_is_a_failure_that_names_rule_and_place() -> None:
    (case,) = of(Failure, samples.report(samples.finding()))
    assert (case.classname, case.name) == (samples.AWS, "src/settings.py:3:22")
    body = case.result[0]
    assert samples.PREVIEW in body.text
    assert "dce-guard respond 3f2a9c01b2de" in body.text


def test_a_clean_scan_is_one_passing_case() -> None:
    (case,) = cases(samples.report())
    assert case.result == []
    assert len(cases(samples.report(samples.accepted()))) == 1


def test_an_incomplete_scan_has_no_passing_case() -> None:
    report = samples.report(skips=samples.full().skips)
    assert [case.name for case in of(Error, report)] == ["secret/locked.bin"]
    assert all(case.result for case in cases(report))


def test_an_allowed_finding_is_skipped_with_its_marker() -> None:
    (case,) = of(Skipped, samples.report(samples.allowed()))
    assert case.result[0].message == "allowed: dce-guard:allow made-up key"


@given(st.text(st.characters(codec=None), min_size=1, max_size=40))
def test_any_text_gives_well_formed_xml(text: str) -> None:
    found = samples.finding(locations=(samples.location(text, snippet=text),), reasons=(text,), rule=text)
    root = ElementTree.fromstring(junit.render(samples.report(found, notices=(text,))).encode("utf-8"))
    case = root.find(".//testcase")
    assert case is not None
    assert case.attrib["file"].isprintable()


def test_a_history_is_told_in_the_text() -> None:
    (case,) = of(Failure, samples.history(samples.gone()))
    lines = case.result[0].text.splitlines()
    assert "taken out 2022-03-04 by Bo Ek in 0dd0cafe0dd0 after 365 days; pushed" in case.result[0].text
    assert "refs main, origin/main, tag v1.0, pull request 12, stash and 35 more" in lines
    assert "also at conf/old.env:8:22@418e189a418e" in lines
    assert not any("more places" in line for line in lines)


def test_places_that_are_not_named_are_counted_and_those_that_are_there_come_first() -> None:
    many = tuple(samples.past(f"old/{n}.env") for n in range(9))
    (case,) = of(
        Failure, samples.history(samples.finding(locations=(*many, samples.location("a"), samples.current())))
    )
    lines = case.result[0].text.splitlines()
    assert next(line for line in lines if line.startswith("also")) == "also at src/settings.py:3:22"
    assert "and 5 more places: --format json" in lines
    assert case.name == "a:3:22"


def test_without_a_history_nothing_is_told_of_one() -> None:
    for case in of(Failure, samples.full()):
        assert "first committed" not in case.result[0].text
        assert "refs" not in case.result[0].text
