"""JUnit XML: a test case for each finding, for CI servers that show nothing else."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dce_guard.model.finding import Finding, Location, Report, State
from dce_guard.model.item import Skip
from dce_guard.report.escape import visible
from dce_guard.report.history import exposure, leading, sentence
from dce_guard.report.view import SHORT, at, name, nearness, others, prepared, primary, rule_view

_ALSO = 5  # further places that are named before they are counted
_REFS = 5


def render(report: Report) -> str:
    """One suite: findings that count are failures, what could not be looked at is an error, what a marker
    allows and what was passed over are skipped, and a clean scan is one passing case (servers take an empty
    suite for a failure). Times are 0: a report is the same for the same input.
    """
    report = prepared(report)
    cases = [_failure(report, finding) for finding in report.open]
    cases += [_allowed(report, finding) for finding in report.findings if finding.state is State.ALLOWED]
    cases += [_skip(skip) for skip in report.skips]
    if not report.open and report.complete:
        cases.append(_case("scan", "no secrets found"))
    root = Element("testsuites", {"name": "dce-guard", **_counts(cases)})
    suite = SubElement(root, "testsuite", {"name": "dce-guard", **_counts(cases)})
    suite.extend(cases)
    if report.notices:
        SubElement(suite, "system-out").text = "\n".join(map(visible, report.notices))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(cases: list[Element]) -> dict[str, str]:
    def having(tag: str) -> str:
        return str(sum(case.find(tag) is not None for case in cases))

    return {
        "tests": str(len(cases)),
        "failures": having("failure"),
        "errors": having("error"),
        "skipped": having("skipped"),
        "time": "0",
    }


def _case(group: str, title: str, **attributes: str) -> Element:
    return Element(
        "testcase", {"classname": visible(group), "name": visible(title), "time": "0", **attributes}
    )


def _place_case(group: str, place: Location) -> Element:
    title = f"{name(place)}:{place.line}:{place.column}"
    return _case(group, title, file=visible(name(place)), line=str(place.line))


def _failure(report: Report, finding: Finding) -> Element:
    place, rule = primary(finding.locations), rule_view(report, finding.rule)
    case = _place_case(finding.rule, place)
    message = visible(f"{finding.sensitivity.value} {rule.title}: {finding.preview}")
    failure = SubElement(case, "failure", {"message": message, "type": finding.sensitivity.value})
    failure.text = "\n".join(visible(line) for line in _body(finding, place) if line)
    return case


def _body(finding: Finding, place: Location) -> list[str]:
    further = sorted(others(finding), key=nearness)
    rest = len(further) - _ALSO
    return [
        place.snippet.strip(),
        *finding.reasons,
        *_past(finding),
        *(f"also at {at(other)}" for other in further[:_ALSO]),
        f"and {rest} more places: --format json" if rest > 0 else "",
        f"fingerprint {finding.fingerprint}",
        f"dce-guard respond {finding.fingerprint[:SHORT]}",
    ]


def _past(finding: Finding) -> list[str]:
    seen = exposure(finding)
    if seen is None:
        return []
    refs = leading(seen, _REFS)
    return [sentence(finding, seen), f"refs {refs}" if refs else ""]


def _allowed(report: Report, finding: Finding) -> Element:
    place = primary(finding.locations)
    case = _place_case(finding.rule, place)
    SubElement(case, "skipped", {"message": visible(f"allowed: {place.marker or finding.note}")})
    return case


def _skip(skip: Skip) -> Element:
    case = _case("not-looked-at", skip.path or skip.reason)
    message = visible(f"{skip.reason}: {skip.detail}".rstrip(": "))
    SubElement(case, "error" if skip.fatal else "skipped", {"message": message, "type": visible(skip.reason)})
    return case
