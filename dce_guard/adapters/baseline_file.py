"""The baseline's file: found, read and written inside the tree only."""

import os
import stat
from pathlib import Path

from dce_guard.adapters.atomic import refusals, replace_file
from dce_guard.errors import GuardError, UsageError
from dce_guard.scan.baseline import Baseline, parse, serialise
from dce_guard.scan.policy import DEFAULT_BASELINE

MAX_BYTES = 64 << 20  # some 250,000 entries; the file comes from the scanned tree


def find(root: Path, name: str = DEFAULT_BASELINE) -> Path:
    """Where the baseline stands, whether it is there or not: below `root`, unless `name` is absolute.

    Raises UsageError when the name or a symbolic link on the way leads out of the tree.
    """
    path = root / name
    if not Path(name).is_absolute() and not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            f"baseline {name} leads out of {root}; it was not read", "name a file inside the tree"
        )
    return path.resolve()


def read(path: Path, name: str = "") -> Baseline | None:
    """The baseline at `path` (as `find` gave it), None where there is none. `name` is for messages.

    Raises UsageError on content that is not understood, GuardError on a file that cannot be read.
    """
    name = name or path.name
    try:
        if not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > MAX_BYTES:
            raise GuardError(f"{name}: no file of at most {MAX_BYTES >> 20} MiB; no exception was read")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GuardError(f"{name}: not readable ({error.strerror}); no exception was read") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8; no exception was read") from None
    return parse(text, name)


def write(path: Path, baseline: Baseline) -> None:
    """Put the baseline at `path`, whole or not at all, keeping the file's mode.

    A new file gets a `.gitattributes` beside it, if there is none, so that git joins two people's additions.
    Raises GuardError when it cannot be written.
    """
    with refusals(path, "it was not written"):
        path.parent.mkdir(parents=True, exist_ok=True)
    known = path.exists()
    mode = stat.S_IMODE(path.stat().st_mode) if known else 0o644
    replace_file(path, serialise(baseline).encode("utf-8"), mode)
    attributes = path.with_name(".gitattributes")
    if not known and not os.path.lexists(attributes):
        replace_file(attributes, f"{path.name} text eol=lf merge=union\n".encode(), 0o644)
