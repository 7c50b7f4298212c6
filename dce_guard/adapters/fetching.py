"""What a shallow or partial clone lacks, fetched because a person asked for it."""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dce_guard.adapters.absent import boundary, missing, promisors, remote_settings
from dce_guard.adapters.atomic import refusals
from dce_guard.adapters.git import Repository
from dce_guard.adapters.transport import HOUR, Address, parse, run
from dce_guard.errors import GitError

_BATCH = 10_000  # objects asked for at once
_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"),
    *("--no-auto-maintenance", "--no-filter", "--stdin"),
)


def fetch_missing(repository: Repository, *, seconds: float = HOUR) -> None:
    """Fetches the history that a shallow clone left out and the objects that a partial clone left behind.

    They go into the repository's own object store, and the mark of the shallow clone goes away: as after
    `git fetch --unshallow` and as git itself fetches what it misses. Nothing else changes: no ref, no setting.
    The fetch is run from a repository made for it, so none of this one's settings but the remote's address counts
    (its core.sshCommand and remote.*.uploadpack could name any program).
    Raises UsageError for an address that must not be reached, GitError when there is no remote or it fails.
    """
    cut, partial = boundary(repository), promisors(repository)
    if not cut and not partial:
        return
    address = _address(repository, partial)
    folder = Path(tempfile.mkdtemp(prefix="dce-guard-"))
    try:
        _make(folder, repository, address, bool(partial))
        if cut:
            _unshallow(repository, folder, address, cut, seconds)
        if partial:
            _complete(repository, folder, address, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _address(repository: Repository, partial: Sequence[str]) -> Address:
    """Where the rest is: the remote of a partial clone, else `origin`, else the only one."""
    urls = {remote: url for (remote, key), url in remote_settings(repository).items() if key == "url"}
    named = [remote for remote in (*partial, "origin", *(urls if len(urls) == 1 else ())) if remote in urls]
    if not named:
        raise GitError(
            "The repository names no remote that could have what is missing; nothing was fetched.",
            "Clone it again, whole.",
        )
    url = urls[named[0]]
    return parse(f"file://{url}" if Path(url).is_absolute() else url)


def _make(folder: Path, repository: Repository, address: Address, partial: bool) -> None:
    """A bare repository with nothing but a remote. Its objects will be the other one's."""
    for name in ("objects", "refs"):
        (folder / name).mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/none\n", "ascii")
    url = address.url.replace("\\", "\\\\").replace('"', '\\"')
    config = (
        "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n"
        f"[extensions]\n\tobjectFormat = {repository.object_format}\n"
        f'[remote "origin"]\n\turl = "{url}"\n'
    )
    if partial:  # so that git marks what comes as it marks what else came from there
        config += "\tpromisor = true\n"
    (folder / "config").write_text(config, "utf-8")


def _fetch(
    repository: Repository,
    folder: Path,
    address: Address,
    options: Sequence[str],
    ids: Sequence[str],
    seconds: float,
) -> None:
    names = {"GIT_DIR": str(folder), "GIT_OBJECT_DIRECTORY": str(repository.common_dir / "objects")}
    question = "".join(f"{one}\n" for one in ids).encode("ascii")
    run([*_FETCH, *options, "origin"], address, folder, seconds, question, names)


def _unshallow(
    repository: Repository, folder: Path, address: Address, cut: Sequence[str], seconds: float
) -> None:
    listed = "".join(f"{one}\n" for one in cut)
    (folder / "shallow").write_text(listed, "ascii")
    refs = "".join(f"{one} refs/have/{number}\n" for number, one in enumerate(cut))
    (folder / "packed-refs").write_text(refs, "ascii")  # what need not be sent
    _fetch(repository, folder, address, ["--unshallow"], cut, seconds)
    left = (folder / "shallow").read_text("ascii") if (folder / "shallow").exists() else ""
    _mark(repository, cut, left)
    (folder / "shallow").unlink(missing_ok=True)
    (folder / "packed-refs").unlink()


def _mark(repository: Repository, cut: Sequence[str], left: str) -> None:
    """Tells git where history is still cut off: in most cases nowhere. Done under git's own lock."""
    shallow, lock = (repository.common_dir / name for name in ("shallow", "shallow.lock"))
    with refusals(lock, "what was fetched is here, but the clone is still marked as shallow"):
        with lock.open("x", encoding="ascii", newline="\n") as file:
            file.write(left)
        try:
            if boundary(repository) == list(cut):  # nobody else fetched meanwhile
                lock.replace(shallow)
                if not left:
                    shallow.unlink()
                repository.shallow = bool(left)
        finally:
            with suppress(FileNotFoundError):
                lock.unlink()


def _complete(repository: Repository, folder: Path, address: Address, seconds: float) -> None:
    """Fetches until nothing is missing, or nothing more comes: what came may lead to more that is missing."""
    wanted, before = missing(repository), None
    while wanted and wanted != before:
        for at in range(0, len(wanted), _BATCH):
            _fetch(repository, folder, address, (), wanted[at : at + _BATCH], seconds)
        wanted, before = missing(repository), wanted
