import pytest

from dce_guard.errors import Exit, UsageError
from dce_guard.model.rule import Category, Confidence, Rule, Sensitivity
from dce_guard.scan.policy import DEFAULT_BASELINE, Layer, Policy, Trust, Where, merge
from dce_guard.scan.settings import KEYS, parse

TEXT = 'exclude = ["a"]\n\n# confidnce\n  confidnce = "low"\n'


def tree(text: str = "") -> Where:
    return Where(".dce-guard.toml", Trust.TREE, text)


def rule(name: str, pack: str = "p") -> Rule:
    return Rule(
        name, name, "(?P<secret>x)", ("x",), Category.EXTERNAL_API, Sensitivity.LOW, Confidence.LOW, "p", pack
    )


RULES = (rule("aws-key", "aws"), rule("aws-token", "aws"), rule("jwt", "jwt"))


def off(*names: str, on: tuple[str, ...] = ()) -> Layer:
    return parse({"disable": list(names), "enable": list(on)}, tree())


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        parse({"exclude": ["a"], "confidnce": "low"}, tree(TEXT))
    assert caught.value.message == ".dce-guard.toml:4: unknown key 'confidnce', did you mean 'confidence'?"
    assert caught.value.exit_code is Exit.USAGE


def test_the_line_is_looked_for_below_the_table_only() -> None:
    text = '[project]\nkey = "no"\n\n[tool.dce-guard]\nkey = "x"\n'
    with pytest.raises(UsageError, match=r"pyproject\.toml:5: 'key' is not taken from the scanned tree"):
        parse({"key": "x"}, Where("pyproject.toml", Trust.TREE, text, "tool.dce-guard"))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("exclude", "a", "must be a list of strings, not a string"),
        ("exclude", ["a", 1], "holds a number"),
        ("exclude", [""], "empty string"),
        ("exclude", ["["], "not closed"),
        ("exclude", ["../x"], "stay inside"),
        ("enable", {"a": 1}, "not a table"),
        ("inline-markers", "yes", "must be true or false, not a string"),
        ("inline-markers", 1, "not a number"),
        ("confidence", "hihg", "did you mean 'high'?"),
        ("confidence", 3, "must be one of low, medium, high"),
        ("baseline", ["x"], "must be a string, not a list"),
        ("baseline", " ", "empty"),
        ("max-file-size", True, "number of bytes"),
        ("max-file-size", 0, "number of bytes"),
        ("max-file-size", "5 parsecs", "number of bytes"),
    ],
)
def test_wrong_types_and_values_are_refused(key: str, value: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse({key: value}, tree())
    assert said in caught.value.message
    assert caught.value.message.startswith(".dce-guard.toml")


@pytest.mark.parametrize(
    ("key", "value"), [("detect-secrets-plugins", ["p.py"]), ("key", "00" * 16), ("trust-head", True)]
)
def test_a_tree_may_not_run_code_name_the_key_or_trust_itself(key: str, value: object) -> None:
    with pytest.raises(UsageError, match="not taken from the scanned tree"):
        parse({key: value}, tree())
    with pytest.raises(UsageError, match="not taken from the scanned tree"):
        parse({key.replace("-", "_"): value}, tree())
    assert parse({key: value}, Where("config.toml", Trust.USER)).values


@pytest.mark.parametrize("value", ["", "abc", "0" * 31, "0" * 33, "g" * 32, "00" * 15])
def test_a_key_that_is_none_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse({"key": value}, Where("config.toml", Trust.USER))
    assert not value or value not in caught.value.message.replace("'key'", "")


def test_the_key_stays_hidden() -> None:
    policy = merge([parse({"key": "ab" * 16}, Where("c", Trust.USER))])
    assert policy.key is not None and policy.key.reveal() == b"\xab" * 16
    assert "abab" not in repr(policy)


@pytest.mark.parametrize(("text", "size"), [(5, 5), ("5", 5), ("2 MB", 2_000_000), ("1kib", 1024)])
def test_sizes(text: object, size: int) -> None:
    assert merge([parse({"max-file-size": text}, tree())]).max_file_size == size


def test_defaults() -> None:
    policy = merge([])
    assert policy == Policy()
    assert (policy.baseline, policy.min_confidence) == (DEFAULT_BASELINE, Confidence.MEDIUM)
    assert policy.inline_markers and not policy.trust_head and not policy.excluded("a")


def test_later_single_values_win_and_lists_add() -> None:
    policy = merge(
        [
            parse({"exclude": ["a"], "confidence": "low", "rules": ["x.toml"]}, tree()),
            parse({"exclude": ["!a", "b"], "confidence": "high", "rules": ["x.toml", "y.toml"]}, tree()),
        ]
    )
    assert policy.min_confidence is Confidence.HIGH
    assert policy.rules == ("x.toml", "y.toml")
    assert policy.excluded("b") and not policy.excluded("a")


def test_rules_are_switched_by_id_pack_and_pattern() -> None:
    assert merge([off("jwt")]).select(RULES) == RULES[:2]
    assert merge([off("aws")]).select(RULES) == RULES[2:]
    assert merge([off("*-key")]).select(RULES) == RULES[1:]


def test_enable_makes_exceptions_and_a_stronger_source_has_the_last_word() -> None:
    assert merge([off("*", on=("jwt",))]).select(RULES) == RULES[2:]
    assert merge([off("aws"), off(on=("aws-key",))]).select(RULES) == (RULES[0], RULES[2])
    assert merge([off(on=("aws",)), off("aws-key")]).select(RULES) == RULES[1:]


def test_enable_alone_turns_nothing_off() -> None:
    assert merge([off(on=("jwt",))]).select(RULES) == RULES


def test_a_name_that_no_rule_has_is_refused_with_the_nearest() -> None:
    layer = parse({"disable": ["aws-kye"]}, tree('disable = ["aws-kye"]'))
    with pytest.raises(
        UsageError, match=r"\.dce-guard\.toml:1: no rule or pack is named 'aws-kye', did you mean 'aws-key'"
    ):
        merge([layer]).select(RULES)
    with pytest.raises(UsageError, match="no rule or pack is named 'z'"):
        merge([off(on=("z",))]).select(RULES)


def test_no_rule_left_is_refused() -> None:
    with pytest.raises(UsageError, match="every rule is disabled; nothing was scanned"):
        merge([off("*")]).select(RULES)


def test_a_folder_is_passed_over_only_if_nothing_in_it_is_taken_back() -> None:
    assert merge([parse({"exclude": ["vendor"]}, tree())]).excluded_folder("vendor")
    assert not merge([parse({"exclude": ["vendor", "!vendor/ours"]}, tree())]).excluded_folder("vendor")
    assert not merge([parse({"exclude": ["vendor/*"]}, tree())]).excluded_folder("vendor")


def test_keys_are_told_apart_from_each_other() -> None:
    assert len(set(KEYS)) == len(KEYS)
