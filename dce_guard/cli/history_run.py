"""A sweep of one repository's history, from what there is to look at to its report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from dce_guard._version import __version__
from dce_guard.adapters.absent import absent, connectivity
from dce_guard.adapters.git import Repository
from dce_guard.adapters.selection import Selection, select
from dce_guard.cli.history_cache import Cache
from dce_guard.cli.history_names import Paths, Told
from dce_guard.cli.history_places import Placed, placed
from dce_guard.cli.history_progress import Show, shown
from dce_guard.cli.history_store import Through, look_through
from dce_guard.cli.output import Output, emit
from dce_guard.cli.running import report, scan
from dce_guard.cli.scanning import Chunks, Seen
from dce_guard.cli.session import Session, open_session
from dce_guard.cli.stopping import Stop, stoppable
from dce_guard.errors import GitError, GuardError, UsageError
from dce_guard.model.finding import Report, Sighting
from dce_guard.model.item import Reach, Skip
from dce_guard.report.outcome import INTERRUPTED

if TYPE_CHECKING:
    from dce_guard.adapters.sources import Source


STOPPED = Skip("", INTERRUPTED, "the sweep was stopped; the next one goes on from there")


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a history to look at, and how."""

    since: str = ""
    until: str = ""
    branches: tuple[str, ...] = ()
    reachable_only: bool = False
    no_worktree: bool = False
    fetch_missing: bool = False
    no_cache: bool = False
    jobs: int | None = None
    summary: bool = False


def run(
    targets: Sequence[str], wish: Wish, policy: dict[str, Any], output: Output, *, reveal: int = 0,
    use_baseline: bool = True,
) -> int:  # fmt: skip
    """Sweeps each target and writes one report; the exit code. Raises GuardError when it could not look."""
    if len(targets) > 1:
        raise UsageError("Several repositories are for `dce-guard sweep`; nothing was scanned.")
    if reveal:
        from dce_guard.cli.reveal import check

        check(reveal, output.quiet)
    with stoppable() as stop:
        try:
            target = targets[0] if targets else ""
            if is_address(target):
                wish = replace(wish, no_cache=True)
            with opened(target, policy, use_baseline) as session:
                told = look(session, wish, output, stop)
                revealed = _revealed(session, told) if reveal else None
                return emit(told, output, revealed, summary=wish.summary)
        except KeyboardInterrupt:
            if stop.hurried:
                raise
            return emit(_nothing(targets), output, summary=wish.summary)


def _revealed(session: Session, told: Report) -> Mapping[str, str]:
    """The values of the findings, read again from their addresses."""
    from dce_guard.cli.history_reveal import Addresses
    from dce_guard.cli.reveal import values

    return values(session, Addresses(session, told), told)


def _nothing(targets: Sequence[str]) -> Report:
    """What there is to report before there is anything to look at."""
    source = {"mode": "history", "root": targets[0] if targets and not is_address(targets[0]) else ""}
    stats = {"items": 0, "bytes": 0, "rules": 0, "findings": 0}
    return Report(source, (), (STOPPED,), stats, "0" * 64, __version__)


@contextmanager
def opened(target: str, policy: dict[str, Any], use_baseline: bool) -> Iterator[Session]:
    """The session for a folder, or for a clone of an address that is removed afterwards."""
    if not is_address(target):
        yield open_session(Path(target or "."), policy, named=bool(target), use_baseline=use_baseline)
        return
    from dce_guard.adapters.cloning import mirror

    with mirror(target) as repository:
        yield open_session(repository.git_dir, policy, named=True, use_baseline=use_baseline)


def is_address(target: str) -> bool:
    """Whether it is for git to fetch: a URL, or host:path where no such file is (git-fetch, "GIT URLS")."""
    return "://" in target or (":" in target.partition("/")[0] and not Path(target).exists())


def look(session: Session, wish: Wish, output: Output, stop: Stop | None = None) -> Report:
    """The report on one repository; where `stop` came before the end, on what was seen until then.

    Raises GuardError when it cannot be looked at.
    """
    repository = session.repository
    if repository is None:
        raise GitError(
            f"{Path.cwd()} is not in a git repository; nothing was scanned.",
            "To scan plain files: dce-guard scan PATH",
        )
    stop = stop or Stop()
    sweep = _Sweep(session, repository, wish, output)
    try:
        with shown(stop.board, output.quiet) as show:
            sweep.all(stop, show)
    except KeyboardInterrupt:
        if stop.hurried or not stop.asked:
            raise
    except GuardError:  # Ctrl-C also ends the git that is being asked
        if not stop.asked:
            raise
    stop.patient = True
    return sweep.report(stop.asked)


class _Sweep:
    """What is known of one repository, part after part."""

    def __init__(self, session: Session, repository: Repository, wish: Wish, output: Output) -> None:
        self._session = session
        self._repository = repository
        self._wish = wish
        self._output = output
        self._narrowed = Selection()
        self._through = Through(Seen(), [])
        self._placed: list[Sighting] | None = None
        self._beside = Seen()
        self._missed: list[Skip] = []

    def all(self, stop: Stop, show: Show) -> None:
        """Looks at everything that is wished for. Raises GuardError when it cannot."""
        session, repository, wish = self._session, self._repository, self._wish
        if wish.fetch_missing:
            from dce_guard.adapters.fetching import fetch_missing

            fetch_missing(repository)
        self._narrowed = select(
            repository, branches=wish.branches, since=wish.since, until=wish.until,
            reachable_only=wish.reachable_only, now=int(time()),
        )  # fmt: skip
        session.key  # noqa: B018  # one key for all processes: made once, here
        self._through = through = look_through(
            session, repository, self._narrowed.objects, wish, self._output, stop, show
        )
        if stop.asked:
            return
        show.phase = "tracing findings"
        self._placed, fresh = _place(session, repository, through, wish.jobs)
        show.phase = "reading names and files"
        told = Told(self._placed, _describe(repository, self._narrowed))
        named = replace(scan(session, told), items=0, bytes=0)
        if through.cache:
            through.cache.names_leak = bool(named.sightings)
        self._beside.add(named)
        if self._narrowed.objects is None:
            gone: set[bytes] = set()
            if not (through.cache and through.cache.placed is not None):
                self._missed = _absent(repository, self._output, gone)
            if any(skip.reason == "missing" for skip in self._missed) or _is_staged(self._placed):
                fresh = None  # looked at again the next time: neither is in what tells that nothing changed
            self._beside.add(_names(session, repository, through.cache, fresh, gone))
            for source in _beside(session, repository, wish):
                self._beside.add(_beside_scan(session, source))
        self._missed += _missed(repository, self._narrowed)

    def report(self, stopped: bool) -> Report:
        """What there is to say. Places are known when all objects were looked at, not before."""
        seen, commits = self._through.seen, self._through.count
        objects = seen.objects
        sightings = self._placed
        if sightings is None:  # what is one in some kinds of file only may be none
            sightings = [one for one in seen.sightings if not one.by_file]
        seen = replace(seen, sightings=sightings)
        seen.add(self._beside)
        told = report(
            self._session, _describe(self._repository, self._narrowed), seen,
            skips=[*self._missed, *([STOPPED] if stopped else [])],
        )  # fmt: skip
        return replace(told, stats={**told.stats, "objects": objects, "commits": commits})


def _place(
    session: Session, repository: Repository, through: Through, jobs: int | None
) -> tuple[list[Sighting], Placed | None]:
    """The sightings of objects at their places; with what is new of it, to be kept."""
    cache, sightings = through.cache, through.seen.sightings
    if cache is None:
        return placed(session, repository, sightings, through.commits, jobs).sightings, None
    if cache.placed is not None:
        return cache.placed, None
    asked, known = cache.memory.events, set(cache.memory.nowhere)
    found = placed(session, repository, sightings, through.commits, jobs, asked)
    if asked is not None and found.nowhere - known:  # an object that came after the commits that hold it
        found = placed(session, repository, sightings, through.commits, jobs)
    return found.sightings, found


def _is_staged(sightings: Iterable[Sighting]) -> bool:
    return any(place.reach is Reach.STAGED for one in sightings for place in one.locations)


def _names(
    session: Session, repository: Repository, cache: Cache | None, found: Placed | None, gone: Iterable[bytes]
) -> Seen:
    """What names of refs and of files, `gone` ones too, hold. What is new of them and of the places is kept."""
    kept = cache.names if cache else None
    if kept is None:
        from dce_guard.adapters.names import Names

        seen = scan(session, Names(repository))
        seen.add(scan(session, Paths(gone)))
    if cache and (found or kept is None):
        cache.keep(found, seen if kept is None else None)
    return kept or seen


def _beside_scan(session: Session, source: Chunks) -> Seen:
    from dce_guard.adapters.worktree import WorkTree
    from dce_guard.cli.places import reach_of_files

    seen = scan(session, source)
    if isinstance(source, WorkTree) and seen.sightings:
        reach_of_files(session, seen)
    return seen


def _beside(session: Session, repository: Repository, wish: Wish) -> Iterator["Source"]:
    """What is no object and no name: files of the git directory, fetched LFS content, files on disk."""
    from dce_guard.adapters.gitdir import GitFiles
    from dce_guard.adapters.lfs import LfsObjects

    yield GitFiles(repository).load()
    yield LfsObjects(repository).load()
    if repository.root and not wish.no_worktree:
        from dce_guard.adapters.worktree import WorkTree

        tree = WorkTree(repository, (), True, session.policy.excluded, False, cwd=repository.root)
        yield tree.load()


def _describe(repository: Repository, narrowed: Selection) -> dict[str, str]:
    root = repository.root or repository.git_dir
    return {"mode": "history", "root": str(root), "git_dir": str(repository.git_dir), **narrowed.describe}


def _absent(repository: Repository, output: Output, names: set[bytes]) -> list[Skip]:
    """Objects that something leads to and that are not there: a walk over all trees, a second for 250,000 objects."""
    return [
        replace(skip, fatal=output.strict) if skip.reason == "missing" else skip
        for skip in connectivity(repository, names)
    ]


def _missed(repository: Repository, narrowed: Selection) -> list[Skip]:
    """What the repository says it does not hold, and what was asked for and is not there."""
    asked = [
        Skip(name, "missing", "asked for, and not in the repository", fatal=False)
        for name in narrowed.missing
    ]
    return [*absent(repository), *asked]
