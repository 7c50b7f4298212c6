"""Where a report goes: a terminal, a pipe, a file; in which format; and with which exit code it ends."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from dce_guard.errors import GuardError
from dce_guard.model.finding import Report
from dce_guard.report import FORMATS
from dce_guard.report.outcome import Outcome, outcome

_COLOURLESS_CI = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL")


@dataclass(frozen=True, slots=True)
class Output:
    """What the command line says of the report."""

    format: str = "text"
    file: Path | None = None
    quiet: bool = False
    strict: bool = False
    exit_zero: bool = False


def emit(
    report: Report, output: Output, revealed: Mapping[str, str] | None = None, seconds: int | None = None,
    *, summary: bool = False,
) -> int:  # fmt: skip
    """Writes the report where it should go and returns the exit code.

    `seconds` since the epoch stand for the time of the scan in formats that must have one. Raises GuardError
    when the file cannot be written.
    """
    ending = outcome(report, strict=output.strict, exit_zero=output.exit_zero)
    if summary:
        from dce_guard.report.summary import render

        text = render(report, ending)
    else:
        text = _render(report, output, ending, revealed or {}, seconds)
    if output.file:
        _write(output.file, text)
        if not output.quiet:
            click.echo(f"wrote {output.file}: {ending.reason}", err=True)
    else:
        _print(text)
    return int(ending.code)


def _render(
    report: Report, output: Output, ending: Outcome, revealed: Mapping[str, str], seconds: int | None
) -> str:
    module, _, function = FORMATS[output.format].partition(":")
    render: Any = getattr(import_module(module), function)
    if output.format == "text":
        from dce_guard.report.text import Style

        style = Style(_colour(output), _width(output), output.quiet)
        return str(render(report, style, ending)) + _revealed_lines(revealed)
    if output.format == "gitlab":
        moment = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or seconds or 0), UTC)
        return str(render(report, moment, moment))
    if revealed:
        return str(render(report, revealed))
    return str(render(report))


def _revealed_lines(revealed: Mapping[str, str]) -> str:
    from dce_guard.report.escape import visible

    return "".join(
        f"secret {fingerprint[:12]}: {visible(value)}\n" for fingerprint, value in sorted(revealed.items())
    )


def _colour(output: Output) -> bool:
    """Colour on a terminal, unless NO_COLOR (no-color.org) is set; FORCE_COLOR wins over a pipe and over CI."""
    if output.file or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    calm = os.environ.get("TERM") == "dumb" or any(os.environ.get(name) for name in _COLOURLESS_CI)
    return sys.stdout.isatty() and not calm


def _width(output: Output) -> int | None:
    """Columns to fold to: a terminal's, or COLUMNS where it is set; a pipe is not folded."""
    if output.file:
        return None
    if sys.stdout.isatty():
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns or 80)
    return max(40, int(os.environ["COLUMNS"])) if os.environ.get("COLUMNS", "").isdigit() else None


def _print(text: str) -> None:
    """Writes all of it or raises. A text stream under PYTHONUNBUFFERED drops what one write leaves over, unsaid."""
    left = memoryview(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
    sys.stdout.flush()
    while left:
        left = left[sys.stdout.buffer.write(left) :]
    sys.stdout.buffer.flush()


def _write(path: Path, text: str) -> None:
    from dce_guard.adapters.atomic import refusals, replace_file

    if str(path) == "-":
        _print(text)
        return
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as file:  # a device or a named pipe
            file.write(text)
        return
    if not path.parent.is_dir():
        raise GuardError(
            f"{path.parent} is no folder; the report was not written", "make it, or name another with -o"
        )
    with refusals(path, "the report was not written"):
        replace_file(path, text.encode("utf-8"), 0o644)
