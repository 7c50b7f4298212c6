"""All that a repository ever held: the floor, dce-guard and the rivals in turn, then a second sweep.

    python tests/benchmarks/history.py [--work DIR] [--repository DIR] [--times N] [--quick]

The floor is what git alone takes: list the objects, then read all blobs into a pipe with as many `git cat-file` side by
side as there are cores. The repository is that of past.py unless one is given; it is not changed.
"""

import argparse
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import Command, Cost, Run, memories
from measure import run as measured
from past import append, build, figures, git
from places import arguments, environment, forget, ours, ratio, report, work_folder
from rivals import counted, install

_NEW = 100  # commits between two sweeps


@dataclass(frozen=True)
class Subject:
    """Something to measure: what runs it once, as a command where it is one, and what counts its findings."""

    name: str
    run: Callable[[], Run]
    command: Command | None = None
    findings: Callable[[], int] | None = None


class Floor:
    """Reads all blobs of a repository and does nothing with them."""

    def __init__(self, repository: Path, work: Path, env: Mapping[str, str], readers: int) -> None:
        self._repository, self._env, self._readers = repository, env, readers
        self._folder = work / "floor"
        self._folder.mkdir(exist_ok=True)
        self.parts: list[tuple[float, float]] = []  # seconds of listing and of reading, of each run

    def run(self) -> Run:
        """One run: the time of listing and of reading; dealing out the blobs in between does not count."""
        listed = self._timed(
            [f"git cat-file --batch-all-objects --batch-check --unordered >{self._file('all')}"]
        )
        shares = self._dealt()
        read = self._timed([f"git cat-file --batch --buffer <{share} | cat >/dev/null" for share in shares])
        self.parts.append((listed.wall, read.wall))
        return Run(listed.wall + read.wall, listed.cpu + read.cpu, 0)

    def row(self, wall: float) -> dict[str, object]:
        """What the run that took `wall` seconds is made of."""
        listing, reading = next(parts for parts in self.parts if sum(parts) == wall)
        return {
            "list_ms": round(listing * 1e3, 1), "read_ms": round(reading * 1e3, 1), "readers": self._readers,
        }  # fmt: skip

    def _file(self, name: str) -> str:
        return shlex.quote(str(self._folder / name))

    def _dealt(self) -> list[str]:
        """Files with the blobs' ids: contiguous shares of the listing with as many bytes each."""
        lines = (line.split() for line in (self._folder / "all").read_bytes().splitlines())
        blobs = [(name, int(size)) for name, kind, size in lines if kind == b"blob"]
        whole, seen = sum(size for _, size in blobs) + 1, 0
        shares: list[list[bytes]] = [[] for _ in range(self._readers)]
        for name, size in blobs:
            shares[seen * self._readers // whole].append(name)
            seen += size
        for number, share in enumerate(shares):
            (self._folder / f"share-{number}").write_bytes(b"".join(name + b"\n" for name in share))
        return [self._file(f"share-{number}") for number in range(self._readers)]

    def _timed(self, lines: Sequence[str]) -> Run:
        """Runs shell commands side by side."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        started = [
            subprocess.Popen(["sh", "-c", line], cwd=self._repository, env=self._env) for line in lines
        ]
        codes = [process.wait() for process in started]
        if any(codes):
            raise RuntimeError(f"git could not read {self._repository}")
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return Run(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 0)


class Sweep:
    """Our command for a repository."""

    def __init__(self, command: Sequence[str], work: Path, env: Mapping[str, str]) -> None:
        self._command, self._work, self._env = command, work, env
        self._report = work / "report.dce-guard.json"

    def of(self, repository: Path, *words: str) -> Command:
        """The history of a repository alone, no work tree and nothing accepted, reported to a file."""
        out = ("--format", "json", "--output", str(self._report))
        argv = [*self._command, "history", "--no-worktree", "--no-baseline", *words, *out, str(repository)]
        # 3: archives that unpack to more than is followed count as not looked at
        return Command("dce-guard", argv, self._work, self._env, frozenset({0, 1, 3}))

    def findings(self) -> int:
        """How many the last sweep reported."""
        return len(json.loads(self._report.read_text(encoding="utf-8"))["findings"])


def main() -> None:
    """Measures the first sweep against the floor and the rivals, on one core too, and further sweeps with a cache."""
    parser = arguments(__doc__)
    parser.add_argument("--repository", type=Path, help="a repository that exists (default: that of past.py)")
    parser.add_argument("--times", type=int, default=3, help="runs of each (default: 3)")
    options = parser.parse_args()
    with work_folder(options.work) as work:
        env = environment(work)
        repository = options.repository.resolve() if options.repository else build(options, work)
        sweep = Sweep(ours(options, work), work, env)
        times = 1 if options.quick else options.times
        cores = _cores()
        tables: dict[str, list[dict[str, object]]] = {
            "Repository": [figures(repository, env).row(repository.name)],
            f"First sweep, {cores} cores": _compared(options, work, repository, sweep, times),
        }
        if cores > 1 and hasattr(os, "sched_setaffinity"):
            tables["First sweep, one core"] = _alone(work, repository, sweep, times)
        tables[f"With a cache: first, again, after {_NEW} new commits"] = _further(
            work, repository, sweep, times
        )
        report("history", options, tables)


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _compared(
    options: argparse.Namespace, work: Path, repository: Path, sweep: Sweep, times: int
) -> list[dict[str, object]]:
    floor = Floor(repository, work, environment(work), _cores())
    subjects = [_command(sweep.of(repository, "--no-cache"), sweep.findings), Subject("floor", floor.run)]
    rivals = install(options, work)
    for command in rivals.history(repository, work / "report") if rivals else []:
        out = Path(command.argv[command.argv.index("-o") + 1])
        subjects.append(_command(command, lambda out=out: counted(out)))  # type: ignore[misc]
    return rows_of(subjects, floor, times)


def _alone(work: Path, repository: Path, sweep: Sweep, times: int) -> list[dict[str, object]]:
    """The same on one core, against one reader."""
    floor = Floor(repository, work, environment(work), 1)
    with _one_core():
        command = sweep.of(repository, "--no-cache")
        return rows_of([_command(command, sweep.findings), Subject("floor", floor.run)], floor, times)


def _command(command: Command, findings: Callable[[], int]) -> Subject:
    return Subject(command.name, lambda: measured(command), command, findings)


def rows_of(subjects: Sequence[Subject], floor: Floor, times: int) -> list[dict[str, object]]:
    """Measures in turn, then memory in a run of its own; ratios to the first subject and to the floor."""
    floor.run()  # so that the packs are in memory
    costs = in_turn(subjects, times)
    rows = []
    for subject, cost in zip(subjects, costs, strict=True):
        if subject.command:
            cost.memory, cost.anonymous = memories(subject.command)
        found = {"findings": subject.findings()} if subject.findings else {}
        rows.append(cost.row() | found)
    ratio(rows)
    least = next(cost.wall for cost in costs if cost.name == "floor")
    for row, cost in zip(rows, costs, strict=True):
        row["wall_over_floor"] = round(cost.wall / least, 2)
        row |= floor.row(least) if cost.name == "floor" else {}
    return rows


def in_turn(subjects: Sequence[Subject], times: int) -> list[Cost]:
    """Each subject `times` times, A B C A B C."""
    costs = [Cost(subject.name) for subject in subjects]
    for _ in range(times):
        for subject, cost in zip(subjects, costs, strict=True):
            cost.runs.append(subject.run())
    return costs


@contextmanager
def _one_core() -> Iterator[None]:
    """This process and what it starts stay on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _further(work: Path, repository: Path, sweep: Sweep, times: int) -> list[dict[str, object]]:
    """Sweeps of a copy of the repository that grows in between, `times` times from the start."""
    env, copy = environment(work), work / "copy.git"
    costs = [Cost(name) for name in ("first", "again", f"after {_NEW} commits")]
    found = [0] * len(costs)
    for _ in range(times):
        forget(work)
        shutil.rmtree(copy, ignore_errors=True)
        git(env, "clone", "-q", "--mirror", str(repository), str(copy))  # links the packs where that can be
        for number, cost in enumerate(costs):
            if number == 2:
                append(copy, env, _NEW)
            cost.runs.append(measured(sweep.of(copy)))
            found[number] = sweep.findings()
    shutil.rmtree(copy)
    rows = [cost.row() | {"findings": count} for cost, count in zip(costs, found, strict=True)]
    for row, cost in zip(rows, costs, strict=True):
        row["wall_over_first"] = round(cost.wall / costs[0].wall, 4)
    return rows


if __name__ == "__main__":
    sys.exit(main())
