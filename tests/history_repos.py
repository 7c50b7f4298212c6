"""Repositories whose history is swept, the sweep itself in this process, and what it is to say."""

import io
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import pytest

from dce_guard.cli import main
from dce_guard.scan.identity import Identity

KEY = bytes.fromhex("5a" * 16)
NAMES = Identity(KEY, shared=True)


class Three(Protocol):
    """An AWS key pair and a Stripe key (end_to_end/planted.py)."""

    key_id: str
    key: str
    stripe: str


@pytest.fixture(autouse=True)
def known_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingerprints are made under a key that the tests have, too."""
    monkeypatch.setenv("DCE_GUARD_KEY", KEY.hex())


def named(value: str | bytes) -> str:
    """The fingerprint that a value is reported under."""
    return NAMES.fingerprint(value.encode() if isinstance(value, str) else value)


@dataclass(frozen=True)
class Place:
    """Where a secret is to be found; `held` is None where no history is told of the place, `commit` None for any."""

    kind: str
    path: str
    lines: tuple[int, int, int] = (3, 4, 5)
    held: str | None = "ref"
    reach: str = "committed"
    commit: str | None = None
    current: bool = False


@dataclass
class Told:
    """What one run said."""

    code: int
    stdout: bytes
    stderr: str

    @cached_property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        report: dict[str, Any] = json.loads(self.stdout)
        return report

    @property
    def reasons(self) -> set[tuple[str, bool]]:
        return {(skip["reason"], skip["fatal"]) for skip in self.report["skips"]}

    @property
    def fingerprints(self) -> set[str]:
        return {one["fingerprint"] for one in self.report["findings"]}

    def finding(self, value: str) -> dict[str, Any]:
        """The one finding of a value."""
        found: list[dict[str, Any]] = [
            one for one in self.report["findings"] if one["fingerprint"] == named(value)
        ]
        assert len(found) == 1, self.where()
        return found[0]

    def places(self, value: str, kind: str, path: str) -> list[dict[str, Any]]:
        """The finding's own locations of a kind at a path."""
        return [
            place
            for place in self.finding(value)["locations"]
            if (place["kind"], place["path"]) == (kind, path) and not place.get("part")
        ]

    def place(self, value: str, kind: str, path: str) -> dict[str, Any]:
        """The only one of these."""
        found = self.places(value, kind, path)
        assert len(found) == 1, self.where()
        return found[0]

    def trace(self, value: str, kind: str, path: str) -> dict[str, Any]:
        """Its trace."""
        trace: dict[str, Any] = self.place(value, kind, path)["trace"]
        return trace

    def where(self) -> str:
        """All places of all findings and all skips, for a failing test to show: no values."""
        lines = [
            f"{one['fingerprint'][:6]} {one['rule']} {place['kind']} {place['path']!r}:{place['line']}"
            f" {place.get('part', '')} {place['reach']} {(place.get('trace') or {}).get('held')}"
            for one in self.report["findings"]
            for place in one["locations"]
        ]
        return "\n".join((*lines, *map(str, self.report["skips"])))

    def holds(self, secrets: Three, place: Place) -> None:
        """Fails unless all three stand at the place, with the history that it should have."""
        for value, line in ((secrets.key, place.lines[1]), (secrets.stripe, place.lines[2])):
            _holds(self, self.places(value, place.kind, place.path), place, line)
        halves = [one for one in self.finding(secrets.key)["locations"] if one.get("part")]
        there = [one for one in halves if (one["kind"], one["path"]) == (place.kind, place.path)]
        _holds(self, there, place, place.lines[0])


def _holds(told: Told, found: list[dict[str, Any]], place: Place, line: int) -> None:
    at = [one for one in found if one["line"] <= line <= one["end_line"]]
    assert at, f"nothing at {place}: line {line}\n{told.where()}"
    for one in at:
        trace = one.get("trace") or {}
        assert (one["reach"], trace.get("held")) == (place.reach, place.held), f"{place}\n{told.where()}"
        assert trace.get("current", False) == place.current, f"{place}\n{told.where()}"
        assert place.commit is None or one["commit"] == place.commit, f"{place}\n{one}"


class _Pipe(io.TextIOWrapper):
    """Standard output as a pipe."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def said(self) -> bytes:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue()


def history(*arguments: str | Path, form: str = "json", quiet: bool = True) -> Told:
    """One `dce-guard history`, in this process."""
    out, err = _Pipe(), io.StringIO()
    command = ["history", *map(str, arguments), "--format", form, *["--quiet"] * quiet]
    with patch.object(sys, "stdout", out), patch.object(sys, "stderr", err):
        code = main.run(command)
    return Told(code, out.said(), err.getvalue())


def swept(*arguments: str | Path, complete: bool = True) -> Told:
    """One `dce-guard history` that looked at everything and found something, as JSON."""
    told = history(*arguments)
    assert told.code in (0, 1), told.stderr
    assert told.report["complete"] == complete, told.report["skips"]
    return told
