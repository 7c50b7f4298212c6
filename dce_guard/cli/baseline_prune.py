"""`dce-guard baseline prune`: entries whose value is gone."""

import click

from dce_guard.cli.baseline_common import begin, counted
from dce_guard.errors import UsageError
from dce_guard.report.escape import visible
from dce_guard.scan.baseline import prune


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Show what would be taken out, and change nothing.")
def command(dry_run: bool) -> None:
    """Take out entries that are found neither on disk nor in the history.

    Refused when something could not be read: not found is not gone. Dead keys (rotated) stay, to raise an
    alarm when they come back.
    """
    work = begin(history=True)
    if not work.exists:
        raise UsageError(f"there is no {work.name}; nothing was pruned", "dce-guard baseline create")
    left, gone = prune(work.baseline, work.report)
    if not dry_run:
        work.save(left)
    for entry in gone:
        said = f"{visible(entry.rule)}  {visible(entry.path)}  {visible(entry.reason)}"
        click.echo(f"{entry.fingerprint[:12]}  {said}")
    done = "would be taken out" if dry_run else "taken out"
    click.echo(f"{counted(len(gone), 'entry')} {done}, {len(left.entries)} left")
