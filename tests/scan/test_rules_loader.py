"""Rule packs as they are read: what is taken, and every refusal with file, rule and key."""

import pytest
from scan_tools import PACKS, shipped

from dce_guard.errors import RulesError
from dce_guard.model.rule import Category, Confidence, Pair, Sensitivity
from dce_guard.scan.digest import digest
from dce_guard.scan.rules import load, parse_pack

RULE = """
[[rule]]
id = "a-b"
description = "x"
pattern = "(?P<secret>ab[0-9]{8})"
anchors = ["ab[0-9]{8}"]
category = "EXTERNAL_API"
sensitivity = "LOW"
confidence = "high"
provider = "acme"
"""


def test_a_rule_is_read_with_its_defaults():
    (one,) = parse_pack("p", RULE)
    assert (one.id, one.pack, one.category, one.sensitivity, one.confidence) == (
        "a-b", "p", Category.EXTERNAL_API, Sensitivity.LOW, Confidence.HIGH,
    )  # fmt: skip
    assert (one.anchors, one.checks, one.pair, one.public, one.cwe) == (("ab[0-9]{8}",), (), None, False, 798)


def test_the_packs_table_is_shared_and_a_rule_may_say_otherwise():
    text = '[pack]\nprovider = "p"\ncwe = 321\nremediation = "r"\n' + RULE + "cwe = 259\n"
    (one,) = parse_pack("p", text)
    assert (one.provider, one.cwe, one.remediation) == ("acme", 259, "r")


def test_a_pair_is_read():
    text = RULE + 'pair = { rule = "c-d", within = 50, fact = "other" }\n' + RULE.replace("a-b", "c-d")
    assert load([("p", text)])[0].pair == Pair("c-d", 50, "other")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE + 'patern = "x"', "unknown key 'patern'"),
        (RULE + 'patern = "x"', "pattern"),
        (RULE + 'pack = "x"', "unknown key 'pack'"),
        (RULE.replace('"LOW"', '"LOWER"'), "sensitivity"),
        (RULE.replace('"LOW"', '"LOWER"'), "CRITICAL"),
        (RULE.replace('"high"', '"HIGH"'), "confidence"),
        (RULE.replace('"EXTERNAL_API"', '"API"'), "category"),
        (RULE.replace('"EXTERNAL_API"', "[1]"), "category"),
        (RULE.replace('id = "a-b"', ""), "'id' is missing"),
        (RULE.replace('description = "x"', ""), "'description' is missing"),
        (RULE.replace('provider = "acme"', ""), "'provider' is missing"),
        (RULE.replace('anchors = ["ab[0-9]{8}"]', ""), "'anchors'"),
        (RULE.replace('["ab[0-9]{8}"]', '"ab"'), "'anchors' is a list"),
        (RULE.replace('["ab[0-9]{8}"]', "[1]"), "'anchors' is a list"),
        (RULE.replace('"(?P<secret>ab[0-9]{8})"', "5"), "'pattern'"),
        (RULE + "before = 1.5", "'before'"),
        (RULE + "after = true", "'after'"),
        (RULE + 'min_entropy = "3"', "'min_entropy'"),
        (RULE + "public = 1", "'public'"),
        (RULE + 'examples = "x"', "'examples'"),
        (RULE + 'pair = "c"', "'pair'"),
        (RULE + 'pair = { rule = "c", fact = "x" }', "'pair'"),
        (RULE + 'pair = { rule = "c", within = "1", fact = "x" }', "'pair'"),
        ("x = 1", "unknown table [x]"),
        ("[pack]\nprovidr = 1", "unknown key 'providr'"),
        ("[pack]\nprovidr = 1", "provider"),
        ("[pack]\nid = 'x'", "'id'"),
        ("pack = 5", "[pack] is a table"),
        ("rule = 5", "[[rule]] a list"),
        ("rule = [1]", "[[rule]] a list"),
        ("[rule]\nid='x'", "[[rule]] a list"),
        ("= broken", "rules/p.toml"),
        (RULE + RULE, "rule 'a-b' is in rules/p.toml too"),
        (RULE + 'pair = { rule = "c-d", within = 5, fact = "x" }', "no rule 'c-d' to pair with"),
        ("", "no rules were loaded"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(text, said):
    with pytest.raises(RulesError) as refused:
        load([("p", text)])
    assert said in refused.value.message
    assert refused.value.exit_code == 3


def test_numbers_and_truth_are_taken_as_they_are():
    (one,) = parse_pack("p", RULE + "min_entropy = 3\nbefore = 12\npublic = true\n")
    assert (one.min_entropy, one.before, one.public) == (3, 12, True)


def test_two_packs_may_not_hold_one_id():
    with pytest.raises(RulesError, match=r"rules/q.toml: rule 'a-b' is in rules/p.toml too"):
        load([("p", RULE), ("q", RULE)])


def test_no_packs_are_no_rules():
    with pytest.raises(RulesError, match="nothing was scanned"):
        load([])


def test_the_shipped_packs_load_in_order():
    names = sorted(path.stem for path in PACKS.glob("*.toml") if path.stem != "known")
    assert list(dict.fromkeys(rule.pack for rule in shipped())) == names


def test_the_digest_tells_names_texts_and_order_apart():
    digests = {
        digest(packs)
        for packs in (
            [],
            [("a", "b")],
            [("ab", "")],
            [("", "ab")],
            [("a", "b"), ("c", "d")],
            [("c", "d"), ("a", "b")],
            [("a", "bc"), ("", "d")],
        )
    }
    assert len(digests) == 7
    assert all(len(one) == 64 for one in digests)
