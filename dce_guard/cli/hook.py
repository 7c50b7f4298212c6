"""`dce-guard hook`: what git's hooks and the pre-commit framework call."""

import os
import sys
from pathlib import Path

import click

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.pushes import Update, framework_updates, parse_updates, remote_pattern
from dce_guard.errors import Exit, GitError, UsageError


@click.group("hook", short_help="What hooks call: pre-push, history.")
def command() -> None:
    """Entry points for git hooks and the pre-commit framework."""


@command.command("pre-push")
@click.argument("remote", default="")
@click.argument("url", default="")
@click.option(
    "--from-pre-commit",
    is_flag=True,
    help="Called by pre-commit or prek, which pass no list of refs: take what could be in the push.",
)
def pre_push(remote: str, url: str, from_pre_commit: bool) -> int:
    """Scan what a push to REMOTE would add there; git's lines on standard input say what is pushed.

    Exit code 0 lets the push go on. The URL is taken because git gives it; it is not used or shown.
    """
    if from_pre_commit:
        remote = os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
        updates = framework_updates(_repository(), os.environ)
    else:
        if sys.stdin.isatty():
            hint = (
                "Install it with `dce-guard install --pre-push`, or scan a range: dce-guard scan --range A..B"
            )
            raise UsageError(
                "hook pre-push reads git's lines from standard input; nothing was scanned.", hint
            )
        updates = parse_updates(sys.stdin.buffer.read())
    return _run(updates, remote_pattern(remote))


@command.command("history")
def history() -> int:
    """Sweep all that this repository holds but the files on disk, as `dce-guard history --no-worktree` does.

    A shallow clone is refused: what it leaves out would pass unseen.
    """
    if _repository().shallow:
        raise GitError(
            "This clone is shallow, so most of its history is not here; nothing was scanned.",
            "Clone all of it (in CI: fetch-depth: 0). What is here: dce-guard history",
        )
    from dce_guard.cli.history_run import Wish, run
    from dce_guard.cli.output import Output

    return run((), Wish(no_worktree=True), {}, Output())


def _repository() -> Repository:
    repository = discover(Path.cwd())
    if repository is None:
        raise GitError(
            f"{Path.cwd()} is not in a git repository; nothing was scanned.", "Change to one, or: git init"
        )
    return repository


def _run(updates: list[Update], remote: str) -> int:
    if not updates:
        return Exit.CLEAN
    from dce_guard.cli.scan import run_push

    return run_push(updates, remote)
