"""The text of a hook: a POSIX shell script that finds the scanner, fails closed, and is known again.

Git for Windows runs hooks with its own `sh`, so nothing here goes beyond POSIX.
"""

import hashlib
import shlex
from dataclasses import dataclass
from enum import StrEnum

SEAL = "# dce-guard hook 1 sha256:"
"""Begins the line that names our files; the digest is of all that follows that line."""

KEPT = ".before-dce-guard"
"""Ends the name under which a hook that was there before stays, beside ours."""

FRAMEWORK = "hook-impl"
"""What pre-commit's and prek's own hooks call."""

HUSKY_END = "# end of dce-guard\n"

_SHEBANG = "#!/bin/sh\n"
_MADE_FOLDER = "# the folder was made by install\n"


class Owner(StrEnum):
    """Whose a file is."""

    NOBODY = "nobody"  # there is no file
    STRANGER = "stranger"
    OURS = "ours"  # as it was written
    EDITED = "edited"  # ours, and somebody changed it since


@dataclass(frozen=True, slots=True)
class Scanner:
    """Where the scanner is at the time of installation; posix paths."""

    python: str
    module: str  # the file that must exist for the interpreter to have the package


def seal(body: str) -> str:
    """`body` under a line that names it ours and holds its digest."""
    digest = hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{SEAL}{digest}\n{body}"


def owner(text: str) -> Owner:
    """Whether `text` (a hook file, or our block of one) is a stranger's, ours, or ours with changes."""
    before, mark, rest = text.partition(SEAL)
    if not mark:
        return Owner.STRANGER
    body = rest.partition("\n")[2]
    intact = before in ("", _SHEBANG) and seal(body) == mark + rest
    return Owner.OURS if intact else Owner.EDITED


def made_folder(text: str) -> bool:
    """Whether the folder of this hook came with it, so that it goes with it."""
    return _MADE_FOLDER in text


def hook_file(hook: str, scanner: Scanner, new_folder: bool) -> str:
    """The whole hook: first the hook that was there before, then the scanner; each can stop git."""
    intro = _INTRO.format(
        note=_MADE_FOLDER if new_folder else "",
        kept=f"{hook}{KEPT}",
        framework=FRAMEWORK,
        python=shlex.quote(scanner.python),
        module=shlex.quote(scanner.module),
    )
    return _SHEBANG + seal(intro + _GONE + (_PUSH if hook == "pre-push" else _COMMIT))


def husky_block(hook: str) -> str:
    """The lines for a husky script, which the whole team shares: no path of this machine, PATH only."""
    return seal((_HUSKY_PUSH if hook == "pre-push" else _HUSKY_COMMIT) + HUSKY_END)


# `-P`: without it python would import modules from the repository's root, where git starts its hooks.
# pre-commit and prek move the hook they find to `HOOK.legacy` and run it first: when that is this file, and
# the kept hook is the framework's own script of an earlier day, running it would start the framework again.
_INTRO = """\
# Stops what holds a secret. Written by `dce-guard install`; `dce-guard uninstall` takes it away again.
{note}python={python}
module={module}
kept=$(dirname "$0")/{kept}

guard() {{
    if [ -x "$python" ] && [ -f "$module" ]; then
        "$python" -P -c 'import sys
from dce_guard.cli.main import main
sys.argv[0] = "dce-guard"
sys.exit(main())' "$@"
    elif command -v dce-guard >/dev/null 2>&1; then
        dce-guard "$@"
    else
        gone
    fi
}}

kept_runs() {{
    [ -x "$kept" ] || return 1
    [ -n "${{PRE_COMMIT_RUNNING_LEGACY-}}${{PREK_RUNNING_LEGACY-}}" ] || return 0
    ! grep -q {framework} "$kept"
}}
"""

_GONE = """
gone() {
    cat >&2 <<END
error: dce-guard is gone: $python does not have it, and there is none on PATH.
Nothing was scanned, so git was stopped by the hook $0 [exit 3].
  to scan again:      pipx install dce-guard && dce-guard install
  to drop the hook:   rm "$0"   (and move "$kept" to its place, if that file exists)
  this once, unseen:  the same git command with --no-verify
END
    return 3
}
"""

_COMMIT = """
if kept_runs; then
    "$kept" "$@" || exit $?
fi
guard scan --staged
"""

# Git writes the refs to standard input once; both readers get all of it. `x` keeps the last newline.
_PUSH = """
updates=$(cat && printf x)
if kept_runs; then
    printf %s "${updates%x}" | "$kept" "$@" || exit $?
fi
printf %s "${updates%x}" | guard hook pre-push "$@"
"""

_HUSKY_COMMIT = "dce-guard scan --staged || exit $?\n"

_HUSKY_PUSH = """\
updates=$(cat)
printf '%s\\n' "$updates" | dce-guard hook pre-push "$@" || exit $?
exec <<END_OF_UPDATES
$updates
END_OF_UPDATES
"""
