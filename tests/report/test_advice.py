"""What to do next: by reach, by what a history knows, and in a sweep."""

import pytest
import report_samples as samples

from dce_guard.model.finding import Finding, State
from dce_guard.model.item import Reach
from dce_guard.report.advice import Advice, advice
from dce_guard.report.view import rule_view


def told(finding: Finding, mode: str = "") -> Advice:
    return advice(finding, rule_view(samples.report(finding), finding.rule), mode)


@pytest.mark.parametrize("reach", list(Reach))
def test_a_sweep_says_the_same_and_offers_no_command_that_its_key_is_unknown_to(reach: Reach) -> None:
    finding = samples.finding(locations=(samples.location(reach=reach),))
    assert told(finding, "sweep").todo == told(finding, "history").todo
    assert told(finding, "sweep").commands == ()
    assert "accept:" in dict(told(finding, "history").commands)


def test_a_dead_key_in_a_sweep_has_no_command_either() -> None:
    finding = samples.finding(state=State.REAPPEARED)
    assert told(finding, "sweep").commands == () and "is dead" in told(finding, "sweep").todo
