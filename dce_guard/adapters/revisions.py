"""Revision names, turned into object ids, with help for the mistyped."""

import difflib
from collections.abc import Sequence

from dce_guard.adapters.git import Repository, failure
from dce_guard.errors import GitError, UsageError


def resolve(repository: Repository, names: Sequence[str]) -> list[str | None]:
    """Object ids of revision names (any syntax git knows), None where there is no such object.

    Names travel over standard input, so that none can be taken for an option. Raises UsageError for
    what cannot be a name.
    """
    if any("\n" in name or "\0" in name or not name.strip() for name in names):
        raise UsageError("A revision name is empty or holds a line break; nothing was scanned.")
    if not names:
        return []
    question = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    out, stderr, _ = repository.ask(["cat-file", "--batch-check=%(objectname)"], question)
    answers = out.decode("utf-8", "surrogateescape").split("\n")[:-1]
    if len(answers) != len(names):  # it stopped in the middle: a broken object
        raise failure("cat-file", stderr or b"fatal: the answer was cut short")
    return [
        answer if len(answer) == repository.id_length and " " not in answer else None for answer in answers
    ]


def commits(repository: Repository, names: Sequence[str]) -> list[str]:
    """The ids of the commits that names mean. Raises UsageError with a suggestion for one that means none."""
    found = resolve(repository, [f"{name}^{{commit}}" for name in names])
    for name, commit in zip(names, found, strict=True):
        if commit is None:
            raise unknown(repository, name)
    return [commit for commit in found if commit]


def shallow(what: str) -> GitError:
    """The error for a range that a shallow clone does not hold."""
    return GitError(
        f"{what} in this shallow clone; the range was not scanned.",
        "Fetch all of it: `fetch-depth: 0` (GitHub), `GIT_DEPTH: 0` (GitLab), or `git fetch --unshallow`.",
    )


def unknown(repository: Repository, name: str) -> GitError | UsageError:
    """The error for a revision that is not here; in a shallow clone it may just not have come along."""
    if repository.shallow:
        return shallow(f"There is no revision {name!r}")
    listed = repository.run(["for-each-ref", "--format=%(refname:short)"]).decode("utf-8", "replace")
    near = difflib.get_close_matches(name, listed.split(), n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "`git branch --all` and `git tag` list what exists."
    return UsageError(f"There is no revision {name!r} in this repository; nothing was scanned.", hint)
