"""How well it finds: CredData's development excerpts where they are at hand, and released source that holds nothing.

    python tests/benchmarks/quality.py [--work DIR] [--tree DIR] [--quick]

The excerpts are looked for in ../shared beside this checkout (or in --shared); their labels are Samsung/CredData's.
Released source is counted outside tests and docs: there, nearly every finding is a wrong one.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from material import MORE, NINE, link_tree, tree
from places import ROOT, arguments, environment, ours, report, work_folder
from rivals import Place, install

Scan = Callable[[], list[Place]]
_EDGE = re.compile(
    r"(?:^|[._-])(?:tests?|testing|testdata|testsuite|conftest|fixtures?|mocks?|docs?|documentation|examples?|samples?"
    r"|demos?|tutorials?|doctest|benchmarks?)(?:$|[._-])",
    re.IGNORECASE,
)
# On 400 MB these take many minutes (a megabyte a second; credsweeper ten minutes for one file of one long line).
_TOO_SLOW = ("detect-secrets", "credsweeper")
_SCORE = re.compile(
    r"core +(?P<kind>labelled|all) FP +TP +(\d+) FN +(\d+) FP +(\d+) +precision (\S+) recall (\S+) F1 (\S+)"
)


def main() -> None:
    """Scores ours and the rivals on both."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--shared", type=Path, default=ROOT.parent / "shared", help="folder with tools/creddata.py"
    )
    options = parser.parse_args()
    with work_folder(options.work) as work:
        command = ours(options, work)
        rivals = install(options, work, slow=not options.quick)

        def scanners(place: Path) -> dict[str, Scan]:
            others = rivals.findings(place, work / "rival.json") if rivals else {}
            return {"dce-guard": lambda: _ours(command, place, work), **others}

        tables = {"Released source": _released(released(tree(options, work, NINE | MORE), work), scanners)}
        tool = options.shared / "tools/creddata.py"
        if tool.is_file():
            tables["CredData development excerpts, core"] = _excerpts(tool, work, scanners)
        else:
            print(f"{tool} is not there: the excerpts are not scored", file=sys.stderr)
        report("quality", options, tables)


def _ours(command: Sequence[str], place: Path, work: Path) -> list[Place]:
    done = subprocess.run(
        [*command, "scan", str(place), "-f", "json", "--no-baseline"],
        env=environment(work), cwd=place.parent, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(f"dce-guard ended with {done.returncode}: {done.stderr[-300:]!r}")
    return [
        Place(spot["path"], spot["line"], spot["end_line"])
        for finding in json.loads(done.stdout)["findings"]
        for spot in finding["locations"]
    ]


def released(source: Path, work: Path) -> Path:
    """The source without tests, docs and examples, by the names of folders and files."""
    target = work / f"{source.name}-released"
    if not target.exists():
        link_tree(source, target, ignore=lambda _, names: {name for name in names if _EDGE.search(name)})
    return target


def lines_below(folder: Path) -> int:
    """Lines of all files that are text (no NUL byte in the first 8 KB)."""
    total = 0
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            total += 0 if b"\0" in data[:8192] else data.count(b"\n")
    return total


def _released(place: Path, scanners: Callable[[Path], dict[str, Scan]]) -> list[dict[str, object]]:
    lines = lines_below(place)
    rows: list[dict[str, object]] = []
    for name, scan in scanners(place).items():
        if name in _TOO_SLOW:
            continue
        found = {(one.path, one.line_start) for one in scan()}
        rate = round(len(found) / lines * 1e6, 2)
        rows.append({"name": name, "lines": lines, "findings": len(found), "per_million_lines": rate})
    return rows


def _excerpts(tool: Path, work: Path, scanners: Callable[[Path], dict[str, Scan]]) -> list[dict[str, object]]:
    folder = work / "creddata"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, str(tool), "expand", str(folder)], check=True)
    rows: list[dict[str, object]] = []
    for name, scan in scanners(folder / "files").items():
        found = work / "found.jsonl"
        _write(found, scan())
        score = [sys.executable, str(tool), "score", str(folder), str(found)]
        said = subprocess.run(score, check=True, capture_output=True, text=True).stdout
        rows += [{"name": name, **row} for row in _scores(said)]
    return rows


def _write(path: Path, places: Iterable[Place]) -> None:
    rows = [vars(place) for place in places]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _scores(said: str) -> list[dict[str, object]]:
    """The two core lines: against labelled wrong findings only, and against all."""
    return [
        {
            "against": f"{match['kind']} FP", "TP": int(match[2]), "FN": int(match[3]), "FP": int(match[4]),
            "precision": float(match[5]), "recall": float(match[6]), "F1": float(match[7]),
        }
        for match in _SCORE.finditer(said)
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
