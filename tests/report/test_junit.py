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
