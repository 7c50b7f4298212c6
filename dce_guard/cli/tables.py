"""The rules as one table: parsed from packs, kept as JSON, read back without a TOML reader."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from dce_guard.model.rule import Category, Confidence, Pair, Rule, Sensitivity
from dce_guard.scan.stage import Stage, stage

_TELLS_MORE = "dce-guard rules check FILE tells all that is wrong with it"


@dataclass(frozen=True, slots=True)
class Tables:
    """All rules, those that are on as the matcher's table, and the digests of published examples."""

    rules: tuple[Rule, ...]
    known: frozenset[bytes]
    stage: Stage

    def selected(self, rules: Sequence[Rule]) -> "Tables":
        """The same with only `rules` on; the other halves of pairs stay."""
        on = {rule.id for rule in rules} | {rule.pair.rule for rule in rules if rule.pair}
        owners = tuple(
            tuple(number for number in numbers if self.rules[number].id in on)
            for numbers in self.stage.owners
        )
        return replace(self, stage=replace(self.stage, owners=owners))


def build(packs: Sequence[tuple[str, str]], known: str, added: Sequence[str] = ()) -> Tables:
    """From the packs' texts. Raises RulesError on a pack that is broken.

    Of the packs named in `added` every pattern is compiled: in the shipped ones tests do that. Their rules may
    have no opening.
    """
    from dce_guard.scan.known import load_known
    from dce_guard.scan.rules import load

    rules = load(packs)
    _refuse_broken(rule for rule in rules if rule.pack in added)
    return Tables(rules, load_known(known), stage(rules))


def _refuse_broken(rules: Iterable[Rule]) -> None:
    import regex

    from dce_guard.errors import RulesError

    for rule in rules:
        at = f"rule pack {rule.pack}.toml: rule '{rule.id}'"
        try:
            groups = regex.compile(rule.pattern.encode()).groupindex
        except regex.error as error:
            raise RulesError(f"{at}: pattern: {error}; nothing was scanned", _TELLS_MORE) from None
        if "secret" not in groups:
            raise RulesError(f"{at}: the pattern has no group 'secret'; nothing was scanned", _TELLS_MORE)
        if rule.opening:  # it runs without a time limit
            raise RulesError(f"{at}: only shipped packs have an 'opening'; nothing was scanned")


def dump(tables: Tables) -> bytes:
    """As JSON. Examples are left out: only `rules` commands need them, and they read the packs."""
    rows = [{**asdict(rule), "examples": [], "negatives": []} for rule in tables.rules]
    return json.dumps({"rules": rows, "known": [digest.hex() for digest in sorted(tables.known)]}).encode()


def parse(data: bytes) -> Tables | None:
    """From `dump`'s bytes; None when they are of another version's making."""
    try:
        document = json.loads(data)
        rules = tuple(_rule(row) for row in document["rules"])
        return Tables(rules, frozenset(map(bytes.fromhex, document["known"])), stage(rules))
    except (ValueError, TypeError, KeyError):
        return None


def _rule(row: dict[str, Any]) -> Rule:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    pair = row["pair"]
    values["category"] = Category(row["category"])
    values["sensitivity"] = Sensitivity(row["sensitivity"])
    values["confidence"] = Confidence(row["confidence"])
    values["pair"] = Pair(**pair) if pair else None
    return Rule(**values)
