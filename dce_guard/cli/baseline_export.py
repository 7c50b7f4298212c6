"""`dce-guard baseline export`: for those who still run detect-secrets."""

from pathlib import Path

import click

from dce_guard.cli.baseline_common import begin, counted
from dce_guard.report.escape import visible


@click.command("export")
@click.option("--format", "kind", type=click.Choice(["detect-secrets"]), required=True, help="Whose file.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Into this file.")
def command(kind: str, output: Path | None) -> None:
    """Write the findings as a .secrets.baseline that `detect-secrets audit` reads.

    Accepted findings are labelled as no secrets, dead keys as real ones, open ones are left for the audit to
    ask. What the library's own plugins do not find again cannot be named in its file and is listed.
    """
    from dce_guard.adapters.atomic import replace_file
    from dce_guard.adapters.detect_secrets import export

    work = begin()
    told = export(work.report.findings, work.root)
    if output:
        replace_file(output, told.text.encode("utf-8"), 0o644)
    else:
        click.echo(told.text, nl=False)
    for place in told.left_out:
        click.echo(f"not in detect-secrets' words: {visible(place.path)}:{place.line}", err=True)
    named = counted(len(work.report.findings), "finding")
    click.echo(f"{named}, {counted(len(told.left_out), 'place')} left out", err=True)
