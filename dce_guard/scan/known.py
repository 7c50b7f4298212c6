"""Examples that vendors publish, known by their SHA-256 so that the repository holds none of them."""

import hashlib
import re

from dce_guard.errors import RulesError

# The list is read with two expressions instead of tomllib, whose import costs a commit hook 4 ms.
_TABLE = re.compile(r"^\[\[known\]\][ \t]*$", re.MULTILINE)
_DIGEST = re.compile(r'^sha256 = "([0-9a-f]{64})"[ \t]*$', re.MULTILINE)


def load_known(text: str) -> frozenset[bytes]:
    """The digests of `rules/known.toml`: tables [[known]], each with a line `sha256 = "…"`, what and source.

    Raises RulesError when a table has no such line.
    """
    digests = _DIGEST.findall(text)
    tables = len(_TABLE.findall(text))
    if not tables or tables != len(digests) or text.count("sha256") != tables:
        message = f"rules/known.toml: {tables} tables but {len(digests)} digests of 64 hex digits"
        raise RulesError(f"{message}; no published example was loaded", "reinstall dce-guard")
    return frozenset(map(bytes.fromhex, digests))


def is_known(value: bytes, known: frozenset[bytes]) -> bool:
    """Whether `value` is a published example."""
    return hashlib.sha256(value).digest() in known
