"""Go's regular expressions (RE2 syntax) read into a tree, since `regex` means other things by the same signs.

What differs: a flag in the middle holds for the rest of its group only, `$` without `(?m)` is the very end,
`\\z`, `\\pN`, `[[:alnum:]]`, `\\Q…\\E`, and text is code points where ours is bytes. The grammar is that of
pkg.go.dev/regexp/syntax.
"""

import re
import string
from dataclasses import dataclass, field

from dce_guard.scan.go_classes import ALL, NEWLINE, PERL, POSIX, UNICODE

_FLAGS = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\?P?<(\w+)>")
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_EDGES = {"A": r"\A", "z": r"\Z", "b": r"\b", "B": r"\B"}
_DEPTH = 200  # of groups; Go allows 1,000, people use ten


class GoRegexError(ValueError):
    """An expression that Go would refuse or that means nothing over bytes; the message says why."""


@dataclass(slots=True)
class Chars:
    """One byte out of a set; `fold` when either case will do."""

    accepts: frozenset[int]
    fold: bool = False


@dataclass(slots=True)
class Edge:
    """A place between bytes, as `\\b`."""

    text: str


@dataclass(slots=True)
class Repeat:
    """`low` to `high` times (None: without end)."""

    node: "Node"
    low: int
    high: int | None
    lazy: bool


@dataclass(slots=True)
class Group:
    """Alternatives; `number` counts capturing groups from 1, 0 captures nothing."""

    number: int = 0
    branches: list[list["Node"]] = field(default_factory=lambda: [[]])


Node = Chars | Edge | Repeat | Group


def parse(pattern: str) -> tuple[Group, int]:
    """The tree of an expression and how many capturing groups it has. Raises GoRegexError."""
    parser = _Parser(pattern)
    tree = parser.group(0, "", 0)
    if parser.at < len(pattern):
        raise GoRegexError(f"unmatched ')' at column {parser.at + 1}")
    return tree, parser.groups


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0

    def group(self, number: int, flags: str, depth: int) -> Group:
        """Reads alternatives up to the `)` that closes them (not taken) or the end."""
        if depth > _DEPTH:
            raise GoRegexError("groups are nested too deeply")
        group = Group(number)
        while self.at < len(self.text) and self.text[self.at] != ")":
            branch = group.branches[-1]
            sign = self.text[self.at]
            if sign == "|":
                self.at += 1
                group.branches.append([])
            elif sign == "(":
                flags = self._open(branch, flags, depth)
            elif self.text.startswith(r"\Q", self.at):
                self._quoted(branch, flags)
            else:
                branch.append(self._repeated(self._atom(flags), flags))
        return group

    def _open(self, branch: list[Node], flags: str, depth: int) -> str:
        """Reads a group, or flags for the rest of this one; returns the flags that hold behind it."""
        self.at += 1
        set_flags = _FLAGS.match(self.text, self.at)
        named = _NAMED.match(self.text, self.at)
        inner, number = flags, 0
        if set_flags:
            self.at = set_flags.end()
            inner = _apply(flags, set_flags[1], set_flags[2] or "")
            if set_flags[3] == ")":
                return inner
        elif self.text.startswith("?", self.at) and not named:
            raise GoRegexError(
                f"'({self.text[self.at : self.at + 2]}' at column {self.at} is not known to Go"
            )
        else:
            self.at = named.end() if named else self.at
            self.groups += 1
            number = self.groups
        child = self.group(number, inner, depth + 1)
        if self.at >= len(self.text):
            raise GoRegexError("a '(' is not closed")
        self.at += 1
        branch.append(self._repeated(child, flags))
        return flags

    def _quoted(self, branch: list[Node], flags: str) -> None:
        end = self.text.find(r"\E", self.at)
        stop = end if end >= 0 else len(self.text)
        branch += [_literal(char, flags) for char in self.text[self.at + 2 : stop]]
        self.at = stop + (2 if end >= 0 else 0)
        if branch:  # a repetition behind \E is of the last character
            branch[-1] = self._repeated(branch[-1], flags)

    def _repeated(self, node: Node, flags: str) -> Node:
        while (count := self._count()) is not None:
            if isinstance(node, Repeat):
                raise GoRegexError(f"a repetition is repeated at column {self.at}")
            lazy = self.text.startswith("?", self.at)
            self.at += lazy
            node = Repeat(node, *count, lazy != ("U" in flags))
        return node

    def _count(self) -> tuple[int, int | None] | None:
        sign = self.text[self.at : self.at + 1]
        if sign and sign in "*+?":
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        counted = _COUNT.match(self.text, self.at)
        if counted is None:
            return None
        self.at = counted.end()
        low = int(counted[1])
        high = low if counted[2] is None else int(counted[3]) if counted[3] else None
        if max(low, high or 0) > 1000 or (high is not None and high < low):
            raise GoRegexError(f"the repetition {counted[0]} is not allowed")
        return low, high

    def _atom(self, flags: str) -> Node:
        sign = self.text[self.at]
        if sign == "[":
            return Chars(self._set(), "i" in flags)
        if sign == "\\":
            return self._escape(flags)
        if sign in "*+?":
            raise GoRegexError(f"'{sign}' at column {self.at + 1} repeats nothing")
        self.at += 1
        if sign == ".":
            return Chars(ALL if "s" in flags else ALL - NEWLINE)
        if sign in "^$":
            # A file has lines where Go was given a fragment: the edges of lines hold those of the text.
            return Edge(f"(?m:{sign})")
        return _literal(sign, flags)

    def _escape(self, flags: str) -> Node:
        sign = self.text[self.at + 1 : self.at + 2]
        if sign in _EDGES and sign:
            self.at += 2
            return Edge(_EDGES[sign])
        if sign and sign in PERL:
            self.at += 2
            return Chars(PERL[sign])
        if sign and sign in "pP":
            return Chars(self._unicode(), "i" in flags)
        return _literal(self._character(), flags)

    def _character(self) -> str:
        """Reads one character of a set or of the text, plain or behind a backslash."""
        if self.text[self.at] != "\\":
            self.at += 1
            return self.text[self.at - 1]
        code = re.compile(r"\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([0-7]{3}|0))").match(
            self.text, self.at
        )
        if code:
            self.at = code.end()
            return chr(int(code[1] or code[2], 16) if code[1] or code[2] else int(code[3], 8))
        sign = self.text[self.at + 1 : self.at + 2]
        if sign in _ESCAPES and sign:
            self.at += 2
            return chr(_ESCAPES[sign])
        if not sign or (sign.isalnum() and sign.isascii()):
            raise GoRegexError(f"the escape '\\{sign}' at column {self.at + 1} is not known")
        self.at += 2
        return sign

    def _set(self) -> frozenset[int]:
        start = self.at
        self.at += 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        found: frozenset[int] = frozenset()
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise GoRegexError(f"the '[' at column {start + 1} is not closed")
            found |= self._member()
            first = False
        self.at += 1
        return ALL - found if negated else found

    def _member(self) -> frozenset[int]:
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at)
        if posix:
            if posix[2] not in POSIX:
                raise GoRegexError(f"the class [:{posix[2]}:] is not known")
            self.at = posix.end()
            return ALL - POSIX[posix[2]] if posix[1] else POSIX[posix[2]]
        sign = self.text[self.at + 1 : self.at + 2] if self.text[self.at] == "\\" else ""
        if sign and sign in PERL:
            self.at += 2
            return PERL[sign]
        if sign and sign in "pP":
            return self._unicode()
        return self._range()

    def _range(self) -> frozenset[int]:
        low = self._character()
        high = low
        if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
            self.at += 1
            high = self._character()
        if high > "\x7f" or low > "\x7f":
            raise GoRegexError("a set holds characters that are not ASCII, and our text is bytes")
        if high < low:
            raise GoRegexError(f"the range {low}-{high} runs backwards")
        return frozenset(range(ord(low), ord(high) + 1))

    def _unicode(self) -> frozenset[int]:
        found = re.compile(r"\\([pP])(?:\{(\^?)(\w+)\}|(\w))").match(self.text, self.at)
        name = (found[3] or found[4] or "") if found is not None else ""
        if found is None or name not in UNICODE:
            raise GoRegexError(f"the Unicode class at column {self.at + 1} cannot be told from bytes")
        self.at = found.end()
        negated = (found[1] == "P") != (found[2] == "^")
        return ALL - UNICODE[name] if negated else UNICODE[name]


def _apply(flags: str, on: str, off: str) -> str:
    return "".join(flag for flag in "imsU" if (flag in flags or flag in on) and flag not in off)


def _literal(char: str, flags: str) -> Node:
    data = char.encode("utf-8", "surrogatepass")
    if len(data) == 1:
        return Chars(frozenset(data), "i" in flags and char in string.ascii_letters)
    return Group(0, [[Chars(frozenset((byte,))) for byte in data]])
