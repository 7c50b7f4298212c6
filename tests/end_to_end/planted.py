"""Secrets made up at run time, the command run on them, and what its reports say."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dce_guard.scan.templates import expand

PROJECT = Path(__file__).parents[2]
FORMATS = ("text", "json", "jsonl", "sarif", "gitlab", "junit", "csv")
RUN = 6  # characters of a secret in a row that no output may hold


@dataclass(frozen=True)
class Secrets:
    """An AWS key pair and a Stripe key, alike for the same seed."""

    key_id: str
    key: str
    stripe: str

    @property
    def text(self) -> str:
        """Settings with the three on lines 3, 4 and 5."""
        return (
            f"# settings\n\naws_access_key_id = {self.key_id}\n"
            f"aws_secret_access_key = {self.key}\nstripe_key = {self.stripe}\n"
        )

    @property
    def data(self) -> bytes:
        return self.text.encode()

    @property
    def runs(self) -> set[str]:
        """Every run of the random parts: what stands before them is the same in all keys of the kind."""
        bodies = (self.key_id[4:], self.key, self.stripe[8:])
        return {body[at : at + RUN] for body in bodies for at in range(len(body) - RUN + 1)}

    def leaked(self, output: bytes) -> list[int]:
        """Where an output holds a run of a secret: positions, since a failing test must not print them."""
        text = output.decode("utf-8", "replace")
        return sorted(text.find(run) for run in self.runs if run in text)


def secrets(seed: int = 1) -> Secrets:
    """Made up for the seed. (A Stripe key without a digit is rated low, one in 80.)"""
    rng = random.Random(f"planted {seed}")
    return Secrets(
        expand("AKIA{base32:16}", rng).decode(),
        expand("{b64:40}", rng).decode(),
        expand("sk_" + "live_{base62:20}{digits:4}", rng).decode(),
    )


def environment(**more: str) -> dict[str, str]:
    """The test's surroundings (its own home, see conftest.py) with this checkout as the package."""
    return dict(os.environ) | {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"} | more


def command(*arguments: str | Path) -> list[str]:
    """The command line; -P, since a scanned tree can hold modules of any name."""
    return [sys.executable, "-P", "-m", "dce_guard", *map(str, arguments)]


def guard(
    *arguments: str | Path, cwd: Path, data: bytes | None = None, timeout: float = 120, **env: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        env=environment(**env),
        capture_output=True,
        timeout=timeout,
    )


@dataclass
class Told:
    """One JSON report."""

    code: int
    report: dict[str, Any]
    stderr: str = ""
    lines: dict[str, set[int]] = field(default_factory=dict)

    @property
    def reasons(self) -> set[tuple[str, bool]]:
        return {(skip["reason"], skip["fatal"]) for skip in self.report["skips"]}

    @property
    def states(self) -> set[str]:
        return {finding["state"] for finding in self.report["findings"]}

    @property
    def notices(self) -> str:
        return "\n".join(self.report["notices"])

    def holds(self, path: str, lines: Iterable[int] = (3, 4, 5)) -> bool:
        """Whether there is a finding on each of these lines of a path."""
        return set(lines) <= self.lines.get(path, set())


def told(*arguments: str | Path, cwd: Path, data: bytes | None = None, **env: str) -> Told:
    """What `scan` reports as JSON. Every line and path of a finding is in `lines`."""
    done = guard("scan", *arguments, "--format", "json", cwd=cwd, data=data, **env)
    assert done.returncode in (0, 1, 3), done.stderr.decode("utf-8", "replace")[-800:]
    assert done.stdout, done.stderr.decode("utf-8", "replace")[-800:]
    found = Told(done.returncode, json.loads(done.stdout), done.stderr.decode("utf-8", "replace"))
    for finding in found.report["findings"]:
        for place in finding["locations"]:
            found.lines.setdefault(place["path"], set()).update(range(place["line"], place["end_line"] + 1))
    return found
