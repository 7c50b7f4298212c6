"""Path patterns in the manner of gitignore, all of a list in one regular expression.

The dialect, for paths that part their folders with `/` and count from the repository's root:

* a pattern without an inner or leading `/` names a file or folder at any depth: `*.lock`, `node_modules`;
* with a leading or inner `/` it counts from the root: `/build`, `docs/*.md`;
* a trailing `/` wants a folder: `vendor/`;
* a pattern that names a folder takes all that is in it;
* `*` and `?` stop at `/`; `[abc]`, `[a-z]`, `[!a]` is one character, never `/`;
* `**/` at the start, `/**/` and `/**` stand for any number of folders; elsewhere `**` is `*`;
* `!` at the start takes back what earlier patterns took, and the last pattern that fits decides. Unlike
  git's, it also reaches into a folder that was taken as a whole;
* `\\` makes the next character plain. Case counts on every system. `#` is plain: TOML has its own comments.
"""

import re
from collections.abc import Iterable, Sequence

_STAR = "[^/]*"
_ONE = "[^/]"


class GlobError(ValueError):
    """A pattern that cannot be meant; the message says why, without the pattern."""


class Globs:
    """A list of patterns, compiled at once when the first path is asked about."""

    __slots__ = ("_match", "patterns")

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self._match: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"Globs({list(self.patterns)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Globs) and self.patterns == other.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __contains__(self, path: str) -> bool:
        """Whether a file is named. A path that ends in `/` asks about a folder with all that is in it."""
        if not self.patterns:
            return False
        if self._match is None:
            self._match = _compile(self.patterns)
        found = self._match.match(path)
        return found is not None and found.lastindex is None

    @property
    def takes_back(self) -> bool:
        """Whether a pattern begins with `!`, so that a taken folder may hold files that are not taken."""
        return any(pattern.startswith("!") for pattern in self.patterns)


def check(pattern: str) -> None:
    """Raise GlobError when `pattern` is not of the dialect."""
    try:
        re.compile(_translate(pattern), re.DOTALL)
    except re.error as error:
        raise GlobError(str(error)) from error


def _compile(patterns: Sequence[str]) -> re.Pattern[str]:
    # Last pattern first: an alternation takes the first branch that fits, so the last pattern decides.
    # A branch that takes back is the only kind with a group: `lastindex` tells which kind it was.
    branches = (
        ("(" if pattern.startswith("!") else "(?:") + _translate(pattern) + ")"
        for pattern in dict.fromkeys(reversed(patterns))
    )
    return re.compile("|".join(branches), re.DOTALL)


def _translate(pattern: str) -> str:
    body = pattern[1:] if pattern.startswith("!") else pattern
    folder = body.endswith("/") and not body.endswith("\\/")
    body = body.rstrip("/") if folder else body
    rooted = "/" in body
    segments = body.removeprefix("./").lstrip("/").split("/")
    if segments == [""]:
        raise GlobError("it names nothing")
    if any(segment in ("", ".", "..") for segment in segments):
        raise GlobError("it has an empty, '.' or '..' part; patterns count from the root and stay inside it")
    if not rooted and segments != ["**"]:
        segments = ["**", *segments]
    return _join(segments) + (r"/.*\Z" if folder else r"(?:/.*)?\Z")


def _join(segments: Sequence[str]) -> str:
    """One expression for a list of parts, in which no failure is tried twice.

    The first place where the parts up to the next `**` fit is as good as any later one, so each such run is
    an atomic group: without them `**/a/**/a/**/a` takes cubic time on `a/a/a/…`, and a tree brings its list.
    """
    runs: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    text = "/".join(runs[0])
    for run in runs[1:]:
        gap = "/" if text else ""
        if run:
            text += f"{gap}(?>(?:[^/]+/)*?{'/'.join(run)}(?=/|\\Z))"
    if segments[-1] == "**":
        text += "/.+" if text else ".+"
    return text


def _segment(segment: str) -> str:
    """One part between slashes. Every `*` but the last ends at the first place where what follows it fits."""
    parts = [_plain(part) for part in _split_stars(segment)]
    if len(parts) == 1:
        return parts[0]
    head, *middle, last = parts
    text = head + "".join(f"(?>[^/]*?{part})" for part in middle)
    if not any(parts):
        return "[^/]+"
    return f"{text}{_STAR}{last}(?=/|\\Z)" if last else f"{text}{_STAR}"


def _split_stars(segment: str) -> list[list[str]]:
    """The pieces of a part (a character, `?`, a set) in lists, parted where runs of `*` stood."""
    parts: list[list[str]] = [[]]
    at, starred = 0, False
    while at < len(segment):
        piece, at = _piece(segment, at)
        if piece != "*":
            parts[-1].append(piece)
        elif not starred:
            parts.append([])
        starred = piece == "*"
    return parts


def _piece(segment: str, at: int) -> tuple[str, int]:
    char = segment[at]
    if char == "[":
        return _set(segment, at)
    if char == "\\":
        if at + 1 == len(segment):
            raise GlobError("it ends in a backslash, which makes nothing plain")
        return "\\" + segment[at + 1], at + 2
    return char, at + 1


def _set(segment: str, at: int) -> tuple[str, int]:
    start = at + 2 if segment[at + 1 : at + 2] in ("!", "^") else at + 1
    end = segment.find("]", start + 1)
    if end < 0:
        raise GlobError("its '[' is not closed by ']' in the same part")
    if segment.startswith("[:", start):
        raise GlobError("classes such as [:alpha:] are not known; write [a-zA-Z]")
    return segment[at : end + 1], end + 1


def _plain(pieces: Sequence[str]) -> str:
    return "".join(_expression(piece) for piece in pieces)


def _expression(piece: str) -> str:
    if piece == "?":
        return _ONE
    if len(piece) == 1:
        return re.escape(piece)
    if piece[0] == "\\":
        return re.escape(piece[1])
    negated = piece[1] in "!^"
    inner = piece[2 if negated else 1 : -1].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    for sign in "&~|":  # doubled, they are set operations to come in `re`
        inner = inner.replace(sign, "\\" + sign)
    return f"(?!/)[{'^' if negated else ''}{inner.replace('^', chr(92) + '^')}]"
