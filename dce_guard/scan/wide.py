"""Text of two or four bytes a character amid bytes that are not: worth a second look without its NUL bytes."""

import re
from collections.abc import Callable
from typing import Any

from dce_guard.scan.prefilter import Buffer

# Eight ASCII characters in a row in UTF-16 or UTF-32 of either order, at any alignment: fewer make no secret. And
# text that NUL bytes interrupt. (NUL alone would be taken for a literal, which stands everywhere in binaries and
# makes Vectorscan eighty times as slow; what else control characters let through is looked at in vain, no more.)
_TEXT, _NUL = r"[\t\n\r\x20-\x7e]", r"[\x00-\x08]"
EXPRESSIONS = (
    f"(?:{_TEXT}{_NUL}){{8}}",
    f"(?:{_TEXT}{_NUL}{{3}}){{8}}",
    f"{_TEXT}{{4}}{_NUL}{{1,3}}{_TEXT}{{4}}",
)
_EITHER = re.compile("|".join(EXPRESSIONS).encode())


def is_wide(data: Buffer) -> bool:
    """Whether there is such text, by `re`."""
    return _EITHER.search(data) is not None


def fast_is_wide(hyperscan: Any) -> Callable[[Buffer], bool]:
    """The same, ten times as fast: most of what has NUL bytes is binary, and all of it must be looked through."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    once = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
    database.compile(
        expressions=[expression.encode() for expression in EXPRESSIONS],
        ids=[0, 1],
        elements=2,
        flags=[once, once],
    )
    database.scratch = hyperscan.Scratch(database)

    def is_wide(data: Buffer) -> bool:
        found: list[int] = []
        database.scan(data, match_event_handler=lambda *match: found.append(match[0]))
        return bool(found)

    return is_wide
