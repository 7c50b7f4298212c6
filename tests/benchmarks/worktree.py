"""A whole work tree: 266 MB of released source of nine projects, as files in a folder.

python tests/benchmarks/worktree.py [--work DIR] [--tree DIR] [--quick]
"""

import sys

from material import NINE, size, tree
from measure import Command, interleaved, memory
from places import arguments, environment, ours, ratio, report, work_folder
from rivals import install

_TIMES = 3


def main() -> None:
    """Measures time in turn, then memory in a run of its own."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        env = environment(work)
        place = tree(options, work, NINE)
        files, count = size(place)
        scan = [*ours(options, work), "scan", "--no-baseline", str(place)]
        rivals = install(options, work)
        commands = [Command("dce-guard", scan, place.parent, env)]
        commands += rivals.folders(place) if rivals else []
        costs = interleaved(commands, 1 if options.quick else _TIMES)
        rows = []
        for command, cost in zip(commands, costs, strict=True):
            cost.memory = memory(command)
            rows.append(cost.row() | {"mb_per_s": round(count / 1e6 / cost.wall, 1)})
        ratio(rows)
        report("worktree", options, {f"{count / 1e6:.0f} MB in {files:,} files": rows})


if __name__ == "__main__":
    sys.exit(main())
