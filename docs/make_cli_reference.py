"""Writes docs/reference/cli.md from the command line itself: `python docs/make_cli_reference.py`.

A test holds the page equal to what this makes.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from dce_guard.cli.main import COMMANDS, cli
from dce_guard.errors import Exit

PAGE = Path(__file__).parent / "reference" / "cli.md"
_HEAD = """\
# Command line

Made from the program by `python docs/make_cli_reference.py`. How the commands are used: [the first
minute](../first-minute.md), [hooks and CI](../ci.md), [the baseline](../baseline.md), [rules](../rules.md).

## Exit codes

| code | meaning |
|---|---|
| 0 | clean: everything that was asked for was looked at, and nothing counts as a finding |
| 1 | findings |
| 2 | usage: the command line, the configuration or a baseline says something that cannot be meant |
| 3 | could not look: no repository, unreadable path, git failed, broken rule pack. Never taken for clean |
| 130 | interrupted |

They are the same in every format. `--exit-zero` turns 1 into 0, never 3; `--strict` turns anything that was
passed over into 3.
"""


def page() -> str:
    """The whole page."""
    assert {int(code) for code in Exit} == {0, 1, 2, 3, 130}
    parts = [_HEAD, "\n".join(_described(cli, "dce-guard", 2))]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command
        parts.append("\n".join(_tree(command, f"dce-guard {name}", 2)))
    return "\n".join(parts)


def _tree(command: click.Command, name: str, level: int) -> Iterator[str]:
    yield from _described(command, name, level)
    if isinstance(command, click.Group):
        for below in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), below)
            assert child
            yield from _tree(child, f"{name} {below}", level + 1)


def _described(command: click.Command, name: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join((name, *command.collect_usage_pieces(context)))
    yield f"{'#' * level} `{name}`\n"
    yield f"    {usage}\n"
    yield from _prose(command.help or "")
    options = [one for one in command.get_params(context) if isinstance(one, click.Option) and not one.hidden]
    rows = [_row(option, context) for option in options if "--help" not in option.opts]
    if rows:
        yield "| option | |\n|---|---|"
        yield from rows
        yield ""


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; one that click keeps as it is (marked by a backspace) as a block of code."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        kept, _, body = paragraph.partition("\b\n")
        if body and not kept:
            yield "\n".join(f"    {line}" for line in body.splitlines()) + "\n"
        else:
            yield paragraph + "\n"


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    names, about = record or (", ".join(option.opts), option.help or "")
    return f"| `{_cell(names)}` | {_cell(about)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
