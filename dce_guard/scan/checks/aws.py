"""What AWS keys tell of themselves."""

import base64
import binascii

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence
from dce_guard.scan.checks.common import told

_KINDS = {b"AKIA": "long-lived", b"ASIA": "temporary", b"ABIA": "bearer", b"ACCA": "context-specific"}
_ACCOUNT = 0x7FFFFFFFFF80  # bits 7 to 46 of the first six bytes


def account(key: bytes) -> str:
    """The twelve-digit account number in an access key id, "" for ids of before 2019, which hold none.

    Bits of the base32 text behind the prefix (awsteele.com, 2020-09-26).
    """
    try:
        number = int.from_bytes(base64.b32decode(key[4:])[:6])
    except binascii.Error:
        return ""
    return f"{(number & _ACCOUNT) >> 7:012d}" if number >> 47 else ""


def access_key_id(match: Match) -> Verdict:
    """Facts: the account the key belongs to, and the kind of key."""
    key = match.secret.reveal()
    number = account(key)
    facts = told(match, {"account": number, "kind": _KINDS.get(key[:4], "legacy")})
    if not number:
        return Verdict(facts=facts)
    return Verdict(facts=facts, reason=f"it names the AWS account {number}")


def secret_key(match: Match) -> Verdict:
    """Forty characters that are hex are a commit id or a digest, and a secret key mixes cases."""
    value = match.secret.reveal()
    if all(byte in b"0123456789abcdefABCDEF" for byte in value):
        return Verdict(drop="hexadecimal: a digest, not a secret access key")
    if value.lower() == value or value.upper() == value:
        return Verdict(drop="a secret access key holds letters of both cases")
    if value.count(b"/") > 6:  # 1 in 64 characters is one: seven of forty is under 1 in 10**6
        return Verdict(confidence=Confidence.LOW, reason="it looks like a path")
    if not any(byte in b"0123456789" for byte in value):  # 1 in 900 secret keys has none
        return Verdict(confidence=Confidence.LOW, reason="it holds no digit")
    return Verdict()
