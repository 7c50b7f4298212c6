"""Ctrl-C and SIGTERM: the first lets a sweep write down what it has seen, a second ends it at once."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dce_guard.cli.board import Board

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop:
    """What has been asked for. Its processes see it on the `board`; each goes on to the end of what it is at.

    `patient`: the first signal only sets the mark, for whoever looks at it; else it interrupts what is going on.
    """

    def __init__(self, board: Board | None = None) -> None:
        self.board = board or Board()
        self.patient = False
        self._times = 0
        self._owner = os.getpid()

    @property
    def asked(self) -> bool:
        """Whether to come to an end."""
        return self.board.stopped

    @property
    def hurried(self) -> bool:
        """Whether it was asked for twice: nothing more is written."""
        return self._times > 1

    def take(self, _number: int, _frame: FrameType | None) -> None:
        """The handler. Raises KeyboardInterrupt in the process that was interrupted, never in those it forked."""
        self.board.stop()
        if os.getpid() != self._owner:
            return
        self._times += 1
        if self.hurried or not self.patient:
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Takes the signals that end a program. What is ignored (by `nohup`) stays so."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # only that one may set handlers
        yield stop
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {
        number: signal.signal(number, stop.take)
        for number in numbers
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
