"""What a push is about to send: from git's own lines, or from what pre-commit leaves of them."""

import os
from collections.abc import Iterable, Mapping

from dce_guard.adapters.git import Repository
from dce_guard.adapters.revisions import resolve
from dce_guard.errors import GitError, GuardError

Update = tuple[str, str, str, str]
"""Local ref, local id, remote ref, remote id, as githooks(5) describes the input of pre-push."""

NO_REMOTE = ".."
"""For a remote without tracking refs: no ref can have this name, so nothing counts as pushed already."""


def parse_updates(data: bytes) -> list[Update]:
    """The updates in git's lines, deletions left out. Raises GuardError for a line that is not one."""
    updates = []
    for line in data.splitlines():
        parts = os.fsdecode(line).rsplit(" ", 3)
        if not line:
            continue
        if len(parts) != 4 or not _is_id(parts[1]) or not _is_id(parts[3]):
            raise GuardError(
                "Standard input is not what git gives a pre-push hook; nothing was scanned.",
                "Each line must be: LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID.",
            )
        if not is_zero(parts[1]):
            updates.append((parts[0], parts[1], parts[2], parts[3]))
    return updates


def is_zero(object_id: str) -> bool:
    """Whether this is git's id for "no object"."""
    return not object_id.strip("0")


def _is_id(word: str) -> bool:
    return len(word) in (40, 64) and not word.strip("0123456789abcdef")


def remote_pattern(remote: str) -> str:
    """The remote whose tracking refs say what it has; NO_REMOTE for an address, which has none.

    git takes the name in `--remotes=` as a pattern, so one with a wildcard would leave out too much.
    """
    return NO_REMOTE if not remote or set(remote) & set("*?[\\:~^ ") else remote


def framework_updates(repository: Repository, env: Mapping[str, str]) -> list[Update]:
    """The updates of a push of which pre-commit or prek told us one (docs/decisions/0007).

    First the ref they name, then HEAD, then every branch and tag with a commit that no remote has. Raises
    GitError when nothing of it can be resolved.
    """
    zero = "0" * repository.id_length
    named = _named(env)
    tips = [(name, tip) for name, tip in zip(named, resolve(repository, named), strict=True) if tip]
    tips += _unpublished(repository)
    if not tips:
        raise GitError("There is no commit to push in this repository; nothing was scanned.")
    return [(name, tip, name, zero) for name, tip in _once(tips)]


def _named(env: Mapping[str, str]) -> list[str]:
    names = (env.get("PRE_COMMIT_TO_REF", ""), env.get("PRE_COMMIT_LOCAL_BRANCH", ""), "HEAD")
    return [name for name in names if name]


def _once(tips: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    first: dict[str, str] = {}
    for name, tip in tips:
        first.setdefault(tip, name)
    return [(name, tip) for tip, name in first.items()]


def _unpublished(repository: Repository) -> list[tuple[str, str]]:
    fresh = set(repository.run(["rev-list", "--branches", "--tags", "--not", "--remotes"]).decode().split())
    return [
        (name, tip) for name, tip, commit in _refs(repository, "refs/heads", "refs/tags") if commit in fresh
    ]


def all_updates(repository: Repository) -> list[Update]:
    """Every ref and HEAD, as if nothing had been pushed before: for the whole history.

    Raises GitError when the clone is shallow, since its history is not all there.
    """
    if repository.shallow:
        raise GitError(
            "This clone is shallow, so its history is not here; nothing was scanned.",
            "Run `git fetch --unshallow` first (in CI: fetch-depth: 0, or GIT_DEPTH: 0).",
        )
    zero = "0" * repository.id_length
    head = [("HEAD", tip) for tip in resolve(repository, ["HEAD"]) if tip]
    tips = [*head, *((name, tip) for name, tip, _ in _refs(repository))]
    return [(name, tip, name, zero) for name, tip in _once(tips)]


def _refs(repository: Repository, *folders: str) -> list[tuple[str, str, str]]:
    """Name, id, and id of the commit behind it (of a tag's target) for each ref."""
    wanted = "--format=%(objectname) %(*objectname) %(refname)"
    rows = os.fsdecode(repository.run(["for-each-ref", wanted, *folders])).split("\n")[:-1]
    split = [row.split(" ", 2) for row in rows]
    return [(name, tip, target or tip) for tip, target, name in split]
