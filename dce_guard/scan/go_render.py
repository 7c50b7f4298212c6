"""A tree of Go's expression written for `regex`, and what can be told from the tree."""

import string
from collections.abc import Iterator, Sequence

from dce_guard.scan.go_classes import ALL, NEWLINE, PERL
from dce_guard.scan.go_regex import Chars, Edge, Group, Node, Repeat

GAP = "\0"  # in a word: something stands here that could be many things
ANY = "\1"  # in a word: one character, which may well be the dot that somebody forgot to escape
_SHORT = {accepts: f"\\{sign}" for sign, accepts in PERL.items() if sign in "dDwW"}
_SPECIAL = r"\]^[-&|~"  # in a set
_NAMED = {9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r"}
_MOST_WORDS = 1024
_NEAR = 4  # characters a place may choose from and still be spelt out: xox[bpes]
_ENDLESS = 4096  # bytes that a repetition without end is taken to span
_ALPHABETS = (
    ("base62", string.digits + string.ascii_letters),
    ("base36", string.digits + string.ascii_lowercase),
    ("base32", string.ascii_uppercase + "234567"),
    ("Alnum", string.digits + string.ascii_uppercase),
    ("hex", "0123456789abcdef"),
    ("HEX", "0123456789ABCDEF"),
    ("letters", string.ascii_letters),
    ("lower", string.ascii_lowercase),
    ("upper", string.ascii_uppercase),
    ("digits", string.digits),
)
_SETS = tuple((name, frozenset(alphabet.encode())) for name, alphabet in _ALPHABETS)


def render(tree: Group, secrets: frozenset[int]) -> str:
    """The expression for `regex` over bytes; groups numbered in `secrets` are named so, others are plain.

    With no `secrets` the whole match is the secret.
    """
    body = "|".join(_sequence(branch, secrets) for branch in tree.branches)
    return body if secrets else f"(?P<secret>{body})"


def _sequence(nodes: Sequence[Node], secrets: frozenset[int]) -> str:
    """Neighbours that are alike in caring for case share one `(?i:…)`."""
    out, run = "", ""
    for node in nodes:
        kinds = _cares(node)
        text = _node(node, secrets, kinds == {True})
        if kinds == {True} or (run and not kinds):
            run += text
        else:
            out, run = out + _folded(run) + text, ""
    return out + _folded(run)


def _folded(text: str) -> str:
    return f"(?i:{text})" if text else ""


def _cares(node: Node) -> set[bool]:
    """{True} if all letters below take either case, {False} if none does, both; nothing without letters."""
    if isinstance(node, Chars):
        lower = bytes(node.accepts).lower()
        same = node.accepts == frozenset(lower + bytes(node.accepts).upper())
        return set() if same and frozenset(lower.upper()) <= node.accepts else {node.fold}
    if isinstance(node, Repeat):
        return _cares(node.node)
    if isinstance(node, Group):
        return {kind for branch in node.branches for child in branch for kind in _cares(child)}
    return set()


def _node(node: Node, secrets: frozenset[int], folded: bool) -> str:
    if isinstance(node, Edge):
        return node.text
    if isinstance(node, Chars):
        return _chars(node.accepts)
    if isinstance(node, Repeat):
        return _node(node.node, secrets, folded) + _count(node)
    inside = (
        "".join(_node(child, secrets, True) for child in branch) if folded else _sequence(branch, secrets)
        for branch in node.branches
    )
    return ("(?P<secret>" if node.number in secrets else "(?:") + "|".join(inside) + ")"


def _count(node: Repeat) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((node.low, node.high))
    exact = f"{{{node.low}}}" if node.low == node.high else f"{{{node.low},{node.high if node.high else ''}}}"
    return (known or exact) + ("?" if node.lazy else "")


def _chars(accepts: frozenset[int]) -> str:
    if not accepts:
        return "(?!)"
    if len(accepts) == 1:
        return _byte(next(iter(accepts)), r".^$*+?()[]{}|\#")
    if accepts in _SHORT:
        return _SHORT[accepts]
    if len(accepts) > 128:
        return f"[^{_ranges(ALL - accepts)}]" if accepts != ALL else r"[\x00-\xff]"
    return f"[{_ranges(accepts)}]"


def _ranges(accepts: frozenset[int]) -> str:
    out = ""
    first = last = -2
    for byte in [*sorted(accepts), 512]:
        if byte == last + 1:
            last = byte
            continue
        if first >= 0:
            dash = "-" if last > first + 1 else ""
            out += _byte(first, _SPECIAL) + dash + (_byte(last, _SPECIAL) if last > first else "")
        first = last = byte
    return out


def _byte(byte: int, special: str) -> str:
    char = chr(byte)
    if byte in _NAMED:
        return _NAMED[byte]
    if 0x20 <= byte < 0x7F:
        return "\\" + char if char in special else char
    return f"\\x{byte:02x}"


def widths(node: Node) -> tuple[int, int]:
    """Fewest and most bytes that a node matches; a repetition without end counts 4,096."""
    if isinstance(node, Edge):
        return 0, 0
    if isinstance(node, Chars):
        return 1, 1
    if isinstance(node, Repeat):
        low, high = widths(node.node)
        return low * node.low, min(2**20, high * node.high if node.high is not None else max(_ENDLESS, high))
    sums = [tuple(map(sum, zip((0, 0), *map(widths, branch), strict=False))) for branch in node.branches]
    return min(each[0] for each in sums), min(2**20, max(each[1] for each in sums))


def words(node: Node) -> set[str]:
    """Every way through a node as lower-case text, with GAP where much is possible."""
    if isinstance(node, Edge):
        return {""}
    if isinstance(node, Chars):
        if node.accepts >= ALL - NEWLINE:
            return {ANY}
        text = {chr(byte).lower() for byte in node.accepts} if len(node.accepts) <= 2 * _NEAR else {GAP}
        return text if len(text) <= _NEAR else {GAP}
    if isinstance(node, Repeat):
        return _repeated_words(node, words(node.node))
    found = {way for branch in node.branches for way in _joined(branch)}
    return found if len(found) <= _MOST_WORDS else {GAP}


def _repeated_words(node: Repeat, inner: set[str]) -> set[str]:
    found = set() if node.low > 1 else set(inner)
    if node.high != 1:  # the first copy follows what is before, the last is followed by what is behind
        found |= {f"{one}{GAP}{other}" for one in inner for other in inner} if len(inner) <= 32 else {GAP}
    return found | {""} if node.low == 0 else found


def _joined(branch: Sequence[Node]) -> set[str]:
    ways = {""}
    for child in branch:
        tails = words(child)
        if len(ways) * len(tails) > _MOST_WORDS:
            tails = {GAP}
        ways = {head + tail for head in ways for tail in tails}
    return ways


def captures(
    node: Node, trail: tuple[tuple[int, int], ...] = ()
) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """(number, trail) of the capturing groups in order; the trail names alternatives on the way down."""
    if isinstance(node, Repeat):
        yield from captures(node.node, trail)
    elif isinstance(node, Group):
        if node.number:
            yield node.number, trail
        for index, branch in enumerate(node.branches):
            for child in branch:
                yield from captures(child, (*trail, (id(node), index)))


def template(node: Node) -> str:
    """A template (`dce_guard.scan.templates`) of text that the node matches, where no edge forbids it."""
    if isinstance(node, Edge):
        return ""
    if isinstance(node, Chars):
        return _plain(node.accepts)
    if isinstance(node, Repeat):
        return _repeated(node)
    return "".join(template(child) for child in node.branches[0])


def _repeated(node: Repeat) -> str:
    times = node.low
    if node.high is None or node.high >= 8:
        times = max(node.low, min(24, node.high or 24)) if node.low else 0
    if isinstance(node.node, Chars) and times > 1:
        name = next((name for name, alphabet in _SETS if alphabet <= node.node.accepts), "")
        if name:
            return f"{{{name}:{times}}}"
    return template(node.node) * times


def _plain(accepts: frozenset[int]) -> str:
    if accepts >= ALL - NEWLINE:
        return "."
    char = next((char for char in "a0A=:\"' -_/+" if ord(char) in accepts), "") or chr(
        min(accepts, default=32)
    )
    return char * 2 if char in "{}" else char
