"""The classes of Go's regular expressions as sets of bytes (pkg.go.dev/regexp/syntax)."""

import string


def _of(text: str) -> frozenset[int]:
    return frozenset(text.encode())


ALL = frozenset(range(256))
NEWLINE = _of("\n")
_DIGIT = _of(string.digits)
_LETTER = _of(string.ascii_letters)
_WORD = _DIGIT | _LETTER | _of("_")
_SPACE = _of("\t\n\f\r ")  # without \v, unlike Python's
_HIGH = frozenset(range(0x80, 0x100))  # bytes of characters that are not ASCII: taken for letters

PERL = {
    "d": _DIGIT,
    "D": ALL - _DIGIT,
    "w": _WORD,
    "W": ALL - _WORD,
    "s": _SPACE,
    "S": ALL - _SPACE,
}
POSIX = {
    "alnum": _DIGIT | _LETTER,
    "alpha": _LETTER,
    "ascii": frozenset(range(0x80)),
    "blank": _of("\t "),
    "cntrl": frozenset(range(0x20)) | {0x7F},
    "digit": _DIGIT,
    "graph": frozenset(range(0x21, 0x7F)),
    "lower": _of(string.ascii_lowercase),
    "print": frozenset(range(0x20, 0x7F)),
    "punct": _of(string.punctuation),
    "space": _SPACE | _of("\v"),
    "upper": _of(string.ascii_uppercase),
    "word": _WORD,
    "xdigit": _of(string.hexdigits),
}
UNICODE = {
    "N": _DIGIT,
    "Nd": _DIGIT,
    "L": _LETTER | _HIGH,
    "Lu": _of(string.ascii_uppercase) | _HIGH,
    "Ll": _of(string.ascii_lowercase) | _HIGH,
    "P": _of(string.punctuation) - _of("$+<=>^`|~"),
    "S": _of("$+<=>^`|~"),
    "Z": _of(" "),
    "Zs": _of(" "),
}
