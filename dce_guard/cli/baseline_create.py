"""`dce-guard baseline create`: begin with what is there."""

from datetime import datetime

import click

from dce_guard.cli.baseline_common import author, begin, counted, day, said_by
from dce_guard.errors import UsageError
from dce_guard.scan.baseline import accept


@click.command("create")
@click.option("--reason", required=True, help="Why all of them are accepted, for whoever reads it later.")
@said_by
def command(reason: str, by: str | None, until: datetime | None) -> None:
    """Accept all that is found today, with one reason.

    From then on only new secrets are findings. Look at the list first: a real key stays a leak, accepted or
    not. A date (--until) makes sure that somebody looks again.
    """
    work = begin()
    if work.exists:
        raise UsageError(
            f"{work.name} is there already; nothing was accepted",
            "to add to it: dce-guard baseline accept, or dce-guard baseline review",
        )
    found = work.report.open
    known = accept(
        work.baseline,
        found,
        reason=reason,
        by=by if by is not None else author(work.root),
        today=work.today,
        until=day(until),
    )
    work.save(known)
    click.echo(f"wrote {work.name}: {counted(len(found), 'finding')} accepted")
    click.echo("Commit it: whoever has the file accepts the same.")
