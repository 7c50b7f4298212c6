"""Tables of settings, read strictly: what is not understood is an error that names its line."""

from collections.abc import Mapping
from re import search
from typing import Any

from dce_guard.errors import UsageError
from dce_guard.model.rule import Confidence
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.globs import GlobError
from dce_guard.scan.globs import check as check_glob
from dce_guard.scan.policy import LISTS, Layer, Trust, Where
from dce_guard.scan.suggest import meant

FLAGS = ("inline-markers", "trust-head")
KEYS = (*LISTS, *FLAGS, "baseline", "confidence", "max-file-size", "key")
# A file of the scanned tree is written by whoever opened the pull request.
_USER_ONLY = {
    "detect-secrets-plugins": "it would run that tree's code",
    "key": "all who read the repository would have it",
    "trust-head": "a change could vouch for itself",
}
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_KINDS = {
    bool: "true or false",
    str: "a string",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def parse(table: Mapping[str, Any], where: Where) -> Layer:
    """One source's table as a layer; `_` in a key is read as `-`.

    Raises UsageError that names file, line and key: unknown keys, wrong types, patterns and values that
    cannot be meant, and settings that only the user may make when the table is the tree's.
    """
    values: dict[str, Any] = {}
    for written, value in table.items():
        key = written.replace("_", "-")
        if key not in KEYS:
            raise UsageError(f"{where.at(written)}: unknown key '{written}'{meant(key, KEYS)}")
        if where.trust is Trust.TREE and key in _USER_ONLY:
            raise _not_from_tree(key, where.at(written))
        values[key] = _read(key, value, where.at(written))
    return Layer(where, values)


def _not_from_tree(key: str, at: str) -> UsageError:
    return UsageError(
        f"{at}: '{key}' is not taken from the scanned tree: {_USER_ONLY[key]}; nothing was scanned",
        "set it in your own configuration, ~/.config/dce-guard/config.toml, and remove it here",
    )


def _read(key: str, value: Any, at: str) -> Any:
    if key in LISTS:
        return _list(key, value, at)
    if key in FLAGS:
        return _typed(key, value, bool, "true or false", at)
    if key == "confidence":
        return _confidence(value, at)
    if key == "max-file-size":
        return _size(value, at)
    text: str = _typed(key, value, str, "a string", at)
    if not text.strip() or "\0" in text:
        raise UsageError(f"{at}: '{key}' is empty or no text")
    return _key(text, at) if key == "key" else text


def _typed(key: str, value: Any, kind: type, wanted: str, at: str) -> Any:
    if not isinstance(value, kind):
        raise UsageError(f"{at}: '{key}' must be {wanted}, not {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    names = {
        bool: "true or false",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


def _list(key: str, value: Any, at: str) -> tuple[str, ...]:
    _typed(key, value, list, "a list of strings", at)
    for entry in value:
        if not isinstance(entry, str):
            raise UsageError(f"{at}: '{key}' must be a list of strings, but holds {_kind(entry)}")
        if not entry.strip() or "\0" in entry:
            raise UsageError(f"{at}: '{key}' holds an empty string or one with a NUL")
        if key == "exclude":
            _pattern(entry, at)
    return tuple(value)


def _pattern(pattern: str, at: str) -> None:
    try:
        check_glob(pattern)
    except GlobError as error:
        raise UsageError(f"{at}: the exclude pattern '{pattern}' cannot be used: {error}") from error


def _confidence(value: Any, at: str) -> Confidence:
    known = [str(level) for level in Confidence]
    if not isinstance(value, str) or value not in known:
        hint = meant(value, known) if isinstance(value, str) else ""
        raise UsageError(f"{at}: 'confidence' must be one of {', '.join(known)}{hint}")
    return Confidence(value)


def _size(value: Any, at: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = search(r"\A\s*(\d{1,15})\s*([A-Za-z]*)\s*\Z", value) if isinstance(value, str) else None
    if found is None or found[2].lower() not in _UNITS or int(found[1]) == 0:
        raise UsageError(f"{at}: 'max-file-size' must be a number of bytes above 0, or a string as \"50 MB\"")
    return int(found[1]) * _UNITS[found[2].lower()]


def _key(text: str, at: str) -> Sensitive:
    """A key from its hexadecimal digits; 128 bits at least, since fingerprints are as strong as it is."""
    if search(r"\A[0-9A-Fa-f]{32,}\Z", text) is None or len(text) % 2:
        raise UsageError(
            f"{at}: 'key' must be an even number of hexadecimal digits, 32 or more; its value is not shown"
        )
    return Sensitive(bytes.fromhex(text))
