"""`dce-guard` without a command: scans what is here, and says what else there is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dce_guard.cli.output import Output, emit
from dce_guard.cli.scan import Mode, look

if TYPE_CHECKING:
    from dce_guard.cli.session import Session
    from dce_guard.model.finding import Report


def run() -> int:
    """Scans the repository or folder here, and the index where it differs; the exit code of the graver one."""
    session, _, report = look(Mode(), {})
    code = emit(report, Output())
    code = max(code, _staged(session, report))
    for line in ["", *_next(session, report)]:
        click.echo(line)
    return code


def _staged(session: "Session", seen: "Report") -> int:
    """What only the index holds: a secret taken out of the file, and still staged."""
    if session.repository is None or session.repository.root is None:
        return 0
    _, _, staged = look(Mode(staged=True), {})
    known = {finding.fingerprint for finding in seen.findings}
    if all(finding.fingerprint in known for finding in staged.open):
        return 0
    click.echo("\nThe files above are not all: what is staged for the next commit differs from them.\n")
    return emit(staged, Output())


def _next(session: "Session", report: "Report") -> list[str]:
    """Commands to copy, those that make a difference here."""
    rows = [("dce-guard demo", "see it find, block and accept, in a repository of its own")]
    if session.repository and session.repository.root:
        rows = [] if _hooked(session.repository.root) else [("dce-guard install", "stop commits that leak")]
        if not session.policy.sources and session.baseline is None:
            about = "accept what is here, stop what is new" if report.open else "settings and a baseline"
            rows.append(("dce-guard init", about))
        rows.append(("dce-guard history", "not scanned yet: old commits, other branches"))
    width = max(len(command) for command, _ in rows)
    heads = ["next:", *[""] * (len(rows) - 1)]
    return [
        f"{head:<7}{command:<{width}}  {about}" for head, (command, about) in zip(heads, rows, strict=True)
    ]


def _hooked(root: Path) -> bool:
    """Whether a commit hook of ours is in place."""
    from dce_guard.adapters.hook_script import Owner
    from dce_guard.adapters.hooks import find_ours, find_site, whose
    from dce_guard.errors import GuardError

    try:
        return whose(find_ours(find_site(root).folder, "pre-commit")) is Owner.OURS
    except GuardError:
        return False
