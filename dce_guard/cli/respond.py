"""`dce-guard respond`: what to do now about a secret that got out, step by step."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dce_guard.model.finding import Finding, Location, Report
    from dce_guard.report.view import RuleView

_MOST = 8  # places and refs that are named before they are counted
_HISTORY = (
    "It stays in the history. Once it is dead that does no harm; to take it out all the same, rewrite the history "
    "(`git filter-repo --sensitive-data-removal --replace-text FILE`, the value in FILE, outside the repository), "
    "force-push every ref, and have everybody clone anew: docs/history.md."
)
_LOCAL = "If anybody else could read this machine or a copy of it, go on as for a pushed one:"
_UNREACHABLE = (
    "No branch or tag leads to it, only this clone's object store holds it. If it was never pushed: "
    "`git reflog expire --expire=now --all` (which drops all stashes but the newest, too) and then "
    "`git gc --prune=now` remove it."
)
_UNKNOWN = "How far it got out cannot be told here; take it as pushed."


@click.command("respond", short_help="What to do now about a leaked secret, step by step.")
@click.argument("findings", nargs=-1, required=True, metavar="FINGERPRINT|PATH:LINE...")
def command(findings: tuple[str, ...]) -> None:
    """Print the steps that end each leak: replace, deploy, revoke, prove, clean up.

    In a repository its history is looked through as well, so that every place is known. Nothing is sent
    anywhere and nothing is changed.
    """
    from dce_guard.report.view import prepared

    report = prepared(_look())
    for finding in _chosen(report, findings):
        for line in _plan(report, finding):
            click.echo(line)


def _look() -> "Report":
    """All that is here: of a repository its history too, else the files."""
    from dce_guard.cli.history_run import Wish
    from dce_guard.cli.history_run import look as look_through
    from dce_guard.cli.output import Output
    from dce_guard.cli.scan import Mode, look
    from dce_guard.cli.session import open_session

    session = open_session(Path(os.curdir), {})
    if session.repository is None:
        return look(Mode(), {})[2]
    return look_through(session, Wish(), Output())


def _chosen(report: "Report", selectors: Sequence[str]) -> "list[Finding]":
    from dce_guard.cli.selecting import chosen
    from dce_guard.errors import UsageError

    try:
        return chosen(report.findings, selectors, "no steps were planned")
    except UsageError as error:
        if report.source.get("mode") == "history":
            error.message = error.message.replace("of this work tree", "of this repository")
            error.hint = error.hint.replace("dce-guard scan lists", "dce-guard history lists")
        raise


def _plan(report: "Report", finding: "Finding") -> Iterator[str]:
    from dce_guard.report.escape import visible
    from dce_guard.report.history import exposure, leading, sentence
    from dce_guard.report.view import SHORT, farthest, rule_view

    rule, reach, past = rule_view(report, finding.rule), farthest(finding), exposure(finding)
    named = f"{rule.title}  {visible(finding.preview)}  {finding.fingerprint[:SHORT]}"
    yield f"{finding.sensitivity}  {named}  ({reach.value})"
    if past:
        yield f"     when  {sentence(finding, past)}"
        refs = leading(past, _MOST)
        if refs:
            yield f"     refs  {refs}"
    for number, step in enumerate(_steps(finding, rule), 1):
        yield f"  {number}. {visible(step)}"
    for reference in rule.references:
        yield f"     see {visible(reference)}"
    yield ""


def _steps(finding: "Finding", rule: "RuleView") -> Iterator[str]:
    from dce_guard.model.item import Reach
    from dce_guard.report.view import farthest

    reach, issuer = farthest(finding), "its issuer" if rule.provider in ("", "generic") else rule.provider
    last = _removal(finding)
    if reach in (Reach.WORK_TREE, Reach.STAGED, Reach.COMMITTED):
        yield f"It has not been pushed as far as this clone knows. {last}".rstrip()
        yield _LOCAL
        last = ""
    elif reach is not Reach.PUSHED:
        yield _UNREACHABLE if reach is Reach.UNREACHABLE else _UNKNOWN
    yield f"Issue a new one at {issuer} and store it where the program reads its secrets, not in the repository."
    yield "Deploy it, and check that everything that used the old one works with the new."
    yield f"Revoke the old one at {issuer}. {rule.remediation}".rstrip()
    yield "Prove it: the old one must be refused, the new one accepted. Note when, and by which call."
    last = f"{last} {_HISTORY}".strip() if reach is Reach.PUSHED else last
    if last:
        yield last
    yield f'When it is dead: dce-guard baseline accept {finding.fingerprint[:12]} --reason "revoked on DATE"'


def _removal(finding: "Finding") -> str:
    """What to take it out of: files as they are now, git's own notes, names, local commits."""
    from dce_guard.model.item import Kind, Reach
    from dce_guard.report.history import exposure
    from dce_guard.report.view import SHORT, farthest, here

    own = [place for place in finding.locations if not place.part]
    now = [place for place in own if here(place) or (place.kind is Kind.GIT_FILE and not _is_log(place))]
    called = [place for place in own if place.kind in (Kind.REF, Kind.PATH)]
    told = f"Remove it from {_named(now)}." if now else ""
    told += f" Rename {_named(called, lines=False)}." if called else ""
    past = exposure(finding)
    if farthest(finding) is Reach.COMMITTED:
        since = f" (`git rebase -i {past.first.id[:SHORT]}^`, or `--root`)" if past and past.first else ""
        told += f" Take it out of the local commits since it came{since}."
    return told.strip()


def _is_log(place: "Location") -> bool:
    """Whether it is a reflog, which nobody edits."""
    return place.path.startswith(".git/logs/")


def _named(places: "Iterable[Location]", lines: bool = True) -> str:
    from dce_guard.report.view import name

    names = list(dict.fromkeys(name(place) + (f":{place.line}" if lines else "") for place in places))
    rest = f" and {len(names) - _MOST} more (dce-guard history --format json)" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + rest
