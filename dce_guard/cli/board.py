"""A few numbers that the processes of one sweep share: how far each has come, and whether all are to stop."""

import mmap
from typing import NamedTuple

ROWS = 256  # processes at most
_FIELDS = 3
_CELL = 8  # bytes; one is written in one go, so that no reader sees half of it


class Sums(NamedTuple):
    """How far all have come: compressed bytes, objects, and different secrets in each process's part, added up."""

    bytes: int = 0
    objects: int = 0
    findings: int = 0


class Board:
    """A page of memory that forked processes keep sharing. Each writes its own row, and reads whether to stop."""

    def __init__(self) -> None:
        self._cells = memoryview(mmap.mmap(-1, _CELL * (1 + ROWS * _FIELDS))).cast("Q")

    @property
    def stopped(self) -> bool:
        """Whether somebody asked for an end."""
        return self._cells[0] != 0

    def stop(self) -> None:
        """Asks all for an end."""
        self._cells[0] = 1

    def put(self, row: int, sums: Sums) -> None:
        """How far the process with this row has come."""
        at = 1 + row % ROWS * _FIELDS
        for number, value in enumerate(sums):
            self._cells[at + number] = value

    def sums(self) -> Sums:
        """How far all have come."""
        cells = self._cells
        return Sums(*(sum(cells[number::_FIELDS]) for number in range(1, 1 + _FIELDS)))
