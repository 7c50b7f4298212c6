"""One git that is asked much and answers much: both at the same time, with little of either in memory."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO

from dce_guard.adapters.git import Repository
from dce_guard.adapters.objects import widen

_BLOCK = 1 << 20  # bytes
_LINES = 4096  # written at once


class Talk:
    """A running git. `code` and `complaint` tell how it ended, after the last of `blocks` or `lines`."""

    def __init__(self, repository: Repository, args: Sequence[str], question: Iterable[str]) -> None:
        self.code = 0
        self.complaint = b""
        self._process = repository.popen(args, stdin=True)
        self._question = question

    def blocks(self) -> Iterator[bytes]:
        """What git says, in pieces of any size."""
        out, helpers = _pipe(self._process.stdout), self._helpers()
        widen(out)
        try:
            while block := out.read(_BLOCK):
                yield block
        finally:
            out.close()  # a git with more to say, which nobody waits for, ends of it
            for helper in helpers:
                helper.join()
            _pipe(self._process.stderr).close()
            self.code = self._process.wait()

    def lines(self) -> Iterator[str]:
        """What git says, without line ends; what is behind the last one is left out. Only for ASCII."""
        rest = b""
        for block in self.blocks():
            *whole, rest = (rest + block).split(b"\n")
            yield from (line.decode("ascii") for line in whole)

    def _helpers(self) -> list[threading.Thread]:
        helpers = [threading.Thread(target=work, daemon=True) for work in (self._feed, self._drain)]
        for helper in helpers:
            helper.start()
        return helpers

    def _feed(self) -> None:
        """Writes all, then says that it was all. A git that died is noticed by its reader."""
        pipe, left = _pipe(self._process.stdin), iter(self._question)
        try:
            with pipe:
                while batch := list(islice(left, _LINES)):
                    pipe.write("".join(f"{line}\n" for line in batch).encode("ascii"))
        except OSError:
            return

    def _drain(self) -> None:
        self.complaint = _pipe(self._process.stderr).read()


def _pipe(pipe: "IO[bytes] | None") -> IO[bytes]:
    assert pipe is not None
    return pipe
