"""What a commit waits for: a scan of a staged change of three files, warm and cold.

python tests/benchmarks/staged.py [--work DIR] [--quick]
"""

import sys
from pathlib import Path
from subprocess import run

from material import library
from measure import Command, Cost, interleaved
from measure import run as measured
from places import arguments, environment, forget, ours, ratio, report, work_folder
from rivals import install

_TIMES = 15
_FILES = ("argparse.py", "email/message.py", "json/decoder.py")
_ADDED = 40  # lines appended to each


def main() -> None:
    """Measures a clean change, one with a leak, and the first scan on a machine."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        env = environment(work)
        scan = [*ours(options, work), "scan", "--staged"]
        rivals = install(options, work)
        times = 2 if options.quick else _TIMES
        tables = {}
        for name, leak in (("clean", False), ("leak", True)):
            repository = _repository(work / f"staged-{name}", env, leak, options.quick)
            commands = [Command("dce-guard", scan, repository, env)]
            commands += rivals.staged(repository, list(_FILES)) if rivals else []
            rows = [cost.row() for cost in interleaved(commands, times)]
            ratio(rows)
            tables[f"A {name} change of three files, {times} runs each in turn"] = rows
        tables["First scan, no cache"] = [_cold(commands[0], work, 1 if options.quick else 5)]
        if rivals and not options.quick:
            tables["First scan, no cache"].append(_cold(commands[2], work, 1))
        report("staged", options, tables)


def _repository(folder: Path, env: dict[str, str], leak: bool, quick: bool) -> Path:
    """A repository of Python's own library with three files changed and staged."""
    if not folder.exists():
        library(folder, ("json", "email") if quick else None)
        if quick:
            (folder / _FILES[0]).write_text("x = 1\n", encoding="utf-8")
        _git(folder, env, "init", "-q")
        _git(folder, env, "add", "-A")
        _git(folder, env, "commit", "-q", "-m", "as released")
        for name in _FILES:
            _change(folder / name, leak and name == _FILES[0])
        _git(folder, env, "add", "-A")
    return folder


def _change(path: Path, leak: bool) -> None:
    lines = [
        f"def added_{number}(first, second):\n    return first + second * {number}\n"
        for number in range(_ADDED)
    ]
    if leak:
        password = "".join(("v8Rm", "2Kp", "Xq7T"))
        lines.append(f'connection = connect("postgresql://app:{password}@db.corp.internal/app")\n')
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)


def _git(folder: Path, env: dict[str, str], *words: str) -> None:
    person = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"]
    run(["git", *person, *words], cwd=folder, env=env, check=True)


def _cold(command: Command, work: Path, times: int) -> dict[str, object]:
    """The first scan: nothing compiled is kept."""
    cost = Cost(command.name)
    for _ in range(times):
        forget(work)
        cost.runs.append(measured(command))
    return cost.row()


if __name__ == "__main__":
    sys.exit(main())
