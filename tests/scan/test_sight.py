"""From matches to places: lines, columns, masks, markers, names. The value ends there."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_tools import chunk, engine, found, match, pieces, rule, token

from dce_guard.model.item import Chunk
from dce_guard.model.rule import Pair
from dce_guard.scan import engine as engine_module
from dce_guard.scan import sight
from dce_guard.scan.identity import Identity
from dce_guard.scan.judge import Judge
from dce_guard.scan.sight import Page, canonical, sightings
from dce_guard.scan.templates import expand


class Names(Identity):
    """Names without the slow hash that a value of few digits gets: test_identity.py holds that."""

    def fingerprint(self, value: bytes) -> str:
        return hashlib.sha256(b"salt" + value).hexdigest()[:32]


IDENTITY = Names(b"k" * 32, shared=True)
ALLOW = b"# dce-guard:" + b"allow"


def seen(of, *chunks):
    """Sightings of the rules' matches in the first item."""
    out = []
    for part in chunks:
        matches = found(engine([of] if not isinstance(of, list) else of).scan(part))
        judged = Judge({}, lambda value: False).item(matches)
        out += sightings(Page(part, 0), judged, IDENTITY)
    return out


def places(text, of=None):
    return [one.locations[0] for one in seen(of or rule(), chunk(text))]


def number(at=1):
    return b"ab" + b"%08d" % (83_917_000 + at)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b"%s", 1, 1), (b"x = %s\n", 1, 5), (b"\n\n%s", 3, 1), (b"a\r\nb %s\r\n", 2, 3), (b"a\rb\rc %s\rd", 3, 3),
        (b"\t\tx=%s", 1, 5), ("é中😀 %s".encode(), 1, 5), (b"\xe9\xe8 %s", 1, 4), ("\ufeff%s".encode(), 1, 1),
        ("\ufeffx\n\ufeff%s".encode(), 2, 2), (b"x" * 9000 + b"%s", 1, 9001), (b"\n" * 5000 + b" %s", 5001, 2),
        (b"a\n\rb %s", 2, 4), (b"\f\v%s", 1, 3),
    ],
)  # fmt: skip
def test_lines_and_columns_are_counted_as_editors_do(text, line, column):
    raw = text.replace(b"%s", number())
    (place,) = places(raw)
    assert (place.line, place.column) == (line, column)
    assert (place.end_line, place.end_column) == (line, column + 10)
    assert raw[place.start : place.end] == number()


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("head", "line", "column"),
    [("", 1, 1), ("x = ", 1, 5), ("a\nb\n", 3, 1), ("a\r\n  ", 2, 3), ("é中😀", 1, 4), ("é\n中 😀 x", 2, 6)],
)
def test_columns_of_wide_text_are_code_points(codec, bom, head, line, column):
    text = (bom + head + number().decode() + " tail\nnext").encode(codec)
    (place,) = places(text)
    assert (place.line, place.column, place.end_line, place.end_column) == (line, column, line, column + 10)
    assert text[place.start : place.end].replace(b"\0", b"") == number()
    assert "tail" in place.snippet
    assert "\0" not in place.snippet
    assert number().decode() not in place.snippet
    if head:
        assert place.snippet.lstrip("\ufeff").startswith(
            head.splitlines()[-1][:3].strip() if line == 1 else ""
        )


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0\x0bab"), max_size=8),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_any_utf8_text_maps_back(parts, data):
    breaks = data.draw(st.lists(st.sampled_from(["", "\n"]), min_size=len(parts), max_size=len(parts)))
    text = "".join(
        part + end + f"ab{83917000 + at} " for at, (part, end) in enumerate(zip(parts, breaks, strict=True))
    )
    raw = text.encode()
    found_places = places(raw)
    assert len(found_places) == len(parts)
    for at, place in enumerate(found_places):
        value = f"ab{83917000 + at}"
        lines = text.split("\n")
        line = lines[place.line - 1]
        skipped = line.startswith("\ufeff") and place.line == 1
        assert line[place.column - 1 + skipped : place.end_column - 1 + skipped] == value
        assert raw[place.start : place.end] == value.encode()


def test_pieces_count_lines_from_the_items_beginning(monkeypatch):
    monkeypatch.setattr(engine_module, "OVERLAP", 64)
    text = b"".join(b"line %d\n" % at + (number(at) + b"\n" if at % 10 == 0 else b"") for at in range(200))
    got = [place for part in pieces(text, 300, 64) for one in seen(rule(), part) for place in one.locations]
    lines = text.split(b"\n")
    assert len(got) == 20
    for place in got:
        assert lines[place.line - 1] == text[place.start : place.end]
        assert (place.column, place.end_column) == (1, 11)


def test_columns_of_a_piece_go_on_where_the_one_before_ended(monkeypatch):
    monkeypatch.setattr(engine_module, "OVERLAP", 0)
    data = b"x " + number() + b"\n " + number(2) + b"\n"
    part = Chunk(data, chunk(data).items, [0], [len(data) - 1], offset=700, line=3, column=600)
    first, second = (one.locations[0] for one in seen(rule(), part))
    assert (first.line, first.column, first.start) == (4, 603, 702)
    assert (second.line, second.column) == (5, 2)


def test_a_secret_of_many_lines_has_its_last_lines_end():
    block = rule(pattern="(?P<secret>BEGIN[^E]+END)", anchors=("BEGIN",))
    (place,) = places(b"x\n  k: BEGIN\nq1w2\n  z9x8END # tail\n", block)
    assert (place.line, place.column, place.end_line, place.end_column) == (2, 6, 4, 10)


def test_every_secret_of_a_line_is_masked_in_every_snippet():
    rng = random.Random(1)
    long = rule(pattern="(?P<secret>tk_[0-9A-Za-z]{32})", anchors=("tk_",))
    values = [b"tk_" + expand("{base62:32}", rng) for _ in range(4)]
    got = places(b"a=" + b" b=".join(values) + b" end", long)
    assert len(got) == 4
    for place in got:
        assert place.snippet.startswith("a=")
        assert place.snippet.endswith("end")
        for value in values:
            assert not any(value[at : at + 6].decode() in place.snippet for at in range(30))


def test_what_is_redacted_but_no_finding_is_masked_too():
    text = b"a=" + number(1) + b" b=" + number(2)
    one, other = found(engine([rule()]).scan(chunk(text)))
    judged = Judge({}, lambda value: False).item([one])
    (got,) = sightings(Page(chunk(text), 0), judged, IDENTITY, [other])
    assert number(2).decode() not in got.locations[0].snippet
    assert number(1).decode() not in got.locations[0].snippet


@pytest.mark.parametrize("tail", [b"", b"\r\n", b"\n"])
def test_a_long_line_is_cut_around_the_secret(tail):
    (place,) = places(b"l" * 5000 + b" " + number() + b" " + b"r" * 5000 + tail)
    assert len(place.snippet) < 1000
    assert place.snippet.startswith("l")
    assert place.snippet.endswith("r")


@pytest.mark.parametrize(
    "text",
    [b"x = %s  {own} why\n",
     b"{own} why\n%s\n", b"a\nx = %s {own} why", b"x = %s {own} why\r\n", b"y\rx = %s {own} why\rz",
     b"x = %s" + b" " * 3000 + b"{own} why", b"a\r\n{own} why\r\n  %s"],
)  # fmt: skip
def test_markers_on_the_line_and_above_count(text):
    above = b"\n%s" in text or b"\n  %s" in text
    own = ALLOW + (b"-next-line" if above else b"")
    (place,) = places(text.replace(b"{own}", own).replace(b"%s", number()))
    assert place.marker.endswith(": why")


@pytest.mark.parametrize(
    "text", [b"x {own}\n%s\n", b"{own}\n\n%s", b"%s\n{own}", b"%s\r\n{own}", b"{next}\n\n%s", b"%s {next}"]
)
def test_markers_elsewhere_do_not(text):
    (place,) = places(
        text.replace(b"{own}", ALLOW).replace(b"{next}", ALLOW + b"-next-line").replace(b"%s", number())
    )
    assert place.marker == ""


def test_a_marker_behind_the_last_line_of_a_block_counts_and_one_inside_does_not():
    block = rule(pattern="(?P<secret>BEGIN[^E]+END)", anchors=("BEGIN",))
    (place,) = places(b"k: BEGIN\nq1w2\nz9x8END " + ALLOW + b" why\n", block)
    assert place.marker
    (place,) = places(b"k: BEGIN\nq1w2 " + ALLOW.replace(b"E", b"e") + b"\nz9x8END\n", block)
    assert place.marker == ""


def test_markers_in_wide_text_count():
    text = ("x = " + number().decode() + " " + ALLOW.decode() + " why").encode("utf-16-le")
    assert places(text)[0].marker.endswith("why")


def test_a_marker_above_is_read_from_the_lines_beginning_only():
    """A file's first line may be megabytes long: reading it for every match would take the square of its size."""
    text = b"// " + b"x" * 100_000 + b"\n" + number() + b"\n"
    (place,) = places(text)
    assert place.marker == ""


def test_context_is_the_same_on_other_lines_and_other_values_but_not_in_other_files():
    first, moved = places(b"k = " + number(1))[0], places(b"a\nb\n\nk =   " + number(2) + b"\n")[0]
    assert first.context_hash == moved.context_hash
    assert len(first.context_hash) == 16
    other = chunk(b"k = " + number(1), names=["g"])
    assert seen(rule(), other)[0].locations[0].context_hash != first.context_hash
    assert places(b"q = " + number(1))[0].context_hash != first.context_hash
    assert places(b"k = " + number(1), rule(id="c-d"))[0].context_hash != first.context_hash


def test_a_pair_has_both_places_and_tells_the_other_by_its_preview():
    halves = [
        rule(pair=Pair("c-d", 99, "other")),
        rule(id="c-d", pattern="(?P<secret>cd[0-9]{8})", anchors=("cd[0-9]{8}",)),
    ]
    text = b"x = " + number() + b"\ny = cd83917333\n"
    (one,) = seen(halves, chunk(text))
    assert [(place.line, place.part) for place in one.locations] == [(1, ""), (2, "other")]
    assert "83917333" not in repr(one)
    assert number().decode() not in repr(one)
    assert "other" in one.facts


def test_no_sighting_holds_the_value():
    (one,) = (
        each
        for each in sightings(
            Page(chunk(b"k=" + token()), 0),
            Judge({}, lambda value: False).item([match(rule(), b"k=" + token(), token())]),
            IDENTITY,
        )
    )
    assert token().decode() not in repr(one)
    assert not any(token()[at : at + 6].decode() in repr(one) for at in range(35))


def test_the_same_key_in_other_armour_has_one_name():
    body = expand("{b64:200}", random.Random(1))
    mark = b"-----" + b"BEGIN X KEY-----\n"
    pem = mark + body + b"\n" + mark.replace(b"BEGIN", b"END")
    for other in (pem.replace(b"\n", b"\r\n"), pem.replace(b"\n", b"\\n"), pem.replace(b"\n", b"\n    ")):
        assert canonical(other) == canonical(pem)
    assert canonical(b"a b\nc") == b"a b\nc"


def test_work_on_one_long_line_grows_with_its_length(monkeypatch):
    """Bytes read from the page are counted: a minified file is one line with many secrets."""
    read = []
    real = Page.text
    monkeypatch.setattr(
        Page, "text", lambda self, start, end: (read.append(end - start), real(self, start, end))[1]
    )
    counts = []
    for size in (50, 200):
        read.clear()
        text = b"".join(b"k=" + number(at) + b";" + b"x" * 500 for at in range(size))
        assert len(places(text)) == size
        counts.append(sum(read))
    assert counts[1] < 5 * counts[0]
    assert sight.Page is Page


def test_spans_are_those_that_touch_the_stretch():
    spans = sight.Spans([(0, 100), (5, 6), (50, 60), (200, 300), (50, 60)])
    assert spans.within(5, 55) == [(0, 100), (5, 6), (50, 60)]
    assert spans.within(100, 200) == []
    assert spans.within(250, 260) == [(200, 300)]
    assert sight.Spans([]).within(0, 9) == []
