"""Whether rules keep what they promise: compiled, expanded and run, without a scan engine."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from dce_guard.model.item import Item, Kind
from dce_guard.model.match import Match
from dce_guard.model.rule import Rule
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.checks import CHECKS
from dce_guard.scan.templates import TemplateError, expand

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FORBIDDEN = re.compile(
    r"\(\?(?:[=!>|#P]|<[=!])|\\[1-9]|[*+?}]\+"
)  # what Vectorscan refuses or reads otherwise
_OPEN_END = re.compile(r"(?:[*+]|\{\d*,\})\??\)*$")
_SECONDS = 2.0  # for one search; a pattern that needs it is not linear


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a rule, in a sentence."""

    rule_id: str
    message: str


def lint(rules: Sequence[Rule], rounds: int = 20, seed: int = 1, missed: float = 0.1) -> list[Problem]:
    """All problems of `rules`; each example and negative is expanded `rounds` times.

    `missed` is the share of an example's expansions that need not be found: rules that judge a value by its
    look drop a random one that looks like a word.
    """
    problems = [Problem(name, "id is taken twice") for name, count in _ids(rules).items() if count > 1]
    for rule in rules:
        problems += [Problem(rule.id, message) for message in _problems(rule, rounds, seed, missed)]
    return problems


def _ids(rules: Sequence[Rule]) -> Mapping[str, int]:
    return Counter(rule.id for rule in rules)


def _problems(rule: Rule, rounds: int, seed: int, missed: float) -> Iterator[str]:
    yield from _form(rule)
    try:
        pattern = regex.compile(rule.pattern.encode())
        anchors = [regex.compile(anchor.encode()) for anchor in rule.anchors]
        re.compile(rule.opening.encode())
    except (regex.error, re.error) as error:
        yield f"does not compile: {error}"
        return
    if "secret" not in pattern.groupindex:
        yield "pattern has no group named secret"
        return
    try:
        rng = random.Random(seed)  # noqa: S311  # examples, not keys
        yield from _examples(rule, pattern, anchors, (rounds, missed), rng)
        yield from _negatives(rule, pattern, rounds, rng)
    except TemplateError as error:
        yield str(error)


def _form(rule: Rule) -> Iterator[str]:
    if not _ID.fullmatch(rule.id):
        yield "id is not lower-case words joined by hyphens"
    for name in ("anchors", "references", "examples", "negatives", "remediation"):
        if not getattr(rule, name) and not (name == "remediation" and rule.public):
            yield f"it has no {name}"
    yield from (f"unknown check '{name}'" for name in rule.checks if name not in CHECKS)
    yield from _heads(rule)
    for anchor in rule.anchors:
        if _FORBIDDEN.search(anchor):
            yield f"anchor '{anchor}' looks around, refers back or is possessive"
        if _OPEN_END.search(anchor):
            yield f"anchor '{anchor}' ends in an open repeat: it fires at every position"


def _heads(rule: Rule) -> Iterator[str]:
    if rule.opening and not rule.heads:
        yield "it has an opening and no heads"
    for head in rule.heads:
        if not head or head != head.lower():
            yield f"head '{head}' is empty or not in lower case"


def _examples(
    rule: Rule, pattern: Any, anchors: Sequence[Any], bar: tuple[int, float], rng: random.Random
) -> Iterator[str]:
    for template in rule.examples:
        texts = [expand(template, rng) for _ in range(bar[0])]
        if any(_headless(rule, pattern, text) for text in texts):
            yield f"example '{template}': a match does not begin as heads and opening say"
        messages = [message for text in texts if (message := _missed(rule, pattern, anchors, text))]
        if len(messages) > bar[1] * len(texts):
            yield f"example '{template}': {messages[0]}"


def _negatives(rule: Rule, pattern: Any, rounds: int, rng: random.Random) -> Iterator[str]:
    for template in rule.negatives:
        if any(survivors(rule, expand(template, rng), pattern) for _ in range(rounds)):
            yield f"negative '{template}' is found"


def _headless(rule: Rule, pattern: Any, text: bytes) -> bool:
    """Whether heads or opening would keep the second look from a match of the pattern."""
    heads, opening = tuple(head.encode() for head in rule.heads), re.compile(rule.opening.encode())
    lowered = text.lower()
    return bool(heads) and not all(
        lowered.startswith(heads, match.start()) and opening.match(lowered, match.start())
        for match in pattern.finditer(text, timeout=_SECONDS)
    )


def _missed(rule: Rule, pattern: Any, anchors: Sequence[Any], text: bytes) -> str:
    found = survivors(rule, text, pattern)
    if not found:
        return "is not found by the pattern and the checks"
    ends = [hit.end() for anchor in anchors for hit in anchor.finditer(text, overlapped=True)]
    for match in found:
        if not any(end - rule.before <= match.start and match.end <= end + rule.after for end in ends):
            return "no anchor fires within before and after"
    return ""


def survivors(rule: Rule, text: bytes, pattern: Any = None) -> list[Match]:
    """What a rule alone finds in `text`: pattern, entropy and checks; placeholders and pairs are not judged.

    Raises TimeoutError when a search takes longer than two seconds.
    """
    compiled = pattern or regex.compile(rule.pattern.encode())
    item = Item(Kind.FILE, "example", len(text))
    out = []
    for hit in compiled.finditer(text, timeout=_SECONDS):
        start, end = hit.span("secret")
        groups = {
            name: value for name, value in hit.groupdict().items() if name != "secret" and value is not None
        }
        match = Match(rule, item, Sensitive(hit["secret"]), groups, text, start, end, start, end)
        if end > start and entropy(hit["secret"]) >= rule.min_entropy and not _dropped(match):
            out.append(match)
    return out


def _dropped(match: Match) -> bool:
    return any(CHECKS[name](match).drop for name in match.rule.checks if name in CHECKS)


def entropy(value: bytes) -> float:
    """Shannon entropy of the value's bytes, in bits a byte."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts) if value else 0.0
