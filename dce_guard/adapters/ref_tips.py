"""Where a history begins: what refs, HEADs, git's notes to itself and reflogs name."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dce_guard.adapters.git import Repository

REMOTES = "refs/remotes/"
_ORDER = (("refs/heads/",), ("refs/tags/",), (REMOTES,), ("refs/pull/", "refs/merge-requests/"))
_HEADS = "refs/heads/"
# Ids that git writes down while it works (gitrevisions(7)). They keep nothing from being pruned, as reflogs do.
_NOTES = (
    "ORIG_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "BISECT_HEAD",
)
_NOTE_BYTES = 1 << 20  # of a FETCH_HEAD: thousands of lines


class Tip(NamedTuple):
    """A name, the object it stands for, and the one behind all tags, with that one's type."""

    name: str
    object: str
    target: str
    type: str


class Tips(NamedTuple):
    """All tips of a repository. `head` is HEAD's commit, "" while there is none; `broken` refs lead nowhere."""

    refs: tuple[
        Tip, ...
    ]  # in the order in which people want to read them; HEADs that no branch has behind all
    head: str
    broken: tuple[str, ...]
    remembered: frozenset[str]  # what only a reflog or a note of git's names, and perhaps refs, too


def tips(repository: Repository) -> Tips:
    """All that leads anywhere. Names that only stand for other names are left out, and so is what is broken."""
    rows = os.fsdecode(repository.run(["for-each-ref", "--format=%(objectname) %(symref) %(refname)"])).split(
        "\n"
    )[:-1]
    named = [(row[2], row[0]) for row in (row.split(" ", 2) for row in rows) if not row[1]]
    heads = _heads(repository)
    found = peeled(repository, [object_id for _, object_id in named] + heads)
    refs = [
        Tip(name, object_id, *target)
        for (name, object_id), target in zip(named, found, strict=False)
        if target
    ]
    taken = {tip.target for tip in refs if tip.name.startswith(_HEADS)}
    behind = list(zip(heads, found[len(named) :], strict=True))
    refs += [Tip(name, at[0], *at) for name, at in behind if at and at[0] not in taken]
    broken = tuple(name for (name, _), target in zip(named, found, strict=False) if not target)
    head = behind[0][1]
    return Tips(tuple(sorted(refs, key=_rank)), head[0] if head else "", broken, _remembered(repository))


def mirrors(repository: Repository) -> bool:
    """Whether what refs hold here is at a remote, too: a mirror, or a bare repository that others push to."""
    asked = ["config", "--type=bool", "--get-regexp", r"^remote\..*\.mirror$"]
    out, _, _ = repository.ask(asked)  # fails where there is no such setting
    if any(line.endswith(b" true") for line in out.splitlines()):
        return True
    return repository.root is None and not repository.run(["for-each-ref", "--count=1", REMOTES])


def peeled(repository: Repository, names: Sequence[str]) -> list[tuple[str, str] | None]:
    """Id and type of what stands behind each name when all tags are taken off; None for what is not there."""
    return types(repository, [f"{name}^{{}}" for name in names])


def types(repository: Repository, names: Sequence[str]) -> list[tuple[str, str] | None]:
    """Id and type of each name; None for one that is missing or broken: git dies of some of those."""
    answers: list[tuple[str, str] | None] = []
    while len(answers) < len(names):
        question = "".join(f"{name}\n" for name in names[len(answers) :]).encode("utf-8", "surrogateescape")
        out, _, _ = repository.ask(["cat-file", "--batch-check=%(objectname) %(objecttype)"], question)
        answers += [_typed(line) for line in os.fsdecode(out).split("\n")[:-1]]
        if len(answers) < len(names):
            answers.append(None)
    return answers


def _typed(line: str) -> tuple[str, str] | None:
    object_id, _, kind = line.rpartition(" ")
    return (object_id, kind) if kind in ("commit", "tree", "blob", "tag") else None


def _rank(tip: Tip) -> tuple[int, str]:
    places = (at for at, starts in enumerate(_ORDER) if tip.name.startswith(starts))
    return next(places, len(_ORDER)), tip.name


def _heads(repository: Repository) -> list[str]:
    """HEAD first, then those of the other work trees, as names that git knows."""
    linked = repository.git_dir != repository.common_dir
    others = [folder.name for folder in _work_trees(repository) if folder != repository.git_dir]
    names = [f"worktrees/{name}/HEAD" for name in others if "\n" not in name]
    return ["HEAD", *(["main-worktree/HEAD"] if linked else []), *names]


def _work_trees(repository: Repository) -> list[Path]:
    folder = repository.common_dir / "worktrees"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _remembered(repository: Repository) -> frozenset[str]:
    # Fails where there is no reflog at all.
    out, _, _ = repository.ask(["rev-list", "--no-walk=unsorted", "--reflog", "--ignore-missing"])
    written = {
        word
        for folder in {repository.common_dir, repository.git_dir, *_work_trees(repository)}
        for name in _NOTES
        for word in _note(folder / name, repository.id_length)
    }
    noted = {name for name in written if len(name) == repository.id_length}
    behind = peeled(repository, sorted(noted))
    return frozenset(out.decode("ascii").split()) | {at[0] for at in behind if at and at[1] == "commit"}


def _note(path: Path, length: int) -> list[str]:
    """The ids at the beginnings of a file's lines."""
    try:
        if not path.is_file() or path.is_symlink():
            return []
        with path.open("rb") as file:
            lines = file.read(_NOTE_BYTES).split(b"\n")
    except OSError:
        return []
    words = [line[:length].decode("latin-1") for line in lines]
    return [word for word in words if not word.strip("0123456789abcdef")]
