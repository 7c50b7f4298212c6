"""`dce-guard sweep`: the history of many repositories, and one report on all of them."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dce_guard.cli.options import output_options
from dce_guard.errors import GuardError, UsageError

if TYPE_CHECKING:
    from dce_guard.adapters.forges import Asked
    from dce_guard.cli.output import Output

# Options of `history` that the sweep itself sets for each repository, or that hold for the one report.
_OWN = frozenset(
    ("format_", "file", "quiet", "strict", "exit_zero", "reveal", "summary", "jobs", "progress", "shard")
)


@click.command("sweep", short_help="Look through the history of many repositories.")
@click.option(
    "--repos", "sources", multiple=True, type=click.Path(path_type=Path), metavar="FILE|DIR",
    help="A list, one path or URL a line, or a folder: every repository below it. Can be said again.",
)  # fmt: skip
@click.option(
    "--github-org", "orgs", multiple=True, metavar="NAME", help="All repositories of an organisation."
)
@click.option(
    "--gitlab-group", "groups", multiple=True, metavar="NAME", help="All of a group and its subgroups."
)
@click.option("--forge-url", metavar="URL", default="", help="A GitHub or GitLab of your own.")
@click.option("--no-forks", is_flag=True, help="Leave out what the organisation or group has forked.")
@click.option("--no-archived", is_flag=True, help="Leave out what is archived there.")
@click.option(
    "--results", required=True, type=click.Path(path_type=Path), metavar="FILE",
    help="JSON Lines, one result a repository. The same command goes on where it was stopped.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Look at those again that are done.")
@click.option(
    "--jobs", type=click.IntRange(1, 1024), help="Repositories side by side. By default one a core."
)
@click.option(
    "--timeout", type=click.FloatRange(1), metavar="SECONDS", help="Stop a repository that takes longer."
)
@click.option(
    "--retries", type=click.IntRange(0, 10), default=2, show_default=True,
    help="Further attempts to fetch a repository.",
)  # fmt: skip
@click.option("--dask", metavar="ADDRESS", default="", help="Use the workers of this Dask scheduler instead.")
@click.option(
    "--summary", is_flag=True, help="Tables by rule, author, year and exposure instead of findings."
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- HISTORY OPTIONS]")
@output_options
def command(
    sources: tuple[Path, ...], orgs: tuple[str, ...], groups: tuple[str, ...], forge_url: str, no_forks: bool,
    no_archived: bool, results: Path, again: bool, jobs: int | None, timeout: float | None, retries: int,
    dask: str, summary: bool, options: tuple[str, ...], output: "Output", reveal: int,
) -> int:  # fmt: skip
    """Look through the history of many repositories; a value that stands in several is one finding.

    What follows `--` goes to `dce-guard history` for each: `-- --since 2024-01-01`. Tokens come from GITHUB_TOKEN,
    GH_TOKEN and GITLAB_TOKEN. Exit codes: 0 clean, 1 findings, 2 usage, 3 could not look at one of them, 130
    interrupted.
    """
    if reveal:
        raise UsageError(
            "--reveal is not for sweeps, whose results are kept in a file; nothing was swept",
            "dce-guard history REPO --reveal shows those of one repository",
        )
    if dask and jobs:
        raise UsageError("--jobs cannot be given with --dask; nothing was swept", "the workers say how many")
    asked = _asked(orgs, groups, forge_url, no_forks, no_archived)
    if not sources and not asked:
        raise UsageError("no repository was named; nothing was swept", "say --repos FILE or --repos DIR")
    _check_options(options)
    from dce_guard.cli.sweep_run import Plan, run

    return run(Plan(sources, asked, results, again, jobs, timeout, retries, dask, options, summary), output)


def _asked(
    orgs: Sequence[str], groups: Sequence[str], url: str, no_forks: bool, no_archived: bool
) -> "tuple[Asked, ...]":
    """The lists to ask forges for. Raises UsageError for options that have nothing to work on."""
    if not orgs and not groups:
        said = "--forge-url" if url else "--no-forks" if no_forks else "--no-archived" if no_archived else ""
        if said:
            raise UsageError(f"{said} needs --github-org or --gitlab-group; nothing was swept")
        return ()
    if url and orgs and groups:
        raise UsageError(
            "one --forge-url cannot be both a GitHub and a GitLab; nothing was swept", "run two sweeps"
        )
    try:
        from dce_guard.adapters.forges import GITHUB, GITLAB, Asked
    except ImportError:
        raise GuardError(
            "listing an organisation needs httpx, which is not installed; nothing was swept",
            "pip install 'dce-guard[forge]', or name the repositories in a list: --repos FILE",
        ) from None
    named = [*((GITHUB, org) for org in orgs), *((GITLAB, group) for group in groups)]
    return tuple(Asked(kind, owner, url, not no_forks, not no_archived) for kind, owner in named)


def _check_options(options: Sequence[str]) -> None:
    """Refuses what `history` would refuse in every repository, and what the sweep says itself."""
    history: click.Command = import_module("dce_guard.cli.history").command
    context = history.make_context("dce-guard history", list(options))
    for parameter in history.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and isinstance(parameter, click.Argument) and context.params.get(name):
            raise UsageError(
                f"{options[-1]}: only options of `dce-guard history` may follow `--`; nothing was swept",
                "name repositories with --repos",
            )
        if given and name in _OWN:
            raise UsageError(
                f"{parameter.opts[-1]} cannot be given behind `--`; nothing was swept",
                "what is for the one report stands before `--`",
            )
