"""Engines, rules and chunks for tests: shipped rules compiled once a run, secrets made at run time."""

import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from dce_guard.model.item import Chunk, Item, Kind, Skip
from dce_guard.model.match import Match
from dce_guard.model.rule import Category, Confidence, Rule, Sensitivity
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.engine import Engine
from dce_guard.scan.prefilter import Matcher, compile_vectorscan, load_vectorscan
from dce_guard.scan.prefilter_regex import RegexMatcher
from dce_guard.scan.rules import load
from dce_guard.scan.second import Second
from dce_guard.scan.stage import Stage, stage
from dce_guard.scan.templates import expand

PACKS = Path(__file__).parents[1] / "rules"


def token(seed: int = 1) -> bytes:
    """A GitHub token with the right checksum."""
    return expand("ghp_{base62:30}{crc32_base62}", random.Random(seed))


def rule(**changes: object) -> Rule:
    """A rule for `ab` and eight digits, with what is given changed."""
    values: dict[str, object] = {
        "id": "a-b", "description": "x", "pattern": "(?P<secret>ab[0-9]{8})", "anchors": ("ab[0-9]{8}",),
        "category": Category.EXTERNAL_API, "sensitivity": Sensitivity.LOW, "confidence": Confidence.MEDIUM,
        "provider": "x", "pack": "x",
    }  # fmt: skip
    return Rule(**(values | changes))  # type: ignore[arg-type]


@cache
def shipped() -> tuple[Rule, ...]:
    """All rules that are shipped."""
    packs = sorted(path for path in PACKS.glob("*.toml") if path.stem != "known")
    return load([(path.stem, path.read_text(encoding="utf-8")) for path in packs])


@cache
def shipped_stage() -> Stage:
    return stage(shipped())


@cache
def shipped_matcher(fallback: bool = False) -> Matcher:
    """The matcher of the shipped rules; Vectorscan's where there is one."""
    return matcher(shipped_stage(), fallback)


def matcher(table: Stage, fallback: bool = False) -> Matcher:
    try:
        import hyperscan
    except ImportError:
        fallback = True
    if fallback:
        return RegexMatcher(table.anchors)
    return load_vectorscan(hyperscan, compile_vectorscan(hyperscan, table.anchors))


def engine(rules: Iterable[Rule] = (), fallback: bool = False) -> Engine:
    """An engine for `rules`, by default the shipped ones."""
    table = stage(tuple(rules)) if rules else shipped_stage()
    scanner = matcher(table, fallback) if rules else shipped_matcher(fallback)
    second = Second(table)
    return Engine(scanner, lambda: second)


def chunk(*texts: bytes, names: Iterable[str] = ()) -> Chunk:
    """One buffer with an item for each text, as readers make it."""
    made = Chunk(b"".join(text + b"\n" for text in texts))
    at = 0
    named = iter(names)
    for number, text in enumerate(texts):
        made.items.append(Item(Kind.FILE, next(named, f"f{number}"), len(text)))
        made.starts.append(at)
        made.ends.append(at + len(text))
        at += len(text) + 1
    return made


def pieces(text: bytes, size: int, overlap: int) -> Iterator[Chunk]:
    """A large item, cut as readers cut it."""
    item = Item(Kind.FILE, "large", len(text))
    at = 0
    while True:
        end = min(at + size, len(text))
        part = text[at:end]
        last = end == len(text)
        yield Chunk(
            part + b"\n" * last, [item], [0], [len(part)], at, text.count(b"\n", 0, at), last,
        )  # fmt: skip
        if last:
            return
        at = end - overlap


def found(results: Iterable[Match | Skip]) -> list[Match]:
    """The matches; skips fail the test."""
    out = []
    for one in results:
        assert isinstance(one, Match), one
        out.append(one)
    return out


def secrets(results: Iterable[Match | Skip], rule_id: str = "") -> list[bytes]:
    """The values of the matches (of one rule)."""
    return [one.secret.reveal() for one in found(results) if rule_id in ("", one.rule.id)]


def match(of: Rule, text: bytes, value: bytes, encoding: str = "", path: str = "f0", at: int = -1) -> Match:
    """A match of `value` in `text`, as the second stage makes it."""
    start = text.index(value) if at < 0 else at
    end = start + len(value)
    item = Item(Kind.FILE, path, len(text))
    return Match(of, item, Sensitive(value), {}, text, start, end, start, end, encoding, 0, len(text))
