"""Digests of what reports depend on besides objects: refs, HEADs, reflogs, notes of git's, settings; LFS."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from dce_guard.adapters.git import Repository

_FILES = ("HEAD", "config", "config.worktree", "shallow", "info/grafts", "gitdir", "commondir")
_NOTE = "_HEAD"  # how the names end under which git writes ids down: ORIG_HEAD, FETCH_HEAD
_TREES = ("logs", "reftable")


def state(repository: Repository) -> str:
    """Changes with each ref, reflog, HEAD and setting. Raises GitError where refs cannot be listed."""
    told = sha256(repository.run(["for-each-ref", "--format=%(objectname) %(symref) %(refname)"]))
    told.update(repr((str(repository.git_dir), repository.root is None)).encode())
    for home in _homes(repository):
        told.update(repr(sorted(_of(home))).encode("utf-8", "surrogateescape"))
    return told.hexdigest()


def indexes(repository: Repository) -> str:
    """Changes with what the indexes of all work trees say."""
    told = sha256(repository.env.get("GIT_INDEX_FILE", "").encode("utf-8", "surrogateescape"))
    for home in _homes(repository):
        for name in sorted(_named(home, "index")) + sorted(_named(home, "sharedindex.")):
            told.update(repr(_stamp(home / name)).encode("utf-8", "surrogateescape"))
    return told.hexdigest()


def fetched(repository: Repository) -> str:
    """Changes with what is in the LFS store."""
    told = sha256()
    for folder, names, files in os.walk(repository.common_dir / "lfs/objects"):
        names.sort()
        told.update(repr((folder, sorted(files))).encode("utf-8", "surrogateescape"))
    return told.hexdigest()


def _homes(repository: Repository) -> list[Path]:
    linked = repository.common_dir / "worktrees"
    try:
        others = sorted(path for path in linked.iterdir() if path.is_dir())
    except OSError:
        others = []
    return list(dict.fromkeys((repository.git_dir, repository.common_dir, *others)))


def _of(home: Path) -> Iterator[tuple[str, int, int, int]]:
    for name in (*_FILES, *_named(home, "")):
        if name in _FILES or name.endswith(_NOTE):
            yield _stamp(home / name)
    for name in _TREES:
        for folder, _, names in os.walk(home / name):
            yield from (_stamp(Path(folder, one)) for one in names)


def _named(home: Path, start: str) -> list[str]:
    try:
        return [path.name for path in home.iterdir() if path.name.startswith(start)]
    except OSError:
        return []


def _stamp(path: Path) -> tuple[str, int, int, int]:
    """Name, size, time and number of a file; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), status.st_size, status.st_mtime_ns, status.st_ino
