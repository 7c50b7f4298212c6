"""The shipped packs: each rule finds its own examples, leaves its negatives, and is cheap to run."""

import random
import re
from pathlib import Path

import pytest
import regex

from dce_guard.model.rule import Category, Confidence, Rule, Sensitivity
from dce_guard.scan.rule_lint import Problem, entropy, lint, survivors
from dce_guard.scan.templates import expand

MISSION = (
    "aws stripe jwt database-urls private-keys supabase netlify twilio sentry slack github gitlab openai "
    "anthropic google azure sendgrid npm pypi cloudflare"
).split()


def shaped(packs) -> list[Rule]:
    """The rules that know a value by its shape or its vendor's name, not by how it looks."""
    return [rule for rule in packs.rules if rule.pack not in ("generic", "passwords")]


def test_every_pack_of_the_mission_is_there(packs):
    assert set(MISSION) <= {rule.pack for rule in packs.rules}


def test_all_rules_are_clean(packs):
    assert (
        lint(packs.rules, rounds=15, missed=0.6) == []
    )  # rules that judge by looks drop many a random value


def test_rules_of_shape_miss_nothing(packs):
    assert lint(shaped(packs), rounds=15, missed=0.07) == []


@pytest.mark.slow
def test_all_rules_are_clean_on_two_hundred_expansions(packs):
    assert lint(shaped(packs), rounds=200, seed=2, missed=0.01) == []


def test_ids_are_unique_and_public_rules_are_low(packs):
    assert len({rule.id for rule in packs.rules}) == len(packs.rules)
    assert all(rule.sensitivity is Sensitivity.LOW for rule in packs.rules if rule.public)


def test_no_pack_holds_what_it_looks_for(packs):
    for name, text in packs.texts:
        raw = text.encode()
        for rule in shaped(packs):
            found = [match for match in survivors(rule, raw) if not rule.public and not rule.needs_pair]
            assert not found, f"rules/{name}.toml holds a value that {rule.id} finds"


def test_anchors_compile_together_and_fire_on_every_example(packs):
    hyperscan = pytest.importorskip("hyperscan", reason="no hyperscan wheel on this platform")
    pairs = [(rule, anchor) for rule in packs.rules for anchor in rule.anchors]
    database = hyperscan.Database()
    database.compile(
        expressions=[anchor.encode() for _, anchor in pairs],
        ids=list(range(len(pairs))),
        flags=[0] * len(pairs),
    )
    rng = random.Random(11)
    for rule in packs.rules:
        for template in rule.examples:
            text, ends = expand(template, rng), []
            database.scan(
                text,
                match_event_handler=lambda at, _, end, *__: (
                    ends.append(end) if pairs[at][0] is rule else None
                ),
            )
            for match in survivors(rule, text):
                assert any(
                    end - rule.before <= match.start and match.end <= end + rule.after for end in ends
                ), rule.id


def evil(rule: Rule, size: int) -> list[bytes]:
    """Texts that begin a match again and again and never end it."""
    rng = random.Random(7)
    examples = [expand(template, rng) for template in rule.examples]
    seeds = {text[:cut] for text in examples for cut in (6, 12, len(text) // 2, len(text) - 1)}
    seeds |= {b"a", b"-", b"=", b'"', b"\\n", b":/@", b"a.b", b";a=b", b"-----BEGIN PRIVATE KEY-----"}
    texts = [seed * (size // len(seed) + 1) for seed in seeds if seed]
    for text in examples:
        texts += [text[: len(text) // 2] + filler * size for filler in (b"a", b"0", b" ", b"=", b'"')]
    return [text[:size] for text in texts]


def test_no_pattern_hangs_on_what_its_window_can_hold(packs):
    for rule in packs.rules:
        pattern = regex.compile(rule.pattern.encode())
        for text in evil(rule, min(rule.before + rule.after, 12_000)):
            list(
                pattern.finditer(text, timeout=1)
            )  # TimeoutError fails the test: the limit of a window in a scan


ESCAPES = ("\\n", "\\t", "\\r", '\\"', '"', "'", "`", "=", ":", "(", ">", "|", " ", "/", "@", "\n", "")


PREFIXED = (
    "github-pat stripe-secret-key gitlab-pat google-api-key npm-token slack-bot-token aws-access-key-id "
    "sendgrid-api-key supabase-secret-key openai-api-key"
).split()


@pytest.mark.parametrize("rule_id", PREFIXED)
@pytest.mark.parametrize("left", ESCAPES)
def test_tokens_are_found_in_whatever_stands_around_them(packs, rule_id, left):
    rule = next(rule for rule in packs.rules if rule.id == rule_id)
    bare = survivors(rule, expand(rule.examples[0], random.Random(3)))[0].secret.reveal()
    for right in ("\\n", '\\"', '"', ",", ";", ")", "<", " ", "\r\n", "\\u0022", "%22", ""):
        text = f"x{left}".encode() + bare + right.encode() if left else bare + right.encode()
        assert [match.secret.reveal() for match in survivors(rule, text)] == [bare], (left, right)


def rule_of(**changes: object) -> Rule:
    values: dict[str, object] = {
        "id": "a-b",
        "description": "x",
        "pattern": "(?P<secret>ab[0-9]{8})",
        "anchors": ("ab[0-9]{8}",),
        "category": Category.EXTERNAL_API,
        "sensitivity": Sensitivity.LOW,
        "confidence": Confidence.LOW,
        "provider": "x",
        "pack": "x",
        "examples": ("ab{digits:8}",),
        "negatives": ("ab{digits:3}",),
        "references": ("https://example.com",),
        "remediation": "x",
    }
    return Rule(**(values | changes))  # type: ignore[arg-type]


def test_a_sound_rule_has_no_problem():
    assert lint([rule_of()]) == []
    assert lint([rule_of(heads=("zz", "ab"), opening="ab[0-9]")]) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"id": "A_b"}, "hyphens"),
        ({"pattern": "(?P<secret>ab"}, "compile"),
        ({"pattern": "ab[0-9]{8}"}, "no group named secret"),
        ({"anchors": ("(?<=a)b",)}, "looks around"),
        ({"anchors": ("ab[0-9]{8}+",)}, "possessive"),
        ({"anchors": ("ab[0-9]+",)}, "open repeat"),
        ({"anchors": ("ab[0-9]{2,}",)}, "open repeat"),
        ({"anchors": ("zz",)}, "no anchor fires"),
        ({"anchors": ()}, "no anchors"),
        ({"after": 0, "before": 2}, "no anchor fires"),
        ({"examples": ("nothing",)}, "not found"),
        ({"examples": ("{what}",)}, "unknown template"),
        ({"examples": ()}, "no examples"),
        ({"negatives": ("ab{digits:8}",)}, "is found"),
        ({"negatives": ()}, "no negatives"),
        ({"references": ()}, "no references"),
        ({"remediation": ""}, "no remediation"),
        ({"checks": ("nonsense",)}, "unknown check"),
        ({"min_entropy": 7.5}, "not found"),
        ({"heads": ("ab", "")}, "empty or not in lower case"),
        ({"heads": ("AB",)}, "empty or not in lower case"),
        ({"heads": ("b",)}, "as heads and opening say"),
        ({"heads": ("ab",), "opening": "ab[a-z]"}, "as heads and opening say"),
        ({"heads": ("ab",), "opening": "(ab"}, "compile"),
        ({"opening": "ab"}, "no heads"),
    ],
)
def test_the_lint_says_what_is_wrong(changes, word):
    problems = lint([rule_of(**changes)])
    assert any(word in problem.message for problem in problems), problems


def test_two_rules_of_one_id_are_a_problem():
    assert Problem("a-b", "id is taken twice") in lint([rule_of(), rule_of()])


def test_entropy():
    assert entropy(b"") == 0
    assert entropy(b"aaaa") == 0
    assert entropy(bytes(range(256))) == 8


def test_references_are_addresses_of_vendors(packs):
    for rule in packs.rules:
        assert all(re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/\S*)?", url) for url in rule.references), (
            rule.id
        )


def test_rules_live_beside_the_package():
    assert (Path(__file__).parents[2] / "rules" / "aws.toml").is_file()
