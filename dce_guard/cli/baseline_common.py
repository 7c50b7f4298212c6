"""What the baseline commands share: a scan, the file, who accepts, and which findings are meant."""

import getpass
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from dce_guard.adapters import baseline_file
from dce_guard.cli.selecting import chosen
from dce_guard.cli.session import Session, open_session
from dce_guard.errors import GitError, UsageError
from dce_guard.model.finding import Finding, Report
from dce_guard.report.escape import visible
from dce_guard.scan.baseline import Baseline
from dce_guard.scan.identity import Identity


@dataclass(frozen=True, slots=True)
class Work:
    """A repository scanned, and its baseline: the one there is, or an empty one."""

    report: Report
    root: Path
    path: Path
    baseline: Baseline
    exists: bool
    today: date
    identity: Identity
    before: Mapping[str, str]  # what a finding was called until now, where there was no baseline yet

    def save(self, baseline: Baseline) -> None:
        """Writes the baseline if it differs from what was read."""
        if not self.exists or baseline != self.baseline:
            baseline_file.write(self.path, baseline)

    @property
    def name(self) -> str:
        """The file as people call it: relative to the root where it is below it."""
        inside = self.path.is_relative_to(self.root.resolve())
        return str(self.path.relative_to(self.root.resolve())) if inside else str(self.path)


def begin(*, history: bool = False) -> Work:
    """Scans the repository here as it is on disk, or with its `history`. What was not read is told on standard error.

    Raises GitError where there is no work tree, GuardError as scan and baseline do.
    """
    session, report = _look(history)
    root = session.repository.root if session.repository else None
    if root is None:
        raise GitError(
            "there is no work tree of a git repository here; no baseline was read",
            "Change to one. To scan plain files: dce-guard scan PATH",
        )
    path = baseline_file.find(root, session.policy.baseline)
    for notice in report.notices:
        click.echo(f"note: {visible(notice)}", err=True)
    for skip in report.skips:
        click.echo(f"not looked at: {visible(skip.path)}: {visible(skip.reason)}", err=True)
    known, before = session.baseline, {}
    if known is None:
        baseline = Baseline(session.key.salt(), key_id=session.key.key_id())
        old = report
        session, report = _look(history, baseline)
        before = _renamed(old, report)
    today = datetime.now(UTC).date()
    used = known or baseline
    return Work(report, root, path, used, known is not None, today, session.key.identity(), before)


def _look(history: bool, assumed: Baseline | None = None) -> tuple[Session, Report]:
    if not history:
        from dce_guard.cli.scan import Mode, look

        session, _, report = look(Mode(), {}, assumed=assumed)
        return session, report
    from dce_guard.cli.history_run import Wish
    from dce_guard.cli.history_run import look as look_through
    from dce_guard.cli.output import Output

    session = open_session(Path(os.curdir), {}, assumed=assumed)
    return session, look_through(session, Wish(), Output())


def meant(work: Work, findings: Sequence[str], not_done: str) -> tuple[Work, list[Finding]]:
    """The findings that people name: those on disk, else those of the history, which takes longer.

    Raises UsageError, which says `not_done`, when one is in neither.
    """
    try:
        return work, chosen(work.report.findings, findings, not_done, work.before)
    except UsageError:
        work = begin(history=True)
        return work, chosen(work.report.findings, findings, not_done, work.before)


def _renamed(old: Report, new: Report) -> dict[str, str]:
    """New name -> old name of each finding, by the first place, which both scans tell alike."""
    names = {_first(finding): finding.fingerprint for finding in old.findings}
    return {finding.fingerprint: names.get(_first(finding), "") for finding in new.findings}


def _first(finding: Finding) -> tuple[str, int, int, str]:
    place = finding.locations[0]
    return place.path, place.start, place.end, finding.rule


def author(root: Path) -> str:
    """Who accepts: git's author, else the name of the login."""
    name = os.environ.get("GIT_AUTHOR_NAME", "").strip()
    if not name:
        try:
            asked = subprocess.run(
                ["git", "config", "--get", "user.name"], cwd=root, capture_output=True, check=False
            )
            name = asked.stdout.decode("utf-8", "replace").strip()
        except OSError:
            name = ""
    return name or _login()


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        raise UsageError("nothing was accepted: nobody is named", "say who accepts: --by NAME") from None


def described(finding: Finding) -> str:
    """One finding in a few lines, safe to print."""
    place = finding.locations[0]
    lines = [
        f"{visible(place.path)}:{place.line}  {finding.rule}  {finding.fingerprint[:12]}",
        *([f"    {visible(place.snippet)}"] if place.snippet else []),
        *(f"    {visible(reason)}" for reason in finding.reasons),
    ]
    if len(finding.locations) > 1:
        lines.append(f"    and {len(finding.locations) - 1} more places")
    return "\n".join(lines)


def counted(number: int, word: str) -> str:
    """`1 entry`, `2 entries`."""
    many = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number} {word if number == 1 else many}"


def said_by(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options --by and --until."""
    until = click.option(
        "--until", type=click.DateTime(["%Y-%m-%d"]), help="Accept up to and with this day: YYYY-MM-DD."
    )
    by = click.option("--by", help="Who accepts. [default: git's user.name]")
    return by(until(function))


def day(until: datetime | None) -> date | None:
    """The date of an option."""
    return until.date() if until else None
