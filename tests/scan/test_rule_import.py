import random
import tomllib
from typing import Any

import pytest
import regex

from dce_guard.errors import UsageError
from dce_guard.model.rule import Rule
from dce_guard.scan.confirm import confirm
from dce_guard.scan.go_regex import GoRegexError, parse
from dce_guard.scan.go_render import captures, render, widths, words
from dce_guard.scan.prefilter_regex import RegexMatcher
from dce_guard.scan.rule_import import Imported, convert
from dce_guard.scan.rule_lint import lint
from dce_guard.scan.rules import load
from dce_guard.scan.templates import expand


def imported(*rules: dict[str, Any], **more: Any) -> tuple[Imported, tuple[Rule, ...]]:
    result = convert({"rules": list(rules), **more}, "theirs")
    return result, load([("theirs", result.text)])


def found(rule: Rule, text: str) -> list[str]:
    """What the whole way through anchors, windows and pattern finds."""
    data = text.encode()
    ends = [end for _, end in RegexMatcher(rule.anchors).hits(data)]
    return [one.secret.decode() for one in confirm(rule, data, 0, len(data), ends)]


def secret(pattern: str, text: str, group: int = 0) -> list[str]:
    _, rules = imported({"id": "r", "regex": pattern, "keywords": ["k"], "secretGroup": group})
    return found(rules[0], text)


@pytest.mark.parametrize(
    ("pattern", "text", "values"),
    [
        ("k[0-9]+", "k12 K3", ["k12"]),
        ("(?i)k[0-9]+", "k12 K3", ["k12", "K3"]),
        ("k(?i)ab", "kAB KAB", ["kAB"]),  # a flag in the middle holds for what follows only
        ("(?:k(?i)a|b)c", "kAc kBC bc Bc KAc", ["kAc", "bc", "Bc"]),
        ("(?i)k(?-i:ab)", "Kab KAB", ["Kab"]),
        ("(?i:k)a", "Ka KA", ["Ka"]),
        ("k=(?P<x>[a-z]+)", "k=abc", ["abc"]),
        ("k=(?<x>[a-z]+)", "k=abc", ["abc"]),
        (r"k=(\w+)\z", "k=a k=b", ["b"]),
        (r"k[[:digit:]]{2}[[:^digit:]x]", "k12y", ["k12y"]),
        (r"k\pN+\PN", "k12y", ["k12y"]),
        (r"k[\p{Nd}]+", "k12y", ["k12"]),
        (r"k\Qa.b[\E+", "ka.b[[ kaxb[", ["ka.b[["]),
        (r"k\x41\x{42}\103", "kABC", ["kABC"]),
        (r"k[\x60'\"]a", "k`a k'a", ["k`a", "k'a"]),
        (r"k[]a]+", "k]a]", ["k]a]"]),
        (r"k[a\]\-z]+", "ka]-z b", ["ka]-z"]),
        ("k[a&&b]+", "ka&b", ["ka&b"]),
        ("k{x}", "k{x}", ["k{x}"]),
        ("k.x", "k\nx kax", ["kax"]),
        ("k(?s:.)x", "k\nx", ["k\nx"]),
        ("ké+x", "kééx", ["kééx"]),
        ("k=(a+?)(?:;|$)", "k=aa;", ["aa"]),
        ("^k=([a-z]+)$", "x\nk=abc\ny", ["abc"]),
        ("k(?U)a+", "kaaa", ["ka"]),
        ("k(?:=(a+)|:(b+))", "k=aa k:bb", ["aa", "bb"]),
        ("k=((a+)b)", "k=aab", ["aab"]),
        (r"k=\s*x", "k=\v x k= x", ["k= x"]),  # Go's \s has no vertical tab
        (r"\bk\d\B", "k12 k3", ["k1"]),
    ],
)
def test_the_same_values_as_in_go(pattern: str, text: str, values: list[str]) -> None:
    assert secret(pattern, text) == values


def test_the_secret_is_the_named_group_or_the_first() -> None:
    assert secret("k(a)(b)", "kab") == ["a"]
    assert secret("k(a)(b)", "kab", group=2) == ["b"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("k(?=x)", "not known to Go"),
        ("k(?<!x)", "not known to Go"),
        ("(k", "not closed"),
        ("k)", "unmatched"),
        ("k[a", "not closed"),
        ("k[z-a]", "backwards"),
        ("*k", "repeats nothing"),
        ("k**", "repeated"),
        ("k{1001}", "not allowed"),
        (r"k\1", "not known"),
        ("k\\", "not known"),
        ("k[é]", "not ASCII"),
        (r"k\p{Greek}", "cannot be told from bytes"),
        ("k[[:nope:]]", "not known"),
        ("(" * 300 + "k" + ")" * 300, "too deeply"),
    ],
)
def test_what_cannot_be_carried_over_is_left_out_with_its_reason(pattern: str, said: str) -> None:
    with pytest.raises(GoRegexError, match=said):
        parse(pattern)
    result = convert({"rules": [{"id": "bad", "regex": pattern, "keywords": ["k"]}]}, "theirs")
    assert result.ids == ()
    assert any(
        lost.rule == "bad" and "left out" in lost.reason and said in lost.reason for lost in result.lost
    )


def test_an_imported_pack_checks_clean_and_goes_around() -> None:
    rules = [
        {
            "id": "acme",
            "description": "Acme's 'key'",
            "regex": r"\b(acme_[a-z0-9]{32})\b",
            "keywords": ["acme_"],
        },
        {
            "id": "plain",
            "description": 'a "b" \\ c',
            "regex": r"pl_[A-F0-9]{20}",
            "entropy": 2.5,
            "keywords": ["pl_"],
        },
        {
            "id": "named",
            "regex": r"""(?i)zed[\w.-]{0,20}["']?\s*[:=]\s*["']([\w]{24})["']""",
            "keywords": ["zed"],
        },
    ]
    result, loaded = imported(*rules)
    assert lint(loaded, rounds=5) == []
    assert [rule.id for rule in loaded] == ["acme", "plain", "named"]
    assert loaded[0].description == "Acme's 'key'" and loaded[1].description == 'a "b" \\ c'
    assert loaded[1].min_entropy == 2.5
    for rule in loaded:
        text = expand(rule.examples[0], random.Random(3)).decode()
        assert found(rule, f"x = 1\n{text}\n")
        assert not found(rule, rule.negatives[0])
    assert not result.lost


def test_a_keyword_that_the_match_does_not_hold_widens_the_window_and_is_told() -> None:
    result, (rule,) = imported(
        {"id": "air", "regex": r"\b(pat[a-z]{14}\.[a-f0-9]{64})\b", "keywords": ["airtable"]}
    )
    text = expand("{lower:8}\npat{lower:14}.{hex:64}", random.Random(1)).decode()
    assert not found(rule, text)
    assert found(rule, "# airtable\n" + "#\n" * 500 + text)
    assert any("must stand within" in lost.reason for lost in result.lost)


def test_without_keywords_plain_text_of_the_pattern_is_the_anchor() -> None:
    _, (rule,) = imported({"id": "r", "regex": "(?:alpha|beta)_[0-9]{4}"})
    assert set(rule.anchors) == {"(?i)alpha_", "(?i)beta_"}
    result = convert({"rules": [{"id": "r", "regex": "[0-9a-f]{32}"}]}, "theirs")
    assert not result.ids and "no plain text" in result.lost[0].reason


def test_a_common_keyword_is_told() -> None:
    result, _ = imported({"id": "r", "regex": "key=([a-z]{9})", "keywords": ["key"]})
    assert any("'key' is common" in lost.reason for lost in result.lost)


def test_what_has_no_counterpart_is_listed() -> None:
    result, _ = imported(
        {
            "id": "r",
            "regex": "rrr[0-9]{8}",
            "keywords": ["rrr"],
            "path": r"\.tf$",
            "allowlists": [{"regexes": ["0000"], "stopwords": ["x"], "condition": "AND"}],
            "allowlist": {"commits": ["abc"]},
            "validate": "http.get()",
        },
        {"id": "files", "path": r"\.p12$"},
        extend={"useDefault": True, "disabledRules": ["other"], "path": "base.toml"},
        allowlists=[{"paths": ["vendor"]}],
    )
    reasons = [(lost.rule, lost.reason) for lost in result.lost]
    for rule, start in [
        ("r", "allowlist (regexes, stopwords)"),
        ("r", "allowlist (commits)"),
        ("r", "path "),
        ("r", "validate: "),
        ("files", "left out: it has no regex"),
        ("other", "disabled there"),
        ("", "[extend] path"),
        ("", "allowlists for all rules"),
    ]:
        assert any(each == rule and reason.startswith(start) for each, reason in reasons), (rule, start)
    assert result.total == 2 and result.ids == ("r",)


@pytest.mark.parametrize(
    ("text", "entropy", "told"),
    [
        ('entropy(finding["secret"]) <= 3.5\n', 3.5, False),
        ('entropy(finding["secret"]) < 3.0 || tokenRatio(finding["secret"]) >= 2.5', 3.0, True),
        ('containsAny(finding["secret"], ["x"])', 0.0, True),
    ],
)
def test_of_an_expr_filter_a_leading_entropy_test_is_carried(text: str, entropy: float, told: bool) -> None:
    result, (rule,) = imported({"id": "r", "regex": "rrr[0-9]{8}", "keywords": ["rrr"], "filter": text})
    assert rule.min_entropy == entropy
    assert any(lost.reason.startswith("filter") for lost in result.lost) is told


def test_halves_become_a_pair() -> None:
    one = {"id": "a.one", "regex": "one_[0-9]{8}", "keywords": ["one_"]}
    two = {
        "id": "b",
        "regex": "two_[0-9]{8}",
        "keywords": ["two_"],
        "required": [{"id": "a.one", "withinLines": 5}],
    }
    three = {
        "id": "c",
        "regex": "thr_[0-9]{8}",
        "keywords": ["thr_"],
        "components": [{"id": "gone"}, {"id": "b"}],
    }
    result, rules = imported({**one, "skipReport": True}, two, three)
    assert rules[0].id == "a-one" and rules[0].public
    assert rules[1].pair is not None and rules[1].pair.rule == "a-one" and rules[1].needs_pair
    assert rules[1].pair.within == 800
    assert rules[2].pair is None and not rules[2].needs_pair
    assert any("'gone', which is not in the pack" in lost.reason for lost in result.lost)


def test_ids_that_are_taken_get_the_packs_name() -> None:
    rules = [{"id": name, "regex": "rrr[0-9]{8}", "keywords": ["rrr"]} for name in ("jwt", "A_b", "a.b")]
    result = convert({"rules": rules}, "theirs", {"jwt"})
    assert result.ids == ("theirs-jwt", "a-b", "theirs-a-b")
    assert [lost.reason for lost in result.lost if lost.rule == "jwt"] == ["renamed to 'theirs-jwt'"]


@pytest.mark.parametrize("document", [{}, {"rules": {}}, {"rules": ["x"]}, {"tool": {}}])
def test_other_files_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="not a gitleaks or betterleaks configuration"):
        convert(document, "theirs")


@pytest.mark.parametrize(
    "text", ["a'b\"c\\d", "tab\there", "new\nline", "'''", "\x7f\x00", "ends with '", "\\'", "é\u202e"]
)
def test_any_text_survives_the_writing(text: str) -> None:
    result = convert({"rules": [{"id": "r", "description": text, "regex": "rrr[0-9]{8}"}]}, "theirs")
    assert tomllib.loads(result.text)["rule"][0]["description"] == text


def test_what_is_told_of_a_tree() -> None:
    tree, groups = parse("a(?:b|cd){2,3}(e)*")
    assert groups == 1 and widths(tree) == (3, 1 + 6 + 4096)
    assert [number for number, _ in captures(tree)] == [1]
    assert words(parse("xox[pb]-")[0]) == {"xoxp-", "xoxb-"}
    assert regex.fullmatch(render(tree, frozenset()).encode(), b"abcdee")
