"""Where the key comes from that values are named under."""

import hmac
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dce_guard.errors import GuardError, UsageError
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.identity import MINIMUM_KEY, Identity

if TYPE_CHECKING:
    from dce_guard.scan.baseline import Baseline

VARIABLE = "DCE_GUARD_KEY"
KEY_BYTES = 16  # as strong as the 128 bits of a fingerprint
SALT_BYTES = 16  # 32 hexadecimal digits in the baseline
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Key:
    """A key, whether others hold it too, where it came from, and what a reader must know of it."""

    value: Sensitive
    shared: bool
    source: str  # organisation, baseline, repository, user, none
    notice: str = ""

    def identity(self) -> Identity:
        """What names values under this key."""
        return Identity(self.value.reveal(), self.shared)

    def salt(self) -> bytes:
        """The salt for a baseline that is made now: a new one, since what is committed is known to all who read it.

        Names of earlier reports were made under a key that stays private, without scrypt for weak values.
        """
        return os.urandom(SALT_BYTES)

    def key_id(self) -> str:
        """What a baseline says of an organisation's key, "" for any other: 64 bits of a digest."""
        if self.source != "organisation":
            return ""
        return hmac.digest(self.value.reveal(), b"dce-guard/key-id/1", "sha256").hex()[:16]


def find_key(
    configured: Sensitive | None,
    baseline: "Baseline | None",
    common_dir: Path | None,
    environ: Mapping[str, str],
    root: Path | None = None,
) -> Key:
    """The key to name values under.

    In order: the organisation's (configured, else DCE_GUARD_KEY in hexadecimal digits), the baseline's salt,
    a random file below the repository's common git directory, one in the user's state directory (turned into
    another for each `root`, so that one folder's baseline tells nothing of another's), and at last a key for
    this run alone, which the notice says: a read-only disk never stops a scan.
    Raises UsageError on a DCE_GUARD_KEY that is none, and GuardError on a key file that is a link, no regular
    file, or of the wrong length.
    """
    configured = configured or _from_environment(environ)
    if configured:
        key = Key(configured, True, "organisation")
        return Key(key.value, True, key.source, _mismatch(baseline, key.key_id()))
    if baseline:
        return Key(Sensitive(baseline.salt), True, "baseline", _mismatch(baseline, ""))
    for source, folder in (("repository", common_dir), ("user", state_directory(environ))):
        value = _file_key(folder / "dce-guard") if folder else None
        if value:
            return Key(value if source == "repository" else _for_root(value, root), False, source)
    return Key(
        Sensitive(os.urandom(KEY_BYTES)),
        False,
        "none",
        "no place to keep a key was writable: the fingerprints of this report are good for this run only",
    )


def _for_root(value: Sensitive, root: Path | None) -> Sensitive:
    place = os.fsencode(root.resolve()) if root else b""
    return Sensitive(hmac.digest(value.reveal(), b"dce-guard/root/1\0" + place, "sha256")[:KEY_BYTES])


def state_directory(environ: Mapping[str, str]) -> Path | None:
    """Where programs keep state for this user (XDG base directories, Windows, macOS), None without a home."""
    home = environ.get("USERPROFILE" if os.name == "nt" else "HOME", "")
    if os.name == "nt":
        place = environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        place = f"{home}/Library/Application Support" if home else ""
    else:
        place = environ.get("XDG_STATE_HOME", "")  # where relative, "invalid" and to be ignored
        place = place if Path(place).is_absolute() else f"{home}/.local/state" if home else ""
    return Path(place) if place and Path(place).is_absolute() else None


def _from_environment(environ: Mapping[str, str]) -> Sensitive | None:
    text = environ.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) < MINIMUM_KEY:
        raise UsageError(
            f"{VARIABLE} is not a key (its value is not shown); nothing was scanned",
            f"set {2 * MINIMUM_KEY} hexadecimal digits or more, an even number: openssl rand -hex 32",
        )
    return Sensitive(value)


def _mismatch(baseline: "Baseline | None", key_id: str) -> str:
    if baseline is None or not baseline.entries or baseline.key_id == key_id:
        return ""
    why = (
        "not written under the key that is set"
        if key_id
        else "written under an organisation's key, none is set"
    )
    return f"the baseline was {why}: its {len(baseline.entries)} entries match nothing"


def _file_key(folder: Path) -> Sensitive | None:
    """The key kept in `folder`, made if there is none; None where that cannot be read or written."""
    path = folder / "key"
    if folder.is_symlink():
        raise _refused(path, "is in a folder that is a symbolic link")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _read(path) or _make(path)
    except OSError:
        return None


def _read(path: Path) -> Sensitive | None:
    """The key in the file, None where there is no file."""
    if path.is_symlink():
        raise _refused(path, "is a symbolic link")
    try:
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _refused(path, "is no regular file")
        value = file.read(KEY_BYTES + 1)
    if len(value) != KEY_BYTES:
        raise _refused(path, f"does not hold {KEY_BYTES} bytes")
    return Sensitive(value)


def _make(path: Path) -> Sensitive | None:
    """A new key in the file, or the one that another process put there first."""
    draft = path.with_name(f"key.{os.urandom(8).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(handle)
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return _read(path)


def _publish(draft: Path, path: Path) -> None:
    """Give a whole file its name unless that name is taken: nobody ever reads half a key."""
    with suppress(FileExistsError):
        if os.name == "nt":
            draft.rename(path)  # refuses an existing name there
        else:
            os.link(draft, path)


def _refused(path: Path, why: str) -> GuardError:
    return GuardError(f"the key file {path} {why}; nothing was scanned", "remove it: a new key is made then")
