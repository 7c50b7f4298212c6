"""Text inside text: what is encoded in an item is decoded and scanned again.

The anchors below fire only where decoding gives printable ASCII: each character class is what the bits of
0x20-0x7e (and tab, newline, return) allow at its place, so ordinary base64 of binary data, hashes and
identifiers stay quiet (300 MB of released source: 191 base64 and 610 hex hits).
"""

import base64
import binascii
import html
import re
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from dce_guard.scan.prefilter import Buffer

MAX_DEPTH = 4
MAX_RUN = 8 << 20  # bytes of encoded text looked at in one run: no less than a reader's buffer
MAX_INFLATED = 8 << 20  # bytes a compressed run may grow to: a bomb is cut there

# Base64 of printable ASCII, by the bits of three bytes 0xxxxxxx: rows of the alphabet each character can be.
_QUARTET = "[CDI-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
# The same of UTF-16LE (what `powershell -EncodedCommand` takes): x 00 y and 00 z 00.
_WIDE = "[CDI-Za-f][AQgw][AB][A-Za-z0-9+/]A[AC-H][AEIMQUYcgkosw048]A"


@dataclass(frozen=True, slots=True)
class Decoder:
    """A name for reports, the anchor that finds a run, its greatest length, what runs consist of, how to decode."""

    name: str
    anchor: str
    length: int  # bytes of a match of the anchor, without the boundary character before the run
    run: re.Pattern[bytes]
    decode: Callable[[bytes], bytes]


_URLSAFE = bytes.maketrans(b"-_", b"+/")
_BREAKS = re.compile(rb"(?:\\[nr]|\s)+")
# Columns that encoders wrap at (RFC 7468, RFC 2045, uuencode's 45 bytes, PEM writers of old).
_WRAPS = frozenset((60, 64, 72, 76))
_INFLATED_AT_ONCE = 16 << 10


def _unbase64(text: bytes) -> bytes:
    text = text.translate(_URLSAFE).rstrip(b"=")
    text = text[: len(text) - (len(text) % 4 == 1)]
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _joined(run: bytes) -> bytes:
    """The run as one wrapped text."""
    return _unbase64(_BREAKS.sub(b"", run))


def _base64(run: bytes) -> bytes:
    """The run as one text; also line by line where it may be several values that stand below each other."""
    lines = _BREAKS.split(run)
    if len(lines) == 1:
        return _unbase64(run)
    head, tail = b"".join(lines[:-1]), lines[-1]
    sizes = set(map(len, lines[:-1]))
    if len(sizes) > 1 or len(tail) > len(lines[0]) or not sizes <= _WRAPS:
        return b"\n".join((_joined(run), *map(_unbase64, lines)))
    if _unbase64(head).isascii() and not _unbase64(tail).isascii():
        return _unbase64(head)  # the last line is the next line's first word
    return _joined(run)


def _gzip_base64(run: bytes) -> bytes:
    """What inflates, to MAX_INFLATED at most; what stands before the damage in a damaged stream."""
    data, engine, out = _joined(run), zlib.decompressobj(wbits=47), bytearray()
    for at in range(0, len(data), _INFLATED_AT_ONCE):
        try:
            out += engine.decompress(data[at : at + _INFLATED_AT_ONCE], MAX_INFLATED - len(out))
        except zlib.error:
            break
        if len(out) >= MAX_INFLATED:
            break
    return bytes(out)


def _hex(run: bytes) -> bytes:
    return binascii.unhexlify(run[: len(run) & ~1])


def _percent(run: bytes) -> bytes:
    return urllib.parse.unquote_to_bytes(run)


def _unicode(run: bytes) -> bytes:
    return re.sub(rb"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})", _character, run)


def _character(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1] or match[2], 16)).encode("utf-8", "replace")


def _entities(run: bytes) -> bytes:
    return html.unescape(run.decode("ascii", "replace")).encode("utf-8", "replace")


_PLAIN = rb"[\w.~/+-]"  # what stands between escapes in a partly escaped value


def _escaped(escape: bytes) -> re.Pattern[bytes]:
    return re.compile(escape + b"(?:" + escape + b"|" + _PLAIN + b")*")


# Lines of one wrapped text: at least 16 characters on each but the last, also with the two characters \n of a string.
_BREAK = rb"(?:\\r)?(?:\\n|\r?\n)[ \t]{0,16}"
_BASE64_RUN = re.compile(
    rb"[A-Za-z0-9+/_-]+(?:" + _BREAK + rb"[A-Za-z0-9+/_-]{16,})*(?:" + _BREAK + rb"[A-Za-z0-9+/_-]+)?={0,2}"
)
_B64_BEGIN = "(?:^|[^A-Za-z0-9+/_-])"
_HEX_BEGIN = "(?:^|[^0-9A-Fa-f])"

DECODERS = (
    Decoder("base64", _B64_BEGIN + "(?:" + _QUARTET + "){5}", 20, _BASE64_RUN, _base64),
    Decoder("base64", _B64_BEGIN + "(?:" + _WIDE + "){3}", 24, _BASE64_RUN, _base64),
    Decoder("gzip/base64", _B64_BEGIN + "H4sI[A-Za-z0-9+/]{20}", 24, _BASE64_RUN, _gzip_base64),
    Decoder("hex", _HEX_BEGIN + "(?:[2-7][0-9a-fA-F]|0[9aAdD]){16}", 32, re.compile(rb"[0-9a-fA-F]+"), _hex),
    Decoder("percent", _HEX_BEGIN + "(?:%[2-7][0-9A-Fa-f]){6}", 18, _escaped(rb"%[0-9A-Fa-f]{2}"), _percent),
    Decoder(
        "unicode-escape",
        _HEX_BEGIN + r"(?:\\u00[2-7][0-9A-Fa-f]){6}",
        36,
        _escaped(rb"\\u[0-9A-Fa-f]{4}"),
        _unicode,
    ),
    Decoder(
        "hex-escape",
        _HEX_BEGIN + r"(?:\\x[2-7][0-9A-Fa-f]){6}",
        24,
        _escaped(rb"\\x[0-9A-Fa-f]{2}"),
        _unicode,
    ),
    Decoder(
        "html",
        "(?:^|[^0-9;])(?:&#x?[0-9A-Fa-f]{2,3};){6}",
        42,
        _escaped(rb"&#x?[0-9A-Fa-f]{2,4};"),
        _entities,
    ),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a run decodes to (nothing, when it is malformed), and where the run stands in the text."""

    name: str
    text: bytes
    start: int
    end: int


def decode_at(decoder: Decoder, text: Buffer, low: int, high: int, end: int) -> Decoded | None:
    """The run whose anchor ended at `end` in text[low:high], decoded; None when there is none."""
    start = max(low, end - decoder.length)
    runs = decoder.run.finditer(text, start, min(high, start + MAX_RUN))
    match = next((match for match in runs if match.end() >= end or match.start() >= end), None)
    if not match or match.start() >= end:
        return None
    return Decoded(decoder.name, _decoded(decoder, bytes(match.group())), match.start(), match.end())


def _decoded(decoder: Decoder, run: bytes) -> bytes:
    try:
        return decoder.decode(run)
    except ValueError:  # binascii.Error is one
        return b""
