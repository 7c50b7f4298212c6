"""Rules made ready: through the cache, around a damaged one, with and without Vectorscan."""

import hashlib
import json
import sys

import pytest
from scan_tools import chunk, found, rule, token

from dce_guard.adapters import matcher_cache
from dce_guard.cli.kit import Kit
from dce_guard.cli.tables import build, dump, parse
from dce_guard.errors import RulesError, UsageError
from dce_guard.scan.engine import Engine
from dce_guard.scan.prefilter_regex import RegexMatcher

hyperscan = pytest.importorskip(
    "hyperscan", reason="no hyperscan wheel on this platform: no compiled rules to keep"
)

RULE = """
[[rule]]
id = "a-b"
description = "x"
pattern = '(?P<secret>ab[0-9]{8})'
anchors = ['ab[0-9]{8}']
category = "EXTERNAL_API"
sensitivity = "LOW"
confidence = "high"
provider = "acme"
examples = ["ab{digits:8}"]
"""
KNOWN = '[[known]]\nsha256 = "' + hashlib.sha256(b"x").hexdigest() + '"\n'
TEXT = b"k = ab83917301\n"


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def kit(environ, text=RULE, **more):
    return Kit([("p", text)], KNOWN, environ, **more)


def finds(made):
    return [one.rule.id for one in found(made.engine().scan(chunk(TEXT)))]


def test_a_cold_start_fills_the_cache_and_a_warm_one_compiles_nothing(environ, tmp_path, monkeypatch):
    assert finds(kit(environ)) == ["a-b"]
    assert sorted(path.suffix for path in (tmp_path / "cache" / "dce-guard").iterdir()) == [".hs", ".json"]

    def never(*_args, **_kwargs):
        raise AssertionError("compiled again")

    monkeypatch.setattr("dce_guard.scan.prefilter.compile_vectorscan", never)
    monkeypatch.setattr("dce_guard.cli.tables.build", never)
    assert finds(kit(environ)) == ["a-b"]


def test_rules_are_not_parsed_for_a_clean_text(environ, monkeypatch):
    finds(kit(environ))
    made = kit(environ)
    assert found(made.engine().scan(chunk(b"nothing in here\n"))) == []
    assert "tables" not in made.__dict__


def test_other_rules_are_other_files(environ, tmp_path):
    finds(kit(environ))
    changed = kit(environ, RULE.replace("a-b", "c-d"))
    assert finds(changed) == ["c-d"]
    assert len(list((tmp_path / "cache" / "dce-guard").glob("*.hs"))) == 2
    assert Kit([("p", RULE)], KNOWN + "\n", environ).digest != kit(environ).digest


@pytest.mark.parametrize("suffix", ["hs", "json"])
@pytest.mark.parametrize(
    "damage", ["truncated", "garbage", "empty", "another", "well kept garbage", "folder"]
)
def test_a_wrong_cache_is_made_anew(environ, tmp_path, suffix, damage):
    made = kit(environ)
    assert finds(made) == ["a-b"]
    folder = tmp_path / "cache" / "dce-guard"
    path = folder / f"{made.digest}.{suffix}"
    good = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(good[: len(good) // 2])
    elif damage == "garbage":
        path.write_bytes(b"\xff" * 100)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "another":
        path.write_bytes((folder / f"{made.digest}.{'json' if suffix == 'hs' else 'hs'}").read_bytes())
    elif damage == "well kept garbage":
        matcher_cache.write(folder, path.name, b'{"rules": [{"id": 1}]}' if suffix == "json" else b"\0" * 200)
    else:
        path.unlink()
        path.mkdir()
    assert finds(kit(environ)) == ["a-b"]
    if damage != "folder":
        assert path.read_bytes()[32:] == good[32:] or suffix == "hs"
        assert finds(kit(environ)) == ["a-b"]


def test_without_a_cache_folder_all_is_made_each_time():
    assert finds(kit({})) == ["a-b"]


def test_without_vectorscan_the_findings_are_the_same(environ, monkeypatch):
    before = finds(kit(environ))
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    fallback = kit(environ)
    assert isinstance(fallback.matcher(), RegexMatcher)
    assert finds(fallback) == before == ["a-b"]


def test_each_engine_has_its_own_matcher(environ):
    made = kit(environ)
    first, second = made.engine(), made.engine()
    assert isinstance(first, Engine)
    assert first._matcher is not second._matcher


def test_the_rules_are_counted_without_parsing(environ):
    assert kit(environ, RULE + RULE.replace("a-b", "c-d")).rules == 2
    assert kit(environ, RULE.lstrip()).rules == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE.replace("'ab[0-9]{8}'", "'(?=ab)'"), "rule 'a-b': anchor '(?=ab)'"),
        (RULE + "x = 1", "unknown key 'x'"),
        ("", "no rules"),
    ],
)
def test_broken_rules_are_refused_before_anything_is_scanned(environ, tmp_path, text, said):
    with pytest.raises(RulesError) as refused:
        kit(environ, text).engine()
    assert said in refused.value.message
    assert not list(tmp_path.rglob("*.hs"))


def test_a_pattern_of_ones_own_that_does_not_compile_is_refused(environ):
    for pattern in ("(?P<secret>ab", "ab[0-9]{8}"):
        broken = RULE.replace("(?P<secret>ab[0-9]{8})", pattern)
        with pytest.raises(RulesError, match="a-b"):
            kit(environ, broken, added=["p"]).engine()


def test_an_opening_of_ones_own_is_refused_as_no_limit_holds_it(environ):
    led = RULE + 'heads = ["ab"]\n'
    assert finds(kit(environ, led, added=["p"])) == ["a-b"]
    with pytest.raises(RulesError, match="'opening'"):
        kit(environ, led + "opening = 'ab[0-9]'", added=["p"]).engine()
    assert finds(kit(environ, led + "opening = 'ab[0-9]'")) == ["a-b"]


def test_a_selection_turns_rules_off_and_keeps_the_numbers(environ):
    both = RULE + RULE.replace("a-b", "c-d")
    only = kit(environ, both, select=lambda rules: [one for one in rules if one.id == "c-d"])
    assert finds(only) == ["c-d"]
    assert finds(kit(environ, both, select=lambda rules: [])) == []
    assert finds(kit(environ, both)) == ["a-b", "c-d"]


def test_the_other_half_of_a_pair_stays_on(environ):
    text = RULE + 'pair = { rule = "c-d", within = 9, fact = "f" }\n' + RULE.replace("a-b", "c-d")
    made = kit(environ, text, select=lambda rules: rules[:1])
    assert finds(made) == ["a-b", "c-d"]


def test_a_selection_that_names_nothing_is_told_at_once(environ):
    def select(rules):
        raise UsageError("no rule 'x'")

    with pytest.raises(UsageError):
        kit(environ, select=select)


def test_tables_survive_their_keeping():
    made = build([("p", RULE + 'pair = { rule = "a-b", within = 9, fact = "f" }\n')], KNOWN)
    again = parse(dump(made))
    assert again is not None
    assert again.known == made.known == frozenset((hashlib.sha256(b"x").digest(),))
    assert again.stage.anchors == made.stage.anchors
    assert again.rules[0].examples == ()
    assert (again.rules[0].pair, again.rules[0].confidence) == (made.rules[0].pair, made.rules[0].confidence)


@pytest.mark.parametrize(
    "change", ["[]", "{}", '{"rules": [{}], "known": []}', '{"rules": [], "known": ["zz"]}', "nothing", "5"]
)
def test_tables_of_another_making_are_none(change):
    assert parse(change.encode()) is None


def test_tables_with_a_key_more_are_none():
    document = json.loads(dump(build([("p", RULE)], KNOWN)))
    document["rules"][0]["colour"] = "red"
    assert parse(json.dumps(document).encode()) is None


def test_no_value_of_a_scan_is_kept(environ, tmp_path):
    made = kit(environ)
    found(made.engine().scan(chunk(TEXT + token())))
    assert rule().id == "a-b"
    for path in (tmp_path / "cache").rglob("*"):
        assert path.is_dir() or (b"ab83917301" not in path.read_bytes() and token() not in path.read_bytes())
