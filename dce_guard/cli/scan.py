"""`dce-guard scan`: files as they are, the staged change, a range of commits, a stream."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dce_guard.cli.options import output_options, policy_options
from dce_guard.cli.session import ReadAt, Session, open_session, target
from dce_guard.errors import GitError, UsageError

if TYPE_CHECKING:
    from dce_guard.adapters.git import Repository
    from dce_guard.adapters.ranges import Range
    from dce_guard.adapters.sources import Source
    from dce_guard.cli.output import Output
    from dce_guard.cli.scanning import Seen
    from dce_guard.model.finding import Report
    from dce_guard.scan.baseline import Baseline


@dataclass(frozen=True, slots=True)
class Mode:
    """What to scan, as the command line says it."""

    paths: tuple[Path, ...] = ()
    staged: bool = False
    range: str | Sequence[tuple[str, str]] = ""
    stdin: bool = False
    ignored: bool = False
    submodules: bool = False
    remote: str = ""


@click.command("scan", short_help="Scan files, the staged change, a range of commits or a stream.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--staged", is_flag=True, help="What the commit being made adds, as it stands in the index.")
@click.option(
    "--range",
    "range_",
    metavar="A..B",
    default="",
    help="Every object that the commits of A..B or A...B add.",
)
@click.option("--stdin", is_flag=True, help="Standard input.")
@click.option("--ignored", is_flag=True, help="Files that git ignores as well.")
@click.option("--submodules", is_flag=True, help="Files of submodules as well.")
@policy_options
@output_options
def command(
    paths: tuple[Path, ...], staged: bool, range_: str, stdin: bool, ignored: bool, submodules: bool,
    policy: dict[str, Any], baseline_off: bool, output: "Output", reveal: int,
) -> int:  # fmt: skip
    """Scan PATHs (files or folders; by default the repository or folder you are in) for leaked secrets.

    Nothing leaves this machine. Exit codes: 0 clean, 1 findings, 2 usage, 3 could not look, 130 interrupted.
    """
    mode = Mode(paths, staged, range_, stdin, ignored, submodules)
    _check(mode)
    return run(mode, policy, output, reveal=reveal, use_baseline=not baseline_off)


def _check(mode: Mode) -> None:
    asked = [
        name
        for name, on in (("--staged", mode.staged), ("--range", mode.range), ("--stdin", mode.stdin))
        if on
    ]
    if len(asked) > 1:
        raise UsageError(
            f"{asked[0]} and {asked[1]} exclude each other; nothing was scanned", "Run two scans."
        )
    if asked and (mode.paths or mode.ignored or mode.submodules):
        what = "PATHs" if mode.paths else "--ignored" if mode.ignored else "--submodules"
        raise UsageError(
            f"{what} cannot be given with {asked[0]}; nothing was scanned", f"leave {what} or {asked[0]} out"
        )


def run(
    mode: Mode, policy: dict[str, Any], output: "Output", *, reveal: int = 0, use_baseline: bool = True
) -> int:
    """Scans and writes the report; the exit code. Raises GuardError when it could not look."""
    from dce_guard.cli.output import emit

    if reveal:
        from dce_guard.cli.reveal import check

        check(reveal, output.quiet)
    session, source, report = look(mode, policy, use_baseline=use_baseline)
    if "baseline" in policy and use_baseline and session.baseline is None:
        raise UsageError(
            f"{policy['baseline']}: no such baseline; no verdict was given", "correct --baseline"
        )
    revealed = None
    if reveal:
        from dce_guard.cli.reveal import values

        revealed = values(session, source, report)
    return emit(report, output, revealed, _head_time(session) if output.format == "gitlab" else None)


def look(
    mode: Mode, policy: dict[str, Any], *, use_baseline: bool = True, assumed: "Baseline | None" = None
) -> "tuple[Session, Source, Report]":
    """Scans what `mode` says: the session, its source and the report. `assumed` stands in for the baseline's file."""
    where, named = target(mode.paths)
    ranges: list[Range] = []
    base = _base(mode, policy, ranges) if mode.range else None
    session = open_session(where, policy, named=named, use_baseline=use_baseline, base=base, assumed=assumed)
    if mode.staged:
        return _staged(session)
    if mode.range:
        return _range(session, mode, ranges)
    if mode.stdin:
        return _stdin(session)
    return _files(session, mode)


def _staged(session: Session) -> "tuple[Session, Source, Report]":
    from dce_guard.adapters.sources import Staged
    from dce_guard.cli.running import report, scan

    source = Staged(_repository(session), session.policy.excluded)
    seen = scan(session, source)
    if seen.sightings:
        from dce_guard.cli.places import added

        added(session, seen, source.previous)
    _run_plugins(session, source, seen)
    return session, source, report(session, source.describe(), seen, fresh=True)


def _files(session: Session, mode: Mode) -> "tuple[Session, Source, Report]":
    from dce_guard.adapters.worktree import WorkTree
    from dce_guard.cli.running import report, scan
    from dce_guard.cli.scanning import processes

    source = WorkTree(
        session.repository, mode.paths, mode.ignored, session.policy.excluded, mode.submodules
    ).load()
    seen = scan(session, source, processes(source.size), source.size)
    if seen.sightings:
        from dce_guard.cli.places import reach_of_files

        reach_of_files(session, seen)
    _run_plugins(session, source, seen)
    return session, source, report(session, source.describe(), seen)


def _stdin(session: Session) -> "tuple[Session, Source, Report]":
    from dce_guard.adapters.sources import Stdin
    from dce_guard.cli.running import report, scan

    source = Stdin(sys.stdin.buffer)
    return session, source, report(session, source.describe(), scan(session, source), fresh=True)


def _range(session: Session, mode: Mode, ranges: "list[Range]") -> "tuple[Session, Source, Report]":
    from dce_guard.adapters.ranges import Range
    from dce_guard.cli.places import reach_of_objects
    from dce_guard.cli.running import report, scan
    from dce_guard.cli.trust import policy_changes, untrusted_markers

    source = ranges[0] if ranges else Range(_repository(session), mode.range, mode.remote)
    seen = scan(session, source)
    reach_of_objects(session, seen, source)
    if not session.policy.trust_head:
        untrusted_markers(session, seen, source.base)
    policy_changes(session, source.base, source.head)
    _run_plugins(session, source, seen)
    return session, source, report(session, source.describe(), seen, fresh=True)


def _base(
    mode: Mode, policy: dict[str, Any], ranges: "list[Range]"
) -> "Callable[[Repository], ReadAt | None]":
    """Policy from the revision a range starts behind; from the work tree when its head is trusted.

    The range is put into `ranges`: to resolve it takes git processes, and it is what is scanned next.
    """

    def read_at(repository: "Repository") -> ReadAt | None:
        from dce_guard.adapters import config
        from dce_guard.adapters.ranges import Range
        from dce_guard.cli.trust import reader

        if config.load(None, os.environ, None, policy).trust_head:
            return None
        ranges.append(Range(repository, mode.range, mode.remote))
        return reader(repository, ranges[0].base)

    return read_at


def _repository(session: Session) -> "Repository":
    if session.repository is None:
        raise GitError(
            f"{Path.cwd()} is not in a git repository; nothing was scanned.",
            "To scan plain files: dce-guard scan PATH",
        )
    return session.repository


def _run_plugins(session: Session, source: "Source", seen: "Seen") -> None:
    if session.policy.detect_secrets_plugins:
        from dce_guard.cli.plugins import run_plugins

        run_plugins(session, source, seen)


def _head_time(session: Session) -> int | None:
    """When HEAD was committed, in seconds since the epoch: the time of a report that must be repeatable."""
    if session.repository is None:
        return None
    out, _, code = session.repository.ask(["rev-list", "--max-count=1", "--format=%ct", "HEAD"])
    last = out.split()[-1:] if not code else []
    return int(last[0]) if last and last[0].isdigit() else None


def run_push(updates: Sequence[tuple[str, str, str, str]], remote: str) -> int:
    """Scans what a push would send: (local ref, local id, remote ref, remote id) each, as git tells them.

    `remote` is the one whose tracking refs say what is there already. The pusher's own repository says what is
    accepted; on a server (git sets GIT_QUARANTINE_PATH) the policy is that of the commits it has.
    """
    from dce_guard.cli.output import Output

    pairs = tuple((remote_id, local_id) for _, local_id, _, remote_id in updates)
    policy = {} if os.environ.get("GIT_QUARANTINE_PATH") else {"trust-head": True}
    return run(Mode(range=pairs, remote=remote), policy, Output())
