"""Sweeps on this machine: so many processes side by side, one a repository."""

import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from dce_guard.adapters.history_process import Job, Running, look
from dce_guard.adapters.sweep_store import Result

_TICK = 0.5  # seconds; on Windows Ctrl-C does not end a wait


def run(jobs: Iterable[Job], side_by_side: int) -> Generator[Result, None, None]:
    """Results as they come, in any order. Closing it (Ctrl-C does) stops what runs and waits for its end."""
    running, waiting = Running(), iter(jobs)
    pool = ThreadPoolExecutor(side_by_side, thread_name_prefix="sweep")
    under_way: set[Future[Result | None]] = set()
    try:
        while True:
            _fill(pool, under_way, waiting, side_by_side, running)
            if not under_way:
                return
            ended, under_way = wait(under_way, _TICK, FIRST_COMPLETED)
            yield from filter(None, (future.result() for future in ended))
    finally:
        running.stop()
        _end(pool, running)


def _fill(
    pool: ThreadPoolExecutor,
    under_way: "set[Future[Result | None]]",
    waiting: Iterator[Job],
    side_by_side: int,
    running: Running,
) -> None:
    while len(under_way) < side_by_side:
        job = next(waiting, None)
        if job is None:
            return
        under_way.add(pool.submit(look, job, running, lambda seconds: _pause(seconds, running)))


def _pause(seconds: float, running: Running) -> None:
    while seconds > 0 and not running.stopped:
        time.sleep(min(_TICK, seconds))
        seconds -= _TICK


def _end(pool: ThreadPoolExecutor, running: Running) -> None:
    """Waits for those that were told to stop; a second Ctrl-C ends them at once."""
    try:
        pool.shutdown(wait=True, cancel_futures=True)
    except KeyboardInterrupt:
        running.kill()
        with suppress(KeyboardInterrupt):
            pool.shutdown(wait=True)
        raise
