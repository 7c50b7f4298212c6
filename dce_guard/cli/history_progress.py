"""How far a sweep has come: a bar on a terminal, a line every ten seconds in a log, nothing with --quiet."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dce_guard.cli.board import Board, Sums

if TYPE_CHECKING:
    from rich.progress import Progress

_BAR_AFTER = 0.6  # seconds; what is done before needs no bar, and loading what draws it takes a tenth of that
_DRAWN = 0.2  # seconds between two looks of the bar
_LINE = 10.0  # seconds between two lines


class Show:
    """Tells what the board says, from a thread of its own: whoever works need not think of it.

    `phase` is what is being done now, `total` how many compressed bytes of packs there are to look at.
    """

    def __init__(self, board: Board, look: "Callable[[Show], None] | None") -> None:
        self.board = board
        self.phase = "scanning"
        self.total = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=look, args=(self,), daemon=True) if look else None

    def start(self) -> None:
        """From now on. To be called when all processes are there: forking a process that has threads is unsafe."""
        if self._thread and not self._thread.ident:
            self._thread.start()

    def stop(self) -> None:
        """Takes everything away again."""
        self._over.set()
        if self._thread and self._thread.ident:
            self._thread.join()

    def wait(self, seconds: float) -> bool:
        """Whether it goes on, after so long."""
        return not self._over.wait(seconds)


@contextmanager
def shown(board: Board, quiet: bool) -> Iterator[Show]:
    """Something that shows the board once it is started, until the end."""
    show = Show(board, None if quiet else _bar if _drawable() else _lines)
    try:
        yield show
    finally:
        show.stop()


def _drawable() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def _lines(show: Show) -> None:
    while show.wait(_LINE):
        click.echo(f"history: {told(show)}", err=True)


def told(show: Show) -> str:
    """One line, without a line break."""
    sums = show.board.sums()
    done = f"{_size(sums.bytes)} of {_size(show.total)} of packs" if show.total else "packs looked through"
    return f"{show.phase}: {done}, {sums.objects:,} objects, {_findings(sums)}"


def _findings(sums: Sums) -> str:
    """Processes do not tell each other what they found, so the sum may hold a secret twice."""
    return f"up to {sums.findings:,} findings so far" if sums.findings else "no findings so far"


def _bar(show: Show) -> None:
    if not show.wait(_BAR_AFTER):
        return
    with _drawn() as bar:
        task = bar.add_task("", total=None, done="", seen="")
        while True:
            sums = show.board.sums()
            bar.update(
                task,
                total=show.total or None,
                completed=min(sums.bytes, show.total),
                description=show.phase,
                done=f"{_size(sums.bytes)}/{_size(show.total)} of packs" if show.total else "",
                seen=f"{sums.objects:,} objects, {_findings(sums)}",
            )
            bar.refresh()
            if not show.wait(_DRAWN):
                return


def _drawn() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[seen]}"),
        TimeRemainingColumn(),
    )
    return Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False, redirect_stdout=False,
        redirect_stderr=False,
    )  # fmt: skip


def _size(count: int) -> str:
    """Bytes in decimal units: "812 kB", "1.9 MB", "214 MB"."""
    size, unit = count / 1000, "kB"
    for unit in ("kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 9.95 else f"{size:.1f} {unit}"
