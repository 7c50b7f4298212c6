"""Our lines in husky's scripts, which are committed and shared by a team.

husky runs `.husky/HOOK` with `sh -e`. Whenever it is installed it writes the folder that git looks into
(`.husky/_`) anew, so only the scripts can hold a lasting line.
Source: typicode/husky, files `husky` and `index.js`.
"""

import os
import re
import stat
from pathlib import Path

from dce_guard.adapters.atomic import refusals, replace_file
from dce_guard.adapters.hook_script import HUSKY_END, SEAL, Owner, husky_block, owner
from dce_guard.adapters.hooks import RUNNABLE, Change, read_text
from dce_guard.errors import GuardError

_NEW = "#!/usr/bin/env sh\n"
_HEADER = re.compile(r"(?:(?:[ \t]*(?:#[^\n]*)?|[^\n]*husky\.sh[^\n]*)\n)*")


def find_block(text: str) -> tuple[int, int]:
    """Where our lines begin and end in a script; (-1, -1) when they are not there."""
    begin = text.find(SEAL)
    if begin < 0:
        return -1, -1
    end = text.find(HUSKY_END, begin)
    return begin, len(text) if end < 0 else end + len(HUSKY_END)


def add_block(text: str, hook: str) -> str:
    """The script with our lines in it.

    At a commit they come last, since formatters before them change what is committed. At a push they come
    first, since standard input can be read once and they hand it on.
    """
    if hook != "pre-push":
        return text + husky_block(hook)
    header = _HEADER.match(text)
    place = header.end() if header else 0
    return text[:place] + husky_block(hook) + text[place:]


def install_husky(folder: Path, hook: str) -> Change:
    """Adds our lines to `.husky/HOOK`, or makes it. Raises GuardError, changing nothing, if edited."""
    path = _script(folder, hook)
    text = read_text(path)
    begin, end = find_block(text)
    if begin >= 0:
        _intact(path, text[begin:end])
        return Change(path, "already in place")
    if text and not text.endswith("\n"):
        raise GuardError(f"{path} does not end with a newline; nothing was added.", "Add one and try again.")
    new = not path.exists()
    mode = RUNNABLE if new else stat.S_IMODE(path.stat().st_mode)
    _write(path, add_block(_NEW if new else text, hook), mode)
    return Change(path, "written" if new else "extended")


def uninstall_husky(folder: Path, hook: str) -> Change | None:
    """Takes our lines out again; None when there are none. Raises GuardError when they were edited."""
    path = _script(folder, hook)
    text = read_text(path)
    begin, end = find_block(text)
    if begin < 0:
        return None
    _intact(path, text[begin:end])
    rest = text[:begin] + text[end:]
    if rest == _NEW:
        with refusals(path, "it was not removed"):
            path.unlink()
        return Change(path, "removed")
    _write(path, rest, stat.S_IMODE(path.stat().st_mode))
    return Change(path, "restored as it was before")


def _write(path: Path, text: str, mode: int) -> None:
    replace_file(path, text.encode("utf-8", "surrogateescape"), mode)


def _script(folder: Path, hook: str) -> Path:
    path = folder / hook
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
        lines = husky_block(hook).splitlines()
        raise GuardError(
            f"{path} is not a plain file; nothing was changed.",
            f"Add this to the script it stands for: {lines[1]}",
        )
    return path


def _intact(path: Path, block: str) -> None:
    if owner(block) is not Owner.OURS:
        raise GuardError(
            f"The dce-guard lines in {path} were changed since; the file was left as it is.",
            "Take them out by hand, from `# dce-guard hook` to `# end of dce-guard`.",
        )
