"""What a command costs: wall clock, processor time and memory of it and all it starts. POSIX only (wait4)."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLE = 0.02  # seconds between two looks at the memory of a process tree


@dataclass(frozen=True)
class Command:
    """Something to measure. An exit code that is not in `accepts` means that it did not do its work."""

    name: str
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    accepts: frozenset[int] = frozenset({0, 1})
    before: Callable[[], object] | None = None  # done before each run and not measured


@dataclass(frozen=True)
class Run:
    """One run: seconds of wall clock, seconds of processor time (user and system, children included), exit code."""

    wall: float
    cpu: float
    code: int


@dataclass
class Cost:
    """The cheapest of several runs of a command, and its most memory in MB where that was looked at."""

    name: str
    runs: list[Run] = field(default_factory=list)
    memory: float | None = None
    anonymous: float | None = None  # of that, what is no page of a mapped file

    @property
    def wall(self) -> float:
        """Least seconds of wall clock."""
        return min(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Least seconds of processor time."""
        return min(run.cpu for run in self.runs)

    @property
    def noise(self) -> float:
        """The median run's wall clock over the least: 1.0 on a quiet machine."""
        return sorted(run.wall for run in self.runs)[len(self.runs) // 2] / self.wall

    def row(self) -> dict[str, object]:
        """For the report: milliseconds, MB, exit codes seen."""
        return {
            "name": self.name, "runs": len(self.runs), "wall_ms": round(self.wall * 1e3, 1),
            "cpu_ms": round(self.cpu * 1e3, 1), "noise": round(self.noise, 2),
            "codes": sorted({run.code for run in self.runs}),
            **({"memory_mb": round(self.memory)} if self.memory is not None else {}),
            **({"anonymous_mb": round(self.anonymous)} if self.anonymous is not None else {}),
        }  # fmt: skip


def run(command: Command) -> Run:
    """One run. Raises RuntimeError when the command fails: what does no work is not fast."""
    if command.before:
        command.before()
    start = time.perf_counter()
    process = _started(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    return Run(wall, usage.ru_utime + usage.ru_stime, _checked(command, process, status))


def interleaved(commands: Sequence[Command], times: int) -> list[Cost]:
    """Each command `times` times, A B C A B C, after one run of each that does not count (files and caches warm)."""
    costs = [Cost(command.name) for command in commands]
    for command in commands:
        run(command)
    for _ in range(times):
        for command, cost in zip(commands, costs, strict=True):
            cost.runs.append(run(command))
    return costs


def memory(command: Command) -> float:
    """Most memory in MB while it runs: the proportional share of each process in its tree, added up.

    Where the system does not tell that (no /proc), the most that a single process of it held.
    """
    return memories(command)[0]


def memories(command: Command) -> tuple[float, float]:
    """`memory`, and the most without pages of mapped files, which the system takes back when it needs them.

    Whoever reads a git repository maps its packs: up to a gigabyte that is not held.
    """
    if command.before:
        command.before()
    process = _started(command)
    most = [0, 0]
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, most, ended))
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    ended.set()
    watcher.join()
    _checked(command, process, status)
    unit = 1 if sys.platform == "darwin" else 1024
    return max(most[0], usage.ru_maxrss * unit) / 1e6, most[1] / 1e6


def _started(command: Command) -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    return subprocess.Popen(
        command.argv, cwd=command.cwd, env=command.env, stdin=null, stdout=null, stderr=null
    )


def _checked(command: Command, process: subprocess.Popen[bytes], status: int) -> int:
    process.returncode = code = os.waitstatus_to_exitcode(status)
    if code not in command.accepts:
        raise RuntimeError(f"{command.name} ended with {code}: {' '.join(command.argv)}")
    return code


def _watch(root: int, most: list[int], ended: threading.Event) -> None:
    while not ended.wait(_SAMPLE):
        shares = [_share(pid) for pid in _tree(root)]
        for kind, seen in enumerate(zip(*shares, strict=True)):
            most[kind] = max(most[kind], sum(seen))


def _tree(root: int) -> list[int]:
    """The process and all below it."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _share(pid: int) -> tuple[int, int]:
    """Bytes of memory, with pages that several processes share divided among them; those of no file alone."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {
            name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)
        }
        return sizes.get("Pss", 0), sizes.get("Pss_Anon", 0)
    return 0, 0
