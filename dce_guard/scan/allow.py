"""Markers in the scanned text that say "this one is known": our own, and those people already have."""

import re
from collections.abc import Sequence

_EDGE = rb"(?<![\w-])"
_STOP = rb"(?![\w-])"

# A bare word counts only in a comment: `nosecret = True`, `https://nosecret/` and `#nosecretary` are none.
_OPENER = re.compile(rb"(?:^|[\s;,)\]}\"'])(?:#|//|/\*|<!--|--|;|%|REM\b)", re.IGNORECASE)
_BARE = re.compile(rb"(?<=[\s,;:#/*%-])(?P<name>ggignore|nosecret)" + _STOP, re.IGNORECASE)

# A rule list that cannot be read allows nothing, rather than everything.
_RULES = rb"(?:\[(?P<rules>[\w., -]*)\])?(?![\w\[-])"
_OWN = rb"dce-guard:(?P<name>allow)" + _RULES
_OWN_NEXT = rb"dce-guard:(?P<name>allow-next-line)" + _RULES

# What other scanners read, from their documentation and sources: detect_secrets/filters/allowlist.py (spaces
# and hyphens in its pragma), secretlint-rule-filter-comments, ggshield, trufflehog, gitleaks, betterleaks,
# kingfisher.
_FOREIGN = (
    rb"(?P<name>gitleaks:allow)" + _STOP,
    rb"(?P<name>betterleaks:allow)" + _STOP,
    rb"(?P<name>pragma: ?(?:allow|white)list[ -]secret)" + _STOP,
    rb"(?P<name>trufflehog:ignore)" + _STOP,
    rb"(?P<name>secretlint-disable-line)" + _STOP,
    rb"(?P<name>kingfisher:ignore)" + _STOP,
)
_FOREIGN_NEXT = (
    rb"(?P<name>pragma: ?(?:allow|white)list[ -]nextline[ -]secret)" + _STOP,
    rb"(?P<name>secretlint-disable-next-line)" + _STOP,
    rb"(?P<name>kingfisher:ignore-next-line)" + _STOP,
)
# A marker for the next line stands on a line of its own (detect-secrets wants the same): behind other code it
# would be read as that line's, and hide the one below.
_ALONE = rb"^\W*(?:(?:rem|dnl)\b\W*)?"

_HERE: Sequence[re.Pattern[bytes]] = tuple(
    re.compile(_EDGE + pattern, re.IGNORECASE) for pattern in (_OWN, *_FOREIGN)
)
_ABOVE: Sequence[re.Pattern[bytes]] = tuple(
    re.compile(_ALONE + pattern, re.IGNORECASE) for pattern in (_OWN_NEXT, *_FOREIGN_NEXT)
)
_CLOSERS = re.compile(r"\s*(?:\*+/|--+!?>|-\}|\*\)|#\}|%>|\}\})[\s\"';,)\]}]*$")
REASON_LENGTH = 200  # characters of a reason that are kept


def marker(match_line: bytes, previous_line: bytes, rule: str = "") -> str:
    """The marker that allows a finding of `rule` in `match_line`: "name", "name: reason", or "" without one.

    `dce-guard:allow[rule-id, …] reason` counts for the rules it names alone. Lines are text in any ASCII
    superset; `previous_line` counts only when a marker for the next line is all it says.
    """
    for patterns, line in ((_HERE, match_line), (_ABOVE, previous_line)):
        for pattern in patterns:
            match = pattern.search(line)
            if match and _applies(match, rule):
                return _told(match, line)
    opener = _OPENER.search(match_line)
    bare = _BARE.search(match_line, opener.end()) if opener else None
    return _told(bare, match_line) if bare else ""


def _applies(match: re.Match[bytes], rule: str) -> bool:
    rules = match.groupdict().get("rules")
    return rules is None or rule.encode() in {each.strip() for each in rules.split(b",")} - {b""}


def _told(match: re.Match[bytes], line: bytes) -> str:
    name = match["name"].decode("ascii").lower()
    if not name.startswith("allow"):
        return name
    reason = _reason(line[match.end() : match.end() + 5 * REASON_LENGTH])
    return f"dce-guard:{name}: {reason}" if reason else f"dce-guard:{name}"


def _reason(rest: bytes) -> str:
    text = rest.splitlines()[0].decode("utf-8", "replace") if rest.strip() else ""
    return " ".join(_CLOSERS.sub("", text.strip()).strip(" \t:-").split())[:REASON_LENGTH]
