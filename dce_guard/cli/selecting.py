"""Which findings a person means: by fingerprint, by its first digits, or by place."""

import re
from collections.abc import Iterable, Mapping, Sequence

from dce_guard.errors import UsageError
from dce_guard.model.finding import Finding

PREFIX = 6  # hexadecimal digits of a fingerprint that are enough when they are not ambiguous
NO_NAMES: Mapping[str, str] = {}
_FINGERPRINT = re.compile(r"[0-9a-fA-F]{1,32}\Z")


def chosen(
    findings: Sequence[Finding], selectors: Iterable[str], not_done: str, before: Mapping[str, str] = NO_NAMES
) -> list[Finding]:
    """The findings meant by fingerprints (six digits or more) or PATH:LINE, each once.

    `before` has names that findings went by until now: fingerprint -> older fingerprint. Raises UsageError, which
    says `not_done`, when a selector means none or several.
    """
    meant = (_one(findings, selector, not_done, before) for selector in selectors)
    return list({finding.fingerprint: finding for finding in meant}.values())


def _one(findings: Sequence[Finding], selector: str, not_done: str, before: Mapping[str, str]) -> Finding:
    if _FINGERPRINT.match(selector):
        if len(selector) < PREFIX:
            raise UsageError(f"'{selector}' is too short; {not_done}", f"give {PREFIX} digits")
        start = selector.lower()
        found = [each for each in findings if each.fingerprint.startswith(start)] or [
            each for each in findings if before.get(each.fingerprint, "").startswith(start)
        ]
    else:
        found = [each for each in findings if selector in _places(each)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{each.fingerprint[:12]} ({each.rule})" for each in found)
        raise UsageError(f"'{selector}' means {len(found)} findings; {not_done}", f"name one: {names}")
    raise UsageError(
        f"'{selector}' is no finding of this work tree; {not_done}",
        "dce-guard scan lists them; give a fingerprint or PATH:LINE",
    )


def _places(finding: Finding) -> set[str]:
    return {f"{place.path}:{place.line}" for place in finding.locations}
