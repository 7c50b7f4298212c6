"""One repository's history looked at by a process of its own: its memory, its time and its end are bounded."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from dce_guard.adapters.git_command import cause
from dce_guard.adapters.keys import VARIABLE
from dce_guard.adapters.repositories import Target
from dce_guard.adapters.sweep_store import Result, Status

# For the process alone, in its environment: what its clone may say to this host, and to no other.
GIT_TOKEN, GIT_HOST = "DCE_GUARD_GIT_TOKEN", "DCE_GUARD_GIT_HOST"
_LOOKED = (0, 1, 3)  # exit codes that come with a report, unless nothing could be looked at
_LAST_WORDS = 30.0  # seconds to write down what was seen so far, after being told to stop
_TICK = 0.5  # seconds between looks at whether to stop
_PAUSE = 2.0  # seconds before the second attempt; doubled for each further one
_LONGEST = 300  # characters of an error that are kept


@dataclass(frozen=True, slots=True)
class Job:
    """One repository to look at, and all that a process needs for it."""

    target: Target
    options: tuple[str, ...] = ()  # for `dce-guard history`
    setup: str = ""
    seconds: float | None = None  # until it is stopped
    retries: int = 0
    cores: int = 1
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # variables: key, token

    @property
    def command(self) -> list[str]:
        """The process to start; no secret is in it, since every user of a machine can list arguments."""
        return [
            *(sys.executable, "-P", "-m", "dce_guard", "history"),  # -P: nothing from the working directory
            *(*self.options, "--format", "json", "--quiet", "--jobs", str(self.cores)),
            *("--", self.target.address),
        ]


class Running:
    """The processes of one sweep, so that all of them can be stopped."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self.stopped = False

    def start(self, job: Job) -> "subprocess.Popen[bytes] | None":
        """The job's process; None when all were stopped."""
        with self._lock:
            if self.stopped:
                return None
            process = _start(job)
            self._processes.add(process)
            return process

    def ended(self, process: "subprocess.Popen[bytes]") -> None:
        """Forgets a process that has ended."""
        with self._lock:
            self._processes.discard(process)

    def stop(self) -> None:
        """No further one starts; those that run are interrupted by whoever waits for them."""
        self.stopped = True

    def kill(self) -> None:
        """Ends all at once."""
        with self._lock:
            self.stopped = True
            for process in self._processes:
                _signal(process, gently=False)


def look(
    job: Job, running: Running | None = None, pause: Callable[[float], object] = time.sleep
) -> Result | None:
    """What became of one repository; None when it was stopped by `running`.

    Never raises for what a repository or a remote host does: that is a result with an error. A remote
    repository that could not be fetched, and a process that was killed from outside, are tried again.
    """
    running = running or Running()
    for attempt in range(job.retries + 1):
        if attempt:
            pause(_PAUSE * 2 ** (attempt - 1))
        result, may_pass = _attempt(job, running)
        if running.stopped or not may_pass:
            break
    return None if running.stopped else result


def _attempt(job: Job, running: Running) -> tuple[Result | None, bool]:
    """The result of one process, and whether a further one may come to a better."""
    try:
        process = running.start(job)
    except OSError as error:
        return _result(job, None, f"not started: {error.strerror or type(error).__name__}", None), True
    if process is None:
        return None, False
    try:
        out, complaint, late = _finish(process, job.seconds, running)
    finally:
        _signal(process, gently=False)  # nothing unless this thread itself was interrupted
        running.ended(process)
    report = _report(out)
    if late:
        return _result(job, None, f"stopped after {job.seconds:g} s", report), False
    code = process.returncode
    if report is None or code not in _LOOKED:
        ended = f"ended by signal {-code}" if code < 0 else _said(complaint)
        return _result(job, code, ended, None), code < 0 or (job.target.remote and code == 3)
    return _result(job, code, _said(complaint) if code == 3 else "", report), False


def _start(job: Job) -> "subprocess.Popen[bytes]":
    """In a session of its own where there are such, so that it can be ended with all that it started."""
    return subprocess.Popen(
        job.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **job.secrets, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,  # Windows takes no notice of it
    )


def _finish(
    process: "subprocess.Popen[bytes]", seconds: float | None, running: Running
) -> tuple[bytes, bytes, bool]:
    """Output, complaints, and whether its time was over."""
    left = math.inf if seconds is None else seconds
    while left > 0 and not running.stopped:
        try:
            return *process.communicate(timeout=min(_TICK, left)), False
        except subprocess.TimeoutExpired:
            left -= _TICK
    _signal(process, gently=True)
    try:
        return *process.communicate(timeout=_LAST_WORDS), True
    except subprocess.TimeoutExpired:
        _signal(process, gently=False)
        return *process.communicate(), True


def _signal(process: "subprocess.Popen[bytes]", gently: bool) -> None:
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        if gently:
            process.send_signal(signal.SIGINT)  # it alone: it tells its own
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _report(out: bytes) -> Mapping[str, Any] | None:
    """The report, if the whole of one was written."""
    try:
        document = json.loads(out)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and "findings" in document else None


def _said(complaint: bytes) -> str:
    return cause(complaint)[:_LONGEST] if complaint.strip() else ""


def failed(job: Job, error: str) -> Result:
    """The result of a job whose process nobody has seen the end of."""
    return _result(job, None, error, None)


def _result(job: Job, code: int | None, error: str, report: Mapping[str, Any] | None) -> Result:
    if report is None:
        status = Status.FAILED
    else:
        status = Status.DONE if code in (0, 1) and report.get("complete") is True else Status.INCOMPLETE
    moment = datetime.now(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    return Result(job.target.address, status, code, error, report, moment, job.setup)


def secrets(key: bytes, tokens: Mapping[str, str], address: str) -> dict[str, str]:
    """The variables for one process: the sweep's key, and the token of the host that it fetches from.

    `tokens` are by URL up to the path ("https://git.example.org"): none goes to another host, or in the clear.
    """
    told = {VARIABLE: key.hex()}
    scheme, found, rest = address.partition("://")
    origin = f"{scheme}{found}{rest.partition('/')[0]}"
    return told | ({GIT_TOKEN: tokens[origin], GIT_HOST: origin} if tokens.get(origin) else {})
