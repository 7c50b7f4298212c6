"""Which objects a narrowed history is about: those that some refs lead to, or that came in some stretch of time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from dce_guard.adapters.commit_graph import stored
from dce_guard.adapters.git import Repository, failure
from dce_guard.adapters.ref_tips import Tips, tips
from dce_guard.adapters.revisions import resolve, unknown
from dce_guard.adapters.talk import Talk
from dce_guard.adapters.window import moment
from dce_guard.errors import UsageError

_BRANCHES = ("", "refs/", "refs/heads/", "refs/remotes/")
_SUBMODULE = b"160000"


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids of commits, tags and blobs to look at, None for all there are; what was asked for, for the report.

    `missing` are the ids of objects, and the names of refs, that belong to it and are not in the repository.
    """

    objects: frozenset[str] | None = None
    describe: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def select(
    repository: Repository,
    *,
    branches: Sequence[str] = (),
    since: str = "",
    until: str = "",
    reachable_only: bool = False,
    now: int,
) -> Selection:
    """The objects that `branches` (names, refs or patterns; `reachable_only`: all refs and HEADs) lead to.

    With `since` or `until` (see window.moment; committers' times, both ends included) only the commits of that
    time, what they changed against any of their parents, and the tags made then. `now`: seconds since the epoch.

    Raises UsageError for what means no ref or no time, GitError where git cannot list all of it.
    """
    window = _Window(
        moment(since, "since", now) if since else None,
        moment(until, "until", now, end=True) if until else None,
    )
    if window.is_empty:
        raise UsageError(f"--since {since!r} is after --until {until!r}; nothing was scanned.")
    if not (branches or reachable_only or window):
        return Selection()
    known = tips(repository)
    broken: tuple[str, ...] = ()
    start: list[str] | None = None
    if branches:
        start = _named(repository, known, branches)
    elif reachable_only:
        start = [*(tip.object for tip in known.refs), *([known.head] if known.head else [])]
        broken = known.broken
    describe = _description(branches, reachable_only, window)
    if window:
        return Selection(frozenset(_brought(repository, start, window)), describe, broken)
    missing: list[str] = []
    objects = frozenset(_reachable(repository, start or [], missing))
    return Selection(objects, describe, (*missing, *broken))


class _Window:
    """A stretch of time."""

    def __init__(self, start: int | None, end: int | None) -> None:
        self.start, self.end = start, end

    def __bool__(self) -> bool:
        return (self.start, self.end) != (None, None)

    def __contains__(self, seconds: int) -> bool:
        return (self.start is None or seconds >= self.start) and (self.end is None or seconds <= self.end)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be in it."""
        return self.start is not None and self.end is not None and self.start > self.end


def _description(branches: Sequence[str], reachable_only: bool, window: _Window) -> dict[str, str]:
    said = {"branches": ", ".join(branches), "reachable_only": "true" if reachable_only else ""}
    for name, seconds in (("since", window.start), ("until", window.end)):
        if seconds is not None:
            said[name] = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {name: text for name, text in said.items() if text}


def _named(repository: Repository, known: Tips, branches: Iterable[str]) -> list[str]:
    """Ids that names stand for: a branch before anything else, then whatever git makes of it."""
    found: list[str] = []
    for name in branches:
        if set(name) & set("*?["):
            matching = [tip.object for tip in known.refs if _matches(tip.name, name)]
        else:
            matching = [one for one in resolve(repository, [f"refs/heads/{name}", name]) if one][:1]
        if not matching:
            raise unknown(repository, name)
        found += matching
    return found


def _matches(ref: str, pattern: str) -> bool:
    return any(fnmatchcase(ref, f"{start}{pattern}") for start in _BRANCHES)


def _reachable(repository: Repository, start: Sequence[str], missing: list[str]) -> Iterator[str]:
    """Everything but trees: git lists those, too, so a second one tells them apart as they come."""
    if not start:
        return
    listing = Talk(
        repository,
        ["rev-list", "--objects", "--no-object-names", "--missing=print", "--stdin"],
        dict.fromkeys(start),
    )
    here = _present(listing.lines(), missing)
    typing = Talk(repository, ["cat-file", "--buffer", "--batch-check=%(objecttype) %(objectname)"], here)
    for line in typing.lines():
        kind, _, one = line.partition(" ")
        if kind in ("blob", "commit", "tag"):
            yield one
    for talk, verb in ((listing, "rev-list"), (typing, "cat-file")):
        if talk.code:
            raise failure(verb, talk.complaint)


def _present(lines: Iterable[str], missing: list[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("?"):
            missing.append(line[1:])
        else:
            yield line


def _brought(repository: Repository, start: Sequence[str] | None, window: _Window) -> Iterator[str]:
    """Commits of a time with the blobs that are new in them, and the tags. `start` None: of the whole store."""
    commits = list(_commits(repository, start, window))
    yield from commits
    yield from _tags(repository, start, window)
    asked = ["diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z", "--no-abbrev", "--no-renames"]
    talk = Talk(repository, [*asked, "--no-textconv", "--no-ext-diff"], commits)
    rest, length, zero = b"", repository.id_length, b"0" * repository.id_length
    for block in talk.blocks():
        *parts, rest = (rest + block).split(b"\0")
        for entry in parts:  # a path that looks like a change would only add an object to look at
            new = entry[16 + length : 16 + 2 * length]
            if entry[:1] == b":" and entry[8:14] != _SUBMODULE and new != zero and _is_id(new, length):
                yield new.decode("ascii")
    if talk.code:
        raise failure("diff-tree", talk.complaint)


def _is_id(word: bytes, length: int) -> bool:
    return len(word) == length and not word.strip(b"0123456789abcdef")


def _commits(repository: Repository, start: Sequence[str] | None, window: _Window) -> Iterator[str]:
    # Not git's own --since: its walk ends at the first older commit, and clocks disagree.
    asked = ["rev-list", "--ignore-missing", "--format=%ct", "--stdin"]
    talk = Talk(
        repository,
        asked if start is not None else [*asked, "--no-walk=unsorted"],
        stored(repository) if start is None else start,
    )
    commit = ""
    for line in talk.lines():
        if line.startswith("commit "):
            commit = line[7:]
        elif line.isdigit() and int(line) in window:
            yield commit
    if talk.code:
        raise failure("rev-list", talk.complaint)


def _tags(repository: Repository, start: Sequence[str] | None, window: _Window) -> Iterator[str]:
    asked = ["for-each-ref", "--format=%(objecttype) %(objectname) %(taggerdate:unix)", "refs/"]
    for row in repository.run(asked).decode("ascii").split("\n")[:-1]:
        kind, one, seconds = row.split(" ")
        asked_for = kind == "tag" and (start is None or one in start)
        if asked_for and seconds.isdigit() and int(seconds) in window:
            yield one
