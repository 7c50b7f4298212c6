"""`dce-guard rules import`: rules of gitleaks or betterleaks as a pack of ours."""

import re
from pathlib import Path

import click

from dce_guard.adapters.atomic import replace_file
from dce_guard.adapters.config_files import parse_toml
from dce_guard.cli.rules_packs import here, read_file
from dce_guard.errors import UsageError
from dce_guard.report.escape import visible
from dce_guard.scan.rule_import import Imported, convert
from dce_guard.scan.rules import parse_pack


@click.command("import")
@click.argument("file")
@click.option(
    "-o", "--output", default="", metavar="PACK.toml", help="Write here and not to standard output."
)
def command(file: str, output: str) -> None:
    """Turn the gitleaks or betterleaks configuration FILE into a rule pack.

    What could not be carried over is listed on standard error, rule by rule. `dce-guard rules check
    PACK.toml` tells what is left to do.
    """
    document, _ = parse_toml(read_file(file), file)
    pack = re.sub(r"[^a-z0-9]+", "-", Path(output or file).stem.lower()).strip("-") or "imported"
    imported = convert(document, pack, {rule.id for rule in here()[1]})
    if not imported.ids:
        raise UsageError(
            f"{file}: none of its {imported.total} rules can be carried over; nothing was written"
        )
    parse_pack(pack, imported.text)  # what is written is what a scan can read
    _list(imported)
    if not output:
        click.echo(imported.text, nl=False)
        return
    replace_file(Path(output), imported.text.encode(), 0o644)
    click.echo(f"wrote {visible(output)}; to use it, add it to 'rules' in your settings", err=True)


def _list(imported: Imported) -> None:
    for lost in imported.lost:
        click.echo(visible(f"{lost.rule or 'the file'}: {lost.reason}"), err=True)
    click.echo(f"{len(imported.ids)} of {imported.total} rules carried over", err=True)
