"""Rules of gitleaks and betterleaks as a rule pack of ours, with a list of what could not be carried over.

Formats: README and config/config.go of gitleaks v8, docs of betterleaks v2 (its programs are not carried).
"""

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from dce_guard.errors import UsageError
from dce_guard.scan.go_regex import GoRegexError, Group, parse
from dce_guard.scan.go_render import ANY, GAP, captures, render, template, widths, words
from dce_guard.scan.import_toml import pack_text
from dce_guard.scan.templates import TemplateError, expand

_KNOWN = {
    *("id", "description", "regex", "secretGroup", "valueGroup", "entropy", "keywords", "confidence", "tags"),
    *("filter", "path", "allowlist", "allowlists", "required", "components", "skipReport"),
}
_ENTROPY = re.compile(r"\s*entropy\(finding\[\"secret\"\]\)\s*<=?\s*([\d.]+)\s*(\Z|\|\|)")
_COMMON = {
    *("access", "api", "auth", "client", "com", "data", "http", "https", "id", "key"),
    *("passwd", "password", "pwd", "secret", "token", "user"),
}
_LINE = 160  # bytes that a line is taken to have, where they count distance in lines
_FAR = 4096  # bytes around a keyword that its rule's own text does not hold
_MOST = 2**16  # bytes around an anchor at most


@dataclass(frozen=True, slots=True)
class Lost:
    """What of a rule ("" for the file itself) was left behind or changed, and why."""

    rule: str
    reason: str


@dataclass(slots=True)
class Imported:
    """A pack's TOML, the ids in it, how many rules there were, and what did not come along."""

    text: str
    ids: tuple[str, ...]
    total: int
    lost: list[Lost] = field(default_factory=list)


class _Left(Exception):
    """A rule cannot be carried over at all."""


def convert(document: Mapping[str, Any], pack: str, taken: Collection[str] = ()) -> Imported:
    """The rules of a parsed gitleaks or betterleaks file as the text of pack `pack`.

    An id in `taken` (those of the packs in use) gets the pack's name before it. Raises UsageError when the
    document has no `[[rules]]`.
    """
    rules = document.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise UsageError(
            "no [[rules]] in it: not a gitleaks or betterleaks configuration; nothing was imported"
        )
    lost = list(_of_file(document))
    names = _names(rules, pack, set(taken), lost)
    tables = []
    for rule, name in zip(rules, names, strict=True):
        try:
            tables.append(_rule(rule, name, dict(zip(map(_id, rules), names, strict=True)), lost))
        except _Left as reason:
            lost.append(Lost(_id(rule), f"left out: {reason}"))
    _drop_pairs_without_rule(tables, lost)
    return Imported(pack_text(pack, tables), tuple(table["id"] for table in tables), len(rules), lost)


def _id(rule: Mapping[str, Any]) -> str:
    return str(rule.get("id") or rule.get("description") or "?")


def _of_file(document: Mapping[str, Any]) -> Iterator[Lost]:
    """What a file says beside its rules."""
    extend = document.get("extend", {})
    for name in extend.get("disabledRules", ()) if isinstance(extend, dict) else ():
        yield Lost(str(name), "disabled there: write it in 'disable' of your settings")
    if isinstance(extend, dict) and extend.get("path"):
        yield Lost("", f"[extend] path = {extend['path']!r}: import that file too")
    for key in ("allowlist", "allowlists", "filter", "prefilter"):
        if document.get(key):
            yield Lost(
                "",
                f"{key} for all rules: write its paths as 'exclude' in your settings; values need a baseline",
            )


def _names(rules: Sequence[Mapping[str, Any]], pack: str, taken: set[str], lost: list[Lost]) -> list[str]:
    """Ids in our form, each once."""
    names = []
    for rule in rules:
        base = re.sub(r"[^a-z0-9]+", "-", _id(rule).lower()).strip("-") or "rule"
        name, count = base, 1
        if name in taken:
            name = f"{pack}-{base}"
        while name in taken:
            count += 1
            name = f"{pack}-{base}-{count}"
        if name != _id(rule):
            lost.append(Lost(_id(rule), f"renamed to '{name}'"))
        taken.add(name)
        names.append(name)
    return names


def _rule(rule: Mapping[str, Any], name: str, names: Mapping[str, str], lost: list[Lost]) -> dict[str, Any]:
    def note(reason: str) -> None:
        lost.append(Lost(_id(rule), reason))

    if not rule.get("regex"):
        raise _Left("it has no regex and judges file names alone")
    try:
        tree, _ = parse(rule["regex"])
        pattern = render(tree, _secrets(tree, rule.get("secretGroup") or rule.get("valueGroup") or 0))
        regex.compile(pattern.encode())
    except (GoRegexError, regex.error, RecursionError) as error:
        raise _Left(f"its regex cannot be used: {error}") from error
    wanted, before, after = _anchors(tree, rule.get("keywords") or [], note)
    table = {
        "id": name,
        "description": rule.get("description") or name,
        "provider": re.split(r"[-_.]", _id(rule))[0].lower(),
        "confidence": rule.get("confidence") if rule.get("confidence") in ("low", "high") else "medium",
        "pattern": pattern,
        "anchors": [f"(?i){_escaped(word)}" for word in wanted],
        "before": before,
        "after": after,
        "min_entropy": _entropy(rule, note),
        "public": bool(rule.get("skipReport")),
        "examples": _examples(tree, pattern, note),
        "negatives": _negatives(wanted[0], pattern),
    }
    _pair(rule, table, names, note)
    _left_behind(rule, note)
    return table


def _secrets(tree: Group, wanted: int) -> frozenset[int]:
    """The groups that may hold the secret: the one that is named, else the first of each alternative.

    gitleaks takes the first group that is not empty; two groups that follow each other cannot both be it.
    """
    groups = list(captures(tree))
    if wanted:
        if wanted not in {number for number, _ in groups}:
            raise GoRegexError(f"it has no group {wanted}")
        return frozenset((wanted,))
    chosen: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    for number, trail in groups:
        if all(_apart(trail, other) for _, other in chosen):
            chosen.append((number, trail))
    return frozenset(number for number, _ in chosen)


def _apart(one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> bool:
    """Whether two groups stand in different alternatives of one group, so that only one can match."""
    places = dict(one)
    return any(places.get(group, branch) != branch for group, branch in other)


def _anchors(tree: Group, keywords: Sequence[str], note: Any) -> tuple[list[str], int, int]:
    """The words to look for, and the bytes to keep before and after the end of one."""
    ways = words(tree)
    wanted = sorted({str(keyword).encode().lower().decode("latin-1") for keyword in keywords if str(keyword)})
    low, high = widths(tree)
    before, after = min(_MOST, max(256, high)), min(_MOST, max(1024, high))
    if wanted:
        if not all(any(_holds(way, word) for word in wanted) for way in ways):
            before, after = min(_MOST, max(before, low + _FAR)), min(_MOST, max(after, low + _FAR))
            note(f"a keyword must stand within {before} bytes of a match; there, anywhere in the same text")
    else:
        wanted = _pieces(ways)
    for word in wanted:
        if len(word) < 3 or word in _COMMON:
            note(f"the anchor '{word}' is common: each place that has it is looked at twice")
    return wanted, before, after


def _holds(way: str, word: str) -> bool:
    return any(
        all(here in (char, ANY) for here, char in zip(way[at:], word, strict=False))
        for at in range(len(way) - len(word) + 1)
    )


def _pieces(ways: Collection[str]) -> list[str]:
    """The longest plain stretch of every way through a pattern, none of which may be shorter than 3."""
    pieces = {max(way.replace(ANY, GAP).split(GAP), key=len) for way in ways}
    shortest = min(pieces, key=len, default="")
    if len(shortest) < 3:
        raise _Left("it has no keywords and no plain text of 3 characters that every match holds")
    return sorted(pieces)


def _escaped(word: str) -> str:
    """A literal in the dialect that Vectorscan and `regex` share; what both read as plain stays so."""
    return "".join(_escaped_byte(char) for char in word)


def _escaped_byte(char: str) -> str:
    if char in "*+{}":
        return f"[{char}]"
    if char in ".^$()[]|?\\":
        return "\\" + char
    return char if " " <= char <= "~" else f"[\\x{ord(char):02x}]"


def _entropy(rule: Mapping[str, Any], note: Any) -> float:
    if isinstance(rule.get("entropy"), (int, float)):
        return float(rule["entropy"])
    text = rule.get("filter")
    if not isinstance(text, str):
        return 0.0
    found = _ENTROPY.match(text)
    if found is None or found[2] == "||":
        note(
            "filter: of the Expr program only a leading entropy test is carried"
            if found
            else "filter: an Expr program"
        )
    return float(found[1]) if found else 0.0


def _examples(tree: Group, pattern: str, note: Any) -> list[str]:
    """A template made from the regex, if what it makes matches."""
    text = template(tree)
    try:
        made = [expand(text, random.Random(seed)) for seed in range(5)]  # noqa: S311
    except TemplateError:
        made = []
    if not made or not all(regex.search(pattern.encode(), each, timeout=1) for each in made):
        note("no example could be made from its regex: write one before 'rules check' passes")
        return []
    return [text]


def _negatives(word: str, pattern: str) -> list[str]:
    """A sentence that speaks of the thing and holds none: an anchor alone must be no finding."""
    text = f"about {word} in general"
    found = regex.search(pattern.encode(), text.encode("latin-1"), timeout=1)
    return [] if found or not text.isascii() else [text.replace("{", "{{").replace("}", "}}")]


def _pair(rule: Mapping[str, Any], table: dict[str, Any], names: Mapping[str, str], note: Any) -> None:
    needed = [*rule.get("required", ()), *rule.get("components", ())]
    for extra in needed[1:]:
        note(f"needs '{extra.get('id')}' too: a rule of ours has one other half")
    if needed:
        other = str(needed[0].get("id"))
        table["pair"] = {"rule": names.get(other, other), "within": _within(needed[0]), "fact": other}
        table["needs_pair"] = not needed[0].get("optional", False)


def _within(needed: Mapping[str, Any]) -> int:
    """Bytes, from `withinLines`/`withinColumns` or `within = "5L,200C"`; their distance is on either side."""
    text = str(needed.get("within", ""))
    lines = re.search(r"(\d+)L", text)
    columns = re.search(r"(\d+)C", text)
    if columns or needed.get("withinColumns"):
        return int(columns[1] if columns else needed["withinColumns"])
    count = int(lines[1]) if lines else needed.get("withinLines")
    return _FAR if count is None else max(1, int(count)) * _LINE


def _drop_pairs_without_rule(tables: Sequence[dict[str, Any]], lost: list[Lost]) -> None:
    ids = {table["id"] for table in tables}
    for table in tables:
        if "pair" in table and table["pair"]["rule"] not in ids:
            lost.append(
                Lost(
                    table["id"], f"needs '{table['pair']['rule']}', which is not in the pack: reported alone"
                )
            )
            del table["pair"], table["needs_pair"]


def _left_behind(rule: Mapping[str, Any], note: Any) -> None:
    lists = [*rule.get("allowlists", ())] + ([rule["allowlist"]] if rule.get("allowlist") else [])
    for entry in lists:
        keys = ", ".join(
            sorted(key for key in entry if key not in ("description", "condition", "regexTarget"))
        )
        note(
            f"allowlist ({keys}): accept what it let pass in the baseline, or exclude its paths for all rules"
        )
    if rule.get("path"):
        note(f"path {rule['path']!r}: it now looks at every file")
    unknown = sorted(set(rule) - _KNOWN)
    if unknown:
        note(f"{', '.join(unknown)}: nothing of ours does this")
