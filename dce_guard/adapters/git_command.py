"""The git command line and environment that let no repository run a program of its own choosing.

Measured on git 2.39: with these settings and only the plumbing verbs of `VERBS`, sixteen hostile repositories
(core.fsmonitor, textconv, filters, hooks, promisor remotes, included configuration, …) ran nothing. No list
of settings makes `git status` or `git diff` safe: filters and textconv have names the attacker chooses.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dce_guard.errors import GitError

VERBS = frozenset(
    (
        "cat-file",
        "config",
        "diff-index",
        "diff-tree",
        "for-each-ref",
        "ls-files",
        "merge-base",
        "rev-list",
        "rev-parse",
        "symbolic-ref",
    )
)

_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",  # also hides ~/.config/git/ignore: a user's settings change nothing
    "core.untrackedCache=false",  # a cache in the index that says what is untracked: whoever wrote it may lie
    "core.commitGraph=false",  # the same for commits' parents
    "core.bigFileThreshold=16m",  # larger blobs are streamed by git, not held in its memory
    "color.ui=false",
    "diff.external=",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)

OPTIONS = (
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    *(part for setting in _SETTINGS for part in ("-c", setting)),
)

# What git itself tells its hooks about the repository at work. GIT_INDEX_FILE is another index under
# `commit -a` and `commit PATH`; the object directories are the quarantine of a push being received.
_INHERITED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
)
_DISCOVERY = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
_PATHS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_QUARANTINE_PATH")

_FIXED = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_PAGER": "cat",
    "GIT_FLUSH": "0",
    "LC_ALL": "C",
}


def environment(named: bool, outer: Mapping[str, str]) -> dict[str, str]:
    """The environment for git, from our own (`outer`).

    Of the GIT_* variables only those are kept that a hook needs to find the repository, the index and the
    objects at work, and none of them when the target was `named` (a hook's GIT_DIR would send git elsewhere).
    """
    kept = {key: value for key, value in outer.items() if not key.upper().startswith("GIT_")}
    kept.pop("LANGUAGE", None)
    for key in _DISCOVERY if named else (*_DISCOVERY, *_INHERITED):
        value = outer.get(key)
        if value is not None:
            kept[key] = str(Path.cwd() / value) if key in _PATHS else value
    return kept | _FIXED


def users_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """For reading the user's own settings: nothing masked, nothing of a repository."""
    kept = {key: value for key, value in outer.items() if not key.upper().startswith("GIT_")}
    for key in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"):
        if key in outer:
            kept[key] = outer[key]
    return kept | {"LC_ALL": "C"}


def environment_settings(outer: Mapping[str, str], key: str) -> list[str]:
    """Values of one setting given through GIT_CONFIG_COUNT and its kind, as images give safe.directory."""
    count = outer.get("GIT_CONFIG_COUNT", "")
    numbers = range(min(int(count), 1000)) if count.isascii() and count.isdigit() else range(0)
    named = (number for number in numbers if outer.get(f"GIT_CONFIG_KEY_{number}", "").lower() == key)
    return [outer.get(f"GIT_CONFIG_VALUE_{number}", "") for number in named]


def executable(outer: Mapping[str, str]) -> str:
    """The absolute path of git. Never one in the current directory: that may be the repository under test.

    Raises GitError when there is none (CVE-2023-40590 is this search gone wrong on Windows).
    """
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in outer.get("PATH", os.defpath).split(os.pathsep):
        candidate = Path(folder, name)
        if candidate.is_absolute() and os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    raise GitError("git was not found on PATH.", "Install git 2.31 or newer, then run the command again.")


def cause(stderr: bytes) -> str:
    """The line of git's complaint that says why, without user names or passwords of remote addresses."""
    lines = stderr.decode("utf-8", "replace").splitlines()
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    line = (fatal or lines or ["no reason given"])[-1]
    return _without_credentials(line.removeprefix("fatal: ").removeprefix("error: "))[:300]


def _without_credentials(line: str) -> str:
    words = line.split(" ")
    for at, word in enumerate(words):
        scheme, found, rest = word.partition("://")
        user, host_found, host = rest.rpartition("@")
        if found and host_found and user:
            words[at] = f"{scheme}://{host}"
    return " ".join(words)
