"""`dce-guard install`: hooks that stop a leak, put beside those that are there."""

from pathlib import Path

import click

from dce_guard._version import __version__
from dce_guard.adapters.hooks import Change, Site, find_site, install_hook
from dce_guard.adapters.husky import install_husky
from dce_guard.errors import UsageError

CONFIG = ".pre-commit-config.yaml"


@click.command("install")
@click.option("--pre-commit", is_flag=True, help="Stop commits that leak (what is done without any option).")
@click.option("--pre-push", is_flag=True, help="Stop pushes that leak; also sees rebases and cherry-picks.")
@click.option("--framework", is_flag=True, help=f"Add to {CONFIG} instead of git's hooks.")
def command(pre_commit: bool, pre_push: bool, framework: bool) -> None:
    """Make git stop what holds a secret.

    A hook that is there already stays and runs first. core.hooksPath, linked work trees and husky are
    followed.
    """
    site = find_site(Path.cwd())
    hooks = chosen(pre_commit, pre_push)
    if framework:
        _framework(site, hooks)
    elif site.husky:
        _husky(site, site.husky, hooks)
    else:
        _plain(site, hooks)


def chosen(pre_commit: bool, pre_push: bool) -> list[str]:
    """The hooks meant by the options: the commit hook when none is named."""
    return [*(["pre-commit"] if pre_commit or not pre_push else []), *(["pre-push"] if pre_push else [])]


def _plain(site: Site, hooks: list[str]) -> None:
    for hook in hooks:
        _tell(install_hook(site, hook))
    for note in _notes(site):
        click.echo(f"note: {note}")
    undo = " ".join(f"--{hook}" for hook in hooks)
    click.echo(f"To undo: dce-guard uninstall {undo}")
    if hooks == ["pre-commit"]:
        click.echo(
            "Rebases and cherry-picks run no commit hook; to check pushes too: dce-guard install --pre-push"
        )


def _tell(change: Change) -> None:
    click.echo(f"{change.done}: {change.path}")
    if change.kept:
        click.echo(f"  the hook that was there runs first, as {change.kept.name}")


def _notes(site: Site) -> list[str]:
    notes = []
    if site.scope in ("global", "system"):
        notes.append(
            f"core.hooksPath is set for all repositories ({site.scope}): this hook now runs in all of them."
        )
    if site.tracked:
        notes.append(
            "the folder is part of the repository. If you commit the hook, others need dce-guard on PATH."
        )
    if (site.root / CONFIG).is_file():
        notes.append(f"{CONFIG} is here: `dce-guard install --framework` sets the hook for everyone instead.")
    return notes


def _husky(site: Site, folder: Path, hooks: list[str]) -> None:
    for hook in hooks:
        _tell(install_husky(folder, hook))
    click.echo(
        "note: husky's scripts are shared: commit this, and everyone who commits needs dce-guard on PATH."
    )
    if site.folder not in (folder, folder / "_"):
        click.echo("note: husky is not set up in this clone yet; no hook runs until you run `npm install`.")
    click.echo("To undo: dce-guard uninstall " + " ".join(f"--{hook}" for hook in hooks))


def _framework(site: Site, hooks: list[str]) -> None:
    from dce_guard.adapters.framework import add_stanza
    from dce_guard.adapters.framework_file import edit_config

    path = site.root / CONFIG
    if not path.exists():
        raise UsageError(
            f"There is no {CONFIG} in {site.root}; nothing was written.",
            "Make one with the line `repos:` and run this again, or leave --framework out. See docs/ci.md.",
        )
    ids = [{"pre-commit": "dce-guard", "pre-push": "dce-guard-push"}[hook] for hook in hooks]
    changed = edit_config(path, lambda text: add_stanza(text, ids, __version__))
    click.echo(f"{'extended' if changed else 'already in place'}: {path} ({', '.join(ids)})")
    types = " ".join(f"--hook-type {hook}" for hook in hooks)
    click.echo(f"Next, in each clone: pre-commit install {types}   (or: prek install {types})")
    click.echo("To undo: dce-guard uninstall --framework")
