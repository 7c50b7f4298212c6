"""Editing a pre-commit configuration on disk, checked by pre-commit or prek before it is put in place."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dce_guard.adapters.atomic import refusals, replace_file
from dce_guard.errors import GuardError, UsageError

_SECONDS = 60


def edit_config(path: Path, edit: Callable[[str], str]) -> bool:
    """Whether `edit` changed the file. Raises GuardError or UsageError with the file as it was."""
    if path.is_symlink():
        raise GuardError(f"{path} is a symbolic link; it was left as it is.", "Edit the file it points to.")
    with refusals(path, "nothing was changed"):
        data = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8; nothing was changed.") from None
    new = edit(text)
    if new == text:
        return False
    _validate(new)
    replace_file(path, new.encode("utf-8"), mode)
    return True


def _validate(text: str) -> None:
    """Lets the framework itself judge, where it is installed; parsing both texts was done before this."""
    tool = _tool()
    if tool is None:
        return
    with tempfile.TemporaryDirectory(prefix="dce-guard-") as folder:
        candidate = Path(folder) / ".pre-commit-config.yaml"
        candidate.write_bytes(text.encode("utf-8"))
        run = subprocess.run(
            [tool, "validate-config", str(candidate)],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            cwd=folder,
        )
    if run.returncode:
        raise UsageError(
            f"{Path(tool).stem} does not accept the configuration with our lines in it; nothing was changed.",
            f"Run `{Path(tool).stem} validate-config` to see whether it accepts yours.",
        )


def _tool() -> str | None:
    """pre-commit or prek, beside this interpreter or on PATH."""
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return shutil.which("pre-commit", path=places) or shutil.which("prek", path=places)
