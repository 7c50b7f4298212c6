"""`dce-guard uninstall`: everything as it was before `install`."""

from pathlib import Path

import click

from dce_guard._version import __version__
from dce_guard.adapters.hooks import HOOKS, Change, Site, find_site, uninstall_hook
from dce_guard.adapters.husky import uninstall_husky

CONFIG = ".pre-commit-config.yaml"


@click.command("uninstall")
@click.option("--pre-commit", is_flag=True, help="Only the commit hook.")
@click.option("--pre-push", is_flag=True, help="Only the push hook.")
@click.option("--framework", is_flag=True, help=f"What install --framework added to {CONFIG}.")
def command(pre_commit: bool, pre_push: bool, framework: bool) -> None:
    """Take dce-guard's hooks away and put back what was there before, byte for byte.

    Without an option both hooks go. A hook that somebody edited since is left alone, with exit code 3.
    """
    site = find_site(Path.cwd())
    if framework:
        _framework(site)
        return
    wanted = [hook for hook, asked in zip(HOOKS, (pre_commit, pre_push), strict=True) if asked] or list(HOOKS)
    changes = [change for hook in wanted for change in _remove(site, hook)]
    for change in changes:
        click.echo(f"{change.done}: {change.path}")
    if not changes:
        click.echo(f"There is no hook of dce-guard in {site.folder}; nothing was changed.")


def _remove(site: Site, hook: str) -> list[Change]:
    done = [uninstall_hook(site, hook)]
    if site.husky:
        done.append(uninstall_husky(site.husky, hook))
    return [change for change in done if change]


def _framework(site: Site) -> None:
    from dce_guard.adapters.framework import remove_stanza
    from dce_guard.adapters.framework_file import edit_config

    path = site.root / CONFIG
    if path.exists() and edit_config(path, lambda text: remove_stanza(text, __version__)):
        click.echo(f"restored as it was before: {path}")
        return
    click.echo(f"Nothing that install --framework wrote stands unchanged in {path}; nothing was changed.")
