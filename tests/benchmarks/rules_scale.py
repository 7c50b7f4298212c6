"""What ten times the rules cost: each shipped rule and nine of the same kind with other letters in it.

python tests/benchmarks/rules_scale.py [--work DIR] [--tree DIR] [--quick]
"""

import json
import re
import sys
import tomllib
from pathlib import Path

from material import NINE, tree
from measure import Command, Cost, interleaved
from measure import run as measured
from places import ROOT, arguments, environment, forget, ours, ratio, report, work_folder

_TIMES = 5
_COPIES = range(1, 10)
# What is syntax in a pattern and keeps its letters: escapes, classes, group openings, quantifiers.
_SYNTAX = re.compile(
    r"\\x[0-9a-fA-F]{2}|\\[pP]\{\w+\}|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\(\?P[<=]\w+[>)]|\(\?<?[=!]|\(\?>"
    r"|\(\?[a-zA-Z-]*[:)]|\{\d*,?\d*\}",
    re.DOTALL,
)


_SHIPPED = ("examples", "negatives", "heads", "opening")  # not copied: other letters make them untrue


def other_letters(pattern: str, step: int) -> str:
    """The pattern with each literal letter `step` further on in the alphabet: `ghp_` and 36 letters become `hiq_`."""
    done, at = [], 0
    for syntax in _SYNTAX.finditer(pattern):
        done += [_shifted(pattern[at : syntax.start()], step), syntax.group()]
        at = syntax.end()
    return "".join(done) + _shifted(pattern[at:], step)


def _shifted(text: str, step: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    moved = letters[step:] + letters[:step]
    return text.translate(str.maketrans(letters + letters.upper(), moved + moved.upper()))


def copy_of(text: str, step: int) -> str:
    """A pack's text with every rule under another name and looking for other letters."""
    document = tomllib.loads(text)
    lines = ["[pack]", *(f"{key} = {json.dumps(value)}" for key, value in document.get("pack", {}).items())]
    for rule in document["rule"]:
        copy = {key: value for key, value in rule.items() if key not in _SHIPPED}
        copy["id"] = f"{rule['id']}-{step}"
        copy["pattern"] = other_letters(rule["pattern"], step)
        copy["anchors"] = [other_letters(anchor, step) for anchor in rule["anchors"]]
        if "pair" in rule:
            copy["pair"] = rule["pair"] | {"rule": f"{rule['pair']['rule']}-{step}"}
        lines += ["", "[[rule]]", *(f"{key} = {_value(value)}" for key, value in copy.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {json.dumps(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def write_copies(folder: Path) -> list[Path]:
    """Packs that make the rules ten times as many. A pair's other half may be in another pack: one file a copy."""
    folder.mkdir(exist_ok=True)
    written = []
    for step in _COPIES:
        for pack in sorted((ROOT / "rules").glob("*.toml")):
            if pack.stem != "known":
                path = folder / f"{pack.stem}-{step}.toml"
                path.write_text(copy_of(pack.read_text(encoding="utf-8"), step), encoding="utf-8")
                written.append(path)
    return written


def main() -> None:
    """Measures the scan of a tree with the shipped rules and with ten times as many, and the cold start of both."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        env = environment(work)
        place = tree(options, work, NINE)
        scan = [*ours(options, work), "scan", "--no-baseline"]
        more = [word for path in write_copies(work / "rules") for word in ("--rules", str(path))]
        (work / "empty").mkdir(exist_ok=True)
        tables = {}
        for title, where, times in (("tree", place, _TIMES), ("an empty folder", work / "empty", 2 * _TIMES)):
            commands = [
                Command("shipped rules", [*scan, str(where)], work, env),
                Command("ten times as many", [*scan, *more, str(where)], work, env),
            ]
            rows = [cost.row() for cost in interleaved(commands, 1 if options.quick else times)]
            ratio(rows)
            tables[f"Scan of {title}"] = rows
        tables["No cache, an empty folder"] = [_cold(command, work) for command in commands]
        report("rules_scale", options, tables)


def _cold(command: Command, work: Path) -> dict[str, object]:
    forget(work)
    return Cost(command.name, [measured(command)]).row()


if __name__ == "__main__":
    sys.exit(main())
