"""The matcher without Vectorscan: literals first, then `regex`."""

from collections.abc import Sequence

import regex

from dce_guard.scan.prefilter import Buffer, Hit

_CLASS = regex.compile(r"\[(?:\\.|[^\]\\])*\]")


class RegexMatcher:
    """Each anchor searched on its own, and only when a literal it cannot do without is in the buffer."""

    def __init__(self, anchors: Sequence[str]) -> None:
        self._anchors = [(regex.compile(anchor.encode()), required_literal(anchor)) for anchor in anchors]

    def hits(self, data: Buffer) -> list[Hit]:
        """See Matcher. Overlapping starts are kept, since Vectorscan reports every end."""
        text = bytes(data)
        lowered = text.lower()
        found = [
            (match.end(), number)
            for number, (anchor, literal) in enumerate(self._anchors)
            if literal in lowered
            for match in anchor.finditer(text, overlapped=True)
        ]
        return [(number, end) for end, number in sorted(set(found))]


def required_literal(anchor: str) -> bytes:
    """The longest run of plain characters every match must hold, lower case; empty when none is certain.

    Only top-level text counts: what stands in a group, in a class or under a quantifier may be absent.
    """
    runs = [""]
    depth = index = 0
    while index < len(anchor):
        piece, index = _piece(anchor, index)
        quantified = anchor[index : index + 1] in ("?", "*", "{", "+") and anchor[index : index + 1] != ""
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            return b""
        if depth == 0 and _plain(piece) and not quantified:
            runs[-1] += piece[-1]
        elif not (piece == "(" or piece == ")") or runs[-1]:
            runs.append("")
        if piece == "{":
            index = anchor.index("}", index) + 1
    return max(runs, key=len).lower().encode()


def _piece(anchor: str, index: int) -> tuple[str, int]:
    """The next unit of the expression (escape, class, single character) and where the one after it begins."""
    if anchor[index] == "\\":
        size = 4 if anchor[index + 1] == "x" else 2
        return anchor[index : index + size], index + size
    if anchor[index] == "[" and (match := _CLASS.match(anchor, index)):
        return match.group(), match.end()
    return anchor[index], index + 1


def _plain(piece: str) -> bool:
    if len(piece) == 2:
        return not piece[1].isalnum()
    return len(piece) == 1 and piece not in "^$.|?*+(){}["
