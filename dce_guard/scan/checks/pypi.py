"""PyPI tokens are macaroons, version 2: who may do what is readable without the key."""

import json

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence
from dce_guard.scan.checks.common import told
from dce_guard.scan.encodings import unbase64

_END, _LOCATION, _IDENTIFIER, _SIGNATURE = 0, 1, 2, 6
_SCOPES = {
    0: "expiry",
    1: "projects",
    2: "projects",
    3: "user",
    4: "publisher",
}  # warehouse/macaroons/caveats


def fields(data: bytes) -> list[tuple[int, bytes]] | None:
    """Kind and contents of each field of a version 2 macaroon; None when it is none or is cut."""
    if data[:1] != b"\x02":
        return None
    out: list[tuple[int, bytes]] = []
    at = 1
    while at < len(data):
        kind, at = data[at], at + 1
        size = 0
        if kind != _END:
            size, at = _varint(data, at)
        if kind > _SIGNATURE or at + size > len(data):
            return None
        out.append((kind, data[at : at + size]))
        at += size
    return out


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number of at most three bytes, and where it ends."""
    value = 0
    for shift in (0, 7, 14):
        if at >= len(data):
            return 1 << 30, at
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    return 1 << 30, at


def token(match: Match) -> Verdict:
    """Facts: the index and what the caveats limit the token to."""
    data = unbase64(match.secret.reveal().removeprefix(b"pypi-"))
    found = fields(data) if data else None
    if not found or found[0][0] != _LOCATION:
        return Verdict(drop="not a PyPI token: it is no macaroon")
    if found[-1][0] != _SIGNATURE or len(found[-1][1]) != 32:
        return Verdict(confidence=Confidence.LOW, reason="its signature is cut off")
    caveats = [content for kind, content in found[2:-1] if kind == _IDENTIFIER]
    facts = told(
        match, {"index": found[0][1].decode("latin-1"), "scope": ", ".join(_scopes(caveats)) or "user"}
    )
    return Verdict(confidence=Confidence.HIGH, facts=facts, reason="it parses as a macaroon")


def _scopes(caveats: list[bytes]) -> list[str]:
    names = set()
    for caveat in caveats:
        try:
            value = json.loads(caveat)
        except ValueError:
            continue
        if isinstance(value, list) and value and isinstance(value[0], int):
            names.add(_SCOPES.get(value[0], "other"))
        elif isinstance(value, dict):
            names.add("projects" if isinstance(value.get("permissions"), dict) else "user")
    return sorted(names)
