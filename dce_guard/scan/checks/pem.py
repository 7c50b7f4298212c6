"""Private keys: what kind, how large, encrypted or not, and the fingerprint of their public half."""

import base64
import hashlib
import re
import struct
from dataclasses import replace
from typing import NamedTuple

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence
from dce_guard.scan.checks import der
from dce_guard.scan.checks.common import around, told
from dce_guard.scan.encodings import unbase64

# Expressions are left to re's cache: compiled here they would cost every hook that finds nothing 5 ms.
_BLOCK = rb"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----([^-]*(?:-(?!----)[^-]*)*)(-----END)?"
_HEADERS = rb"(?i)(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset)(?::|%3A)[^\r\n\\]*"
_ESCAPE = rb"\\+[nrt]"
# A line of base64, or a whole body on one line with spaces for its newlines.
_LINE = rb"[0-9A-Za-z+/]+={0,2}|(?:[0-9A-Za-z+/]{48,76} )+[0-9A-Za-z+/]+={0,2}"
_OIDS = {
    "2a864886f70d010101": "RSA",
    "2a8648ce3d0201": "EC",
    "2a8648ce380401": "DSA",
    "2b6570": "Ed25519",
    "2b6571": "Ed448",
    "2b656e": "X25519",
    "2a864886f70d010301": "DH",
}
_CONVINCING = 200  # bytes of a block that need not parse: cut short, or of a kind not read here
_SMALLEST = 60  # base64 characters: an Ed25519 key in PKCS#8 has 64


class Key(NamedTuple):
    """What was read of a key. `whole` says that its structure parsed to the end."""

    type: str = ""
    bits: int = 0
    encrypted: bool = False
    fingerprint: str = ""
    whole: bool = False


def fingerprint(blob: bytes) -> str:
    """As `ssh-keygen -l` prints it: SHA-256 of the public key blob in base64 without padding."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _rsa(elements: list[der.Node]) -> Key:
    if len(elements) < 9 or any(tag != 2 for tag, _ in elements[:9]):
        return Key("RSA")
    modulus, exponent = elements[1][1], elements[2][1]
    public = _string(b"ssh-rsa") + _string(exponent) + _string(modulus)
    return Key("RSA", int.from_bytes(modulus).bit_length(), fingerprint=fingerprint(public), whole=True)


def _pkcs8(elements: list[der.Node]) -> Key:
    algorithm = der.node(elements[1][1])
    kind = _OIDS.get(algorithm[1].hex(), "") if algorithm and algorithm[0] == 6 else ""
    inner = der.sequence(elements[2][1]) if kind == "RSA" and len(elements) > 2 else None
    return _rsa(inner) if inner else Key(kind, whole=bool(kind) and len(elements) > 2)


def _openssh(data: bytes) -> Key:
    """PROTOCOL.key: magic, cipher, kdf, options, count, and the public blob, in clear even when encrypted."""
    fields, at = [], 15
    for index in range(5):
        at += 4 if index == 3 else 0  # the number of keys, one
        size = int.from_bytes(data[at : at + 4])
        fields.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if at > len(data) or not fields[3]:
        return Key("OpenSSH")
    name = fields[3][4 : 4 + int.from_bytes(fields[3][:4])].decode("latin-1")
    return Key(name, encrypted=fields[0] != b"none", fingerprint=fingerprint(fields[3]), whole=True)


def read(label: str, data: bytes) -> Key:
    """The outline of a key from its PEM label and bytes."""
    if label.startswith("PGP"):
        return Key("PGP", whole=data[:1] > b"\x80")
    if data.startswith(b"openssh-key-v1\0"):
        return _openssh(data)
    elements = der.sequence(data)
    if label.startswith("ENCRYPTED"):
        return Key(encrypted=True, whole=bool(elements))
    if not elements or len(elements) < 2:
        return Key(label.split()[0] if not label.startswith("PRIVATE") else "")
    if label.startswith("EC"):
        return Key("EC", len(elements[1][1]) * 8, whole=elements[1][0] == 4)
    if label.startswith("DSA"):
        return Key("DSA", whole=len(elements) == 6)
    return _pkcs8(elements) if elements[1][0] == 0x30 else _rsa(elements)


def body(text: bytes) -> bytes:
    """The base64 of a PEM body, out of whatever quotes, escapes, comment or diff marks its lines stand in."""
    plain = re.sub(_HEADERS, b"", re.sub(_ESCAPE, b"\n", text))
    lines = [line.strip(b" \t\r\"'`,;#*>|\\") for line in plain.split(b"\n")]
    lines = [line.removesuffix(b'" +').removesuffix(b"' +") for line in lines]
    if all(line[:1] in (b"+", b"-", b"") for line in lines):  # a patch
        lines = [line[1:] for line in lines]
    return b"".join(line.replace(b" ", b"") for line in lines if line != b"+" and re.fullmatch(_LINE, line))


def judge(text: bytes) -> tuple[Key, str] | None:
    """The key in a PEM block and its label, or None when there is no key material in it."""
    block = re.search(_BLOCK, text)
    if block is None:
        return None
    label, encoded = block[1].decode(), body(block[2])
    if len(encoded) < _SMALLEST:
        return None
    padded = encoded.partition(b"=")[0]
    data = unbase64(padded[: len(padded) // 4 * 4] if len(padded) % 4 == 1 else padded) or b""
    key = read(label, data)
    if b"ENCRYPTED" in block[2]:
        key = Key(key.type or label.split()[0], encrypted=True, whole=len(data) > 64)
    return (key if block[3] else Key(key.type, key.bits, key.encrypted, key.fingerprint)), label


def private_key(match: Match) -> Verdict:
    """Facts: type, bits, encrypted, public fingerprint. No material: no finding; encrypted or cut: low."""
    return _verdict(match, judge(match.secret.reveal()))


def _verdict(match: Match, judged: tuple[Key, str] | None) -> Verdict:
    if judged is None:
        return Verdict(drop="a header without a key behind it")
    key, label = judged
    facts = told(
        match,
        {
            "type": key.type or label.removesuffix(" PRIVATE KEY"),
            "bits": key.bits or None,
            "encrypted": key.encrypted,
            "fingerprint": key.fingerprint,
        },
    )
    if key.encrypted:
        return Verdict(confidence=Confidence.LOW, facts=facts, reason="it is encrypted with a passphrase")
    if not key.whole:
        reason = "it does not parse as a whole key"
        long = len(match.secret) >= _CONVINCING
        return Verdict(confidence=Confidence.MEDIUM if long else Confidence.LOW, facts=facts, reason=reason)
    return Verdict(
        confidence=Confidence.HIGH, facts=facts, reason="it parses as a private key that is not encrypted"
    )


def encoded(match: Match) -> Verdict:
    """The same for a whole PEM block in base64, as Kubernetes and CI variables hold it."""
    value = match.secret.reveal().partition(b"=")[0]
    data = unbase64(value[: len(value) // 4 * 4] if len(value) % 4 == 1 else value)
    return _verdict(match, judge(data) if data else None)


def putty(match: Match) -> Verdict:
    """PuTTY's files carry the public blob in clear; their Encryption line tells of a passphrase."""
    value = match.secret.reveal()
    lines = value.replace(b"\r", b"").split(b"\n")
    fields = dict(line.partition(b": ")[::2] for line in lines if b": " in line)
    count = fields.get(b"Public-Lines", b"")
    begin = next((at for at, line in enumerate(lines) if line.startswith(b"Public-Lines")), 0) + 1
    blob = (
        unbase64(b"".join(lines[begin : begin + int(count)])) if count.isdigit() and len(count) < 4 else None
    )
    key = Key(
        lines[0].partition(b": ")[2].decode("latin-1"),
        encrypted=fields.get(b"Encryption", b"none") != b"none",
    )
    mark = fingerprint(blob) if blob else ""
    return _verdict(match, (Key(key.type, 0, key.encrypted, mark, bool(blob)), "PuTTY PRIVATE KEY"))


def service_account(match: Match) -> Verdict:
    """A Google service account's JSON: names the project and the account."""
    text = around(match, 3000)
    if not re.search(rb'"type\\?"\s{0,4}:\s{0,4}\\?"service_account', text):
        return Verdict(drop="no service account's key: the rule private-key judges it")
    project = re.search(rb'"project_id\\?"\s{0,4}:\s{0,4}\\?"([a-z0-9:.-]{4,60})\\?"', text)
    verdict = private_key(match)
    more = told(match, {"project": project[1].decode() if project else None})
    return replace(verdict, facts={**verdict.facts, **more})


def jwk(match: Match) -> Verdict:
    """A private JSON Web Key (RFC 7517): `d` counts only beside a `kty` in the same object."""
    begin, end = (
        bytes(match.text[max(0, match.start - 4000) : match.start]),
        bytes(match.text[match.end :][:4000]),
    )
    text = begin[begin.rfind(b"{") + 1 :] + end[: end.find(b"}") if b"}" in end else len(end)]
    kind = re.search(rb'\\?"kty\\?"\s{0,4}:\s{0,4}\\?"(RSA|EC|OKP)\\?"', text)
    if kind is None:
        return Verdict(drop="not in a JSON Web Key")
    reason = "the private member of a JSON Web Key"
    return Verdict(confidence=Confidence.HIGH, facts=told(match, {"type": kind[1].decode()}), reason=reason)
