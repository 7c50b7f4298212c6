"""Tokens that end in a CRC32 of themselves."""

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence
from dce_guard.scan import encodings
from dce_guard.scan.checks.common import checksum, told, weak_checksum

_ROUTES = {"c": "cell", "g": "group", "o": "organization", "p": "project", "u": "user"}


def github(match: Match) -> Verdict:
    """The last six characters are the body's CRC32 in base62 (github.blog, 2021-04-05)."""
    value = match.secret.reveal()
    return checksum(encodings.crc32_base62(value[4:-6]) == value[-6:], "a GitHub token")


def npm(match: Match) -> Verdict:
    """As GitHub's (github.blog, "Announcing npm's new access token format")."""
    value = match.secret.reveal()
    return checksum(encodings.crc32_base62(value[4:-6]) == value[-6:], "an npm token")


def vercel(match: Match) -> Verdict:
    """As GitHub's; seen on tokens, not documented, so that a wrong one says nothing."""
    value = match.secret.reveal()
    if encodings.crc32_base62(value[4:-6]) != value[-6:]:
        return Verdict()
    return Verdict(confidence=Confidence.HIGH, reason="its checksum is right")


def cloudflare(match: Match) -> Verdict:
    """The last eight hex digits are the CRC32 of what stands between them and the prefix."""
    body = match.secret.reveal().partition(b"_")[2]
    return weak_checksum(encodings.crc32_hex(body[:-8]) == body[-8:].lower())


def atlassian(match: Match) -> Verdict:
    """The last eight hex digits are the CRC32 of all before them, the equals sign included."""
    value = match.secret.reveal()
    for escaped in (b"\\u003d", b"\\u003D", b"%3d", b"%3D", b"\\="):
        value = value.replace(escaped, b"=")
    return weak_checksum(encodings.crc32_hex(value[:-8]) == value[-8:].lower())


def grafana(match: Match) -> Verdict:
    """Eight hex digits behind the last underscore: CRC32 of all before it, little end first (satokengen)."""
    body, _, tail = match.secret.reveal().rpartition(b"_")
    return checksum(encodings.crc32_hex(body, little=True) == tail.lower(), "a Grafana token")


def gitlab_routable(match: Match) -> Verdict:
    """CRC32 in base36 over all before it; the payload names the cell, organisation and user in clear."""
    value = match.secret.reveal()
    if encodings.crc32_base36(value[:-7]) != value[-7:]:
        return Verdict(drop="not a GitLab token: its checksum is wrong")
    facts = told(match, routes(match.groups.get("payload", b"")))
    return Verdict(confidence=Confidence.HIGH, facts=facts, reason="its checksum is right")


def routes(payload: bytes) -> dict[str, int | None]:
    """The routing numbers in a payload: lines `key:base36`, before a last byte that holds their length."""
    data = encodings.unbase64(payload)
    if not data:
        return {}
    lines = data[:-1][-data[-1] :].split(b"\n") if data[-1] < len(data) else []
    pairs = [line.decode("latin-1").partition(":") for line in lines]
    return {_ROUTES[key]: _base36(number) for key, _, number in pairs if key in _ROUTES}


def _base36(text: str) -> int | None:
    return int(text, 36) if text.isascii() and text.isalnum() and len(text) < 14 else None


def age(match: Match) -> Verdict:
    """Bech32 (BIP 173), as age-encryption.org/v1 writes its identities."""
    return checksum(encodings.bech32_valid(match.secret.reveal()), "an age identity")
