"""Sweeps on a Dask cluster that the user already runs: one task a repository (docs: distributed.dask.org).

Scheduler and workers are the user's, as are their settings: TLS, `allowed-failures` (how many workers a task
may cost before it counts as failed), resources. A worker needs dce_guard and git, and the path or URL of a
repository has to mean the same to it as here.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from importlib import import_module
from typing import Any

from dce_guard.adapters.history_process import Job, failed, look
from dce_guard.adapters.sweep_store import Result
from dce_guard.errors import GuardError

_distributed: Any = import_module("distributed")  # without types of its own
_CONNECT = 30.0  # seconds


def run(jobs: Iterable[Job], address: str, told: Callable[[str], None]) -> Generator[Result, None, None]:
    """Results as they come, in any order: one a job, whatever becomes of workers.

    `told` hears what a person should know meanwhile. Raises GuardError when the scheduler cannot be reached,
    also when it is lost on the way: what was yielded until then holds.
    """
    with _client(address) as client:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            told("the scheduler has no workers yet: nothing starts until one joins")
        prefix = f"dce-guard-history-{os.urandom(8).hex()}"  # never a result that another sweep left there
        waiting = {
            client.submit(look, job, key=f"{prefix}-{number}", pure=False, retries=job.retries): job
            for number, job in enumerate(jobs)
        }
        try:
            yield from _gathered(waiting, client.loop)
        finally:
            client.cancel(list(waiting), force=True)


def _client(address: str) -> Any:
    try:
        return _distributed.Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise GuardError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}); nothing was swept",
            "the address is the one that `dask scheduler` prints, as tcp://HOST:8786; "
            "for tls:// set distributed.comm.tls",
        ) from None


def _gathered(waiting: dict[Any, Job], loop: Any) -> Iterator[Result]:
    for future in _distributed.as_completed(list(waiting), loop=loop):
        job = waiting.pop(future)
        yield _result(future, job, len(waiting) + 1)


def _result(future: Any, job: Job, left: int) -> Result:
    """The task's result; that of a task that failed says why. The cluster forgets it."""
    if future.status == "cancelled":
        raise GuardError(
            f"the Dask scheduler was lost or restarted; {left} repositories are left",
            "the same command goes on where this one ended",
        )
    error = future.exception() if future.status == "error" else None
    result: Result | None = future.result() if error is None else None
    future.release()
    return result or failed(job, f"on the Dask cluster: {type(error).__name__}")
