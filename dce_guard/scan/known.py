"""Examples that vendors publish, known by their SHA-256 so that the repository holds none of them."""

import hashlib
import tomllib

from dce_guard.errors import RulesError


def load_known(text: str) -> frozenset[bytes]:
    """The digests of `rules/known.toml`: tables [[known]] with sha256, what and source. Raises RulesError."""
    try:
        tables = tomllib.loads(text).get("known", [])
        return frozenset(_digest(table["sha256"]) for table in tables)
    except (tomllib.TOMLDecodeError, ValueError, KeyError, TypeError) as error:
        raise RulesError(f"rules/known.toml: {error}; no published example was loaded") from error


def _digest(text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != 32:
        raise ValueError(f"sha256 of {len(value)} bytes")
    return value


def is_known(value: bytes, known: frozenset[bytes]) -> bool:
    """Whether `value` is a published example."""
    return hashlib.sha256(value).digest() in known
