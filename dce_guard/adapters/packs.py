"""Where the rule packs are: beside the package in a wheel, at the top of a checkout."""

from pathlib import Path

from dce_guard.errors import RulesError

_PACKAGE = Path(__file__).parent.parent
_KNOWN = "known"


def _folder() -> Path:
    installed = _PACKAGE / "_rules"
    return installed if installed.is_dir() else _PACKAGE.parent / "rules"


def read_packs() -> list[tuple[str, str]]:
    """(name, TOML text) of every pack that is shipped, by name.

    Raises RulesError when there is none or one cannot be read: without rules there is no verdict.
    """
    folder = _folder()
    try:
        names = sorted(path.stem for path in folder.glob("*.toml"))
        packs = [(name, _read(folder, name)) for name in names if name != _KNOWN]
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(
            f"the rule packs cannot be read ({error}); nothing was scanned", "reinstall dce-guard"
        ) from None
    if not packs:
        raise RulesError(f"there are no rule packs in {folder}; nothing was scanned", "reinstall dce-guard")
    return packs


def read_known() -> str:
    """The text of the list of published example values (rules/known.toml). Raises RulesError without it."""
    try:
        return _read(_folder(), _KNOWN)
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(
            f"rules/known.toml cannot be read ({error}); nothing was scanned", "reinstall dce-guard"
        ) from None


def _read(folder: Path, name: str) -> str:
    return (folder / f"{name}.toml").read_text(encoding="utf-8")
