"""SARIF's rules: what GitHub shows beside an alert, and the texts that it takes."""

from typing import Any

from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.report.escape import visible
from dce_guard.report.view import RuleView

LEVELS = {
    Sensitivity.CRITICAL: "error",
    Sensitivity.HIGH: "error",
    Sensitivity.MEDIUM: "warning",
    Sensitivity.LOW: "note",
}
# GitHub's bands: over 9.0 critical, from 7.0 high, from 4.0 medium, below that low.
SEVERITY = {
    Sensitivity.CRITICAL: "9.5",
    Sensitivity.HIGH: "8.0",
    Sensitivity.MEDIUM: "5.5",
    Sensitivity.LOW: "2.0",
}
# GitHub orders alerts by it: very-high, high, medium, low.
PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "high", Confidence.LOW: "medium"}
MAX_TEXT = 1_000  # GitHub takes 1,024 characters of a description
MAX_TAGS = 10  # it keeps that many
# Brackets make a link and braces a placeholder in a SARIF message (3.11.5, 3.11.6).
_LITERAL = str.maketrans("[]{}", "()()")


def rule_object(rule: RuleView, worst: Sensitivity) -> dict[str, Any]:
    """A reportingDescriptor, as grave as `worst` of its findings: GitHub reads severity from rules only."""
    remedy = (
        visible(rule.remediation) or "Remove the value from the code and issue a new one at the provider."
    )
    about = (
        f"{visible(rule.title)}: whoever reads it can use it. A secret in a repository stays in its history."
    )
    references = [visible(url) for url in rule.references]
    told: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": sentence(rule.title)},
        "fullDescription": {"text": clipped(about)},
        "help": {
            "text": _help_text(remedy, references),
            "markdown": _help_markdown(rule, remedy, references),
        },
        "defaultConfiguration": {"level": LEVELS[worst]},
        "properties": {
            "security-severity": SEVERITY[worst],
            "precision": PRECISION[rule.confidence],
            "tags": _tags(rule),
        },
    }
    return told | ({"helpUri": references[0]} if references else {})


def _help_text(remedy: str, references: list[str]) -> str:
    steps = f"{remedy}\nIf it was pushed, rotate it: dce-guard respond FINGERPRINT\n"
    accept = 'If it is no secret: dce-guard baseline accept FINGERPRINT --reason "..."\n'
    return steps + accept + "".join(f"See {url}\n" for url in references)


def _help_markdown(rule: RuleView, remedy: str, references: list[str]) -> str:
    see = "".join(f"- <{url}>\n" for url in references)
    return (
        f"# {visible(rule.title)}\n\n{remedy}\n\n"
        "- Not pushed yet: remove it from the file and amend the commit; nothing needs to be rotated.\n"
        "- Pushed: removing it is not enough. Rotate it:\n\n  `dce-guard respond FINGERPRINT`\n\n"
        '- No secret: `dce-guard baseline accept FINGERPRINT --reason "..."`\n\n'
        "FINGERPRINT stands at the end of the alert's message.\n"
        f"\n[CWE-{rule.cwe}](https://cwe.mitre.org/data/definitions/{rule.cwe}.html)\n"
    ) + (f"\nReferences:\n\n{see}" if see else "")


def _tags(rule: RuleView) -> list[str]:
    tags = ["security", "secret", f"external/cwe/cwe-{rule.cwe}", rule.provider.lower()]
    return [visible(tag) for tag in dict.fromkeys(tags) if tag][:MAX_TAGS]


def sentence(text: str) -> str:
    """`text`, safe to show, cut to what GitHub takes, with a full stop."""
    return clipped(visible(text).rstrip("."), MAX_TEXT - 1) + "."


def clipped(text: str, limit: int = MAX_TEXT) -> str:
    """At most `limit` characters of `text`; the cut shows."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def literal(text: str) -> str:
    """`text` as a SARIF message that says it as it is: no link, no placeholder, no hidden character."""
    return visible(text).translate(_LITERAL)
