"""How far a long scan has come: a bar on a terminal, nothing anywhere else."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tick = Callable[[int], None]
WORTH_A_BAR = 64 << 20  # bytes; less is done before a bar could be read


def _silent(_bytes: int) -> None:
    """Where nobody watches."""


@contextmanager
def progress(size: int) -> Iterator[Tick]:
    """A function to call with the bytes just scanned, of `size` in all."""
    if size < WORTH_A_BAR or not sys.stderr.isatty() or os.environ.get("CI"):
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("scanning"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scanning", total=size)

        def tick(scanned: int) -> None:
            bar.update(task, advance=scanned)

        yield tick
