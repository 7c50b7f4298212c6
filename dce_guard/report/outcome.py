"""The exit code and the sentence that says why: one rule for every format."""

from typing import NamedTuple

from dce_guard.errors import Exit
from dce_guard.model.finding import Report

INTERRUPTED = "interrupted"  # the reason of the skip that a stopped scan leaves


class Outcome(NamedTuple):
    """An exit code and its reason."""

    code: Exit
    reason: str


def outcome(report: Report, *, strict: bool = False, exit_zero: bool = False) -> Outcome:
    """How a scan ends.

    Something that was not looked at outweighs findings (code 3), since a list of findings reads as the whole
    of it. `strict` makes any skip such; `exit_zero` turns "findings" into 0, never "could not look". A scan
    that somebody stopped outweighs both, so that a script sees the signal.
    """
    missed = [skip for skip in report.skips if skip.fatal or strict]
    found = len(report.open)
    said = f"{found} {plural(found, 'finding')}" if found else "no secrets found"
    if any(skip.fatal and skip.reason == INTERRUPTED for skip in report.skips):
        return Outcome(Exit.INTERRUPTED, f"interrupted and incomplete: {said} in what was scanned until then")
    if missed:
        things = f"{len(missed)} {plural(len(missed), 'thing')}"
        return Outcome(Exit.CANNOT_LOOK, f"incomplete: {things} could not be looked at; {said} in the rest")
    if found and not exit_zero:
        return Outcome(Exit.FINDINGS, said)
    return Outcome(Exit.CLEAN, f"{said} (--exit-zero)" if found else said)


def plural(count: int, noun: str) -> str:
    """`noun` as it is written after `count`."""
    return noun if count == 1 else f"{noun}s"
