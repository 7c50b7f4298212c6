"""`dce-guard baseline accept`: single findings, by fingerprint or place."""

from datetime import datetime

import click

from dce_guard.cli.baseline_common import author, begin, counted, day, meant, said_by
from dce_guard.report.escape import visible
from dce_guard.scan.baseline import accept


@click.command("accept")
@click.argument("findings", metavar="FINGERPRINT|PATH:LINE...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why, for whoever reads it later.")
@said_by
def command(findings: tuple[str, ...], reason: str, by: str | None, until: datetime | None) -> None:
    """Accept findings, by their fingerprint (six digits are enough) or their place.

    What is not on disk is looked for in the history.
    A finding that is accepted already gets the new reason and date.
    """
    work, named = meant(begin(), findings, "nothing was accepted")
    known = accept(
        work.baseline,
        named,
        reason=reason,
        by=by if by is not None else author(work.root),
        today=work.today,
        until=day(until),
    )
    work.save(known)
    for each in named:
        place = each.locations[0]
        click.echo(f"accepted {each.fingerprint[:12]}  {each.rule}  {visible(place.path)}:{place.line}")
    left = len(work.report.open) - sum(each.state.counts for each in named)
    click.echo(f"wrote {work.name}; {counted(left, 'finding')} open")
