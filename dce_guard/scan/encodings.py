"""Small encodings that tokens are built from: base62, base36, base64 without padding, bech32."""

import base64
import binascii
import zlib

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = b"0123456789abcdefghijklmnopqrstuvwxyz"
BECH32 = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)  # BIP 173


def digits(number: int, alphabet: bytes, width: int) -> bytes:
    """`number` written in the alphabet's base, most significant digit first, padded to `width`."""
    out = bytearray()
    while number:
        number, rest = divmod(number, len(alphabet))
        out.append(alphabet[rest])
    return bytes(reversed(out)).rjust(width, alphabet[:1])


def crc32_base62(text: bytes) -> bytes:
    """CRC32 of `text` as six base62 digits, digits before upper before lower case.

    GitHub's and npm's token checksum (github.blog, "Behind GitHub's new authentication token formats", 2021).
    """
    return digits(zlib.crc32(text), BASE62, 6)


def crc32_base36(text: bytes) -> bytes:
    """CRC32 of `text` as seven base36 digits: GitLab's routable tokens (lib/authn/token_field/generator)."""
    return digits(zlib.crc32(text), BASE36, 7)


def crc32_hex(text: bytes, little: bool = False) -> bytes:
    """CRC32 of `text` as eight lower-case hex digits; least significant byte first where `little`."""
    return zlib.crc32(text).to_bytes(4, "little" if little else "big").hex().encode()


def unbase64(text: bytes) -> bytes | None:
    """What base64 text of either alphabet, padded or not, decodes to; None when it is no base64."""
    plain = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    if len(plain) % 4 == 1:
        return None
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def base64url(data: bytes) -> bytes:
    """URL-safe base64 without padding (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _polymod(values: list[int]) -> int:
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for index, constant in enumerate(_BECH32_GENERATOR):
            state ^= constant if top >> index & 1 else 0
    return state


def _bech32_prefix(human: bytes) -> list[int]:
    return [byte >> 5 for byte in human] + [0] + [byte & 31 for byte in human]


def bech32_valid(text: bytes) -> bool:
    """Whether `text`, all of one case, ends in its bech32 checksum (BIP 173, without its limit on length)."""
    if text not in (text.upper(), text.lower()):
        return False
    human, _, data = text.lower().rpartition(b"1")
    values = [BECH32.find(byte) for byte in data]
    return (
        bool(human)
        and len(values) >= 6
        and min(values) >= 0
        and _polymod(_bech32_prefix(human) + values) == 1
    )


def bech32(human: bytes, values: list[int]) -> bytes:
    """Bech32 text, lower case, of five-bit `values` behind the human-readable part (BIP 173)."""
    check = _polymod(_bech32_prefix(human) + values + [0] * 6) ^ 1
    tail = [check >> 5 * (5 - index) & 31 for index in range(6)]
    return human + b"1" + bytes(BECH32[value] for value in values + tail)
