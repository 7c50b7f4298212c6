import report_samples as samples

from dce_guard.errors import Exit
from dce_guard.model.item import Skip
from dce_guard.report.outcome import outcome

FATAL = Skip("a", "unreadable")
PASSED = Skip("b", "submodule", fatal=False)


def test_clean_and_found() -> None:
    assert outcome(samples.report()).code is Exit.CLEAN
    assert outcome(samples.report(samples.finding())).code is Exit.FINDINGS
    assert outcome(samples.report(samples.accepted(), samples.allowed())).code is Exit.CLEAN


def test_what_was_not_looked_at_outweighs_findings() -> None:
    ending = outcome(samples.report(samples.finding(), skips=(FATAL,)), exit_zero=True)
    assert ending.code is Exit.CANNOT_LOOK
    assert "1 finding in the rest" in ending.reason


def test_strict_takes_every_skip() -> None:
    report = samples.report(skips=(PASSED,))
    assert outcome(report).code is Exit.CLEAN
    assert outcome(report, strict=True).code is Exit.CANNOT_LOOK


def test_exit_zero_says_that_it_did() -> None:
    ending = outcome(samples.report(samples.finding()), exit_zero=True)
    assert ending.code is Exit.CLEAN
    assert ending.reason == "1 finding (--exit-zero)"


def test_a_scan_that_was_stopped_ends_as_the_signal_does() -> None:
    stopped = Skip("", "interrupted", "81,000 of 292,555 objects were looked at")
    for options in ({}, {"strict": True}, {"exit_zero": True}):
        ending = outcome(samples.report(samples.finding(), skips=(FATAL, stopped)), **options)
        assert ending.code is Exit.INTERRUPTED
        assert "interrupted and incomplete: 1 finding" in ending.reason
    assert "no secrets found in what" in outcome(samples.report(skips=(stopped,))).reason


def test_only_a_fatal_stop_is_one() -> None:
    passed = Skip("", "interrupted", fatal=False)
    assert outcome(samples.report(skips=(passed,))).code is Exit.CLEAN
    assert outcome(samples.report(skips=(Skip("interrupted", "unreadable"),))).code is Exit.CANNOT_LOOK
