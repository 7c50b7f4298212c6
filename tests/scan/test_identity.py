"""A value's name: of the value alone, keyed, and dear to guess."""

import random
import string

import pytest

from dce_guard.errors import GuardError
from dce_guard.scan import identity as module
from dce_guard.scan.identity import Identity, is_weak

KEY = bytes(range(32))


def token(size: int = 40, seed: int = 1) -> bytes:
    dice = random.Random(seed)
    return "".join(dice.choice(string.ascii_letters + string.digits) for _ in range(size)).encode()


def test_a_name_is_128_bits_of_hexadecimal_digits():
    name = Identity(KEY, False).fingerprint(token())
    assert len(name) == 32
    assert set(name) <= set(string.hexdigits.lower())


def test_names_do_not_change_between_releases():
    """These names stand in people's baselines: a change here must change the label and be announced."""
    names = Identity(KEY, True)
    assert names.fingerprint(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ" * 2) == STRONG
    assert names.fingerprint(b"correct horse") == WEAK


STRONG = "efff4b6109914e799baa9df3d725c4ab"
WEAK = "ba825db265cfe3414651a6d3ebc440d4"


@pytest.mark.parametrize("value", [token(), b"hunter2", b"", b"\x00\xff" * 30])
def test_the_same_value_has_the_same_name_in_every_object(value):
    for shared in (False, True):
        names = Identity(KEY, shared)
        assert names.fingerprint(value) == names.fingerprint(value)
        assert names.fingerprint(value) == Identity(KEY, shared).fingerprint(bytearray(value))


def test_another_value_or_another_key_is_another_name():
    names = Identity(KEY, False)
    assert names.fingerprint(token(seed=1)) != names.fingerprint(token(seed=2))
    assert names.fingerprint(b"hunter2") != names.fingerprint(b"hunter3")
    assert names.fingerprint(token()) != Identity(KEY[::-1], False).fingerprint(token())
    assert names.fingerprint(b"hunter2") != Identity(KEY[::-1], False).fingerprint(b"hunter2")


@pytest.mark.parametrize(
    "value",
    [b"hunter2", b"123456", b"Summer2024!Password", b"correct horse battery staple", b"a" * 200, b"1" * 60],
)
def test_what_people_make_up_is_weak(value):
    assert is_weak(value)


@pytest.mark.parametrize("size", [24, 32, 40, 100])
def test_random_tokens_are_not_weak(size):
    weak = sum(is_weak(token(size, seed)) for seed in range(200))
    assert weak <= 2


def test_weak_values_pass_through_scrypt_once_a_value_and_strong_ones_never(monkeypatch):
    calls = []
    real = module.hashlib.scrypt
    monkeypatch.setattr(module.hashlib, "scrypt", lambda *a, **k: calls.append(k) or real(*a, **k))
    names = Identity(KEY, True)
    for _ in range(5):
        names.fingerprint(b"hunter2")
        names.fingerprint(token())
    assert [(call["n"], call["r"], call["p"]) for call in calls] == [(2**14, 8, 1)]


def test_the_salt_of_scrypt_comes_from_the_key(monkeypatch):
    salts = []
    monkeypatch.setattr(module.hashlib, "scrypt", lambda *a, **k: salts.append(k["salt"]) or b"x" * 32)
    Identity(KEY, True).fingerprint(b"hunter2")
    Identity(KEY[::-1], True).fingerprint(b"hunter2")
    assert len(set(salts)) == 2
    assert KEY not in salts


def test_under_a_private_key_nothing_passes_through_scrypt(monkeypatch):
    monkeypatch.setattr(module.hashlib, "scrypt", lambda *a, **k: pytest.fail("nobody else holds the key"))
    assert Identity(KEY, False).fingerprint(b"hunter2") != Identity(KEY[::-1], False).fingerprint(b"hunter2")


def test_it_keeps_no_value_and_shows_no_key():
    names = Identity(KEY, True)
    names.fingerprint(b"hunter2")
    kept = repr([getattr(names, slot) for slot in Identity.__slots__ if slot != "_key"])
    assert "hunter2" not in kept
    assert repr(names) == "Identity(***, shared=True)"
    assert not hasattr(names, "__dict__")


def test_whether_the_key_is_shared_is_told():
    assert Identity(KEY, True).shared
    assert not Identity(KEY, False).shared


@pytest.mark.parametrize("key", [b"", b"short", bytes(15)])
def test_a_short_key_is_refused(key):
    with pytest.raises(GuardError, match="16 are needed"):
        Identity(key, False)
