"""No six characters of a secret in a row survive, whatever stands around it."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.scan.mask import FILL, RUN, mask_line, preview


def token(size: int = 40, seed: int = 1) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(string.ascii_letters + string.digits) for _ in range(size))


def survives(secret: str, shown: str) -> bool:
    return any(secret[at : at + RUN] in shown for at in range(len(secret) - RUN + 1))


SECRETS = st.text(min_size=RUN, max_size=60).filter(lambda text: "\ud800" > max(text) or max(text) > "\udfff")
AROUND = st.text(max_size=40)
DENSE = st.text(alphabet="ab*#", min_size=RUN, max_size=30)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@given(SECRETS)
def test_a_preview_holds_no_run_of_the_secret(secret):
    assert not survives(encoded(secret).decode(), preview(encoded(secret)))


@given(AROUND, SECRETS, AROUND)
def test_a_line_holds_no_run_of_its_secret(before, secret, after):
    head, value = encoded(before), encoded(secret)
    shown = mask_line(head + value + encoded(after), [(len(head), len(head) + len(value))])
    assert not survives(value.decode(), shown)


@given(DENSE, DENSE, DENSE, DENSE)
def test_nor_where_secrets_and_what_is_around_them_look_alike(before, first, between, second):
    line = before + first + between + second
    begin = len(before)
    other = begin + len(first) + len(between)
    shown = mask_line(line.encode(), [(begin, begin + len(first)), (other, other + len(second))])
    assert not survives(first, shown)
    assert not survives(second, shown)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_any_bytes_and_spans_are_taken(line, start, end):
    shown = mask_line(line, [(start, end), (end, start), (start, end)])
    assert isinstance(shown, str)


@given(st.text(alphabet=string.ascii_letters, min_size=1, max_size=23))
def test_the_mask_of_a_short_value_tells_nothing_not_even_its_length(secret):
    assert preview(secret.encode()) == "*" * FILL


def test_a_long_random_value_shows_four_characters_on_either_side():
    secret = token(24)
    assert preview(secret.encode()) == f"{secret[:4]}*****{secret[-4:]}"


@pytest.mark.parametrize(
    "secret",
    [
        token(23),
        "correct horse battery staple and more",
        "thisisaverylongpasswordthatsomebodymadeup",
        "a" * 40,
        "12" * 20,
        "-----BEGIN KEY-----\n" + token(60),
        "é" * 40,
    ],
)
def test_others_show_nothing(secret):
    assert preview(secret.encode()) == "*****"


def test_the_rest_of_the_line_stays():
    secret = token()
    line = f'key = "{secret}"  # für später'.encode()
    assert mask_line(line, [(7, 47)]) == f'key = "{preview(secret.encode())}"  # für später'


def test_the_same_secret_again_in_the_line_is_masked_too():
    secret = token()
    line = f"a={secret} b={secret} c={secret[3:20]}"
    shown = mask_line(line.encode(), [(2, 2 + len(secret))])
    assert not survives(secret, shown)
    assert shown.startswith("a=")
    assert " b=" in shown
    assert " c=" in shown


def test_a_short_secret_again_in_the_line_is_masked_too():
    assert mask_line(b"root:toor@db?again=toor", [(5, 9)]) == "root:*****@db?again=*****"


def test_every_secret_of_the_line_is_masked_in_any_order_of_spans():
    one, two = token(seed=1), token(seed=2)
    line = f"{one} {two}".encode()
    spans = [(41, 81), (0, 40)]
    assert mask_line(line, spans) == f"{preview(one.encode())} {preview(two.encode())}"


def test_overlapping_secrets_are_one_mask():
    secret = token(20)
    assert mask_line(f"x{secret}y".encode(), [(1, 15), (8, 21)]) == "x*****y"


def test_bytes_that_are_no_text_do_not_stop_it():
    assert mask_line(b"\xff\xfe pw=hunter2", [(6, 13)]) == "\\xff\\xfe pw=*****"


def test_a_line_without_secrets_is_the_line():
    assert mask_line(b"nothing here", []) == "nothing here"
