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
MAX_RUN = 1 << 20  # bytes of encoded text looked at in one run
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


def _base64(run: bytes) -> bytes:
    text = run.translate(_URLSAFE, b"\r\n \t\\\"'+,;" if b"\n" in run or b"\\" in run else b"")
    text = text.rstrip(b"=")
    text = text[: len(text) - (len(text) % 4 == 1)]
    return base64.b64decode(text + b"=" * (-len(text) % 4))


_URLSAFE = bytes.maketrans(b"-_", b"+/")


def _gzip_base64(run: bytes) -> bytes:
    return zlib.decompressobj(wbits=47).decompress(_base64(run), MAX_INFLATED)


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
    return re.compile(b"(?:" + escape + b"|" + _PLAIN + b")+")


# Lines of one wrapped text: at least 16 characters on each but the last, also with the two characters \n of a string.
_BASE64_RUN = re.compile(
    rb"[A-Za-z0-9+/_-]+(?:(?:\\r)?(?:\\n|\r?\n)[ \t]{0,16}[A-Za-z0-9+/_-]{16,})*"
    rb"(?:\r?\n[ \t]{0,16}[A-Za-z0-9+/_-]+)?={0,2}"
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
    """What a run decodes to, and where the run stands in the text."""

    name: str
    text: bytes
    start: int
    end: int


def decode_at(decoder: Decoder, text: Buffer, low: int, high: int, end: int) -> Decoded | None:
    """The run whose anchor ended at `end` in text[low:high], decoded; None when it is not well formed."""
    start = max(low, end - decoder.length)
    match = decoder.run.search(text, start, min(high, start + MAX_RUN))
    if not match or match.start() >= end:
        return None
    try:
        decoded = decoder.decode(bytes(match.group()))
    except (ValueError, binascii.Error, zlib.error):
        return None
    return Decoded(decoder.name, decoded, match.start(), match.end()) if decoded else None
