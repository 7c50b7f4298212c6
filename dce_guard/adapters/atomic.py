"""Files that are either as before or whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dce_guard.errors import GuardError


@contextmanager
def refusals(path: Path, not_done: str) -> Iterator[None]:
    """Turns the operating system's refusal into a GuardError that says what was not done."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "Check who owns the file and its folder, and whether they may be written."
        raise GuardError(f"{path}: {reason}; {not_done}.", hint) from None


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Puts `data` at `path` with permission bits `mode`, in one step.

    A symbolic link at `path` is replaced, never written through. Raises GuardError, with nothing changed.
    """
    with refusals(path, "it was not written"):
        handle, name = tempfile.mkstemp(prefix=".dce-guard-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
