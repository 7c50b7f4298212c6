"""`dce-guard rules show`: all that a rule says."""

import json
import random

import click

from dce_guard.cli.rules_packs import find, here
from dce_guard.model.rule import Rule
from dce_guard.report.escape import visible
from dce_guard.scan.mask import mask_line
from dce_guard.scan.rule_lint import survivors
from dce_guard.scan.templates import expand


@click.command("show")
@click.argument("rule_id", metavar="ID")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(rule_id: str, format_: str) -> None:
    """Show everything about the rule ID: what it looks for, how it tells, what to do about a find."""
    record = _record(find(here()[1], rule_id))
    if format_ == "json":
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    for key, value in record.items():
        for line in value if isinstance(value, list) else [value]:
            if line not in ("", None):
                click.echo(f"{key.replace('_', ' '):<12}  {visible(str(line))}")
            key = ""


def _record(rule: Rule) -> dict[str, object]:
    pair = rule.pair
    return {
        "id": rule.id,
        "description": rule.description,
        "pack": rule.pack,
        "provider": rule.provider,
        "category": str(rule.category),
        "sensitivity": str(rule.sensitivity),
        "confidence": str(rule.confidence),
        "public": "yes, an identifier and no finding" if rule.public else None,
        "cwe": f"CWE-{rule.cwe}",
        "example": example(rule),
        "pattern": rule.pattern,
        "anchors": list(rule.anchors),
        "window": f"{rule.before} bytes before an anchor's end, {rule.after} after",
        "checks": list(rule.checks),
        "min_entropy": rule.min_entropy or None,
        "pair": f"{pair.rule} within {pair.within} bytes, {'needed' if rule.needs_pair else 'if there'}"
        if pair
        else None,
        "remediation": rule.remediation,
        "references": list(rule.references),
    }


def example(rule: Rule) -> str:
    """A made-up text that the rule finds, with the secret in it masked; "" if it has none."""
    for template in rule.examples[:1]:
        text = expand(template, random.Random(1))  # noqa: S311
        spans = [(match.start, match.end) for match in survivors(rule, text)]
        return mask_line(text, spans) if spans else ""
    return ""
