"""Vectorscan and the fallback see the same."""

import base64
import random

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_tools import chunk, engine, found, rule, secrets, shipped, shipped_matcher, shipped_stage

from dce_guard.scan.decode import DECODERS
from dce_guard.scan.prefilter import compile_vectorscan, load_vectorscan
from dce_guard.scan.prefilter_regex import RegexMatcher, required_literal
from dce_guard.scan.templates import expand

hyperscan = pytest.importorskip("hyperscan", reason="no hyperscan wheel on this platform: nothing to compare")


def seen(text: bytes, fallback: bool) -> list[tuple]:
    results = found(engine(fallback=fallback).scan(chunk(text)))
    return sorted(
        (one.rule.id, one.start, one.end, one.item_start, one.item_end, one.encoding) for one in results
    )


def ends(matcher, text: bytes) -> dict[int, set[int]]:
    out: dict[int, set[int]] = {}
    for anchor, end in matcher.hits(text):
        out.setdefault(anchor, set()).add(end)
    return out


EXAMPLES = [(of, template) for of in shipped() for template in of.examples]
NOISE = st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode), st.sampled_from(
    [b"\n", b" = ", b'": "', b"password: ", b"AKIA", b"-----BEGIN ", b"\0", b"\r\n", b"//", b"%41", b"eyJ"]
))  # fmt: skip


def plain(text: bytes) -> bytes:
    return text


def utf16(text: bytes) -> bytes:
    return text.decode("latin-1").encode("utf-16-le")


CODECS = (plain, plain, base64.b64encode, base64.encodebytes, utf16, lambda text: text.hex().encode())


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_both_find_the_same_in_anything(data):
    rng = random.Random(data.draw(st.integers(0, 1 << 30)))
    parts = []
    for _ in range(data.draw(st.integers(1, 4))):
        parts.append(data.draw(NOISE))
        parts.append(data.draw(st.sampled_from(CODECS))(expand(rng.choice(EXAMPLES)[1], rng)))
    text = b"".join(parts)
    assert seen(text, False) == seen(text, True)


def test_every_anchor_hits_alike_on_its_rules_expansions():
    rng = random.Random(11)
    fast, slow = shipped_matcher(), shipped_matcher(fallback=True)
    hit: set[int] = set()
    for _, template in EXAMPLES:
        text = b"\n" + expand(template, rng) + b"\n"
        one, other = ends(fast, text), ends(slow, text)
        assert set(one) == set(other), template
        for anchor, places in other.items():
            assert places <= one[anchor], template
            assert max(places) <= max(one[anchor]), template
        hit |= set(one)
    silent = [shipped_stage().anchors[at] for at in range(len(shipped_stage().owners)) if at not in hit]
    assert len(silent) <= 40, silent  # alternatives that no example shows


def test_hits_come_in_order_of_their_ends():
    rng = random.Random(1)
    text = b"\n".join(expand(rng.choice(EXAMPLES)[1], rng) for _ in range(200))
    for fallback in (False, True):
        places = [end for _, end in shipped_matcher(fallback).hits(text)]
        assert places == sorted(places)
        assert len(places) > 200


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("fallback", [False, True])
def test_any_buffer_is_scanned(kind, fallback):
    text = b"x = " + expand("ghp_{base62:30}{crc32_base62}", random.Random(1))
    assert shipped_matcher(fallback).hits(kind(text)) == shipped_matcher(fallback).hits(text) != []


def test_nothing_is_found_in_nothing():
    for fallback in (False, True):
        assert shipped_matcher(fallback).hits(b"") == []
        assert shipped_matcher(fallback).hits(b"the quick brown fox\n" * 50) == []


@pytest.mark.parametrize(
    ("anchor", "literal"),
    [
        ("ghp_[0-9A-Za-z]{36}", b"ghp_"), ("(?i)Token=[0-9]", b"token="), ("A(?:KIA|SIA)[A-Z]", b"a"), ("ab|cd", b""),
        ("abc?", b"ab"), ("ab*cd", b"cd"), ("a{2}bc", b"bc"), ("(?:abc)?de", b"de"), (r"\babc\.d", b"abc.d"),
        (r"a\x2eb", b"a"), ("[a]bc[^b]]", b"bc"), ("x(ab(c|d)e)yz", b"yz"), ("", b""), (r"\w+", b""),
        (r"a\\b", b"a\\b"),
    ],
)  # fmt: skip
def test_the_literal_is_what_no_match_can_do_without(anchor, literal):
    assert required_literal(anchor) == literal or literal in required_literal(anchor)


def test_no_shipped_anchors_literal_is_missing_from_a_match():
    rng = random.Random(4)
    checked = 0
    for of, template in EXAMPLES:
        text = b"\n" + expand(template, rng) + b"\n"
        for anchor in of.anchors:
            for match in regex.finditer(anchor.encode(), text):
                assert required_literal(anchor) in match.group().lower()
                checked += 1
    assert checked > 300


def test_decoders_anchors_are_taken_alike():
    anchors = [decoder.anchor for decoder in DECODERS]
    fast, slow = load_vectorscan(hyperscan, compile_vectorscan(hyperscan, anchors)), RegexMatcher(anchors)
    plain_text = b"plain words, many of them"
    for text in (
        base64.b64encode(plain_text), plain_text.hex().encode(), base64.b64encode(utf16(plain_text)),
        b"".join(b"%%%02x" % byte for byte in plain_text), b"".join(b"&#%d;" % byte for byte in plain_text),
        b"".join(b"\\u%04x" % byte for byte in plain_text), b"H4sI" + b"a" * 30,
    ):  # fmt: skip
        hits = ends(fast, b" " + text)
        assert hits
        assert hits == ends(slow, b" " + text)


def test_rules_that_share_an_anchor_are_both_asked():
    for fallback in (False, True):
        both = engine([rule(), rule(id="c-d", pattern="(?P<secret>[0-9]{8})")], fallback)
        assert secrets(both.scan(chunk(b"ab12345678"))) == [b"ab12345678", b"12345678"]


def test_an_expression_vectorscan_does_not_take_is_its_error():
    with pytest.raises(hyperscan.error):
        compile_vectorscan(hyperscan, ["(?=a)b"])
    with pytest.raises(hyperscan.error):
        load_vectorscan(hyperscan, b"no database")
