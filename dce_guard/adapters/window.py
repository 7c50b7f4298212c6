"""Points in time as people write them: ISO 8601, or so long ago. Read by us: git takes nonsense for "now"."""

import re
from datetime import UTC, datetime, timedelta

from dce_guard.errors import UsageError

_AGO = re.compile(r"(\d{1,5})[ .]*([a-z]+?)(?:[ .]+ago)?", re.IGNORECASE)
_DAY_ONLY = re.compile(r"\d{4}-?\d\d-?\d\d")
_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MONTHS = {"mo": 1, "y": 12}
_NAMES = {"sec": "s", "second": "s", "minute": "min", "hour": "h", "day": "d", "week": "w"}
_NAMES |= {"month": "mo", "year": "y"}


def moment(text: str, option: str, now: int, end: bool = False) -> int:
    """Seconds since the epoch. A time without an offset is UTC; a day is its beginning, or its last second
    (`end`). `now` is what "ago" counts from. Raises UsageError for anything else.
    """
    words = text.strip()
    try:
        ago = _AGO.fullmatch(words)
        when = _ago(int(ago[1]), ago[2].lower(), now) if ago else datetime.fromisoformat(words)
        if end and _DAY_ONLY.fullmatch(words):
            when += timedelta(days=1, seconds=-1)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, KeyError, OverflowError):
        raise UsageError(
            f"--{option} {text!r} is no point in time; nothing was scanned.",
            "Write a date or time (2026-03-31, 2026-03-31T18:00:00+02:00) or how long ago (2w, 3 months ago).",
        ) from None


def _ago(count: int, word: str, now: int) -> datetime:
    unit = _unit(word)
    then = datetime.fromtimestamp(now, UTC)
    if unit in _UNITS:
        return then - count * _UNITS[unit]
    months = then.year * 12 + then.month - 1 - count * _MONTHS[unit]
    first = then.replace(year=months // 12, month=months % 12 + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(then.day, last.day))  # a month before March 31 is the end of February


def _unit(word: str) -> str:
    """Raises KeyError for what is no unit. `m` is none: a minute or a month?"""
    if word in _UNITS or word in _MONTHS:
        return word
    single = word.removesuffix("s")
    return single if single in ("min",) else _NAMES[single]
