"""The text report's footer: what was not looked at, what was, and how many of what were found."""

from collections import Counter
from collections.abc import Iterator

from dce_guard.model.finding import Report, State
from dce_guard.model.item import Skip
from dce_guard.model.rule import Sensitivity
from dce_guard.report.escape import visible
from dce_guard.report.outcome import INTERRUPTED, plural

_NAMED = 3  # paths that a group of skips names
_SCANNED = {  # by mode: one of it, and many
    "worktree": ("file in the work tree", "files in the work tree"),
    "staged": ("staged file", "staged files"),
    "range": ("object", "objects"),
    "stdin": ("stream", "streams"),
    "history": ("object of the history", "objects of the history"),
    "sweep": ("object", "objects"),
}
_IN_OBJECTS = ("history", "sweep")
_REASONS = {  # of skips, where the word alone says little: one of it, and many
    "corrupt": ("corrupt object", "corrupt objects"),
    "missing": ("missing object", "missing objects"),
    "lfs-pointer": (
        "file that Git LFS keeps elsewhere (lfs-pointer)",
        "files that Git LFS keeps elsewhere (lfs-pointer)",
    ),
}
_WHOLE = {  # of which there is one, however many say so
    INTERRUPTED: "the rest, since the scan was interrupted",
    "shallow": "the history that a shallow clone leaves out",
}


def skip_lines(report: Report) -> Iterator[str]:
    """One line a reason, with the first paths of it."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for skip in sorted(report.skips, key=lambda skip: (not skip.fatal, skip.reason)):
        groups.setdefault((skip.fatal, skip.reason), []).append(_skipped(skip))
    for (fatal, reason), told in groups.items():
        verb = "could not look at" if fatal else "not looked at"
        yield ": ".join(filter(None, (verb, _counted(reason, len(told)), _named(told))))


def _skipped(skip: Skip) -> str:
    path, detail = visible(skip.path), visible(skip.detail)
    return f"{path} ({detail})" if path and detail else path or detail


def _counted(reason: str, count: int) -> str:
    one, many = _REASONS.get(reason, (visible(reason), visible(reason)))
    return _WHOLE.get(reason) or f"{count} {one if count == 1 else many}"


def _named(told: list[str]) -> str:
    rest = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return ", ".join(filter(None, told[:_NAMED])) + rest


def scanned(report: Report) -> str:
    """What was looked at, as "scanned 214 files in the work tree, 1.9 MB with 230 rules"."""
    stats, mode = report.stats, report.source.get("mode", "")
    rules = stats.get("rules", 0)
    items = stats.get("objects" if mode in _IN_OBJECTS else "items", stats.get("items", 0))
    one, many = _SCANNED.get(mode, ("file", "files"))
    where = f" of {visible(report.source['range'])}" if report.source.get("range") else ""
    if mode == "sweep":
        count = stats.get("repositories", 0)
        where = f" of {count:,} {'repository' if count == 1 else 'repositories'}"
    things = f"{items:,} {one if items == 1 else many}{where}{_commits(report)}"
    return f"scanned {things}, {_size(stats.get('bytes', 0))} with {rules:,} {plural(rules, 'rule')}"


def _commits(report: Report) -> str:
    count = report.stats.get("commits")
    return f" ({count:,} {plural(count, 'commit')})" if count else ""


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
