"""Judging: overlaps, pairs, published examples, public things."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_tools import chunk, engine, found, match, rule, token

from dce_guard.model.match import Verdict
from dce_guard.model.rule import Confidence, Pair, Sensitivity
from dce_guard.scan.checks import CHECKS
from dce_guard.scan.judge import Judge
from dce_guard.scan.known import is_known
from dce_guard.scan.templates import expand


def judged(*texts, known=frozenset()):
    judge = Judge(CHECKS, lambda value: is_known(value, known))
    by_item: dict[str, list] = {}
    for one in found(engine().scan(chunk(*texts))):
        by_item.setdefault(one.item.path, []).append(one)
    return [one for matches in by_item.values() for one in judge.item(matches)]


def rules_of(*texts):
    return [one.match.rule.id for one in judged(*texts)]


def plain(checks=None):
    return Judge(checks or {}, lambda value: False)


VENDOR = rule(id="vendor", pack="vendor")
GENERIC = rule(id="named", pack="generic")
VALUES = [f"q{random.Random(at).getrandbits(60):x}z".encode() for at in range(5)]


def test_a_vendors_rule_beats_a_generic_one():
    text = b'github_token = "' + token() + b'"'
    assert rules_of(text) == ["github-pat"]


def test_a_wrong_checksum_is_nobodys_secret():
    broken = token()[:-1] + (b"0" if not token().endswith(b"0") else b"1")
    assert rules_of(b'github_token = "' + broken + b'"') == []
    assert rules_of(b'github_token = "' + token() + b'"\n') == ["github-pat"]


def test_an_encoded_token_beats_the_name_beside_it():
    import base64

    text = b'auth_token = "' + base64.b64encode(b"key=" + token() + b";") + b'"'
    assert rules_of(text) == ["github-pat"]


def test_published_examples_are_dropped_and_only_they():
    text = b"x = " + token()
    digest = hashlib.sha256(token()).digest()
    assert judged(text, known=frozenset((digest,))) == []
    assert len(judged(b"x = " + token(2), known=frozenset((digest,)))) == 1


def test_public_things_are_never_findings():
    rng = random.Random(3)
    for template in ("pk_live_{base62:24}", "sb_publishable_{b64url:31}", "AC{hex:32}"):
        value = expand(template, rng)
        assert [one for one in judged(b"x = " + value) if one.match.secret.reveal() == value] == [], template


def value_at(text, value, of, encoding=""):
    return match(of, text, value, encoding)


@pytest.mark.parametrize("order", [0, 1])
def test_the_longer_and_the_surer_of_two_wins(order):
    text = b"x = " + VALUES[0]
    long, short = value_at(text, VALUES[0], VENDOR), value_at(text, VALUES[0][2:], rule(id="short", pack="v"))
    matches = [long, short] if order else [short, long]
    assert [one.match.rule.id for one in plain().item(matches)] == ["vendor"]
    sure = value_at(text, VALUES[0][2:], rule(id="sure", pack="v", confidence=Confidence.HIGH))
    assert [one.match.rule.id for one in plain().item([long, sure])] == ["sure"]


def test_neighbours_that_touch_are_two():
    text = VALUES[0] + VALUES[1]
    matches = [value_at(text, VALUES[0], VENDOR), value_at(text, VALUES[1], VENDOR)]
    assert len(plain().item(matches)) == 2


def test_two_secrets_of_one_encoded_run_are_two():
    text = VALUES[0] + b" " + VALUES[1]
    matches = [value_at(text, value, VENDOR, "base64") for value in VALUES[:2]]
    for one in matches:
        one.item_start, one.item_end = 10, 90
    assert len(plain().item(matches)) == 2
    other = value_at(b"x" * 12 + VALUES[2], VALUES[2], GENERIC)
    assert len(plain().item([*matches, other])) == 2


PAIRED = rule(id="id", pack="v", pair=Pair("secret", 50, "secret"))
SECRET = rule(id="secret", pack="v")
MUTUAL = rule(id="secret", pack="v", pair=Pair("id", 50, "id"))
NEEDY = rule(id="secret", pack="v", pair=Pair("id", 50, "id"), needs_pair=True)
IDENTIFIER = rule(id="id", pack="v", public=True)


def laid(*parts):
    """Matches of (rule or number of bytes between) in order, in one text."""
    text, places = b"", []
    for part in parts:
        if isinstance(part, int):
            text += b" " * part
        else:
            places.append((part, len(text)))
            text += VALUES[len(places) - 1]
    return [match(of, text, VALUES[at], at=start) for at, (of, start) in enumerate(places)]


def ids(matches):
    return [(one.match.rule.id, one.other.rule.id if one.other else "") for one in plain().item(matches)]


@pytest.mark.parametrize(("gap", "joined"), [(0, True), (50, True), (51, False)])
@pytest.mark.parametrize("turned", [False, True])
def test_halves_are_joined_by_the_bytes_between_them_either_way(gap, joined, turned):
    parts = (SECRET, gap, PAIRED) if turned else (PAIRED, gap, SECRET)
    pairs = ids(laid(*parts))
    assert sorted(pairs) == ([("id", "secret")] if joined else [("id", ""), ("secret", "")])


def test_each_half_alone_is_reported():
    assert ids(laid(PAIRED)) == [("id", "")]
    assert ids(laid(SECRET)) == [("secret", "")]


def test_the_nearest_other_half_is_taken():
    (first, second) = plain().item(laid(PAIRED, 20, SECRET, 30, SECRET))
    assert first.other.start < second.match.start
    assert first.confidence is Confidence.HIGH
    assert any("other half" in reason for reason in first.reasons)


@pytest.mark.parametrize(
    "parts",
    [(PAIRED, 5, MUTUAL), (MUTUAL, 5, PAIRED), (MUTUAL, 5, PAIRED, 5, MUTUAL), (PAIRED, 5, MUTUAL, 5, PAIRED),
     (MUTUAL, 5, MUTUAL, 5, PAIRED), (PAIRED, 5, MUTUAL, 60, MUTUAL), (MUTUAL, 1, PAIRED, 1, PAIRED, 1, MUTUAL)],
)  # fmt: skip
def test_mutual_pairs_never_vanish(parts):
    matches = laid(*parts)
    result = plain().item(matches)
    told = {id(one.match) for one in result} | {id(one.other) for one in result if one.other}
    assert told == {id(one) for one in matches}


def test_a_half_that_needs_its_other_is_nothing_without():
    assert ids(laid(NEEDY)) == []
    assert ids(laid(NEEDY, 60, IDENTIFIER)) == []
    assert ids(laid(NEEDY, 20, IDENTIFIER)) == [("secret", "id")]
    assert ids(laid(IDENTIFIER, 20, NEEDY, 20, NEEDY)) == [("secret", "id"), ("secret", "id")][:1]


def test_a_public_half_is_a_fact_of_the_other_and_no_finding():
    (one,) = plain().item(laid(IDENTIFIER, 5, MUTUAL))
    assert one.match.rule.id == "secret"
    assert one.other.rule.id == "id"


def test_aws_id_and_secret_are_one_finding_and_each_alone_one():
    rng = random.Random(4)
    key_id, secret = expand("AKIA{base32:16}", rng), expand("{b64:40}", rng)
    name = b"aws_secret_access_key = "
    assert len(judged(b"id = " + key_id + b"\n" + name + secret)) == 1
    assert len(judged(name + secret + b"\nid = " + key_id)) == 1
    assert rules_of(b"id = " + key_id) == ["aws-access-key-id"]
    assert rules_of(name + secret) == ["aws-secret-access-key"]


def test_a_check_drops_raises_and_tells():
    verdicts = {
        "no": lambda match: Verdict(drop="because"),
        "yes": lambda match: Verdict(
            confidence=Confidence.HIGH, sensitivity=Sensitivity.CRITICAL, facts={"a": 1}, reason="r"
        ),
        "mute": lambda match: Verdict(),
    }  # fmt: skip
    text = b"x = " + VALUES[0]
    (one,) = plain(verdicts).item([match(rule(checks=("mute", "yes", "mute")), text, VALUES[0])])
    assert (one.confidence, one.sensitivity, one.facts, one.reasons) == (
        Confidence.HIGH, Sensitivity.CRITICAL, {"a": 1}, ["r"],
    )  # fmt: skip
    assert plain(verdicts).item([match(rule(checks=("no", "yes")), text, VALUES[0])]) == []
    assert plain(verdicts).judge(match(rule(checks=("no", "yes")), text, VALUES[0])).drop == "because"


def test_too_regular_and_made_up_values_are_dropped():
    for value in (b"ab" * 10, b"XXXXXXXXXXXXXXXX", b"EXAMPLEKEY12", b"1234567890"):
        assert plain().item([match(rule(min_entropy=2.0), value, value)]) == []


def test_an_unknown_check_is_an_error_and_no_silence():
    with pytest.raises(KeyError):
        plain().item([match(rule(checks=("nowhere",)), VALUES[0], VALUES[0])])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20), st.booleans()), max_size=25))
def test_what_is_kept_never_overlaps_and_covers_what_was_dropped(places):
    rng = random.Random(1)
    text = expand("{base62:90}", rng)
    matches = [
        match(GENERIC if generic else VENDOR, text, text[start : start + size], at=start)
        for start, size, generic in places
    ]
    kept = [one.match for one in plain().item(matches)]
    for at, one in enumerate(kept):
        assert all(one.end <= other.start or other.end <= one.start for other in kept[at + 1 :])
    vendors = [one for one in matches if one.rule is VENDOR and one.secret.reveal()]
    judged_alone = [one for one in vendors if plain().item([one])]
    for one in judged_alone:
        assert any(one.start < other.end and other.start < one.end for other in kept)


def test_work_on_many_matches_grows_with_their_number(monkeypatch):
    """Counted in comparisons of spans, not in time: a file may hold thousands of values."""
    from dce_guard.scan import judge as module

    calls = []
    for name in ("bisect_left", "bisect_right"):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, real=real: (calls.append(1), real(*args))[1])
    counts = []
    for size in (200, 800):
        calls.clear()
        text = b" ".join(VALUES[0] for _ in range(size))
        step = len(VALUES[0]) + 1
        matches = [match(PAIRED if at % 2 else MUTUAL, text, VALUES[0], at=at * step) for at in range(size)]
        plain().item(matches)
        counts.append(len(calls))
    assert counts[1] < 5 * counts[0]
