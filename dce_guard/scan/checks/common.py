"""What the checks share: telling facts without telling the value."""

from collections.abc import Mapping

from dce_guard.model.finding import Fact
from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence

_RUN = 6  # characters of a value that a report may not repeat


def told(match: Match, facts: Mapping[str, Fact | None]) -> dict[str, Fact]:
    """Those of `facts` that are set, short, printable and share no run of six characters with the secret."""
    secret = match.secret.reveal()
    return {name: value for name, value in facts.items() if value not in (None, "") and _safe(value, secret)}


def _safe(value: Fact | None, secret: bytes) -> bool:
    if not isinstance(value, str):
        return True
    raw = value.encode()
    if len(raw) > 120 or not value.isprintable() or raw == secret:
        return False
    return not any(raw[at : at + _RUN] in secret for at in range(len(raw) - _RUN + 1))


def checksum(right: bool, of: str) -> Verdict:
    """The verdict on a checksum whose algorithm its issuer publishes: wrong means not this token."""
    if right:
        return Verdict(confidence=Confidence.HIGH, reason="its checksum is right")
    return Verdict(drop=f"not {of}: its checksum is wrong", known=True)


def weak_checksum(right: bool) -> Verdict:
    """The same where the algorithm was only observed: a wrong one lowers confidence and no more."""
    if right:
        return Verdict(confidence=Confidence.HIGH, reason="its checksum is right")
    return Verdict(confidence=Confidence.LOW, reason="its checksum is not the one seen on such tokens")


def around(match: Match, reach: int) -> bytes:
    """The text within `reach` bytes of the secret, itself included."""
    return bytes(match.text[max(0, match.start - reach) : match.end + reach])
