"""One family of errors with hints, and the exit codes that every command and format share."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. FINDINGS is never used for a failure, and CLEAN never for a scan that did not look."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    CANNOT_LOOK = 3
    INTERRUPTED = 130


class GuardError(Exception):
    """What went wrong and what was not done (message), and what to do next (hint). Never holds a secret."""

    exit_code = Exit.CANNOT_LOOK

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GuardError):
    """The command line, the configuration, a baseline or a rule says something that cannot be meant."""

    exit_code = Exit.USAGE


class GitError(GuardError):
    """Git could not answer: not a repository, refused, failed, or ended before its answer was whole."""


class RulesError(GuardError):
    """A rule pack is broken or there is none: without rules there is no verdict."""
