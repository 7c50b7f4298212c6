"""Objects out of the object store, many to a buffer, as fast as git inflates them.

`git cat-file --batch --buffer` answers a list of ids in order; its output is read into one reused buffer.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from io import BufferedReader
from subprocess import Popen
from typing import IO, NamedTuple, cast

from dce_guard.adapters.git import Repository
from dce_guard.adapters.git_command import cause
from dce_guard.adapters.packing import CHUNK, Packer
from dce_guard.model.item import Chunk, Item, Kind, Skip

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PIPE = 1 << 20  # bytes; the most Linux gives without privilege: fewer context switches than with its 64 KB
_PIPE_HOLDS = 4096  # bytes every system's pipe takes before anyone reads
_RESTARTS = 1000  # broken objects after which a store is given up: each costs a fresh git process, 3 ms
_KINDS = {b"blob": Kind.BLOB, b"commit": Kind.COMMIT, b"tag": Kind.TAG}


class Wanted(NamedTuple):
    """An object to read. `kind` only where the object's type does not tell (a symbolic link's target)."""

    object: str
    path: str = ""
    kind: Kind | None = None
    commit: str = ""


class ObjectReader:
    """Reads objects in the order given."""

    def __init__(self, repository: Repository, wanted: Sequence[Wanted]) -> None:
        self._repository = repository
        self._wanted = wanted
        self._at = 0  # whose answer is due
        self._packer = Packer()

    def chunks(self, process: "Popen[bytes] | None" = None) -> Iterator[Chunk | Skip]:
        """Buffers of whole objects (large ones in pieces); a Skip for each that is missing or broken.

        Trees are read past. A git that dies is started again behind the object that it died of, and what it
        could not tell is a fatal Skip. `process`: a `start`ed one, to be used first.
        """
        restarts = 0
        while self._at < len(self._wanted):
            process = process or start(self._repository)
            complaint = yield from self._session(process)
            process = None
            if self._at == len(self._wanted):
                break
            yield _skip(self._wanted[self._at], "unreadable", cause(complaint))
            self._at += 1
            restarts += 1
            if restarts == 1 and b"promisor" in complaint:
                yield from self._without_absent()
            elif restarts > _RESTARTS:
                yield from (
                    _skip(item, "git-failed", "too many broken objects") for item in self._wanted[self._at :]
                )
                break
        if process:
            process.communicate()
        yield from self._packer.flush()

    def _session(self, process: "Popen[bytes]") -> Generator[Chunk | Skip, None, bytes]:
        """Asks one git for all that is left. Returns what it complained of; `_at` says how far it came."""
        assert process.stdin and process.stdout and process.stderr
        question = "".join(f"{item.object}\n" for item in self._wanted[self._at :]).encode("ascii")
        complaint: list[bytes] = []
        helpers = [_helper(partial(_drain, process.stderr, complaint))]
        if len(question) <= _PIPE_HOLDS:
            _feed(process.stdin, question)
        else:
            widen(process.stdout)
            helpers.append(_helper(partial(_feed, process.stdin, question)))
        try:
            yield from self._answers(cast(BufferedReader, process.stdout))
        finally:
            process.stdout.close()  # a git with more to say, which nobody waits for, ends of it
            for helper in helpers:
                helper.join()
            process.stderr.close()
            process.wait()
        return b"".join(complaint)

    def _answers(self, out: BufferedReader) -> Iterator[Chunk | Skip]:
        while self._at < len(self._wanted):
            header = out.readline().split()
            if len(header) == 3:
                whole = yield from self._content(out, header[1], int(header[2]))
                if not whole:
                    return
            elif len(header) == 2:  # "ID missing"
                yield _skip(self._wanted[self._at], "missing", "the object is not in the repository")
            else:
                return
            self._at += 1

    def _content(self, out: BufferedReader, kind: bytes, size: int) -> Generator[Chunk | Skip, None, bool]:
        """Takes one object off the pipe; returns whether all of it and the newline behind it came."""
        if kind not in _KINDS:
            return _pass_over(out, size)
        asked = self._wanted[self._at]
        item = Item(asked.kind or _KINDS[kind], asked.path, size, asked.object, asked.commit)
        packer = self._packer
        if not packer.fits(size):
            yield from packer.flush()
        if size > CHUNK:
            source = _Limited(out, size)
            yield from packer.pieces(item, source.read)
            return not source.left and out.read(1) == b"\n"
        count = out.readinto(packer.view[packer.used : packer.used + size + 1])
        if count != size + 1:
            return False
        packer.add(item, size)
        return True

    def _without_absent(self) -> Iterator[Skip]:
        """In a partial clone git dies of each object left behind at its origin: asks once what is here."""
        listed = self._repository.run(
            ["cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch-check=%(objectname)"]
        )
        here = set(listed.decode("ascii").split())
        rest = self._wanted[self._at :]
        yield from (
            _skip(item, "missing", "left behind by a partial clone")
            for item in rest
            if item.object not in here
        )
        self._wanted, self._at = [item for item in rest if item.object in here], 0


class _Limited:
    """So many bytes of a stream."""

    def __init__(self, stream: BufferedReader, size: int) -> None:
        self._stream = stream
        self.left = size

    def read(self, space: memoryview) -> int:
        count = self._stream.readinto(space[: self.left])
        self.left -= count
        return count


def start(repository: Repository) -> "Popen[bytes]":
    """A reading git that waits for its first question: to start early, while the list is being made."""
    return repository.popen(["cat-file", "--batch", "--buffer"], stdin=True)


def widen(pipe: IO[bytes]) -> None:
    """Gives a pipe a megabyte where the system lets us (Linux)."""
    try:
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    except (AttributeError, OSError):
        return


def _helper(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _drain(pipe: IO[bytes], into: list[bytes]) -> None:
    into.append(pipe.read())


def _feed(pipe: IO[bytes], question: bytes) -> None:
    """Writes all, then says that it was all. A git that died is noticed by its reader."""
    try:
        pipe.write(question)
        pipe.close()
    except OSError:
        return


def _pass_over(out: BufferedReader, size: int) -> bool:
    left = size + 1
    while left:
        count = len(out.read(min(left, CHUNK)))
        if not count:
            return False
        left -= count
    return True


def _skip(item: Wanted, reason: str, detail: str) -> Skip:
    return Skip(item.path or item.object, reason, f"{item.object[:12]}: {detail}")
