"""Structure that single vendors put into their tokens."""

import json
import re

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.scan.checks.common import told
from dce_guard.scan.encodings import unbase64

# Signatures of Microsoft's identifiable keys (microsoft/security-utilities, precisely classified keys).
_AZURE = {
    b"+ASt": "storage",
    b"ACDb": "cosmos-db",
    b"+ABa": "batch",
    b"APIM": "api-management",
    b"+AMC": "machine-learning",
    b"+ASb": "service-bus",
    b"+AEh": "event-hubs",
    b"+ARm": "relay",
    b"AIoT": "iot",
    b"AzCa": "redis",
    b"AZEG": "event-grid",
    b"AzSe": "search",
    b"+ACR": "container-registry",
    b"AzFu": "functions",
}
_OPENAI_HALVES = (20, 58, 74)


def stripe(match: Match) -> Verdict:
    """Test-mode keys move no money."""
    kind, _, rest = match.secret.reveal().partition(b"_")
    mode = "test" if rest.startswith((b"test_", b"org_test_")) else "live"
    names = {b"sk": "secret", b"rk": "restricted", b"pk": "publishable"}
    facts = told(
        match, {"mode": mode, "kind": "organization" if rest.startswith(b"org_") else names.get(kind)}
    )
    if mode == "test":
        return Verdict(sensitivity=Sensitivity.LOW, facts=facts, reason="it is a test-mode key")
    return Verdict(facts=facts)


def sentry_org(match: Match) -> Verdict:
    """An organisation token begins with readable JSON (docs.sentry.io, token formats)."""
    data = unbase64(match.secret.reveal().removeprefix(b"sntrys_").rpartition(b"_")[0])
    try:
        value = json.loads(data or b"")
    except ValueError:
        return Verdict(drop="not a Sentry token: its first part does not decode")
    if not isinstance(value, dict):
        return Verdict(drop="not a Sentry token: its first part is no object")
    texts = {name: value.get(key) for name, key in (("organization", "org"), ("region", "region_url"))}
    facts = told(match, {name: text for name, text in texts.items() if isinstance(text, str)})
    return Verdict(confidence=Confidence.HIGH, facts=facts, reason="its first part decodes")


def grafana_cloud(match: Match) -> Verdict:
    """`glc_` is followed by base64 of JSON with organisation, name, key and metadata."""
    data = unbase64(match.secret.reveal().removeprefix(b"glc_"))
    try:
        value = json.loads(data or b"")
    except ValueError:
        return Verdict(drop="not a Grafana Cloud token: it does not decode")
    if not isinstance(value, dict) or not {"o", "k"} <= set(value):
        return Verdict(drop="not a Grafana Cloud token: it names no organisation and key")
    facts = told(match, {"organization": str(value["o"])})
    return Verdict(confidence=Confidence.HIGH, facts=facts, reason="it decodes")


def anthropic(match: Match) -> Verdict:
    """93 characters and `AA`, as all keys seen end."""
    body = match.secret.reveal().split(b"-", 3)[-1]
    if body.endswith(b"AA") and len(body) == 95:
        return Verdict(confidence=Confidence.HIGH, reason="it has the length and the ending of its kind")
    return Verdict(confidence=Confidence.LOW, reason="it has not the length and ending of its kind")


def openai(match: Match) -> Verdict:
    """`T3BlbkFJ` is base64 of "OpenAI"; it stands in the middle of halves of known length."""
    before, _, after = match.secret.reveal().partition(b"T3BlbkFJ")
    body = re.sub(rb"^sk-(?:proj-|svcacct-|admin-|service-|None-)?", b"", before)
    if len(body) == len(after) and len(after) in _OPENAI_HALVES:
        return Verdict(confidence=Confidence.HIGH, reason="its marker stands where OpenAI puts it")
    return Verdict(confidence=Confidence.MEDIUM, reason="its marker is right, its length is unusual")


def azure(match: Match) -> Verdict:
    """The signature names the service."""
    value = match.secret.reveal()
    found = next((name for mark, name in _AZURE.items() if mark in value[28:]), None)
    return Verdict(
        confidence=Confidence.HIGH, facts=told(match, {"service": found}), reason="it carries its signature"
    )


def azure_sas(match: Match) -> Verdict:
    """A shared access signature says in clear what it permits and until when."""
    line, _ = match.line(1000)
    fields = dict(re.findall(rb"[?&;](s[pevr])=([^&\s\"'<>\\]{1,40})", line))
    if not fields.get(b"sv") and not fields.get(b"se"):
        return Verdict(drop="no shared access signature: it has neither version nor expiry")
    texts = {
        name: fields.get(key, b"").decode("latin-1")
        for name, key in (("permissions", b"sp"), ("expires", b"se"))
    }
    return Verdict(facts=told(match, texts), reason="a signed query that opens a resource by itself")


def slack(match: Match) -> Verdict:
    """The prefix tells the kind."""
    kinds = {
        b"xoxb": "bot",
        b"xoxp": "user",
        b"xapp": "app",
        b"xoxc": "session",
        b"xoxd": "cookie",
        b"xwfp": "workflow",
    }
    prefix = match.secret.reveal().removeprefix(b"xoxe.")[:4]
    return Verdict(facts=told(match, {"kind": kinds.get(prefix)}))


def discord(match: Match) -> Verdict:
    """The first part is the bot's number in base64."""
    number = unbase64(match.secret.reveal().partition(b".")[0]) or b""
    if not number.isdigit() or not 17 <= len(number) <= 20:
        return Verdict(drop="not a Discord token: its first part is no bot's number")
    return Verdict(
        confidence=Confidence.HIGH, facts=told(match, {"bot": number.decode()}), reason="it names its bot"
    )
