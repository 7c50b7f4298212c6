"""How far a sweep has come: a line a repository, or a bar on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from dce_guard.adapters.sweep_store import Result, Status
from dce_guard.report.escape import visible
from dce_guard.report.outcome import plural

Seen = Callable[[Result], None]


@contextmanager
def progress(names: Mapping[str, str], total: int, before: int, quiet: bool) -> Iterator[Seen]:
    """A function to call with each result, of `total` repositories of which `before` were done earlier."""
    if quiet:
        yield _silent
    elif sys.stderr.isatty() and not os.environ.get("CI"):
        with _bar(names, total, before) as seen:
            yield seen
    else:
        count = before

        def line(result: Result) -> None:
            nonlocal count
            count += 1
            click.echo(f"[{count}/{total}] {told(result, names)}", err=True)

        yield line


@contextmanager
def _bar(names: Mapping[str, str], total: int, before: int) -> Iterator[Seen]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("sweeping"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sweeping", total=total, completed=before)

        def seen(result: Result) -> None:
            bar.update(task, advance=1)
            if result.status is not Status.DONE:
                bar.console.print(told(result, names), markup=False, highlight=False, soft_wrap=True)

        yield seen


def told(result: Result, names: Mapping[str, str]) -> str:
    """One line: what it is called and what became of it."""
    found = len(result.report["findings"]) if result.report else 0
    said = f"{found} {plural(found, 'finding')}" if found else "nothing found"
    if result.status is Status.FAILED:
        said = result.error or "failed"
    elif result.status is Status.INCOMPLETE:
        said = f"incomplete: {said} in the rest"
    mark = "failed: " if result.status is Status.FAILED else ""
    return visible(f"{names[result.repository]}: {mark}{said}")


def _silent(_result: Result) -> None:
    """With --quiet."""
