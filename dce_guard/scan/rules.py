"""Rule packs: TOML in, `Rule`s out, with errors that name file, rule and key."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

from dce_guard.errors import RulesError
from dce_guard.model.rule import Category, Confidence, Pair, Rule, Sensitivity
from dce_guard.scan.suggest import meant

# Names that a pack's table [pack] sets for all its rules; a rule may set its own.
_SHARED = ("category", "sensitivity", "confidence", "provider", "remediation", "references", "cwe")
_KEYS = {field.name for field in fields(Rule)} - {"pack"}
_REQUIRED = ("id", "description", "pattern", "anchors", "category", "sensitivity", "confidence", "provider")
_ENUMS: Mapping[str, type[StrEnum]] = {
    "category": Category, "sensitivity": Sensitivity, "confidence": Confidence,
}  # fmt: skip
_KINDS: Mapping[str, type] = {
    "id": str, "description": str, "pattern": str, "anchors": list, "provider": str, "checks": list, "before": int,
    "after": int, "heads": list, "opening": str, "min_entropy": float, "public": bool, "needs_pair": bool,
    "examples": list, "negatives": list, "references": list, "remediation": str, "cwe": int,
}  # fmt: skip
_SPOKEN = {str: "text", int: "whole number", float: "number", bool: "truth value (true or false)"}


def parse_pack(name: str, text: str) -> list[Rule]:
    """The rules of one pack file. `name` is its file name without `.toml`.

    Raises RulesError, naming file, rule and key, on anything that is not understood.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"rules/{name}.toml: {error}; no rule of it was loaded") from error
    unknown = set(document) - {"pack", "rule"}
    if unknown:
        raise RulesError(f"rules/{name}.toml: unknown table [{min(unknown)}], expected [pack] or [[rule]]")
    pack, tables = document.get("pack", {}), document.get("rule", [])
    if (
        not isinstance(pack, dict)
        or not isinstance(tables, list)
        or not all(isinstance(t, dict) for t in tables)
    ):
        raise RulesError(f"rules/{name}.toml: [pack] is a table and [[rule]] a list of tables")
    for key in pack:
        if key not in _SHARED:
            raise RulesError(f"rules/{name}.toml: unknown key '{key}' in [pack]{meant(key, _SHARED)}")
    shared = {key: pack[key] for key in _SHARED if key in pack}
    return [_rule(name, shared | table) for table in tables]


def _rule(pack: str, table: Mapping[str, Any]) -> Rule:
    where = f"rules/{pack}.toml: rule '{table.get('id', '?')}'"
    for key in table:
        if key not in _KEYS:
            raise RulesError(f"{where}: unknown key '{key}'{meant(key, _KEYS)}")
    missing = [key for key in _REQUIRED if key not in table]
    if missing:
        raise RulesError(f"{where}: key '{missing[0]}' is missing")
    try:
        return Rule(pack=pack, **{key: _value(key, value) for key, value in table.items()})
    except (ValueError, TypeError, KeyError) as error:
        raise RulesError(f"{where}: {error}") from error


def _value(key: str, value: Any) -> Any:
    if key in _ENUMS:
        return _one_of(key, value)
    if key == "pair":
        return _pair(value)
    kind = _KINDS[key]
    if kind is list:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise TypeError(f"'{key}' is a list of texts")
        return tuple(value)
    if isinstance(value, bool) != (kind is bool) or not isinstance(
        value, (int, float) if kind is float else kind
    ):
        raise TypeError(f"'{key}' is a {_SPOKEN[kind]}, not {value!r}")
    return value


def _one_of(key: str, value: Any) -> StrEnum:
    names = [str(each) for each in _ENUMS[key]]
    if value not in names:
        raise ValueError(f"'{key}' is one of {', '.join(names)}, not {value!r}{meant(str(value), names)}")
    return _ENUMS[key](value)


def _pair(value: Any) -> Pair:
    if not isinstance(value, dict) or set(value) != {field.name for field in fields(Pair)}:
        raise TypeError("'pair' is a table of rule, within and fact")
    if not isinstance(value["within"], int) or not all(
        isinstance(value[key], str) for key in ("rule", "fact")
    ):
        raise TypeError("in 'pair' rule and fact are texts, within is a number of bytes")
    return Pair(**value)


def load(packs: Iterable[tuple[str, str]]) -> tuple[Rule, ...]:
    """All rules of (name, text) packs, in order.

    Raises RulesError on a broken pack, on two rules of one id, on a pair with no such rule, and on no rules:
    a scanner without rules must not say "clean".
    """
    rules = tuple(rule for name, text in packs for rule in parse_pack(name, text))
    if not rules:
        raise RulesError(
            "no rules were loaded; nothing was scanned", "reinstall dce-guard: its packs are missing"
        )
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in seen:
            raise RulesError(
                f"rules/{rule.pack}.toml: rule '{rule.id}' is in rules/{seen[rule.id].pack}.toml too"
            )
        seen[rule.id] = rule
    for rule in rules:
        if rule.pair and rule.pair.rule not in seen:
            raise RulesError(
                f"rules/{rule.pack}.toml: rule '{rule.id}': no rule '{rule.pair.rule}' to pair with"
            )
    return rules
