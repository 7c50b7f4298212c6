"""What the tests of checks share: a match around a value, and values drawn with their own arithmetic."""

import random
import string

from dce_guard.model.item import Item, Kind
from dce_guard.model.match import Match
from dce_guard.model.rule import Category, Confidence, Rule, Sensitivity
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.checks import CHECKS

RULE = Rule(
    "any",
    "any",
    "(?P<secret>.)",
    (".",),
    Category.EXTERNAL_API,
    Sensitivity.HIGH,
    Confidence.MEDIUM,
    "any",
    "any",
)
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def judged(check: str, value: str | bytes, before: bytes = b"", after: bytes = b"", **groups: bytes):
    raw = value if isinstance(value, bytes) else value.encode()
    text, start = before + raw + after, len(before)
    end = start + len(raw)
    item = Item(Kind.FILE, "x", len(text))
    return CHECKS[check](Match(RULE, item, Sensitive(raw), groups, text, start, end, start, end))


def drawn(size: int, alphabet: str = BASE62, seed: int = 3) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=size))


def base_n(number: int, alphabet: str, width: int) -> str:
    """Written the long way round: the highest power first."""
    out = ""
    for power in range(width - 1, -1, -1):
        digit, number = divmod(number, len(alphabet) ** power)
        out += alphabet[digit]
    return out


def flipped(text: str, at: int = -1) -> str:
    """The same with one letter or digit changed."""
    at %= len(text)
    return text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :]
