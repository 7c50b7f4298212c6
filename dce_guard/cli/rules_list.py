"""`dce-guard rules list`: one line for each rule."""

import json

import click

from dce_guard.cli.rules_packs import here
from dce_guard.errors import UsageError
from dce_guard.model.rule import Rule
from dce_guard.report.escape import visible
from dce_guard.scan.suggest import meant

_HEAD = ("ID", "CATEGORY", "SENSITIVITY", "CONFIDENCE", "PROVIDER")


@click.command("list")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--pack", default="", help="Only the rules of this pack.")
def command(format_: str, pack: str) -> None:
    """List all rules: the shipped ones and those that your settings add.

    A rule that your settings turn off is marked so.
    """
    policy, rules = here()
    packs = {rule.pack for rule in rules}
    if pack and pack not in packs:
        raise UsageError(
            f"no pack is named '{pack}'{meant(pack, packs)}", f"packs: {', '.join(sorted(packs))}"
        )
    on = {rule.id for rule in policy.select(rules)}
    chosen = [rule for rule in rules if pack in ("", rule.pack)]
    if format_ == "json":
        click.echo(
            json.dumps([_record(rule, rule.id in on) for rule in chosen], indent=2, ensure_ascii=False)
        )
    else:
        _table([(*_cells(rule), "" if rule.id in on else "off") for rule in chosen])


def _cells(rule: Rule) -> tuple[str, ...]:
    confidence = "public" if rule.public else str(rule.confidence)
    return rule.id, str(rule.category), str(rule.sensitivity), confidence, rule.provider


def _record(rule: Rule, enabled: bool) -> dict[str, object]:
    keys = ("id", "category", "sensitivity", "confidence", "provider")
    values = (rule.id, str(rule.category), str(rule.sensitivity), str(rule.confidence), rule.provider)
    more = {"pack": rule.pack, "description": rule.description, "public": rule.public, "enabled": enabled}
    return dict(zip(keys, values, strict=True)) | more


def _table(rows: list[tuple[str, ...]]) -> None:
    shown = [_HEAD, *(tuple(map(visible, row)) for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(_HEAD))]
    for row in shown:
        cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 3], strict=False)]
        click.echo("  ".join(cells).rstrip())
