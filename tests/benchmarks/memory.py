"""Large files in bounded memory: one of 1 GB, one that is a single line of 100 MB.

python tests/benchmarks/memory.py [--work DIR] [--quick]
"""

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from measure import Command, interleaved, memory
from places import arguments, environment, ours, ratio, report, work_folder
from rivals import Rivals, install

_GIGABYTE = 10**9
_LINE = 10**8


def _source() -> bytes:
    """Some MB of real source: Python's own library."""
    base = Path(sysconfig.get_path("stdlib"))
    return b"\n".join(path.read_bytes() for path in sorted(base.glob("*.py")))


def _pieces(text: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, size, len(text)):
        yield text[: min(len(text), size - start)]


def write(path: Path, text: bytes, size: int) -> Path:
    """A folder with one file of `size` bytes: `text` over and over."""
    if not path.exists():
        path.mkdir()
        with (path / "large.txt").open("wb") as file:
            file.writelines(_pieces(text, size))
    return path


def main() -> None:
    """Measures time and memory of a scan of each."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        env = environment(work)
        scan = [*ours(options, work), "scan", "--no-baseline"]
        rivals = install(options, work)
        text = _source()
        share = 100 if options.quick else 1
        sizes = {"lines": (text, _GIGABYTE // share), "one-line": (text.replace(b"\n", b" "), _LINE // share)}
        tables = {}
        for name, (content, size) in sizes.items():
            place = write(work / f"{name}-{size}", content, size)
            commands = [Command("dce-guard", [*scan, str(place)], work, env), *_theirs(rivals, place)]
            costs = interleaved(commands, 1)
            for command, cost in zip(commands, costs, strict=True):
                cost.memory = memory(command)
            rows = [cost.row() for cost in costs]
            ratio(rows)
            tables[f"{size / 1e6:,.0f} MB in one file, {name}"] = rows
        report("memory", options, tables)


def _theirs(rivals: Rivals | None, place: Path) -> list[Command]:
    """betterleaks as it is; kingfisher leaves out files over 256 MB unless told otherwise."""
    if rivals is None:
        return []
    betterleaks, kingfisher = rivals.folders(place)
    whole = [*kingfisher.argv, "--max-file-size", "0"]
    return [betterleaks, Command(kingfisher.name, whole, kingfisher.cwd, kingfisher.env, kingfisher.accepts)]


if __name__ == "__main__":
    sys.exit(main())
