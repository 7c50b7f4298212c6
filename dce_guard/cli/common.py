"""What commands that start from a scan share."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dce_guard.cli.scan import Mode, look

if TYPE_CHECKING:
    from dce_guard.cli.session import Session
    from dce_guard.model.finding import Report


def scan_worktree(
    root: Path | None = None, policy: dict[str, Any] | None = None, *, use_baseline: bool = True
) -> "tuple[Report, Session]":
    """The work tree around `root` (here by default) scanned as `dce-guard scan` does, with its session."""
    session, _, report = look(Mode((root,) if root else ()), policy or {}, use_baseline=use_baseline)
    return report, session
