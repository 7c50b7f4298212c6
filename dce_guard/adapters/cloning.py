"""A repository from elsewhere, whole and for as long as it is looked at."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.transport import HOUR, parse, run
from dce_guard.errors import GitError


@contextmanager
def mirror(url: str, *, seconds: float = HOUR) -> Iterator[Repository]:
    """A clone with all refs (also refs/pull/*), bare, in a folder that only this user can enter.

    It is removed afterwards, whatever happened. No hook, template, submodule or setting of the repository
    comes with it, and objects are taken as they are: what is malformed may still hold a secret.
    Raises UsageError for an address that must not be reached, GitError when it cannot be cloned.
    """
    address = parse(url)
    folder = Path(tempfile.mkdtemp(prefix="dce-guard-"))
    try:
        target = folder.resolve() / "mirror.git"
        run(
            ["clone", "--mirror", "--quiet", "--template=", "--", address.url, str(target)],
            address,
            folder,
            seconds,
        )
        found = discover(target, named=True)
        if found is None:
            raise GitError("What was cloned is no repository; nothing was scanned.")
        yield found
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Removes a folder with what is write-protected in it (packs, where that stops removal: Windows)."""

    def again(function: Callable[..., object], path: str, _: object) -> None:
        with suppress(OSError):
            os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
            function(path)

    shutil.rmtree(folder, onerror=again)
