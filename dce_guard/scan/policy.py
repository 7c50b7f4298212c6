"""What a run may and may not do: the settings of several sources, laid over each other.

`dce_guard.adapters.config` finds the tables, `dce_guard.scan.settings` reads them, here they become one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from re import MULTILINE, escape, search
from typing import Any, NamedTuple

from dce_guard.errors import UsageError
from dce_guard.model.rule import Confidence, Rule
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.globs import Globs
from dce_guard.scan.suggest import meant

DEFAULT_BASELINE = "baselines/dce-guard.json"
LISTS = ("exclude", "enable", "disable", "rules", "detect-secrets-plugins", "extends")
_NO_PATHS = Globs()


class Trust(StrEnum):
    """Who speaks."""

    TREE = "tree"  # a file of the scanned repository
    USER = "user"  # the user's own configuration file
    ENVIRONMENT = "environment"
    COMMAND = "command line"


class Where(NamedTuple):
    """The source of a table. `text` is the file's, to tell the line of a key, `table` the header above it."""

    name: str
    trust: Trust
    text: str = ""
    table: str = ""

    def at(self, key: str = "") -> str:
        """How people find `key`: `file:line`, `DCE_GUARD_KEY` or `--key`."""
        if self.trust is Trust.COMMAND:
            return f"--{key}"
        if self.trust is Trust.ENVIRONMENT:
            return "DCE_GUARD_" + key.upper().replace("-", "_")
        line = self._line(key)
        return f"{self.name}:{line}" if line else self.name

    def _line(self, key: str) -> int:
        start = 0
        if self.table:
            header = search(rf"^\s*\[{escape(self.table)}\]", self.text, MULTILINE)
            start = header.end() if header else 0
        found = (
            search(rf"^[ \t]*([\"']?){escape(key)}\1[ \t]*[=.]", self.text[start:], MULTILINE)
            if key
            else None
        )
        return self.text.count("\n", 0, start + found.start()) + 1 if found else 0


class Layer(NamedTuple):
    """The settings of one source, checked. A key that is absent says nothing."""

    where: Where
    values: Mapping[str, Any]


class Switch(NamedTuple):
    """Rules turned on or off by id, by pack name, or by a pattern (`*`, `?`, `[…]`) over either."""

    on: bool
    pattern: str
    where: str

    def names(self, rule: Rule) -> bool:
        """Whether `rule` or its pack is meant."""
        return fnmatchcase(rule.id, self.pattern) or fnmatchcase(rule.pack, self.pattern)


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings of a run. A relative path is the tree's, from its root; an absolute one is the user's."""

    excludes: Globs = _NO_PATHS
    switches: tuple[Switch, ...] = ()  # weakest source first; the last that names a rule decides
    min_confidence: Confidence = Confidence.MEDIUM
    baseline: str = DEFAULT_BASELINE
    rules: tuple[str, ...] = ()  # pack files beside those that are shipped
    inline_markers: bool = True
    max_file_size: int | None = None  # bytes; None: no limit
    detect_secrets_plugins: tuple[str, ...] = ()  # absolute, and outside the scanned tree
    key: Sensitive | None = None  # the organisation's, for fingerprints that are one across repositories
    trust_head: bool = False
    sources: tuple[str, ...] = ()  # files the settings came from, as `baseline` and `rules` are named

    @property
    def enable(self) -> tuple[str, ...]:
        """The patterns that turn rules on, weakest source first."""
        return tuple(switch.pattern for switch in self.switches if switch.on)

    @property
    def disable(self) -> tuple[str, ...]:
        """The patterns that turn rules off, weakest source first."""
        return tuple(switch.pattern for switch in self.switches if not switch.on)

    def excluded(self, path: str) -> bool:
        """Whether a file is left out; `path` counts from the root, with `/`."""
        return path in self.excludes

    def excluded_folder(self, path: str) -> bool:
        """Whether all that a folder holds is left out, so that it need not be entered."""
        return path.rstrip("/") + "/" in self.excludes and not self.excludes.takes_back

    def select(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """The rules that are on, in their order.

        Raises UsageError for a name that no rule and no pack has, and when no rule is left: a scanner without
        rules must not say "clean".
        """
        for switch in self.switches:
            if not any(switch.names(rule) for rule in rules):
                names = {rule.id for rule in rules} | {rule.pack for rule in rules}
                close = meant(switch.pattern, names)
                raise UsageError(
                    f"{switch.where}: no rule or pack is named '{switch.pattern}'{close}",
                    "dce-guard rules list shows all of them",
                )
        chosen = tuple(rule for rule in rules if self._on(rule))
        if rules and not chosen:
            raise UsageError("every rule is disabled; nothing was scanned", "take names out of 'disable'")
        return chosen

    def _on(self, rule: Rule) -> bool:
        return next((switch.on for switch in reversed(self.switches) if switch.names(rule)), True)


def merge(layers: Iterable[Layer], sources: Iterable[str] = ()) -> Policy:
    """One policy from layers, weakest first: later single values win, lists add."""
    last: dict[str, Any] = {}
    lists: dict[str, list[str]] = {key: [] for key in LISTS}
    switches: list[Switch] = []
    for layer in layers:
        switches += _switches(layer)
        for key, value in layer.values.items():
            if key in LISTS:
                lists[key] += value
            else:
                last[key] = value
    return Policy(
        excludes=Globs(lists["exclude"]),
        switches=tuple(switches),
        min_confidence=last.get("confidence", Confidence.MEDIUM),
        baseline=last.get("baseline", DEFAULT_BASELINE),
        rules=tuple(dict.fromkeys(lists["rules"])),
        inline_markers=last.get("inline-markers", True),
        max_file_size=last.get("max-file-size"),
        detect_secrets_plugins=tuple(dict.fromkeys(lists["detect-secrets-plugins"])),
        key=last.get("key"),
        trust_head=last.get("trust-head", False),
        sources=tuple(dict.fromkeys(sources)),
    )


def _switches(layer: Layer) -> list[Switch]:
    # In one source `enable` makes exceptions to `disable`, whichever is written first.
    return [
        Switch(on, pattern, layer.where.at(key))
        for on, key in ((False, "disable"), (True, "enable"))
        for pattern in layer.values.get(key, ())
    ]
