"""Placeholders, references, other things, words; and what none of them is."""

import random
import secrets as system_secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.scan.plausible import entropy, is_other, is_placeholder, is_reference, word_share, wordlike


def made(alphabet: str, size: int, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=size))


ALNUM = string.ascii_letters + string.digits


@pytest.mark.parametrize(
    ("value", "bits"), [("", 0.0), ("aaaa", 0.0), ("ab", 1.0), ("abcd", 2.0), ("aabb", 1.0), ("é" * 4, 0.0)]
)
def test_entropy_is_shannons(value, bits):
    assert entropy(value) == pytest.approx(bits)


@given(st.text(max_size=50))
def test_measures_stay_in_their_bounds(value):
    assert 0 <= entropy(value) <= 6
    assert 0 <= wordlike(value) <= 1
    assert 0 <= word_share(value) <= 1
    assert is_placeholder(value) in (True, False)


@pytest.mark.parametrize(
    "value", ["password", "configuration", "getUserAccessToken", "hello-world", "DATABASE_URL", "summer"]
)
def test_words_read_like_words(value):
    assert wordlike(value) > 0.5
    assert word_share(value) > 0.5


def test_random_letters_mostly_do_not():
    values = [made(string.ascii_lowercase, 20, seed) for seed in range(200)]
    assert sum(wordlike(value) > 0.5 for value in values) < 4


@pytest.mark.parametrize(
    "value",
    [
        "changeme",
        "CHANGE_ME",
        "your_api_key_here",
        "YOUR-TOKEN",
        "xxxxxxxx",
        "XXXX-XXXX",
        "****",
        "....",
        "example_key",
        "dummy",
        "00000000",
        "abcdefgh",
        "12345678",
        "0123456789abcdef",
        "deadbeef",
        "my_secret_key",
        "REDACTED",
        "placeholder",
        "aaaaaaaaaaaa",
        "abababababababababababab",
        "replace-me",
        "insert_token",
        "fake",
        "TODO",
        "lorem",
    ],
)
def test_placeholders_say_so(value):
    assert is_placeholder(value)


@pytest.mark.parametrize("size", [16, 20, 32, 40, 64, 88, 128, 256, 500])
@pytest.mark.parametrize(
    "alphabet", [ALNUM, ALNUM + "+/", ALNUM + "-_", "0123456789abcdef", "0123456789ABCDEF"]
)
def test_random_values_of_any_size_are_no_placeholders(alphabet, size):
    dropped = sum(is_placeholder(made(alphabet, size, seed)) for seed in range(100))
    assert dropped <= (1 if size <= 128 else 3)


def test_system_randomness_is_none_either():
    for _ in range(50):
        value = system_secrets.token_hex(32)
        assert not is_reference(value)
        assert entropy(value) > 3


@pytest.mark.parametrize(
    "value",
    [
        "$PASSWORD",
        "${PASSWORD}",
        "$(cat file)",
        "{{ secret }}",
        "%PASSWORD%",
        "%(password)s",
        "<password>",
        "#{password}",
        "%s",
        "os.environ",
        "process.env.X",
        "config.password",
        "secrets.TOKEN",
        "self.password",
        "getpass()",
        "func(",
        "vault:a/b",
        "arn:aws:iam",
        "op://vault/item",
        "a && b",
        "env",
    ],
)
def test_references_are_told(value):
    assert is_reference(value)


@pytest.mark.parametrize(
    "value", ["x9Kq2LmP0vTz", "Tr0ub4dor&3", "correct7horse", "p@ssW0rd9x", "aB3$xK9!mQ2"]
)
def test_passwords_are_no_references_and_nothing_else(value):
    assert not is_reference(value)
    assert not is_other(value)


@pytest.mark.parametrize(
    "value",
    [
        "/etc/passwd/x",
        "./file",
        "../x/y",
        "https://example.com",
        "me@example.com",
        "10.0.0.1",
        "1.2.3",
        "v2.0.1",
        "2024-01-31",
        "#ff00aa",
        "file.json",
        "a.pem",
        "data:image/png",
        "hmac-sha256",
        "C:\\Users\\x",
    ],
)
def test_other_things_are_told(value):
    assert is_other(value)


def test_every_question_is_cheap_on_long_values():
    """No answer takes more than one pass: half a megabyte is answered at once."""
    for value in (
        "a" * 500_000,
        "ab1" * 150_000,
        "x-" * 200_000,
        "/a" * 200_000,
        "$" * 300_000,
        "1." * 200_000,
    ):
        assert is_placeholder(value) in (True, False)
        assert is_reference(value) in (True, False)
        assert is_other(value) in (True, False)
