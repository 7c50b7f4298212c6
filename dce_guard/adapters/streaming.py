"""A git whose answer may be too large to hold: taken field by field, and stopped when nobody wants the rest."""

import threading
from collections.abc import Generator, Iterator, Sequence
from typing import IO

from dce_guard.adapters.git import Repository

_BLOCK = 1 << 18
_LONGEST = 1 << 24  # bytes of one field; a longer one comes in parts
_COMPLAINTS = 1 << 16  # bytes of what git complains of that are kept; the rest is read and dropped


class Stream:
    """What one git says. `complaint` and `code` are known when `fields` has come to its end."""

    def __init__(self, repository: Repository, args: Sequence[str], question: bytes = b"") -> None:
        self._process = repository.popen(args, stdin=True)
        self._question = question
        self.complaint = b""
        self.code = 0

    def fields(self, end: bytes = b"\0") -> Generator[bytes, None, None]:
        """Each field without its `end`; also the last one when git died in it. Closing it early stops git."""
        process = self._process
        assert process.stdin and process.stdout and process.stderr
        helpers = [
            threading.Thread(target=_feed, args=(process.stdin, self._question), daemon=True),
            threading.Thread(target=self._listen, args=(process.stderr,), daemon=True),
        ]
        for helper in helpers:
            helper.start()
        try:
            yield from _split(process.stdout, end)
        finally:
            process.stdout.close()  # a git with more to say ends of it
            for helper in helpers:
                helper.join()
            process.stderr.close()
            self.code = process.wait()

    def _listen(self, pipe: IO[bytes]) -> None:
        while block := pipe.read(_BLOCK):
            self.complaint = (self.complaint + block)[-_COMPLAINTS:]


def _split(pipe: IO[bytes], end: bytes) -> Iterator[bytes]:
    rest = b""
    while block := pipe.read(_BLOCK):
        *whole, rest = (rest + block).split(end)
        yield from whole
        if len(rest) > _LONGEST:
            yield rest
            rest = b""
    if rest:
        yield rest


def _feed(pipe: IO[bytes], question: bytes) -> None:
    """Writes all, then says that it was all. A git that died is noticed by its reader."""
    try:
        pipe.write(question)
        pipe.close()
    except OSError:
        return
