"""`dce-guard doctor`: would a scan here look at everything?"""

import json
from pathlib import Path

import click

from dce_guard._version import __version__
from dce_guard.cli.checkup import BAD, OK, Check, checks
from dce_guard.errors import Exit
from dce_guard.report.escape import visible

SCHEMA = "dce-guard/doctor/1"


@click.command("doctor")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(format_: str) -> int:
    """Check git, repository, settings, rules, engine, cache, baseline, key and hooks.

    Tries every rule on an example of its own. Exit codes: 0 when a scan would look at everything it is asked
    to, 3 when something keeps it from that. Nothing leaves this machine.
    """
    found = list(checks(Path.cwd()))
    bad = sum(check.state == BAD for check in found)
    if format_ == "json":
        click.echo(_json(found, bad))
    else:
        click.echo(f"dce-guard {__version__}")
        for check in found:
            _tell(check)
        click.echo(
            f"exit 3: {bad} of them would keep a scan from looking" if bad else "exit 0: ready to scan"
        )
    return Exit.CANNOT_LOOK if bad else Exit.CLEAN


def _json(found: list[Check], bad: int) -> str:
    rows = [{key: visible(value) for key, value in check._asdict().items()} for check in found]
    document = {"schema": SCHEMA, "version": __version__, "ok": not bad, "checks": rows}
    return json.dumps(document, indent=2)


def _tell(check: Check) -> None:
    click.echo(f"{check.state:<5} {check.name:<11} {visible(check.text)}")
    if check.hint and check.state != OK:
        click.echo(f"{'':<18}{visible(check.hint)}")
