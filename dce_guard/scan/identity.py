"""What a secret is called: a keyed name of its value alone, the same in every file, commit and report."""

import hashlib
import hmac
import math
import re
from collections import Counter

from dce_guard.errors import GuardError

LABEL = b"dce-guard/identity/1"  # part of every name: whoever changes anything below changes this
MINIMUM_KEY = 16  # bytes

# Below this many estimated bits a value can be guessed with the key at hand: 2**80 HMACs are out of reach,
# 2**50 are a day on rented graphics cards. 987 of 1,000 random base62 tokens of 20 characters lie above it.
WEAK_BITS = 80.0
REPEATING_BITS = 48.0  # the same for values that a few characters make up, by Shannon's measure

# RFC 7914 section 2 names n=2^14, r=8, p=1 for interactive use: 16 MiB and tens of milliseconds a guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1

WORD_BITS = 16.0  # a word counts as a choice out of 65,536, however long it is
_WORD = re.compile(rb"[A-Z]?[a-z]{3,}")
_CLASSES = ((re.compile(rb"[0-9]"), 10), (re.compile(rb"[a-z]"), 26), (re.compile(rb"[A-Z]"), 26))
_HEX = re.compile(rb"(?:[0-9a-f]+|[0-9A-F]+)\Z")
_OTHER = re.compile(rb"[^0-9A-Za-z]")


class Identity:
    """Names values under one key.

    `shared` says whether others hold the same key: then a name means the same to them, and they could try
    guesses with it, so weak values pass through scrypt. A key that never leaves its owner needs no such thing.
    Raises GuardError on a key of fewer than 16 bytes.
    """

    __slots__ = ("_key", "_known", "_salt", "shared")

    def __init__(self, key: bytes, shared: bool) -> None:
        if len(key) < MINIMUM_KEY:
            raise GuardError(
                f"the identity key has {len(key)} bytes, {MINIMUM_KEY} are needed; nothing was named",
                "give at least 32 hexadecimal digits",
            )
        self._key = bytes(key)
        self._salt = hmac.digest(self._key, LABEL + b"/salt", "sha256")
        self._known: dict[bytes, str] = {}  # by a keyed digest, so that no value is kept here
        self.shared = shared

    def __repr__(self) -> str:
        return f"Identity(***, shared={self.shared})"

    def fingerprint(self, value: bytes) -> str:
        """The name of `value`: 32 hexadecimal digits, 128 bits of an HMAC-SHA-256.

        Under a shared key values of low entropy pass through scrypt first: tens of milliseconds, once a value.
        """
        value = bytes(value)
        digest = hmac.digest(self._key, LABEL + b"\0" + value, "sha256")
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = (
                self._stretched(value) if self.shared and is_weak(value) else digest.hex()[:32]
            )
        return known

    def _stretched(self, value: bytes) -> str:
        slow = hashlib.scrypt(value, salt=self._salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, dklen=32)
        return hmac.digest(self._key, LABEL + b"/weak\0" + slow, "sha256").hex()[:32]


def is_weak(value: bytes) -> bool:
    """Whether `value` could be guessed by someone who holds the key. Depends on the value alone."""
    return estimated_bits(value) < WEAK_BITS or shannon_bits(value) < REPEATING_BITS


def estimated_bits(value: bytes) -> float:
    """The guesses, in bits, for someone who knows the alphabet and takes a word for a word.

    A word is three lower-case letters or more in a row, with the capital before them: people's passwords are
    made of them, random tokens hardly.
    """
    words = len(_WORD.findall(value))
    rest = _WORD.sub(b"", value)
    return words * WORD_BITS + len(rest) * math.log2(_alphabet(rest))


def shannon_bits(value: bytes) -> float:
    """Shannon's entropy of the bytes of `value` times their number, in bits."""
    size = len(value)
    return sum(count * math.log2(size / count) for count in Counter(value).values())


def _alphabet(value: bytes) -> int:
    if _HEX.match(value):
        return 10 if value.isdigit() else 16
    size = sum(count for pattern, count in _CLASSES if pattern.search(value))
    return max(size + (33 if _OTHER.search(value) else 0), 2)
