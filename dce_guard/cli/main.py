"""`dce-guard`: the list of commands, and what happens to errors."""

import sys
from typing import Any

import click

from dce_guard._version import __version__
from dce_guard.cli.lazy import LazyGroup
from dce_guard.errors import Exit, GuardError

# One command a file.
COMMANDS = {
    "scan": ("dce_guard.cli.scan", "Scan files, the staged change, a range of commits or a stream."),
    "sweep": ("dce_guard.cli.sweep", "Look through the history of many repositories."),
    "history": (
        "dce_guard.cli.history",
        "Sweep all that a repository holds: every object, ref, reflog and file.",
    ),
    "baseline": (
        "dce_guard.cli.baseline",
        "Accepted findings: create, accept, review, prune, import, export.",
    ),
    "respond": ("dce_guard.cli.respond", "What to do now about a leaked secret, step by step."),
    "rules": ("dce_guard.cli.rules", "List, show, check, test and import rules."),
    "install": ("dce_guard.cli.install", "Install git hooks."),
    "uninstall": ("dce_guard.cli.uninstall", "Take the git hooks out again."),
    "hook": ("dce_guard.cli.hook", "What hooks call: pre-push, history."),
    "init": ("dce_guard.cli.init", "Set up this repository: configuration and baseline."),
    "demo": ("dce_guard.cli.demo", "See it find, block and accept in a temporary repository."),
    "doctor": ("dce_guard.cli.doctor", "Check git, hooks, configuration, engine and cache."),
    "completion": ("dce_guard.cli.completion", "Print the completion script for a shell."),
}


class _Commands(LazyGroup):
    table = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, which would end with 1 (findings) when a reader such as `head` has had enough."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(_pipe_closed()) from None


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, "-V", "--version", prog_name="dce-guard", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> int | None:
    """Finds leaked secrets in git repositories. Without a command: scans what is here and says what it did.

    Exit codes: 0 clean, 1 findings, 2 usage, 3 could not look, 130 interrupted.
    """
    ctx.obj = debug
    if ctx.invoked_subcommand is not None:
        return None
    from dce_guard.cli.bare import run

    return run()


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(args: list[str]) -> int:
    """The exit code of one command line. Errors are told in one line and a hint, never with a traceback."""
    try:
        code = cli.main(args, prog_name="dce-guard", standalone_mode=False)
        return int(code or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        click.echo("interrupted; the scan is not complete", err=True)
        return Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.USAGE if isinstance(error, click.UsageError) else Exit.CANNOT_LOOK
    except GuardError as error:
        _tell(error)
        return error.exit_code
    except Exception as error:
        _tell_crash(error, "--debug" in args)
        return Exit.CANNOT_LOOK


def _tell(error: GuardError) -> None:
    from dce_guard.report.escape import visible

    click.echo(f"error: {visible(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint:  {visible(error.hint)}", err=True)


def _tell_crash(error: Exception, whole: bool) -> None:
    """Where it happened, without the message (it could hold what was being scanned), unless all was asked for."""
    if whole:
        import traceback

        traceback.print_exception(error)
        return
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "an unknown place"
    click.echo(f"error: {type(error).__name__} at {where}; the scan is not complete", err=True)
    click.echo(
        "hint:  this is a fault of dce-guard: run it as `dce-guard --debug …` and report what it says, without secrets",
        err=True,
    )


def _pipe_closed() -> int:
    """A reader such as `head` had enough: not a clean scan, and no second error at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.CANNOT_LOOK
