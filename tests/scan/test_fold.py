"""One finding a value, with every place."""

import random
from dataclasses import replace

import pytest

from dce_guard.model.finding import Location, Sighting, State
from dce_guard.model.item import Kind
from dce_guard.model.rule import Category, Confidence, Sensitivity
from dce_guard.scan.fold import fold


def place(path="a", line=1, **changes):
    values = {"kind": Kind.FILE, "path": path, "line": line, "end_line": line, "column": 1, "end_column": 9,
              "start": 10 * line, "end": 10 * line + 8}  # fmt: skip
    return Location(**(values | changes))


def sighting(name="f1", *places, **changes):
    values = {"fingerprint": name, "rule": "r", "category": Category.EXTERNAL_API, "sensitivity": Sensitivity.HIGH,
              "provider": "acme", "confidence": Confidence.MEDIUM, "preview": "*****", "facts": {}, "reasons": ("why",),
              "locations": places or (place(),)}  # fmt: skip
    return Sighting(**(values | changes))


def test_one_value_is_one_finding_with_all_places_in_order():
    (one,) = fold(
        [sighting("f", place("b", 2)), sighting("f", place("a", 9)), sighting("f", place("a", 3))],
        Confidence.LOW,
    )
    assert [(each.path, each.line) for each in one.locations] == [("a", 3), ("a", 9), ("b", 2)]


def test_two_values_at_one_place_are_two_findings():
    assert len(fold([sighting("f"), sighting("g")], Confidence.LOW)) == 2


@pytest.mark.parametrize("same", [{}, {"encoding": "base64"}, {"snippet": "other"}])
def test_one_place_seen_twice_is_one(same):
    (one,) = fold([sighting("f"), sighting("f", place(**same))], Confidence.LOW)
    assert len(one.locations) == 1


@pytest.mark.parametrize(
    "other", [{"path": "b"}, {"object": "1"}, {"commit": "2"}, {"start": 3}, {"part": "id"}]
)
def test_places_that_differ_are_kept(other):
    (one,) = fold([sighting("f"), sighting("f", place(**other))], Confidence.LOW)
    assert len(one.locations) == 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (
            {"provider": "acme", "confidence": Confidence.LOW},
            {"provider": "generic", "confidence": Confidence.HIGH},
        ),
        (
            {"confidence": Confidence.HIGH},
            {"confidence": Confidence.LOW, "sensitivity": Sensitivity.CRITICAL},
        ),
        ({"sensitivity": Sensitivity.CRITICAL}, {"sensitivity": Sensitivity.LOW}),
        ({"rule": "a-rule"}, {"rule": "b-rule"}),
    ],
)
def test_what_knows_the_value_best_speaks_for_it(better, worse):
    base = {"rule": "z-rule"}
    first, second = sighting("f", **(base | better)), sighting("f", place("b"), **(base | worse))
    for order in ([first, second], [second, first]):
        (one,) = fold(order, Confidence.LOW)
        assert (one.rule, one.confidence, one.sensitivity) == (
            first.rule,
            first.confidence,
            first.sensitivity,
        )


def test_facts_come_together_and_the_bests_win():
    worse = sighting("f", place("b"), provider="generic", facts={"a": 1, "c": 3})
    (one,) = fold([sighting("f", facts={"a": 2, "b": 2}), worse], Confidence.LOW)
    assert one.facts == {"a": 2, "b": 2, "c": 3}
    assert list(one.facts) == sorted(one.facts)


def test_a_finding_is_allowed_when_every_place_is_marked():
    marked, bare = place("a", marker="m: why"), place("b")
    (one,) = fold([sighting("f", marked)], Confidence.LOW)
    assert (one.state, one.note) == (State.ALLOWED, "m: why")
    (one,) = fold([sighting("f", marked), sighting("f", bare)], Confidence.LOW)
    assert (one.state, one.note) == (State.NEW, "")
    (one,) = fold([sighting("f", marked), sighting("f", replace(bare, marker="n"))], Confidence.LOW)
    assert one.state is State.ALLOWED


def test_another_halfs_marker_allows_nothing_and_its_lack_forbids_nothing():
    half = place("a", 2, part="id")
    (one,) = fold([sighting("f", place(), replace(half, marker="m"))], Confidence.LOW)
    assert one.state is State.NEW
    (one,) = fold([sighting("f", place(marker="m"), half)], Confidence.LOW)
    assert one.state is State.ALLOWED
    assert [each.part for each in one.locations] == ["", "id"]


def test_findings_below_the_confidence_asked_for_are_left_out():
    three = [sighting(name, place(name), confidence=Confidence(name)) for name in ("low", "medium", "high")]
    assert [one.fingerprint for one in fold(three, Confidence.MEDIUM)] == ["high", "medium"]
    assert fold(three[:1], Confidence.HIGH) == ()
    assert fold([], Confidence.LOW) == ()


def test_a_weak_sighting_of_a_sure_value_is_a_place_of_it():
    (one,) = fold(
        [sighting("f", confidence=Confidence.HIGH), sighting("f", place("b"), confidence=Confidence.LOW)],
        Confidence.HIGH,
    )
    assert len(one.locations) == 2


def test_the_order_of_sightings_changes_nothing():
    rng = random.Random(1)
    many = [
        sighting(f"f{rng.randrange(9)}", place(rng.choice("abc"), rng.randrange(1, 9)), rule=rng.choice("xyz"),
                 confidence=rng.choice(list(Confidence)), provider=rng.choice(["generic", "acme"]))
        for _ in range(60)
    ]  # fmt: skip
    first = fold(many, Confidence.LOW)
    for _ in range(10):
        rng.shuffle(many)
        assert fold(many, Confidence.LOW) == first
