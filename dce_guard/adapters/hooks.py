"""Git's hook files: where they are, whose they are, and putting ours in and out without losing anyone's.

What is asked of git here is the user's own configuration, on purpose: `core.hooksPath` decides where git will
look, and the user runs this on a repository of his own. `rev-parse` and `config` run nothing from either.
"""

import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dce_guard.adapters.atomic import refusals, replace_file
from dce_guard.adapters.git_command import executable
from dce_guard.adapters.hook_script import FRAMEWORK, KEPT, Owner, Scanner, hook_file, made_folder, owner
from dce_guard.errors import GitError, GuardError

RUNNABLE = 0o755
HOOKS = ("pre-commit", "pre-push")


@dataclass(frozen=True, slots=True)
class Site:
    """Where a repository's hooks are."""

    root: Path  # of the work tree
    folder: Path  # may not exist yet
    scope: str  # where core.hooksPath is set: "", "local", "worktree", "global", "system", "command"
    husky: Path | None  # the folder of husky's scripts, when husky owns the hooks

    @property
    def tracked(self) -> bool:
        """Whether the hooks lie in the work tree, where they are part of what is committed."""
        return self.folder.is_relative_to(self.root) and not self.folder.is_relative_to(self.root / ".git")


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one file, in words for people."""

    path: Path
    done: str
    kept: Path | None = None


def ask_git(cwd: Path, *arguments: str) -> str:
    """What git prints, without its last newline. Raises GitError with git's own reason."""
    git = executable(os.environ)
    env = {**os.environ, "LC_ALL": "C"}
    run = subprocess.run([git, *arguments], cwd=cwd, capture_output=True, env=env, check=False)
    if run.returncode:
        reason = run.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(f"git {arguments[0]}: {reason[0] if reason else run.returncode}; nothing was done.")
    return run.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")


def find_site(start: Path) -> Site:
    """Where git will look for hooks when it works in `start`. Raises GitError outside a work tree."""
    try:
        root = Path(ask_git(start, "rev-parse", "--show-toplevel"))
    except GitError as error:
        hint = "Run it inside a work tree. For a bare repository on a server, see pre-receive in docs/ci.md."
        raise GitError(error.message, hint) from None
    # A relative core.hooksPath is relative to the top, and rev-parse hands it back as it is.
    folder = Path(os.path.normpath(root / ask_git(root, "rev-parse", "--git-path", "hooks")))
    scope = _scope(root)
    return Site(root, folder, scope, _husky(root, folder, scope))


def _scope(root: Path) -> str:
    try:
        return ask_git(root, "config", "--show-scope", "--get", "core.hooksPath").partition("\t")[0]
    except GitError:
        return ""


def _husky(root: Path, folder: Path, scope: str) -> Path | None:
    """husky 9 points git at `.husky/_`, older ones at `.husky`; before `npm install` nothing does."""
    for place in (folder, folder.parent):
        if place.name == ".husky":
            return place
    waiting = root / ".husky"
    return waiting if not scope and waiting.is_dir() else None


def scanner() -> Scanner:
    """This interpreter and this package."""
    main = Path(__file__).parents[1] / "cli" / "main.py"
    return Scanner(Path(sys.executable).as_posix(), main.as_posix())


def read_text(path: Path) -> str:
    """A file's text, any bytes kept; "" when there is none. Raises GuardError when it cannot be read."""
    with refusals(path, "nothing was done"):
        if not os.path.lexists(path):
            return ""
        return path.read_bytes().decode("utf-8", "surrogateescape")


def find_ours(folder: Path, hook: str) -> Path:
    """The place of our hook: where git looks, or where pre-commit and prek move the hook they find."""
    moved = folder / f"{hook}.legacy"
    return moved if whose(moved) in (Owner.OURS, Owner.EDITED) else folder / hook


def whose(path: Path) -> Owner:
    """Whose the hook at `path` is. A symbolic link is a stranger's, whatever it points to."""
    if not os.path.lexists(path):
        return Owner.NOBODY
    if path.is_symlink():
        return Owner.STRANGER
    return owner(read_text(path))


def install_hook(site: Site, hook: str) -> Change:
    """Puts our hook where git looks and keeps one that is there, as `HOOK.before-dce-guard`, to run first.

    Doing it twice changes nothing. Raises GuardError, with nothing changed, when our hook was edited, when a
    kept hook is in the way, or when the folder cannot be written.
    """
    path = find_ours(site.folder, hook)
    found = whose(path)
    kept = path.parent / f"{hook}{KEPT}"
    if found is Owner.EDITED:
        raise _edited(path)
    if found is Owner.OURS:
        return _refresh(path, hook, kept)
    _nothing_in_the_way(path, kept)
    new_folder = _folder_is_ours(site.folder)
    with refusals(site.folder, "the hook was not installed"):
        site.folder.mkdir(parents=True, exist_ok=True)
    text = hook_file(hook, scanner(), new_folder)
    if found is Owner.STRANGER:
        return _chain(path, kept, text)
    _write(path, text)
    return Change(path, "written")


def _folder_is_ours(folder: Path) -> bool:
    """Whether the folder is yet to be made, or was made with another hook of ours."""
    others = (folder / hook for hook in HOOKS)
    return not folder.is_dir() or any(whose(at) is Owner.OURS and made_folder(read_text(at)) for at in others)


def _nothing_in_the_way(path: Path, kept: Path) -> None:
    if os.path.lexists(kept):
        raise GuardError(
            f"{kept} is left from an earlier time and {path.name} is not ours; nothing was installed.",
            "Move one of the two away, then run dce-guard install again.",
        )


def _write(path: Path, text: str) -> None:
    replace_file(path, text.encode("utf-8", "surrogateescape"), RUNNABLE)


def _edited(path: Path) -> GuardError:
    return GuardError(
        f"{path} was changed since dce-guard wrote it; it was left as it is.",
        "Take your lines out of it (or delete the file), then run the command again.",
    )


def _refresh(path: Path, hook: str, kept: Path) -> Change:
    """Ours again: the interpreter may have moved since."""
    there = read_text(path)
    text = hook_file(hook, scanner(), made_folder(there))
    same = text == there and (os.name == "nt" or bool(path.stat().st_mode & stat.S_IXUSR))
    if not same:
        _write(path, text)
    return Change(path, "already in place" if same else "brought up to date", kept if kept.exists() else None)


def _chain(path: Path, kept: Path, text: str) -> Change:
    """The stranger's hook is renamed, so that its bytes, its mode and a link's target stay as they are."""
    with refusals(path, "the hook was not installed"):
        path.rename(kept)
    try:
        _write(path, text)
    except BaseException:
        kept.rename(path)
        raise
    return Change(path, "written", kept)


def uninstall_hook(site: Site, hook: str) -> Change | None:
    """Takes our hook away and puts the one before it back; None when there is none of ours.

    Raises GuardError, with nothing changed, when somebody edited ours.
    """
    path = find_ours(site.folder, hook)
    found = whose(path)
    if found is Owner.EDITED:
        raise _edited(path)
    if found is not Owner.OURS:
        return None
    return _restore(path, path.parent / f"{hook}{KEPT}", made_folder(read_text(path)))


def _restore(path: Path, kept: Path, folder_too: bool) -> Change:
    with refusals(path, "the hook was not removed"):
        if os.path.lexists(kept) and not _superseded(path, kept):
            kept.replace(path)
            return Change(path, "restored as it was before")
        path.unlink()
        kept.unlink(missing_ok=True)
        if folder_too and not any(path.parent.iterdir()):
            path.parent.rmdir()
    return Change(path, "removed")


def _superseded(path: Path, kept: Path) -> bool:
    """Whether a framework wrote its hook again over ours: the kept one is then its older copy.

    Put back as `HOOK.legacy` it would start the framework inside itself.
    """
    return path.suffix == ".legacy" and FRAMEWORK in read_text(kept)
