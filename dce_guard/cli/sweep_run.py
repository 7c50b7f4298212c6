"""A sweep from its list of repositories to its one report."""

import hmac
import json
import os
import signal
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dce_guard._version import __version__
from dce_guard.adapters import config
from dce_guard.adapters.history_process import Job, secrets
from dce_guard.adapters.repositories import Target, targets
from dce_guard.adapters.sweep_store import Result, Status, Store, opened, sweep_key
from dce_guard.cli.output import Output, emit
from dce_guard.cli.sweep_merge import Merge
from dce_guard.cli.sweep_progress import progress
from dce_guard.errors import GuardError
from dce_guard.model.sensitive import Sensitive
from dce_guard.report.escape import visible

if TYPE_CHECKING:
    from dce_guard.adapters.forges import Asked
    from dce_guard.model.finding import Report


@dataclass(frozen=True, slots=True)
class Plan:
    """What to sweep and how, as the command line says it."""

    sources: tuple[Path, ...]
    asked: "tuple[Asked, ...]"
    results: Path
    again: bool = False
    jobs: int | None = None
    timeout: float | None = None
    retries: int = 2
    dask: str = ""
    options: tuple[str, ...] = ()
    summary: bool = False


def run(plan: Plan, output: Output) -> int:
    """Looks at what has no result yet, and reports on all; the exit code.

    Raises GuardError when there is nothing to look at, or no place to keep results. What was found until then
    is kept.
    """
    with _stoppable(), opened(plan.results) as store:
        wanted = _targets(plan, output.quiet)
        setup = _Setup(plan)
        done = set() if plan.again else _done(store, setup.name)
        waiting = [target for target in wanted if target.address not in done]
        store.drop({target.address for target in waiting})
        whole = _look(plan, setup, store, wanted, waiting, output)
        report = _report(store, wanted, setup, whole)
    return emit(report, output, summary=plan.summary)


def _targets(plan: Plan, quiet: bool) -> tuple[Target, ...]:
    if not plan.asked:
        return targets(plan.sources)
    from dce_guard.adapters.forges import repositories

    told = _tell(quiet)
    return targets(
        plan.sources,
        [target for asked in plan.asked for target in repositories(asked, os.environ, told)],
    )


def _tell(quiet: bool) -> Callable[[str], None]:
    return (lambda _: None) if quiet else lambda text: click.echo(visible(text), err=True)


class _Setup:
    """The key of a sweep, and what names it together with options and version."""

    def __init__(self, plan: Plan) -> None:
        self.key: Sensitive = config.load(None, os.environ).key or sweep_key(plan.results)
        made_with = json.dumps([__version__, plan.options, plan.timeout], ensure_ascii=True)
        digest = hmac.digest(self.key.reveal(), b"dce-guard/sweep/1\0" + made_with.encode("ascii"), "sha256")
        self.name = digest.hex()[:16]


def _done(store: Store, setup: str) -> set[str]:
    return {
        result.repository
        for result in store.results()
        if result.status is Status.DONE and result.setup == setup
    }


def _look(
    plan: Plan,
    setup: _Setup,
    store: Store,
    wanted: Sequence[Target],
    waiting: Sequence[Target],
    output: Output,
) -> bool:
    """Writes a result for each that is waiting; False when it was interrupted, and who is left is said."""
    names = {target.address: target.name for target in wanted}
    before, left = len(wanted) - len(waiting), len(waiting)
    if before and not output.quiet:
        click.echo(f"{before} of {len(wanted)} repositories are done already (--again looks again)", err=True)
    try:
        with (
            progress(names, len(wanted), before, output.quiet) as seen,
            closing(_engine(plan, _jobs(plan, setup, waiting), output.quiet)) as results,
        ):
            for result in results:
                store.add(result)
                left -= 1
                seen(result)
    except KeyboardInterrupt:
        click.echo(
            f"interrupted: {left} of {len(wanted)} repositories are left; the same command goes on with them",
            err=True,
        )
        return False
    return True


def _jobs(plan: Plan, setup: _Setup, waiting: Sequence[Target]) -> list[Job]:
    tokens = {} if plan.dask else _tokens(plan)  # on a cluster each worker has its own, or none
    cores = 1 if plan.dask or not waiting else max(1, _cores() // min(_side_by_side(plan), len(waiting)))
    return [
        Job(
            target, plan.options, setup.name, plan.timeout, plan.retries, cores,
            secrets(setup.key.reveal(), tokens, target.address),
        )
        for target in waiting
    ]  # fmt: skip


def _tokens(plan: Plan) -> Mapping[str, str]:
    found = ((asked.host, asked.token(os.environ)) for asked in plan.asked)
    return {host: token.reveal().decode("ascii") for host, token in found if token}


def _side_by_side(plan: Plan) -> int:
    return plan.jobs or _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _engine(plan: Plan, jobs: Sequence[Job], quiet: bool) -> "Generator[Result, None, None]":
    if not plan.dask or not jobs:
        from dce_guard.adapters.local_engine import run as locally

        return locally(jobs, _side_by_side(plan))
    try:
        from dce_guard.adapters.dask_engine import run as on_cluster
    except ImportError:
        raise GuardError(
            "--dask needs distributed, which is not installed; nothing was swept",
            "pip install 'dce-guard[dask]'",
        ) from None
    return on_cluster(jobs, plan.dask, _tell(quiet))


def _report(store: Store, wanted: Sequence[Target], setup: _Setup, whole: bool) -> "Report":
    merge = Merge(wanted, _rules())
    for result in store.results():
        if result.setup == setup.name:
            merge.add(result)
    return merge.report(interrupted=not whole)


def _rules() -> Mapping[str, Mapping[str, object]]:
    """What the shipped rules, and those of the user's own settings, say of themselves."""
    from dce_guard.cli.session import Session

    session = Session(None, config.load(None, os.environ), os.environ)
    return {
        rule.id: {
            "description": rule.description, "provider": rule.provider, "confidence": rule.confidence,
            "references": rule.references, "remediation": rule.remediation, "cwe": rule.cwe,
        }
        for rule in session.kit.tables.rules
    }  # fmt: skip


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM and a closed terminal stop a sweep as Ctrl-C does: its processes do not outlive it.

    What is ignored (by `nohup`) stays so.
    """

    def stop(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {
        number: signal.signal(number, stop)
        for number in numbers
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
