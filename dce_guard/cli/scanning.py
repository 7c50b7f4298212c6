"""Running a source through the engine, in one process or several."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from dce_guard.errors import GuardError
from dce_guard.model.item import Chunk, Skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dce_guard.cli.analyst import Analyst
    from dce_guard.model.finding import Sighting
    from dce_guard.model.match import Match
    from dce_guard.scan.engine import Engine

# Below this many bytes a second process costs more to start than it saves (20 ms against 1 GB/s a core).
WORTH_A_PROCESS = 24 << 20
_AROUND = 4096  # bytes beside a piece's own part in which halves of pairs are looked for (rules: within 600)


Id = bytes
Work = TypeVar("Work", contravariant=True)


class Chunks(Protocol):
    """The part of a source that scanning needs."""

    def chunks(self, shard: int = 0, shards: int = 1) -> "Iterator[Chunk | Skip]":
        """Everything there is to look at."""


@dataclass(slots=True)
class Seen:
    """What one process saw."""

    sightings: "list[Sighting]" = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    items: int = 0
    bytes: int = 0
    objects: int = 0  # of the items, those of an object store
    commits: list[str] = field(default_factory=list)  # ids of commits that were met among them
    done: set[Id] = field(default_factory=set)  # ids of objects that were looked at by themselves
    again_items: int = 0  # of `items` and `bytes`, those of objects that have to be looked at again
    again_bytes: int = 0
    entries: list[bytearray] = field(default_factory=list)  # of each pack: 1 for entries that were looked at
    of: "list[tuple[frozenset[str], Skip]]" = field(default_factory=list)  # skips, and whose objects they are

    def add(self, other: "Seen") -> None:
        """Takes in what another process saw."""
        self.sightings += other.sightings
        self.skips += other.skips
        self.items += other.items
        self.bytes += other.bytes
        self.objects += other.objects
        self.commits += other.commits
        self.done |= other.done
        self.again_items += other.again_items
        self.again_bytes += other.again_bytes
        self.entries += other.entries
        self.of += other.of


class Scanner:
    """An engine and, from the first match on, an analyst."""

    def __init__(
        self, engine: "Engine", analyst: "Callable[[], Analyst]", tick: "Callable[[int], None] | None" = None
    ) -> None:
        self._engine = engine
        self._analyst = analyst
        self._tick = tick  # told the bytes of each chunk when it is done

    def scan(self, source: Chunks, shard: int = 0, shards: int = 1) -> Seen:
        """One share of a source."""
        seen = Seen()
        for chunk in source.chunks(shard, shards):
            self.take(chunk, seen)
        return seen

    def take(self, chunk: Chunk | Skip, seen: Seen) -> None:
        """One thing that a source yields."""
        if isinstance(chunk, Skip):
            seen.skips.append(chunk)
        else:
            self._chunk(chunk, seen)

    def _chunk(self, chunk: Chunk, seen: Seen) -> None:
        seen.items += 0 if chunk.offset else len(chunk.items)
        seen.bytes += sum(chunk.ends) - sum(chunk.starts)
        matches: list[Match] = []
        for found in self._engine.scan(chunk, _AROUND):
            if isinstance(found, Skip):
                seen.skips.append(found)
            else:
                matches.append(found)
        if matches:
            seen.sightings += self._analyst().sightings(chunk, matches)
        if self._tick:
            self._tick(sum(chunk.ends) - sum(chunk.starts))


def processes(size: int) -> int:
    """How many processes to scan `size` bytes with: one a core when it is worth it and the system can fork.

    Elsewhere (Windows; macOS, where forking is not safe) one process does it all.
    """
    if size < WORTH_A_PROCESS or sys.platform != "linux":
        return 1
    return max(1, min(cores(), size // (WORTH_A_PROCESS // 2)))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Scans(Protocol[Work]):
    """What looks through shares of some work."""

    def scan(self, source: Work, shard: int = 0, shards: int = 1) -> Seen:
        """One share."""


def scan_shared(source: Work, scanner: "Callable[[], Scans[Work]]", shares: int) -> Seen:
    """The whole source, shared between this process and `shares` - 1 forked ones.

    Raises GuardError as the source does, and when a process ends without an answer.
    """
    helpers: list[_Helper] = []
    own = [0]
    for share in range(1, shares):
        try:
            helpers.append(_fork(source, scanner, share, shares))
        except OSError:  # no process or memory to be had: this one does that share too
            own.append(share)
    seen = Seen()
    try:
        for share in own:
            seen.add(scanner().scan(source, share, shares))
        answers = [helper.answer() for helper in helpers]
    except BaseException:
        for helper in helpers:
            helper.end()
        raise
    for answer in answers:
        if isinstance(answer, GuardError):
            raise answer
        seen.add(answer)
    return seen


class _Helper:
    """A child that scans one share and writes what it saw to a pipe: sightings hold no values."""

    def __init__(self, process: int, read_end: int) -> None:
        self._process = process
        self._pipe = os.fdopen(read_end, "rb")
        self._ended = False

    def answer(self) -> Seen | GuardError:
        """What it has to say, once it has come to its end."""
        with self._pipe as pipe:
            data = pipe.read()
        status = self._wait()
        if status or not data:
            return GuardError(
                "a scanning process ended before it was done; the scan is not complete", "run it again"
            )
        import pickle

        answer: Seen | GuardError = pickle.loads(data)  # noqa: S301  # our own child's, through our own pipe
        return answer

    def end(self) -> None:
        """Ends it, if it still runs: nobody is there to hear it."""
        self._pipe.close()
        with suppress(ProcessLookupError, ChildProcessError):
            if not self._ended:
                os.kill(self._process, signal.SIGKILL)
                self._wait()

    def _wait(self) -> int:
        _, status = os.waitpid(self._process, 0)
        self._ended = True
        return status


def _fork(source: Work, scanner: "Callable[[], Scans[Work]]", share: int, shares: int) -> _Helper:
    """Starts a child. Raises OSError where there is no process or memory to be had."""
    read_end, write_end = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(read_end)
        os.close(write_end)
        raise
    if process:
        os.close(write_end)
        return _Helper(process, read_end)
    code = 1
    import pickle

    try:
        os.close(read_end)
        answer: Seen | GuardError
        try:
            answer = scanner().scan(source, share, shares)
        except GuardError as error:
            answer = error
        with os.fdopen(write_end, "wb") as pipe:
            pickle.dump(answer, pipe, protocol=5)
        code = 0
    finally:
        os._exit(code)  # neither flushes what the parent has buffered nor runs its exit handlers
