"""`dce-guard rules check`: whether rules keep what they promise."""

from collections.abc import Iterator
from pathlib import Path

import click

from dce_guard.cli.rules_packs import here, read_pack
from dce_guard.errors import Exit, RulesError
from dce_guard.model.rule import Rule
from dce_guard.report.escape import visible
from dce_guard.scan.rule_lint import lint


@click.command("check")
@click.argument("files", metavar="[FILE]...", nargs=-1)
def command(files: tuple[str, ...]) -> None:
    """Check the rule packs FILE, or all that are in use.

    Each pattern and anchor is compiled, each example and negative example expanded many times and tried. The
    exit code is 1 if anything is wrong.
    """
    problems: list[str] = []
    rules = list(_from_files(files, problems)) if files else [(rule.pack, rule) for rule in here()[1]]
    files_of = {rule.id: file for file, rule in rules}
    for problem in lint([rule for _, rule in rules]):
        problems.append(f"{files_of.get(problem.rule_id, '?')}: {problem.rule_id}: {problem.message}")
    for line in problems:
        click.echo(visible(line))
    counted = f"{len(rules)} rules, {len(problems)} problem{'' if len(problems) == 1 else 's'}"
    click.echo(counted, err=True)
    if problems:
        raise SystemExit(Exit.FINDINGS)


def _from_files(files: tuple[str, ...], problems: list[str]) -> Iterator[tuple[str, Rule]]:
    """(file, rule) for every rule; a file that is no pack is a problem, and the others are still checked."""
    for name in files:
        try:
            found = read_pack(name)
        except RulesError as error:
            problems.append(f"{name}: {error.message.removeprefix(f'rules/{Path(name).stem}.toml: ')}")
            continue
        if not found:
            problems.append(f"{name}: it holds no [[rule]]")
        yield from ((name, rule) for rule in found)
