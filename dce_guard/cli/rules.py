"""`dce-guard rules`: look at rules, write them, take them over from other tools."""

import click

from dce_guard.cli.lazy import LazyGroup

_HOME = "dce_guard.cli.rules_"


class _Commands(LazyGroup):
    table = {
        "list": (_HOME + "list", "List the rules."),
        "show": (_HOME + "show", "Show all of one rule."),
        "check": (_HOME + "check", "Check rule packs: patterns, anchors, examples both ways."),
        "test": (_HOME + "test", "Try a rule or a pack on its examples or on a text."),
        "import": (_HOME + "import", "Take over rules of gitleaks or betterleaks."),
    }


@click.command("rules", cls=_Commands, short_help="List, show, check, try and import rules.")
def command() -> None:
    """Look at the rules, try your own, and take over those of gitleaks or betterleaks."""
