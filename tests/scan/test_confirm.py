"""Windows: merged, grown with what they cut, never searched twice; and patterns that are linear."""

import dataclasses
import random
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_tools import chunk, engine, rule, secrets, shipped

from dce_guard.scan import confirm as confirm_module
from dce_guard.scan.confirm import confirm, windows
from dce_guard.scan.templates import expand


def values(of, text, ends, low=0, high=None):
    return [one.secret for one in confirm(of, text, low, len(text) if high is None else high, ends)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 5000), max_size=40), st.integers(0, 300), st.integers(0, 300))
def test_windows_are_apart_in_order_and_hold_every_hit(ends, before, after):
    ends.sort()
    made = windows(rule(before=before, after=after), ends, 10, 4000)
    assert all(first[1] < second[0] for first, second in pairwise(made))
    for end in (end for end in ends if 10 <= end <= 4000):
        assert any(start <= max(10, end - before) and min(4000, end + after) <= stop for start, stop in made)
    assert all(start >= 10 and stop <= 4000 for start, stop in made if start < 4000)


def test_a_token_longer_than_its_window_is_whole():
    long = rule(pattern="ab(?P<secret>[0-9]{8,})", before=16, after=32)
    text = b"x" * 50 + b"ab" + b"7" * 5000 + b" tail"
    assert values(long, text, [60]) == [b"7" * 5000]


def test_growth_ends_at_the_items_end():
    long = rule(pattern="ab(?P<secret>[0-9]{8,})", before=16, after=32)
    assert values(long, b"ab" + b"7" * 500, [10], 0, 100) == [b"7" * 98]


def test_a_window_that_grew_over_the_next_gives_each_match_once():
    long = rule(pattern="ab(?P<secret>[0-9]{8,})", before=12, after=16)
    text = b"ab" + b"1" * 100 + b" ab" + b"2" * 100 + b" ab" + b"3" * 9
    ends = [10, 113, 216]
    assert values(long, text, ends) == [b"1" * 100, b"2" * 100, b"3" * 9]
    assert values(long, text, sorted([*ends, 40, 60, 90, 150])) == [b"1" * 100, b"2" * 100, b"3" * 9]


def test_work_grows_with_the_text_when_every_window_grows(monkeypatch):
    """Counted in bytes searched, not in time."""
    long = rule(pattern="ab(?P<secret>[0-9]{8,})", before=12, after=16)
    searched = []
    real = confirm_module._search

    def counted(of, data, start, stop, high):
        matches, reached = real(of, data, start, stop, high)
        searched.append(reached - start)
        return matches, reached

    monkeypatch.setattr(confirm_module, "_search", counted)
    work = []
    for size in (1000, 4000):
        searched.clear()
        text = b"ab" + b"1" * size * 10
        list(confirm(long, text, 0, len(text), list(range(10, len(text), 50))))
        work.append(sum(searched))
    assert work[1] < 5 * work[0]


def test_what_looks_behind_sees_the_byte_before_the_window():
    lone = rule(pattern=r"(?<![0-9])(?P<secret>12345678)", before=8, after=8)
    assert values(lone, b"912345678", [9]) == []
    assert values(lone, b"x12345678", [9]) == [b"12345678"]


def test_nothing_outside_the_item_is_matched():
    assert values(rule(before=100, after=100), b"ab12345678 ab12345678", [10], 11, 20) == []


def test_an_empty_secret_is_no_match():
    assert values(rule(pattern="ab(?P<secret>[0-9]*)|cd(?P<secret>x)"), b"ab cd ab1", [2, 5, 8]) == [b"1"]


def test_other_groups_come_along_and_unset_ones_do_not():
    named = rule(pattern="(?P<user>u)?(?P<no>n)?(?P<secret>ab[0-9]{8})")
    (one,) = confirm(named, b"uab12345678", 0, 11, [11])
    assert one.groups == {"user": b"u"}
    assert (one.start, one.end) == (1, 11)


def test_too_much_time_is_an_error(monkeypatch):
    monkeypatch.setattr(confirm_module, "SECONDS_PER_WINDOW", 0.02)
    evil = rule(pattern="(?P<secret>(?:a|aa)+)c", after=4000)
    with pytest.raises(TimeoutError):
        list(confirm(evil, b"a" * 4000, 0, 4000, [10]))


LED = ("generic-secret", "generic-key", "hardcoded-password")
HEADS = (
    "secret secret_key TOKEN api-key apikey authKey auth authorization credential creds cred oauth Cookie nkey seed "
    "connect.sid session_id password Passw passwd _pass PASS pw pwd sshpass senha passphrase _key KEY Key zzz"
).split()  # fmt: skip
RESTS = ["", "", "_", ".", "s", "-x7", "_of_a_name_longer_than_it_may", "Key"]
CLOSES = ["", "", '"', "'", "']", ": str", ": &'a str", " string", ":x", "\\)", "]]]]]"]
GAPS = ["", "", " ", "\t ", " " * 21, "\n", "\0"]
OPERATORS = ["=", "=", ": ", ":=", "=>", ",", "||=", "==", "::", "!=", "<", ""]
PREFIXES = ["", "", "", "b", "L", "bb", "new X(", "env(", "[]byte(", "(", "{", "$"]
QUOTES = ["", "", '"', '"', "'", "`", '\\"', "\\'", "&quot;", "&#39;", "\\"]
VALUES = [
    "hunter2xyz9",
    "abcd",
    "a" * 40,
    "Zq3~8.-kfW/0+" * 12,
    "0123456789abcdef",
    "two words",
    "\xe9" * 9,
    "",
]
PARTS = (HEADS, RESTS, CLOSES, GAPS, OPERATORS, GAPS, PREFIXES, QUOTES, VALUES, QUOTES)


def joined(pieces):
    return "".join(map("".join, pieces)).encode("latin-1")


TEXTS = st.lists(st.tuples(*map(st.sampled_from, PARTS)), max_size=12).map(joined)


def told(found):
    return [(one.secret, one.start, one.end, one.groups) for one in found]


@pytest.mark.parametrize("name", LED)
@settings(deadline=None, max_examples=200)
@given(text=TEXTS, ends=st.lists(st.integers(1, 500), min_size=1, max_size=4), low=st.integers(0, 30))
def test_a_rule_with_heads_finds_what_its_pattern_alone_finds(name, text, ends, low):
    led = dataclasses.replace(next(one for one in shipped() if one.id == name), before=60, after=100)
    plain = dataclasses.replace(led, heads=(), opening="")
    high = max(low, len(text) - 3)
    ends = sorted(end for end in ends if low < end <= high)
    assert told(confirm(led, text, low, high, ends)) == told(confirm(plain, text, low, high, ends))


@pytest.mark.parametrize("name", LED)
def test_so_it_does_on_many_texts_that_hold_matches(name):
    rng = random.Random(3)
    led = dataclasses.replace(next(one for one in shipped() if one.id == name), before=60, after=100)
    plain = dataclasses.replace(led, heads=(), opening="")
    assert led.heads
    count = 0
    for _ in range(2000):
        text = joined([[rng.choice(part) for part in PARTS] for _ in range(8)])
        found = told(confirm(led, text, 0, len(text), [len(text) // 2]))
        assert found == told(confirm(plain, text, 0, len(text), [len(text) // 2]))
        count += len(found)
    assert count > 25


def test_heads_and_opening_say_where_a_match_may_begin():
    of = rule(pattern="(?i)(?:a|b)b(?P<secret>[0-9]{4})", heads=("ab", "bb"), opening="[ab]b[0-9]")
    assert values(of, b"ab1234 xb1234 BB5678 abc aB9999", [8, 20, 30]) == [b"1234", b"5678", b"9999"]
    assert values(dataclasses.replace(of, heads=("bb",)), b"ab1234 bb5678", [13]) == [b"5678"]
    assert values(dataclasses.replace(of, opening="bb"), b"ab1234 bb5678", [13]) == [b"5678"]


def test_a_head_inside_a_match_begins_no_other():
    of = rule(pattern="(?:ab)+(?P<secret>[0-9]{4})", heads=("ab",))
    assert values(of, b"ababab1234ab5678", [16]) == [b"1234", b"5678"]
    assert values(of, b"abx ab 1234", [11]) == []


def test_a_match_at_a_head_grows_beyond_its_window():
    long = rule(pattern="ab(?P<secret>[0-9]{8,})", before=16, after=32, heads=("ab",))
    assert values(long, b"x" * 50 + b"ab" + b"7" * 5000 + b" tail", [60]) == [b"7" * 5000]
    assert values(long, b"ab" + b"7" * 500, [10], 0, 100) == [b"7" * 98]


def test_too_much_time_at_a_head_is_an_error(monkeypatch):
    monkeypatch.setattr(confirm_module, "SECONDS_PER_WINDOW", 0.02)
    evil = rule(pattern="(?P<secret>(?:a|aa)+)c", after=4000, heads=("a",))
    with pytest.raises(TimeoutError):
        list(confirm(evil, b"a" * 4000, 0, 4000, [10]))


@pytest.mark.parametrize("size", [64, 1_600, 5_000, 12_000])
def test_a_private_key_of_any_size_is_whole(size):
    rng = random.Random(size)
    body = expand(f"{{b64:{size}}}", rng)
    lines = b"\n".join(body[at : at + 64] for at in range(0, size, 64))
    label = b"RSA PRIVATE" + b" KEY-----"
    pem = b"-----BEGIN " + label + b"\n" + lines + b"\n-----END " + label
    for text in (pem, b"k: |\n" + pem + b"\ntail", pem.replace(b"\n", b"\r\n"), pem.replace(b"\n", b"\\n")):
        whole = text[text.index(b"-----BEGIN") : text.rindex(b"-----") + 5]
        assert whole in secrets(engine().scan(chunk(text)), "private-key")


def test_every_rule_finds_its_example_in_a_large_text():
    """Windows cut out of 40 KB of noise hold what the whole pattern needs."""
    rng = random.Random(5)
    noise = b"the quick brown fox.\n" * 1000
    scanner = engine()
    missed = {}
    for of in shipped():
        pattern = regex.compile(of.pattern.encode())
        for template in of.examples:
            text = noise + expand(template, rng) + b"\n" + noise
            wanted = {
                one.span("secret") for one in pattern.finditer(text, len(noise) - 1, len(text) - len(noise))
            }
            got = {(one.start, one.end) for one in scanner.scan(chunk(text)) if one.rule.id == of.id}
            if not wanted & got:
                missed.setdefault(of.id, []).append(template)
    generic = [
        name for name in missed if next(r for r in shipped() if r.id == name).pack in ("generic", "passwords")
    ]
    assert [name for name in missed if name not in generic] == []


def evil_texts(of, size):
    rng = random.Random(7)
    texts = []
    for template in of.examples[:3]:
        example = expand(template, rng)
        for seed in (example[: len(example) // 2], example[:-1], example[:8]):
            if seed:
                texts.append((seed * (size // len(seed) + 1))[:size])
    return texts


@pytest.mark.slow
def test_every_pattern_is_linear_on_beginnings_without_end():
    """Both sizes end within a limit that only a pattern of higher order would break: 4 seconds for 64 KB."""
    for of in shipped():
        pattern = regex.compile(of.pattern.encode())
        for text in evil_texts(of, 64 << 10):
            list(pattern.finditer(text, timeout=4))
