"""JSON Web Tokens: what header and claims say, read without believing them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dce_guard.model.finding import Fact
from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.scan.checks.common import told
from dce_guard.scan.encodings import unbase64

# Bytes of a signature by algorithm (RFC 7518 section 3, RFC 8037); RSA keys of 2048, 3072 and 4096 bits.
_SIZES = {
    "HS": (32, 48, 64),
    "RS": (128, 256, 384, 512),
    "PS": (128, 256, 384, 512),
    "ES": (64, 96, 132),
    "Ed": (64,),
}
_SMALLEST_SIGNATURE = 16  # bytes; a shorter one could be guessed
_SUPABASE = ("supabase", "supabase-demo")


def parts(token: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes] | None:
    """Header, claims and signature of a compact JWS, or None when it is none (RFC 7515, RFC 7519)."""
    pieces = token.split(b".")
    if len(pieces) != 3:
        return None
    header, claims = (_object(piece) for piece in pieces[:2])
    signature = unbase64(pieces[2])
    if header is None or claims is None or signature is None or not isinstance(header.get("alg"), str):
        return None
    return header, claims, signature


def _object(piece: bytes) -> dict[str, Any] | None:
    data = unbase64(piece)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def facts(header: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Fact | None]:
    """Algorithm, issuer, role and expiry; not the subject, which is a person's."""
    issuer, role = claims.get("iss"), claims.get("role")
    return {
        "alg": str(header["alg"]),
        "issuer": issuer if isinstance(issuer, str) and "@" not in issuer else None,
        "role": role if isinstance(role, str) and "@" not in role else None,
        "expires": _date(claims.get("exp")),
    }


def _date(seconds: object) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def token(match: Match) -> Verdict:
    """Drops what does not decode and Supabase's keys, which have a rule of their own."""
    read = parts(match.secret.reveal())
    if read is None:
        return Verdict(drop="not a JSON Web Token: its header or claims do not decode")
    header, claims, signature = read
    if claims.get("iss") in _SUPABASE:
        return Verdict(drop="a Supabase key: the rule supabase-service-role-key judges it")
    found = told(match, facts(header, claims))
    if _fits(str(header["alg"]), len(signature)):
        return Verdict(
            confidence=Confidence.HIGH, facts=found, reason="header, claims and signature are well-formed"
        )
    if str(header["alg"])[:2] not in _SIZES and len(signature) >= _SMALLEST_SIGNATURE:
        return Verdict(
            confidence=Confidence.MEDIUM, facts=found, reason="it decodes; its algorithm is unknown"
        )
    return Verdict(
        confidence=Confidence.LOW, facts=found, reason="its signature has not its algorithm's length"
    )


def _fits(algorithm: str, size: int) -> bool:
    return size in _SIZES.get(algorithm[:2], ())


def supabase(match: Match) -> Verdict:
    """The role decides: `anon` is public by design, `service_role` passes every row-level policy."""
    read = parts(match.secret.reveal())
    if read is None or read[1].get("iss") not in _SUPABASE:
        return Verdict(drop="not a Supabase key")
    claims, role = read[1], read[1].get("role")
    if role != "service_role":
        return Verdict(drop="a Supabase key of a public or user role", known=True)
    reference = claims.get("ref") if isinstance(claims.get("ref"), str) else None
    found = told(match, {**facts(read[0], claims), "project": reference})
    if claims["iss"] == "supabase-demo":
        reason = "issued by supabase-demo, the local development stack"
        return Verdict(confidence=Confidence.LOW, sensitivity=Sensitivity.LOW, facts=found, reason=reason)
    reason = "its role service_role passes every row-level policy"
    return Verdict(confidence=Confidence.HIGH, sensitivity=Sensitivity.CRITICAL, facts=found, reason=reason)


def github_installation(match: Match) -> Verdict:
    """`ghs_<app id>_<JWT>`, the stateless form of 2026; its claims say when it ends."""
    app, _, rest = match.secret.reveal().removeprefix(b"ghs_").partition(b"_")
    read = parts(rest)
    if read is None:
        return Verdict(confidence=Confidence.MEDIUM, reason="its inner token does not decode")
    found = told(match, {**facts(read[0], read[1]), "app": app.decode() if len(app) < 6 else None})
    return Verdict(confidence=Confidence.HIGH, facts=found, reason="the token inside it is well-formed")
