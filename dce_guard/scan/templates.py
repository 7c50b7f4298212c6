"""Examples as templates, so that the repository holds no text of a secret's shape.

A template is literal text with fields in braces: `{base62:30}` is thirty random characters of an alphabet,
`{hex:8-12}` eight to twelve, `{word}` a word, `{a|b|c}` an alternative, `{crc32_base62}` the checksum
of the field before it (or of everything since `{start}`), `{jwt:role=anon}` what a named builder makes.
`{{` and `}}` are braces.
"""

import random
import re
import string
from collections.abc import Callable

from dce_guard.scan import encodings
from dce_guard.scan.builders import BUILDERS

_HEX = "0123456789abcdef"
_ALPHABETS = {
    "base62": encodings.BASE62.decode(),
    "alnum": encodings.BASE62.decode(),
    "base36": encodings.BASE36.decode(),
    "base32": string.ascii_uppercase + "234567",
    "base32lower": string.ascii_lowercase + "234567",
    "base58": "".join(sorted(set(encodings.BASE62.decode()) - set("0OIl"))),
    "b64": encodings.BASE62.decode() + "+/",
    "b64url": encodings.BASE62.decode() + "-_",
    "hex": _HEX,
    "HEX": _HEX.upper(),
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "letters": string.ascii_letters,
    "Alnum": string.ascii_uppercase + string.digits,
    "printable": encodings.BASE62.decode() + "!#$*+-=_^~",
}
_WORDS = ("amber", "birch", "copper", "delta", "ember", "fjord", "granite", "harbor", "indigo", "juniper")
_CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32_base62": encodings.crc32_base62,
    "crc32_base36": encodings.crc32_base36,
    "crc32_hex": encodings.crc32_hex,
    "crc32_HEX": lambda text: encodings.crc32_hex(text).upper(),
    "crc32_hex_le": lambda text: encodings.crc32_hex(text, little=True),
}
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


class TemplateError(ValueError):
    """A template that means nothing; the message names the field."""


def expand(template: str, rng: random.Random) -> bytes:
    """One text of the template's kind, the same for an equally seeded `rng`. Raises TemplateError."""
    out = bytearray()
    begin = marked = last = 0
    for field in _FIELD.finditer(template):
        out += template[last : field.start()].encode()
        last = field.end()
        if field[0] in ("{{", "}}"):
            out += field[0][:1].encode()
        elif field[1] == "start":
            begin, marked = len(out), 1
        elif field[1] in _CHECKSUMS:
            out += _CHECKSUMS[field[1]](bytes(out[begin:]))
        else:
            begin = begin if marked else len(out)
            out += _field(field[1], rng)
    return bytes(out + template[last:].encode())


def _field(field: str, rng: random.Random) -> bytes:
    name, _, argument = field.partition(":")
    if name in BUILDERS:
        return BUILDERS[name](argument, rng)
    if "|" in field:
        return rng.choice(field.split("|")).encode()
    if name == "word":
        return rng.choice(_WORDS).encode()
    if name in _ALPHABETS and argument:
        return "".join(rng.choices(_ALPHABETS[name], k=_length(argument, rng))).encode()
    raise TemplateError(f"unknown template field '{{{field}}}'")


def _length(argument: str, rng: random.Random) -> int:
    low, _, high = argument.partition("-")
    if not low.isdigit() or (high and not high.isdigit()):
        raise TemplateError(f"a length is a number or two, not '{argument}'")
    return rng.randint(int(low), int(high or low))
