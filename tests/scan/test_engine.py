"""The engine: positions in any width of text, items and pieces kept apart, decoded text bounded."""

import base64
import gzip
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_tools import chunk, engine, found, pieces, rule, secrets, token

from dce_guard.model.item import Kind, Skip
from dce_guard.scan import engine as engine_module
from dce_guard.scan import second
from dce_guard.scan.confirm import confirm

GITHUB = "github-pat"
WIDTHS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def number(value: int) -> bytes:
    return b"ab%08d" % value


@pytest.mark.parametrize("codec", WIDTHS)
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("head", ["", "x = 1\n", "x\r\n\u00e9\u4e2d "])
def test_positions_in_wide_text_are_those_of_the_items_bytes(codec, bom, head):
    secret = token().decode()
    text = (bom + head + f"key = '{secret}'\n").encode(codec)
    (one,) = (match for match in found(engine().scan(chunk(text))) if match.rule.id == GITHUB)
    assert text[one.item_start : one.item_end].replace(b"\0", b"") == token()
    begin = len((bom + head + "key = '").encode(codec))
    unit = 2 if "16" in codec else 4
    lead = 0 if codec.endswith("le") else unit - 1
    assert one.item_start == begin + lead
    assert one.item_end == begin + unit * len(secret) - (unit - 1 - lead)
    assert one.encoding in ("utf-16" if unit == 2 else "utf-32", "nul")


def test_a_nul_elsewhere_hides_nothing_and_doubles_nothing_that_differs():
    text = b"\0\0binary\0" + b"k=" + token() + b"\0tail"
    matches = [one for one in found(engine().scan(chunk(text))) if one.rule.id == GITHUB]
    assert {(one.item_start, one.item_end) for one in matches} == {
        (text.index(token()), text.index(token()) + 40)
    }
    split = token()[:7] + b"\0" + token()[7:]
    assert secrets(engine().scan(chunk(b"x " + split)), GITHUB) == [token()]


def test_wide_text_of_many_blocks_maps_every_match_back():
    rng = random.Random(3)
    rows = [("x" * rng.randint(0, 300) + f" ab{at:08d}") for at in range(400)]
    text = "\n".join(rows).encode("utf-16-le")
    matches = found(engine([rule()]).scan(chunk(text)))
    assert [one.secret.reveal() for one in matches] == [number(at) for at in range(400)]
    for one in matches:
        assert text[one.item_start : one.item_end].replace(b"\0", b"") == one.secret.reveal()


def test_no_match_spans_two_items_and_each_is_its_own():
    open_pattern = rule(pattern=r"(?P<secret>ab[\s0-9]{8,40})", anchors=(r"ab[\s0-9]{4}",))
    for parts in ((b"x ab1234", b"5678 y"), (b"ab123456", b"78")):
        for one in found(engine([open_pattern]).scan(chunk(*parts))):
            assert bytes(one.secret.reveal()) in parts[0]
    matches = found(engine([rule()]).scan(chunk(b"ab1234", b"5678", number(5), b"", number(6))))
    assert [(one.item.path, one.item_start) for one in matches] == [("f2", 0), ("f4", 0)]


def test_a_lookaround_does_not_see_into_the_next_item():
    lone = rule(pattern=r"(?<![0-9\n])(?P<secret>ab[0-9]{8})(?![0-9])")
    assert secrets(engine([lone]).scan(chunk(b"x" + number(1), b"99")), "a-b") == [number(1)]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_pieces_give_each_secret_once_wherever_it_stands(data):
    size, overlap = 400, 128
    place = data.draw(st.integers(0, 1500))
    length = data.draw(st.integers(place + 10, place + 1200))
    codec = data.draw(st.sampled_from(["plain", "utf-16-le"]))
    row = b"." * place + number(7) + b"." * (length - place)
    text = row if codec == "plain" else row.decode().encode("utf-16-le")
    if codec != "plain":
        size, overlap = 800, 256
    scanner = engine([rule()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "OVERLAP", overlap)
        matches = [one for part in pieces(text, size, overlap) for one in found(scanner.scan(part))]
    assert [one.secret.reveal() for one in matches] == [number(7)]
    assert matches[0].item_start == text.index(b"a")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=30), st.integers(200, 700))
def test_pieces_give_all_of_many_secrets_once_in_order(gaps, size):
    text = b"".join(b"-" * gap + number(at) for at, gap in enumerate(gaps))
    scanner = engine([rule()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "OVERLAP", 100)
        values = [value for part in pieces(text, size, 100) for value in secrets(scanner.scan(part))]
    assert values == [number(at) for at in range(len(gaps))]


@pytest.mark.parametrize("place", [0, 9_000, 30_000, 61_000, 70_000, 99_000, 119_900])
def test_a_base64_file_larger_than_a_piece_is_searched_throughout(place):
    plain = b"lorem words and more\n" * 6_000
    text = plain[:place] + b"\nkey " + token() + b"\n" + plain[place:]
    wrapped = base64.encodebytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "OVERLAP", 4096)
        scanner = engine()
        values = [
            value for part in pieces(wrapped, 40_000, 4096) for value in secrets(scanner.scan(part), GITHUB)
        ]
    assert set(values) == {token()}
    assert len(values) <= 2  # an overlap's two readings fold into one finding


def test_a_pattern_beyond_its_time_limit_is_a_fatal_skip_not_silence(monkeypatch):
    monkeypatch.setattr("dce_guard.scan.confirm.SECONDS_PER_WINDOW", 0.02)
    evil = rule(pattern=r"ab(?P<secret>(?:a|b|ab)*)c", anchors=("abab",), before=8, after=4000)
    results = list(engine([evil, rule(id="c-d")]).scan(chunk(b"ab" * 2000 + b" " + number(4))))
    skips = [one for one in results if isinstance(one, Skip)]
    assert [(skip.path, skip.reason, skip.fatal) for skip in skips] == [("f0", "timeout", True)]
    assert "a-b" in skips[0].detail
    assert [one.rule.id for one in results if not isinstance(one, Skip)] == ["c-d"]


def test_a_timeout_in_decoded_text_is_told_too(monkeypatch):
    def late(*_args):
        raise TimeoutError
        yield

    monkeypatch.setattr(second, "confirm", late)
    results = list(engine([rule()]).scan(chunk(base64.b64encode(b"some plain words " + number(1)))))
    assert [(one.reason, one.fatal) for one in results] == [("timeout", True)]
    assert confirm is not late


def bomb(levels: int) -> bytes:
    text = b"plain words in a bomb " * 90_000
    for _ in range(levels):
        text = base64.b64encode(gzip.compress(text, 9, mtime=0)) + b"\n"
        text = text * max(1, (1 << 20) // len(text))
    return text[: text.index(b"\n")]


def test_a_nested_bomb_ends_in_a_fatal_skip_and_bounded_work(monkeypatch):
    monkeypatch.setattr(engine_module, "MAX_DECODED", 8 << 20)
    scanned = []
    scanner = engine([rule()])
    hits = scanner._matcher.hits
    monkeypatch.setattr(scanner._matcher, "hits", lambda data: (scanned.append(len(data)), hits(data))[1])
    results = list(scanner.scan(chunk(bomb(3), number(2))))
    assert [one.reason for one in results if isinstance(one, Skip)] == ["limit"]
    assert all(one.fatal for one in results if isinstance(one, Skip))
    assert sum(scanned) < 10 << 20
    assert [one.item.path for one in results if not isinstance(one, Skip)] == ["f1"]


def test_decoding_within_the_limit_is_no_skip():
    results = list(engine([rule()]).scan(chunk(base64.b64encode(b"plain words " * 9000 + number(3)))))
    assert secrets(results) == [number(3)]


def test_a_last_line_without_its_end_counts_in_decoded_and_wide_text():
    line = rule(pattern=r"pw:(?P<secret>[a-z]{4,20})", anchors=(r"pw:[a-z]{4,20}[ \r]{0,3}\n",))
    inner = b"some words before it pw:qwfpgjluy"
    for text in (inner, base64.b64encode(inner), inner.decode().encode("utf-16-le")):
        assert secrets(engine([line]).scan(chunk(text))) == [b"qwfpgjluy"]


def test_items_keep_kind_and_path():
    made = chunk(number(1), names=["a/b"])
    (one,) = found(engine([rule()]).scan(made))
    assert (one.item.kind, one.item.path, one.item) == (Kind.FILE, "a/b", made.items[0])


def test_matches_do_not_print_their_values():
    (one,) = found(engine([rule()]).scan(chunk(number(1))))
    assert number(1).decode() not in repr(one)
    assert number(1).decode() not in f"{one.secret}{one.secret!r}"
