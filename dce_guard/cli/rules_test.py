"""`dce-guard rules test`: what a rule finds in a text, or in its own examples."""

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from dce_guard.adapters.packs import read_known
from dce_guard.cli.rules_packs import find, here, read_pack
from dce_guard.errors import Exit, UsageError
from dce_guard.model.item import Chunk, Item, Kind, Skip
from dce_guard.model.rule import Rule
from dce_guard.report.escape import visible
from dce_guard.scan.checks import CHECKS
from dce_guard.scan.engine import Engine
from dce_guard.scan.judge import Judge, Judged
from dce_guard.scan.known import is_known, load_known
from dce_guard.scan.mask import mask_line
from dce_guard.scan.prefilter_regex import RegexMatcher
from dce_guard.scan.second import Second
from dce_guard.scan.stage import stage
from dce_guard.scan.templates import TemplateError, expand


@click.command("test")
@click.argument("target", metavar="ID|FILE")
@click.option(
    "--text", default=None, help="The text to look at. It may stay in your shell's history: see --stdin."
)
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the text from standard input.")
def command(target: str, text: str | None, from_stdin: bool) -> None:
    """Try the rule ID, or the rules of the pack FILE, on a text; without one, on their own examples.

    Matches are shown masked. The exit code is 0 if something is found (if all examples behave), 1 if not.
    """
    if text is not None and from_stdin:
        raise UsageError("--text and --stdin both give a text; use one")
    rules = _rules(target)
    if text is None and not from_stdin:
        fared = [_examples(rule) for rule in rules]
        good = all(fared)
    else:
        data = sys.stdin.buffer.read() if text is None else os.fsencode(text)
        good = _Trial(rules).show(data)
    raise SystemExit(Exit.CLEAN if good else Exit.FINDINGS)


def _rules(target: str) -> list[Rule]:
    if target.endswith(".toml") or Path(target).is_file():
        return read_pack(target)
    return [find(here()[1], target)]


class _Trial:
    """Rules made ready to scan a text as `dce-guard scan` would."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        table = stage(rules)
        known = load_known(read_known())
        self._engine = Engine(RegexMatcher(table.anchors), lambda: Second(table))
        self._judge = Judge(CHECKS, lambda value: is_known(value, known))

    def judged(self, data: bytes) -> list[Judged | Skip]:
        """Every match with what is thought of it, also those that are no finding."""
        chunk = Chunk(data, [Item(Kind.STDIN, "text", len(data))], [0], [len(data)])
        return [one if isinstance(one, Skip) else self._judge.judge(one) for one in self._engine.scan(chunk)]

    def show(self, data: bytes) -> bool:
        """Prints what is found; whether anything is."""
        found = self.judged(data)
        for one in found:
            click.echo(_line(one, data))
        good = any(isinstance(one, Judged) and not one.drop for one in found)
        if not found:
            click.echo("nothing matches")
        return good


def _line(one: Judged | Skip, data: bytes) -> str:
    if isinstance(one, Skip):
        return visible(f"not looked at: {one.reason} {one.detail}")
    match = one.match
    line, offset = match.line()
    row = data.count(b"\n", 0, match.item_start) + 1
    said = f"no finding: {one.drop}" if one.drop else "; ".join([str(one.confidence), *one.reasons])
    shown = mask_line(line, [(offset, offset + match.end - match.start)])
    return visible(
        f"{match.rule.id}  line {row}{' in ' + match.encoding if match.encoding else ''}  {shown}  ({said})"
    )


def _examples(rule: Rule) -> bool:
    """Prints how the rule's examples and negatives fare; whether all are as they should be."""
    trial = _Trial([rule])
    good = True
    for wanted, templates in ((True, rule.examples), (False, rule.negatives)):
        for template in templates:
            right, shown = _try(trial, template, wanted)
            good = good and right
            click.echo(f"{'ok' if right else 'WRONG':<6} {rule.id}: {shown}")
    if not rule.examples:
        click.echo(f"{'WRONG':<6} {rule.id}: it has no example")
    return good and bool(rule.examples)


def _try(trial: _Trial, template: str, wanted: bool) -> tuple[bool, str]:
    try:
        data = expand(template, random.Random(1))  # noqa: S311
    except TemplateError as error:
        return False, visible(str(error))
    found = [one for one in trial.judged(data) if isinstance(one, Judged) and not one.drop]
    kind = ("found" if found else "not found") + (", an example" if wanted else ", a negative")
    return bool(found) == wanted, visible(f"{kind}: {template}")
