"""A rule: data that says what a secret looks like, what it is worth, and how to tell."""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What a secret is for; decides who rotates it and what a rotation must check."""

    DATABASE = "DATABASE"
    AUTHENTICATION = "AUTHENTICATION"
    PAYMENT = "PAYMENT"
    TELEPHONY = "TELEPHONY"
    MONITORING = "MONITORING"
    EXTERNAL_API = "EXTERNAL_API"
    ENCRYPTION = "ENCRYPTION"
    WEBHOOK = "WEBHOOK"


class Sensitivity(StrEnum):
    """How bad its loss is; decides interval and approval."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Confidence(StrEnum):
    """How sure we are that a value is a live-shaped secret and not a look-alike."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low to 2 for high, to compare by."""
        return ("low", "medium", "high").index(self.value)


@dataclass(frozen=True, slots=True)
class Pair:
    """The other half of a two-part credential, looked for within so many bytes in the same item."""

    rule: str
    within: int
    fact: str  # the name under which the other half's preview is told


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    `anchors` are expressions in the dialect Vectorscan and `regex` share: each match of `pattern` holds (or
    stands within `before`/`after` bytes of the end of) a match of one of them. `pattern` is a `regex` bytes
    pattern with a group named `secret`. Where every match begins with one of a few words, `heads` names them, in
    lower case, and `opening` (for `re`, over text in lower case) may say more about how each begins: both only
    make confirming cheaper.
    """

    id: str
    description: str
    pattern: str
    anchors: tuple[str, ...]
    category: Category
    sensitivity: Sensitivity
    confidence: Confidence
    provider: str
    pack: str
    checks: tuple[str, ...] = ()
    before: int = 256  # bytes kept before an anchor's end when confirming
    after: int = 1024  # bytes kept after it
    heads: tuple[str, ...] = ()
    opening: str = ""
    min_entropy: float = 0.0  # bits a byte (Shannon) below which a match is dropped
    public: bool = False  # an identifier: never a finding, only a fact and a half of a pair
    pair: Pair | None = None
    needs_pair: bool = False  # only with its other half near by is it a finding
    examples: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    remediation: str = ""
    cwe: int = 798
