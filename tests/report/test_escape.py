import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import HOSTILE

from dce_guard.report.escape import path_bytes, visible

ANY = st.text(st.characters(codec=None), max_size=60)


@given(ANY)
def test_nothing_hidden_survives(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("\u200b\u2028\ufeff", "\\u200b\\u2028\\ufeff"),
        ("\t\n\r\0", "\\t\\n\\r\\x00"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud83d", "\\ud83d"),
        ("\U000e0041", "\\U000e0041"),
        ("\u3164\u2800\ufe0f", "\\u3164\\u2800\\ufe0f"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_each_kind_is_written_out(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_letters_of_every_script_stay() -> None:
    assert visible("é漢字 עברית ไทย 😀 e\u0301") == "é漢字 עברית ไทย 😀 e\u0301"


def test_what_is_visible_stays_visible() -> None:
    assert visible(visible(HOSTILE)) == visible(HOSTILE)


@given(st.binary(max_size=40))
def test_a_name_gives_its_bytes_back(raw: bytes) -> None:
    assert path_bytes(raw.decode("utf-8", "surrogateescape")) == raw


def test_half_a_pair_in_a_name_is_no_error() -> None:
    assert path_bytes("a\ud83d") == b"a\xed\xa0\xbd"
