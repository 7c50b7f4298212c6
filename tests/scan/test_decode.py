"""Decoders both ways, nested, wrapped, cut, malformed."""

import base64
import gzip
import random
import urllib.parse
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_tools import chunk, engine, found, rule, secrets, token

from dce_guard.scan.decode import DECODERS, MAX_DEPTH, MAX_INFLATED, decode_at

GITHUB = "github-pat"


def hexed(text: bytes) -> bytes:
    return text.hex().encode()


def percent(text: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in text)


def unicode_escape(text: bytes) -> bytes:
    return b"".join(b"\\u%04x" % byte for byte in text)


def hex_escape(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in text)


def entities(text: bytes) -> bytes:
    return b"".join(b"&#%d;" % byte for byte in text)


def hex_entities(text: bytes) -> bytes:
    return b"".join(b"&#x%x;" % byte for byte in text)


def zipped(text: bytes) -> bytes:
    return base64.b64encode(gzip.compress(text, mtime=0))


def wide(text: bytes) -> bytes:
    return base64.b64encode(text.decode("latin-1").encode("utf-16-le"))


ENCODERS = {
    "base64": base64.b64encode, "base64url": lambda text: base64.urlsafe_b64encode(text).rstrip(b"="),
    "utf-16": wide, "gzip": zipped, "hex": hexed, "HEX": lambda text: hexed(text).upper(), "percent": percent,
    "unicode": unicode_escape, "hex-escape": hex_escape, "html": entities, "html-hex": hex_entities,
}  # fmt: skip
NAMES = {
    "base64": "base64", "base64url": "base64", "utf-16": "base64/utf-16", "gzip": "gzip/base64", "hex": "hex",
    "HEX": "hex", "percent": "percent", "unicode": "unicode-escape", "hex-escape": "hex-escape", "html": "html",
    "html-hex": "html",
}  # fmt: skip


def kept(text: bytes) -> list[bytes]:
    return secrets(engine().scan(chunk(text)), GITHUB)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(
    ("left", "right"), [(b"", b""), (b"v = '", b"'\n"), (b'{"data": "', b'"}'), (b"> ", b" <")]
)
def test_each_encoding_is_read_and_its_run_is_the_place(name, left, right):
    run = ENCODERS[name](b"GITHUB_TOKEN=" + token() + b" # ours")
    text = left + run + right
    (one,) = (one for one in found(engine().scan(chunk(text))) if one.rule.id == GITHUB)
    assert one.secret.reveal() == token()
    assert one.encoding == NAMES[name]
    assert text[one.item_start : one.item_end].rstrip(b"=") == run.rstrip(b"=")


@pytest.mark.parametrize("name", ENCODERS)
def test_what_each_encoding_of_nothing_holds_is_nothing(name):
    assert kept(ENCODERS[name](b"some plain words without any secret in them at all")) == []


@pytest.mark.parametrize("name", ["base64", "hex", "gzip"])
def test_encodings_nest_to_the_depth_and_no_further(name):
    text = b"key " + token()
    for _ in range(MAX_DEPTH):
        text = ENCODERS[name](text)
    assert kept(b"x " + text) == [token()]
    assert kept(b"x " + ENCODERS[name](text)) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(set(ENCODERS) - {"utf-16"})), min_size=1, max_size=3),
    st.integers(0, 9999),
)
def test_any_encodings_nest_in_any_order(names, seed):
    text = b"key: " + token(seed)
    for name in names:
        text = ENCODERS[name](text)
    assert token(seed) in kept(b"x = " + text + b"\n")


@pytest.mark.parametrize("width", [20, 40, 60, 64, 70, 76, 100])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\n    ", b"\\n", b"\\r\\n", b"\\n\n"])
@pytest.mark.parametrize("alphabet", [base64.b64encode, base64.urlsafe_b64encode])
def test_wrapped_base64_is_one_text(width, newline, alphabet):
    run = alphabet(b">>> ??? ~~~ " * 9 + b"\nkey " + token() + b"\n" + b"??>>~~ words " * 9)
    assert b"+" in base64.b64encode(b">>> ??? ~~~ " * 9)
    lines = newline.join(run[at : at + width] for at in range(0, len(run), width))
    if newline == b"\\n\n":
        lines = lines.replace(b"\\n\n", b"\\n")
    assert token() in kept(b"blob: |\n    " + lines + b"\nnext: 1\n")


@pytest.mark.parametrize("size", [48, 49, 50, 51, 54, 57, 60])
def test_values_below_each_other_are_read_one_by_one(size):
    """Without padding between them two values look like one wrapped text."""
    values = [(b"k=" + token(seed) + b" " * size)[:size] for seed in range(3)]
    lines = [base64.b64encode(value).rstrip(b"=") for value in values]
    assert set(kept(b"\n".join(lines) + b"\n")) >= {token(seed) for seed in range(3)}


@pytest.mark.parametrize(
    "after", [b"data", b"kind: Secret", b"GITHUB_TOKEN_OF_PRODUCTION: x", b"-----END X-----"]
)
@pytest.mark.parametrize("length", [42, 43, 44, 45])
def test_the_next_lines_first_word_spoils_nothing(after, length):
    run = base64.b64encode((b"k=" + token() + b"   ")[:length]).rstrip(b"=")
    assert token() in kept(b"  token: " + run + b"\n" + after + b"\n")


def test_a_gzip_bomb_is_cut():
    bomb = zipped(b"\n" * (4 * MAX_INFLATED) + b"key " + token())
    decoder = next(one for one in DECODERS if one.name == "gzip/base64")
    decoded = decode_at(decoder, bomb, 0, len(bomb), 24)
    assert decoded
    assert len(decoded.text) == MAX_INFLATED
    assert kept(bomb) == []


def test_a_damaged_stream_is_read_up_to_the_damage():
    rng = random.Random(1)
    raw = gzip.compress(b"key " + token() + b"\n" + bytes(rng.choices(range(32, 127), k=60_000)), mtime=0)
    assert kept(base64.b64encode(raw[:40_000])) == [token()]
    assert kept(base64.b64encode(raw[:30_000] + b"\xff" * 9_000)) == [token()]


@pytest.mark.parametrize(
    "run",
    [b"H4sI" + b"A" * 40,
     b"H4sIAAAAAAAA" + b"z" * 400, b"Zm9v" * 30 + b"=", b"%41" * 8 + b"%4", b"\\u0041" * 8 + b"\\u00",
     b"&#65;" * 8 + b"&#", b"&#x110000;" * 8, b"41" * 20 + b"4", b"\\u00410" * 3, b"Zm9vY" * 9 + b"\nZ"],
)  # fmt: skip
def test_malformed_runs_are_no_error_and_hide_nothing(run):
    for text in (run, b"x = " + run + b"\n", run * 3):
        assert kept(text) == []
        assert kept(text + b" and " + token()) == [token()]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(DECODERS), st.integers(0, 400))
def test_decoders_take_any_bytes(data, decoder, end):
    decoded = decode_at(decoder, data, 0, len(data), min(end, len(data)))
    assert decoded is None or (0 <= decoded.start < decoded.end <= len(data))


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="ascii"), min_size=20, max_size=300))
def test_what_is_encoded_comes_back(text):
    raw = text.encode()
    for name, back in (
        ("base64", base64.b64encode),
        ("hex", hexed),
        ("percent", percent),
        ("unicode-escape", unicode_escape),
    ):
        decoder = next(one for one in DECODERS if one.name == name)
        run = back(raw)
        decoded = decode_at(decoder, b" " + run, 1, len(run) + 1, 1 + decoder.length)
        assert decoded
        assert decoded.text == raw
    assert urllib.parse.unquote_to_bytes(percent(raw)) == raw


def test_a_run_that_fails_is_not_tried_at_every_hit(monkeypatch):
    """Work is counted: each line of a run of H4sI lines is a hit, and none inflates."""
    from dce_guard.scan import second

    tried = []
    real = second.decode_at

    def counted(decoder, *args):
        tried.append(decoder.name)
        return real(decoder, *args)

    monkeypatch.setattr(second, "decode_at", counted)
    line = b"H4sI" + b"zzzz" * 5 + b"\n"
    counts = []
    for size in (500, 2000):
        tried.clear()
        assert found(engine([rule()]).scan(chunk(line * size))) == []
        counts.append(tried.count("gzip/base64"))
    assert counts[1] <= counts[0] + 4 < 60


def test_a_good_stream_behind_a_bad_one_is_read():
    line = b"H4sI" + b"zzzz" * 15 + b"\n"
    assert kept(line * 3 + zipped(b"key " + token()) + b"\n") == [token()]


def test_hashes_and_identifiers_are_not_decoded():
    rng = random.Random(2)
    scanner = engine([rule()])
    for _ in range(100):
        raw = rng.randbytes(48)
        for text in (raw.hex().encode(), base64.b64encode(raw), zlib.compress(raw)):
            assert scanner._matcher.hits(b"x " + text) == []
