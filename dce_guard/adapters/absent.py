"""What a repository does not hold: history a shallow clone left out, objects a partial one left behind, damage."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from dce_guard.adapters.git import Repository
from dce_guard.adapters.git_command import cause
from dce_guard.adapters.gitdir import PREFIX
from dce_guard.adapters.rooted import Rooted
from dce_guard.adapters.streaming import Stream
from dce_guard.errors import GitError
from dce_guard.model.item import Skip

_PATHS = 1_000_000  # names kept; 100 MB
_NAMED = 100  # missing objects told one by one
_ALTERNATES = 5  # stores behind each other, as git follows them
_TEXT = 1 << 24  # bytes of a list that is read: longer ones are no repository's
_PACK = (".pack", ".idx")


def absent(repository: Repository) -> list[Skip]:
    """What is known to be missing: by design (not fatal), or because a place cannot be read (fatal)."""
    skips = list(_unread(repository.common_dir / "objects", f"{PREFIX}objects", _ALTERNATES))
    cut = len(boundary(repository))
    if cut:
        detail = f"the history behind {cut:,} commit{'s' * (cut > 1)} was not cloned"
        skips.append(Skip(f"{PREFIX}shallow", "shallow", detail, fatal=False))
    if promisors(repository):
        count, _, failed = _traversed(repository)
        skips += failed
        if count:
            detail = f"at least {count:,} were left behind by a partial clone"
            skips.append(Skip("objects", "missing", detail, fatal=False))
    return skips


def connectivity(repository: Repository, names: set[bytes] | None = None) -> list[Skip]:
    """Objects that refs and HEAD lead to and that are not there. Of a partial clone `absent` tells.

    `names` gets the paths of what is met on the way, each object's first: also of files deleted long ago.
    """
    if promisors(repository):
        return []
    count, left, skips = _traversed(repository, names=names)
    skips += [Skip(name, "missing", "the object is not in the repository") for name in left]
    if count > len(left):
        skips.append(Skip("objects", "missing", f"{count - len(left):,} more are not in the repository"))
    return skips


def missing(repository: Repository) -> list[str]:
    """The ids of objects that refs and HEAD lead to and that are not there; what those lead to is unknown.

    Raises GitError where the repository is too broken to tell.
    """
    _, left, failed = _traversed(repository, sys.maxsize)
    if failed:
        raise GitError(f"git could not tell what is missing: {failed[0].detail}.", "Look at `git fsck`.")
    return left


def boundary(repository: Repository) -> list[str]:
    """The commits whose parents a shallow clone left out. Raises GitError when their list cannot be read."""
    if not repository.shallow:
        return []
    try:
        lines = _text(repository.common_dir, "shallow").decode("ascii", "replace").split()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise GitError(
            f"The list of a shallow clone's commits cannot be read: {error.strerror}; nothing was scanned.",
            "Look at .git/shallow.",
        ) from None
    return [line for line in lines if len(line) == repository.id_length and line.isalnum()]


def promisors(repository: Repository) -> list[str]:
    """The remotes that a partial clone's missing objects are at."""
    settings = remote_settings(repository)
    named = [settings["", "partialclone"]] if ("", "partialclone") in settings else []
    named += [
        remote
        for (remote, key), value in settings.items()
        if key == "promisor" and value.lower() in ("true", "yes", "on", "1", "")
    ]
    return list(dict.fromkeys(named))


def remote_settings(repository: Repository) -> dict[tuple[str, str], str]:
    """Of each remote its url, promisor and partialclonefilter; under "" what names the first of a partial clone."""
    wanted = r"^(remote\..*\.(url|promisor|partialclonefilter)|extensions\.partialclone)$"
    out, _, _ = repository.ask(["config", "--includes", "--null", "--get-regexp", wanted])
    found: dict[tuple[str, str], str] = {}
    for entry in os.fsdecode(out).split("\0")[:-1]:
        name, _, value = entry.partition("\n")
        remote, _, key = name.partition(".")[2].rpartition(".")
        found.setdefault((remote, key), value)
    return found


def _traversed(
    repository: Repository, keep: int = _NAMED, names: set[bytes] | None = None
) -> tuple[int, list[str], list[Skip]]:
    """How many objects are missing, the ids of the first ones, and why there may be more."""
    quiet = ["--quiet"] if names is None else []
    stream = Stream(repository, ["rev-list", "--objects", *quiet, "--missing=print", "--all"])
    count, left, named = 0, [], repository.id_length + 1
    for line in stream.fields(b"\n"):
        if names is not None and len(line) > named and len(names) < _PATHS:
            names.add(line[named:])
        elif line.startswith(b"?"):
            count += 1
            if count <= keep:
                left.append(line[1:].decode("ascii", "replace"))
    return count, left, [Skip("objects", "git-failed", cause(stream.complaint))] if stream.code else []


def _unread(store: Path, shown: str, depth: int) -> Iterator[Skip]:
    """Parts of an object store, and of those it borrows from, that git passes over in silence."""
    try:
        with os.scandir(store) as listing:
            folders = [entry.name for entry in listing if entry.is_dir()]
    except OSError as error:
        yield Skip(shown, "unreadable", error.strerror or "")
        return
    for name in sorted(folders):
        if len(name) == 2 or name == "pack":
            try:
                with os.scandir(store / name) as listing:
                    packs = [entry.name for entry in listing] if name == "pack" else []
            except OSError as error:
                yield Skip(f"{shown}/{name}", "unreadable", error.strerror or "")
                continue
            yield from _packs(store / name, packs, f"{shown}/pack")
    yield from _alternates(store, shown, depth)


def _packs(folder: Path, names: list[str], shown: str) -> Iterator[Skip]:
    for name in sorted(names):
        if not name.startswith("pack-") or not name.endswith(_PACK):
            continue
        if name.endswith(".pack") and f"{name[:-5]}.idx" not in names:
            yield Skip(f"{shown}/{name}", "unreadable", "a pack without an index: git does not read it")
        elif not os.access(folder / name, os.R_OK):
            yield Skip(f"{shown}/{name}", "unreadable", "no permission")


def _alternates(store: Path, shown: str, depth: int) -> Iterator[Skip]:
    """The stores that this one borrows from: relative to it, one a line, # before what is none."""
    place = f"{shown}/info/alternates"
    try:
        lines = os.fsdecode(_text(store, "info/alternates")).split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield Skip(place, "unreadable", error.strerror or "")
        return
    for line in lines:
        other = store / line.strip('"')
        if not line or line.startswith("#"):
            continue
        if not depth:
            yield Skip(place, "limit", "git follows no more object stores behind each other")
        elif other.is_dir():
            yield from _unread(other, str(other), depth - 1)
        else:
            yield Skip(place, "missing", f"there is no object store at {other}")


def _text(folder: Path, name: str) -> bytes:
    """A small file below a folder, if it is one. Raises OSError."""
    rooted = Rooted(str(folder))
    try:
        with os.fdopen(rooted.open(name), "rb") as file:
            return file.read(_TEXT)
    finally:
        rooted.close()
