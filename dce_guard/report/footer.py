"""The text report's footer: what was not looked at, what was, and how many of what were found."""

from collections import Counter
from collections.abc import Iterator

from dce_guard.model.finding import Report, State
from dce_guard.model.rule import Sensitivity
from dce_guard.report.escape import visible
from dce_guard.report.outcome import plural

_NAMED = 3  # paths that a group of skips names
_SCANNED = {  # by mode: one of it, and many
    "worktree": ("file in the work tree", "files in the work tree"),
    "staged": ("staged file", "staged files"),
    "range": ("object", "objects"),
    "stdin": ("stream", "streams"),
}


def skip_lines(report: Report) -> Iterator[str]:
    """One line a reason, with the first paths of it."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for skip in sorted(report.skips, key=lambda skip: (not skip.fatal, skip.reason)):
        told = visible(skip.path) + (f" ({visible(skip.detail)})" if skip.detail else "")
        groups.setdefault((skip.fatal, skip.reason), []).append(told or "-")
    for (fatal, reason), paths in groups.items():
        rest = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        verb = "could not look at" if fatal else "not looked at"
        yield f"{verb}: {len(paths)} {visible(reason)}: {', '.join(paths[:_NAMED])}{rest}"


def scanned(report: Report) -> str:
    """What was looked at, as "scanned 214 files in the work tree, 1.9 MB with 230 rules"."""
    stats = report.stats
    items, rules = stats.get("items", 0), stats.get("rules", 0)
    one, many = _SCANNED.get(report.source.get("mode", ""), ("file", "files"))
    where = f" of {visible(report.source['range'])}" if report.source.get("range") else ""
    things = f"{items:,} {one if items == 1 else many}{where}"
    return f"scanned {things}, {_size(stats.get('bytes', 0))} with {rules:,} {plural(rules, 'rule')}"


def _size(count: int) -> str:
    """Bytes in decimal units, two digits or more: "812 B", "1.9 MB", "214 MB"."""
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 9.95 else f"{size:.1f} {unit}"


def count_line(report: Report) -> Iterator[str]:
    """The findings by sensitivity, then those that do not count by state; nothing where there are none."""
    ranks = Counter(finding.sensitivity for finding in report.open)
    states = Counter(finding.state for finding in report.findings)
    told = [f"{ranks[rank]} {rank.value.lower()}" for rank in Sensitivity if ranks[rank]]
    passed = [f"{states[state]} {state.value}" for state in State if states[state] and not state.counts]
    groups = (("found", told), ("passed over", passed))
    parts = [f"{verb} {', '.join(group)}" for verb, group in groups if group]
    if parts:
        yield "; ".join(parts)
