"""`dce-guard baseline review`: what needs a decision, one by one."""

import sys
from collections.abc import Sequence

import click

from dce_guard.cli.baseline_common import Work, author, begin, counted, described
from dce_guard.model.finding import Finding
from dce_guard.report.escape import visible
from dce_guard.scan.baseline import Entry, Overview, accept, review


@click.command("review")
@click.option("--days", default=30, show_default=True, help="Also show entries that end within so many days.")
@click.option("--by", help="Who accepts. [default: git's user.name]")
def command(days: int, by: str | None) -> None:
    """Look at what is open: accept with a reason, skip, or quit.

    Where there is no terminal, the same as a list, and nothing is changed.
    """
    work = begin()
    told = review(work.baseline, work.report, work.today, days)
    if sys.stdin.isatty() and sys.stdout.isatty():
        _ask(work, told.open, by if by is not None else author(work.root))
    else:
        for finding in told.open:
            click.echo(described(finding))
    _entries(told)


def _ask(work: Work, findings: Sequence[Finding], by: str) -> None:
    known = work.baseline
    for number, finding in enumerate(findings, 1):
        click.echo(f"\n[{number}/{len(findings)}] {described(finding)}")
        answer = click.prompt("accept, skip, quit", type=click.Choice(["a", "s", "q"]), default="s")
        if answer == "q":
            break
        if answer == "a":
            known = accept(known, [finding], reason=_reason(), by=by, today=work.today)
            work.save(known)  # at once: an interrupted review keeps what was said
    accepted = len(known.entries) - len(work.baseline.entries)
    click.echo(f"\n{counted(accepted, 'finding')} accepted, {len(findings)} looked at")


def _reason() -> str:
    reason = ""
    while not reason.strip():
        reason = click.prompt("reason")
    return reason


def _entries(told: Overview) -> None:
    click.echo(f"{counted(len(told.open), 'open finding')}")
    for title, entries in (("ends soon or has ended", told.ending), ("no longer found", told.unseen)):
        for entry in entries:
            click.echo(f"{title}: {_entry(entry)}")
    if told.unseen:
        click.echo("to take those that are no longer found out: dce-guard baseline prune")


def _entry(entry: Entry) -> str:
    until = f"  until {entry.until}" if entry.until else ""
    said = f"{visible(entry.rule)}  {visible(entry.path)}  {visible(entry.reason)} (by {visible(entry.by)})"
    return f"{entry.fingerprint[:12]}  {said}{until}"
