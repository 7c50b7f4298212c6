"""Is a value that only its name makes suspicious a secret? Placeholders, references, words and code are none."""

import base64
import binascii
import re

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence
from dce_guard.scan.file_kinds import CODE, EXEMPLARY, PEOPLE, kind_of_file
from dce_guard.scan.plausible import entropy, is_other, is_placeholder, is_reference, word_share, wordlike

# Last words of names that speak of something about a secret, not of it: `password_file`, `tokenType`.
_ABOUT = frozenset((
    "file", "path", "name", "url", "uri", "endpoint", "type", "length", "len", "size", "count", "field",
    "label", "hint", "error", "msg", "message", "regex", "pattern", "policy", "prefix", "suffix", "header",
    "param", "column", "input", "placeholder", "reset", "expiry", "expires", "expiration", "ttl", "timeout",
    "id", "ids", "hash", "hasher", "algorithm", "alg", "format", "version", "enabled", "required",
    "manager", "provider", "helper", "class", "store", "service", "factory", "handler", "validator",
    "encoder", "counter", "index", "offset", "limit", "status", "state", "date", "time", "at", "by", "on",
    "is", "has", "can", "should", "public", "fingerprint", "checksum", "digest", "sha1", "sha2", "sha256",
    "md5", "arn", "location", "directory", "dir", "folder",
))  # fmt: skip
_ABOUT_ALL = re.compile(
    r"(?:next|continuation|page|paging|change|request|lifecycle|grant|sync|resume|cursor|pagination|cache)_?-?"
    r"(?:token|key)|token_?cache|public_?-?key|encrypted|csrf|xsrf|_site_key|publickeytoken",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_UUID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
_NAMED = re.compile(r"(?:token|secret|api[_-]?key)s?$", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HEX = re.compile(r"^(?:0x)?[0-9a-fA-F]+$")
_BASE64 = re.compile(r"^[A-Za-z0-9+/_-]+={0,2}$")
_IDENTIFIER = re.compile(r"^[A-Za-z_$][\w$]*(?:[.:/-][A-Za-z_$][\w$]*)*[.:]?$")


def _drop(reason: str) -> Verdict:
    return Verdict(drop=reason)


def _text(match: Match) -> str:
    return match.secret.reveal().decode("utf-8", "replace").strip()


def _key(match: Match) -> str:
    return match.groups.get("key", b"").decode("ascii", "replace")


def _no_value(match: Match, value: str) -> str:
    """Why the value is none, whatever its name says; empty when it may be one. Cheap questions come first."""
    if _about(_key(match)):
        return "the name speaks of something about a secret"
    if PEOPLE in kind_of_file(match.item.path):
        return "text for people"
    if value.isdigit() and len(value) < 6:
        return "a number"
    if is_reference(value):
        return "a reference to a value kept elsewhere"
    if is_other(value):
        return "a path, an address, a version or the like"
    if _is_name(value):
        return "a name"
    if "comma" in match.groups and ("bare" in match.groups or not _strong(value)):
        return "one word of a list"
    if is_placeholder(value):
        return "a placeholder"
    return "no text" if _is_binary(match) else ""


def _is_binary(match: Match) -> bool:
    """Whether what stands around it is no text: control characters, or bytes that are no UTF-8 and no Latin-1 words."""
    line, at = match.line(60)
    near = line[max(0, at - 60) : at + len(match.secret) + 60]
    return bool(_CONTROL.search(near)) or sum(byte > 126 for byte in near) * 4 > len(near)


def _about(key: str) -> bool:
    words = _WORDS.findall(key)
    return bool(words and words[-1].lower() in _ABOUT) or bool(_ABOUT_ALL.search(key))


def _is_name(value: str) -> bool:
    """Whether it is made like an identifier: words, or short parts, joined by signs."""
    parts = [part for part in re.split(r"[_.\-:=]", value) if part]
    joined = (
        len(parts) > 1
        and not re.search(r"\d{3}|\d[a-z]+\d", value)
        and bool(_IDENTIFIER.match(value.rstrip("=")))
    )
    return joined and (wordlike(value) >= 0.35 or (len(parts) > 2 and max(map(len, parts)) < 7))


def _strong(value: str) -> bool:
    """Random beyond doubt: a list of words holds nothing like it."""
    return _random(value) and any(map(str.isdigit, value)) and len(value) >= 8 and entropy(value) >= 2.75


def _unquoted_code(match: Match, value: str, doubtful: bool = False) -> bool:
    """Whether an unquoted value stands where code stands: an expression, no literal."""
    if "bare" not in match.groups:
        return False
    line, at = match.line()
    tight = re.search(rb"(?:=|: )$", line[:at]) is not None
    if CODE not in kind_of_file(match.item.path) or (
        tight and not doubtful and len(value) >= 8 and wordlike(value) < 0.25
    ):
        return False
    return not re.match(rb"\s*(?:export\s|ENV\s|set\s|\$env:)?\s*[A-Z][A-Z0-9_]+=", line)


def _echoes(match: Match, value: str) -> bool:
    """Whether the value says the same words as its name: `password: "user_password"`."""
    words = {word.lower() for word in _WORDS.findall(value)}
    return words <= {word.lower() for word in _WORDS.findall(_key(match))}


def _random(value: str) -> bool:
    return wordlike(value) < 0.5 and word_share(value) < 0.5


def password_value(match: Match) -> Verdict:
    """Judges the value of a password: chosen by a person, so short and wordlike ones count when they are mixed."""
    value = _text(match)
    if reason := _no_value(match, value):
        return _drop(reason)
    if " " in value or _unquoted_code(match, value) or _echoes(match, value):
        return _drop("words or code, not a value")
    if "\\" in value or len(value) < 5 or (len(value) > 40 and not _BASE64.match(value)):
        return _drop("not the shape of a password")
    if _random(value):
        return Verdict(
            confidence=_by_strength(match, value),
            reason="it is assigned to a password and reads like no word",
        )
    if _mixed(value):
        made_up = EXEMPLARY in kind_of_file(match.item.path)  # a person's password: there, one made for show
        return Verdict(
            confidence=Confidence.LOW if made_up else None,
            reason="it is assigned to a password and mixes words with digits and signs",
        )
    return _drop("a word")


def _mixed(value: str) -> bool:
    """Letters with digits or signs, as people make passwords (a season, a year, a mark), not `user_password`."""
    digits, signs = sum(map(str.isdigit, value)), len(re.findall(r"[^\w\s.:/-]", value))
    return len(value) >= 8 and digits > 0 and (signs > 0 or digits >= 3) and any(map(str.isalpha, value))


def _by_strength(match: Match, value: str) -> Confidence:
    """High for a long random value; low for a short one in a setting that is commented out, a sample mostly."""
    if len(value) >= 16 and entropy(value) >= 3.5:
        return Confidence.HIGH
    line, at = match.line()
    out = re.match(rb"\s*[#;]", line[:at]) is not None and CODE not in kind_of_file(match.item.path)
    return Confidence.LOW if out else Confidence.MEDIUM


def generic_value(match: Match) -> Verdict:
    """Judges a token, secret or API key: made by a machine, so it must look random."""
    value = _text(match)
    if _UUID.match(value) and _NAMED.search(_key(match)) and not _about(_key(match)):
        return Verdict(reason="its name says token or secret, and issuers hand out UUIDs as such")
    if reason := _no_value(match, value):
        return _drop(reason)
    if " " in value or _unquoted_code(match, value) or _echoes(match, value):
        return _drop("words or code, not a value")
    if b"badge" in match.line(120)[0]:
        return _drop("the read-only token of a badge")
    if not _machine_made(value, 8):
        return _drop("not random enough")
    return Verdict(confidence=_by_strength(match, value), reason="its name says secret and it is random")


def _interleaved(value: str) -> bool:
    """Long, with digits all through it: chance makes words of a few letters in 3 % of such tokens."""
    parts = re.findall(r"[A-Za-z]+", value)
    return len(value) >= 16 and len(parts) >= 4 and max(map(len, parts)) <= 8 and word_share(value) < 0.6


def _machine_made(value: str, least: int) -> bool:
    if _HEX.match(value):  # letters a to f make up common trigrams, so only entropy tells
        return len(value) >= 16 and entropy(value) >= 2.9
    if len(value) < least or not (_random(value) or _interleaved(value)):
        return False
    bits = entropy(value)
    return bits >= (3.5 if len(value) >= 24 else 3.0 if len(value) >= 14 else 2.5)


def key_value(match: Match) -> Verdict:
    """Judges the value of a mere "key" or "auth": only a long random one counts."""
    value = _text(match)
    if reason := _no_value(match, value):
        return _drop(reason)
    strong = _machine_made(value, 16) and any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if (
        " " in value
        or _unquoted_code(match, value, doubtful=True)
        or not strong
        or not (_HEX.match(value) or _BASE64.match(value))
    ):
        return _drop("not random enough for a name that says so little")
    if re.search(r"public", _key(match), re.IGNORECASE):
        return _drop("a public key")
    return Verdict(reason="its name says key and it is random")


def header_value(match: Match) -> Verdict:
    """Judges credentials of an HTTP header (RFC 7617, RFC 6750)."""
    value = _text(match)
    scheme = (match.groups.get("scheme") or match.groups.get("key", b"")).decode("ascii", "replace").lower()
    if scheme == "basic":
        return _basic(value)
    if is_placeholder(value) or is_reference(value) or not _machine_made(value, 16):
        return _drop("not random enough for a header")
    if scheme not in ("bearer", "token") and not any(map(str.isdigit, value)):
        return _drop("a word")
    return Verdict(reason="it stands in an Authorization header")


def _basic(value: str) -> Verdict:
    try:
        user, colon, password = (
            base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8").partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return _drop("no Basic credentials")
    if not colon or not password or not user.isprintable():
        return _drop("no Basic credentials")
    if (
        is_placeholder(password)
        or is_reference(password)
        or (word_share(password) > 0.6 and not _mixed(password))
    ):
        return _drop("a placeholder")
    return Verdict(reason="it decodes to a user and a password")


def query_value(match: Match) -> Verdict:
    """Judges a value in a URL's query."""
    value = _text(match)
    if reason := _no_value(match, value):
        return _drop(reason)
    if b"badge" in match.line(120)[0]:
        return _drop("the read-only token of a badge")
    least = 20 if _key(match).lower() in ("key", "auth", "sig", "signature") else 12
    if not _machine_made(value, least) or not any(map(str.isdigit, value)):
        return _drop("not random enough for a query")
    return Verdict(reason="it stands in the query of a URL and is random")
