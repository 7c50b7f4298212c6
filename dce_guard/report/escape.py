"""Text from a repository made safe to show: nothing in it can move the cursor, hide or reorder anything."""

# Printable by Unicode's categories, yet drawn as nothing (Default_Ignorable_Code_Point in
# DerivedCoreProperties.txt, and the Braille blank): with them two different names or lines look the same.
_BLANK = frozenset(
    map(
        chr,
        (
            0x034F,  # combining grapheme joiner
            0x115F,
            0x1160,  # Hangul fillers
            0x17B4,
            0x17B5,  # Khmer inherent vowels
            0x2800,  # Braille blank
            0x3164,
            0xFFA0,  # Hangul fillers
            *range(0x180B, 0x1810),  # Mongolian variation selectors
            *range(0xFE00, 0xFE10),  # variation selectors
            *range(0xE0100, 0xE01F0),
        ),
    )
)
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    """`text` with all that does not print as itself written out: `\\x1b`, `\\u202e`, `\\U000e0041`, `\\n`.

    That is controls (ANSI and OSC sequences begin with one), bidirectional and zero-width characters, line
    and paragraph separators, spaces other than U+0020, private and unassigned code points, and lone
    surrogates; one that `surrogateescape` made of a byte is written as that byte. A backslash stays one: this
    is for reading, not for parsing.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() and char not in _BLANK else _written(char) for char in text)


def _written(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def path_bytes(path: str) -> bytes:
    """The bytes of a file name: UTF-8, with what `surrogateescape` hid in it brought back."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a UTF-16 pair, as Windows names may hold
        return path.encode("utf-8", "surrogatepass")
