"""Checks of a value that stands behind a telling name or in a URL."""

import re

from dce_guard.model.match import Match, Verdict
from dce_guard.model.rule import Confidence
from dce_guard.scan.checks.common import told
from dce_guard.scan.encodings import unbase64
from dce_guard.scan.plausible import is_placeholder, wordlike

# Expressions are left to re's cache: compiled here they would cost every hook that finds nothing.
_REFERENCE = (
    rb"\$\{|\$\(|\$[A-Za-z_]+$|\{\{|\{[A-Za-z0-9_.:,$\[\]()'\"!-]*\}$|%\(|%[sdrv]$|%[A-Z_]+%$"
    rb"|<|\[[A-Za-z_ -]+\]$|#\{|@\{|\{\w+:\d"
)
_KEPT_ELSEWHERE = (
    rb"(?i)^(?:os|process|app|system)\.|getenv|environ\b|\benv[.:(\[]|^(?:vault|ssm|secrets?|op|file|arn):|^/(?:run|etc|var)/"
    rb"|^secrets?\."
)
_NOTHING = rb"(.)\1*|\.{3,}|[xX*]{3,}|-+|_+"
_STOCK = frozenset(
    b"password passwd passwort pass pwd pw secret changeme change_me changeit your_password yourpassword "
    b"mypassword your-password my-password db_password dbpassword user username example redacted hidden none "
    b"null undefined token apikey key p pass123 xxx todo placeholder tiger "
    b"foobar foo bar baz qwerty 123456 letmein".split()
)
_SAMPLE_USERS = frozenset(
    b"scott user username usr someuser myuser youruser your_user foo test alice bob".split()
)
_STAND_IN = rb"(?i)pass|secret|pwd|test|dummy|fake|sample|example|show|hidden|here"
_LOCAL = (
    rb"(?i)(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[?::1\]?|host|hostname|server|db|database|postgres|mysql|mongo"
    rb"|mongodb|redis|rabbitmq|host\.docker\.internal|(?:[\w.-]+\.)?example\.(?:com|org|net)"
    rb"|[\w.-]+\.(?:local|test|example|invalid|localhost))$"
)
_WORD = rb"[A-Z]?[a-z]+|[A-Z]+"
_WORDS = rb"[A-Za-z]+(?:[._:/ -][A-Za-z]+)*[._:/-]?"


def password(match: Match) -> Verdict:
    """References and stock words are no passwords; on a local or example host confidence is low."""
    value = match.secret.reveal()
    if re.match(_REFERENCE, value) or re.fullmatch(_NOTHING, value):
        return Verdict(drop="a reference or a placeholder, no password")
    if re.search(_KEPT_ELSEWHERE, value):
        return Verdict(drop="a reference to a password kept elsewhere")
    if value.lower() in _STOCK:
        return Verdict(drop="a stock word, no password")
    user, host = (match.groups.get(name, b"") for name in ("user", "host"))
    facts = told(match, {"user": user.decode("latin-1"), "host": host.decode("latin-1")})
    if value == user:
        return Verdict(confidence=Confidence.LOW, facts=facts, reason="the password is the user's name")
    if _drawn(value.decode("latin-1")):
        return Verdict(facts=facts, reason="the password reads like no word")
    if user.lower() in _SAMPLE_USERS:
        return Verdict(
            confidence=Confidence.LOW, facts=facts, reason="the user's name is one of documentation"
        )
    if re.fullmatch(_WORDS, value.replace(b"_", b".")) and (re.search(_STAND_IN, value) or len(value) < 6):
        return Verdict(
            confidence=Confidence.LOW, facts=facts, reason="the password is made of words that say so"
        )
    if re.match(_LOCAL, host):
        return Verdict(confidence=Confidence.LOW, facts=facts, reason="the host is local or an example")
    return Verdict(facts=facts)


def _drawn(value: str) -> bool:
    """Random enough to be somebody's, wherever the host is."""
    return len(value) >= 6 and not value.isdigit() and wordlike(value) < 0.35 and not is_placeholder(value)


def random_shape(match: Match) -> Verdict:
    """Behind a name only what could be drawn at random counts: not words, not a variable's name."""
    value = match.secret.reveal()
    if re.match(_REFERENCE, value) or re.fullmatch(_NOTHING, value):
        return Verdict(drop="a reference or a placeholder")
    if re.fullmatch(_WORDS, value) and (value.islower() or value.isupper() or _word_length(value) >= 4.5):
        return Verdict(drop="words or a name, nothing random")
    return Verdict()


def _word_length(value: bytes) -> float:
    """Letters a word, where words begin with a capital or behind a mark: two or so at random."""
    words = re.findall(_WORD, value)
    return sum(map(len, words)) / len(words) if words else 0.0


def mixed(match: Match) -> Verdict:
    """A key of this length without a single digit that reads like words is rarely one."""
    value = match.secret.reveal()
    if not any(byte in b"0123456789" for byte in value) and wordlike(value.decode("latin-1")) >= 0.4:
        return Verdict(confidence=Confidence.LOW, reason="it holds no digit and reads like words")
    return Verdict()


def digest(match: Match) -> Verdict:
    """Hex behind a name: all of one or two symbols, or in counting order, is a placeholder."""
    value = match.secret.reveal().lower()
    if len(set(value)) < 6 or b"0123456789" in value or b"abcdef0123" in value:
        return Verdict(drop="a counted or repeated filler, nothing random")
    return Verdict()


def basic_auth(match: Match) -> Verdict:
    """Base64 of `user:password` (RFC 7617); anything else is none."""
    data = unbase64(match.secret.reveal()) or b""
    user, colon, secret = data.partition(b":")
    if not user or not colon or len(secret) < 3 or any(byte < 32 for byte in data):
        return Verdict(drop="not a user and a password in base64")
    if re.match(_REFERENCE, secret) or secret.lower() in _STOCK:
        return Verdict(drop="a placeholder in base64")
    return Verdict(facts=told(match, {"user": user.decode("latin-1")}))
