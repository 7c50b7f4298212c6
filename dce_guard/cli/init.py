"""`dce-guard init`: a commented configuration, and a baseline of what is there already."""

from datetime import datetime
from pathlib import Path

import click

from dce_guard.adapters.atomic import replace_file
from dce_guard.adapters.config import OWN_FILE
from dce_guard.cli.baseline_common import Work, author, begin, counted, day, said_by
from dce_guard.errors import Exit
from dce_guard.scan.baseline import accept

REASON = "there before dce-guard was; nobody has looked at it yet"

TEMPLATE = """\
# Settings of dce-guard for this repository. What stands behind a bare # is the default: take the # away to
# change it. Every key: docs/configuration.md. What would be a risk here (an organisation's key, plugins,
# trust-head) is taken from ~/.config/dce-guard/config.toml only.

# Paths that are not looked at, written as in .gitignore: "vendor/", "*.min.js", "!vendor/ours/".
#exclude = []

# Rules that are off, and exceptions to that, by id, pack or pattern: dce-guard rules list
#disable = []
#enable = []

# Findings below it are left out: "low", "medium" or "high".
#confidence = "medium"

# The file of accepted findings.
#baseline = "baselines/dce-guard.json"

# Rule packs of your own, and settings files to read first; paths of this repository.
#rules = []
#extends = []

# Whether `dce-guard:allow REASON` and its like on a line count.
#inline-markers = true

# There is no limit unless you set one; larger files are then reported as not looked at.
#max-file-size = "1 GB"
"""


@click.command("init")
@click.option("--no-accept", is_flag=True, help="Begin with an empty baseline: every finding counts.")
@click.option("--reason", default=REASON, show_default=True, help="Why what is found now is accepted.")
@said_by
def command(no_accept: bool, reason: str, by: str | None, until: datetime | None) -> int:
    """Set up this repository: .dce-guard.toml with every default as a comment, and a baseline.

    What is found today is accepted, so that from now on only new secrets count. That does not make a real key
    harmless: `dce-guard scan --no-baseline` lists them. Files that are there already are left as they are.
    """
    work = begin()
    who = (by or author(work.root)) if work.report.open and not no_accept else ""
    written = [*_settings(work), *_baseline(work, no_accept, who, reason, until)]
    if written:
        names = " ".join(_quoted(path.relative_to(work.root.resolve())) for path in written)
        click.echo(f"To undo: rm {names}")
    click.echo("Next: dce-guard install, so that git stops commits that leak; and commit these files.")
    missed = sum(skip.fatal for skip in work.report.skips)
    if missed:
        click.echo(f"incomplete: {counted(missed, 'thing')} could not be looked at, see above", err=True)
    return Exit.CANNOT_LOOK if missed else Exit.CLEAN


def _settings(work: Work) -> list[Path]:
    """The settings file, unless there are settings already."""
    from dce_guard.adapters.config import load

    path = work.root.resolve() / OWN_FILE
    there = load(work.root, {}).sources
    if there:
        click.echo(f"left as it is: {there[0]}")
        return []
    replace_file(path, TEMPLATE.encode(), 0o644)
    click.echo(f"wrote {OWN_FILE}: every setting as a comment, nothing is changed by it")
    return [path]


def _baseline(work: Work, empty: bool, by: str, reason: str, until: datetime | None) -> list[Path]:
    """The baseline, unless there is one; findings that count before and after are told."""
    before = len(work.report.open)
    if work.exists:
        click.echo(f"left as it is: {work.name} ({counted(len(work.baseline.entries), 'entry')})")
        click.echo(f"findings that count: {before}")
        return []
    found = [] if empty else work.report.open
    attributes = work.path.with_name(".gitattributes")
    new = [path for path in (work.path, attributes) if not path.exists()]
    known = accept(
        work.baseline, found, reason=reason, by=by or "dce-guard", today=work.today, until=day(until)
    )
    work.save(known)
    click.echo(f"wrote {work.name}: {counted(len(found), 'finding')} accepted")
    click.echo(f"findings that count: {before} before, {before - len(found)} now")
    if found:
        click.echo(
            "Accepting a real key does not make it harmless. To see them: dce-guard scan --no-baseline"
        )
    return new


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(path.as_posix())
