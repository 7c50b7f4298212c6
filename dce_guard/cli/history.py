"""`dce-guard history`: everything a repository holds, once each, and how far it got out."""

from typing import TYPE_CHECKING, Any

import click

from dce_guard.cli.options import output_options, policy_options

if TYPE_CHECKING:
    from dce_guard.cli.output import Output


@click.command("history", short_help="Sweep all that a repository holds: every object, ref, reflog and file.")
@click.argument("targets", nargs=-1, metavar="[REPO|URL]...")
@click.option(
    "--since",
    metavar="DATE",
    default="",
    help="Only what commits from then on brought (2026-01-31, '3 months ago').",
)
@click.option("--until", metavar="DATE", default="", help="Only what commits until then brought.")
@click.option(
    "--branch",
    "branches",
    multiple=True,
    metavar="REF",
    help="Only what this branch, tag or pattern leads to.",
)
@click.option(
    "--reachable-only", is_flag=True, help="Only what refs lead to: nothing amended, dropped or dangling."
)
@click.option("--max-size", metavar="SIZE", help="Leave out larger objects and say so (10MB).")
@click.option("--no-worktree", is_flag=True, help="Leave out the files on disk.")
@click.option(
    "--fetch-missing", is_flag=True, help="Fetch what a partial or shallow clone left behind first."
)
@click.option("--no-cache", is_flag=True, help="Look at everything again, and remember nothing.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes to use (default: one a core)."
)
@click.option(
    "--summary", is_flag=True, help="Tables by rule, author, year and exposure instead of findings."
)
@policy_options
@output_options
def command(
    targets: tuple[str, ...], policy: dict[str, Any], baseline_off: bool, output: "Output", reveal: int,
    max_size: str | None, **how: Any,
) -> int:  # fmt: skip
    """Sweep REPO (a folder; by default the repository you are in) or a clone of URL for leaked secrets.

    Every object is looked at, reachable or not, with ref names, reflogs, the index and the files on disk. Of each
    secret the report says who brought it when, where it was, whether it is still there and what leads to it.
    Exit codes: 0 clean, 1 findings, 2 usage, 3 could not look, 130 interrupted.
    """
    from dce_guard.cli.history_run import Wish, run

    if max_size:
        policy["max-file-size"] = max_size
    return run(targets, Wish(**how), policy, output, reveal=reveal, use_baseline=not baseline_off)
