"""`dce-guard respond`: what to do now about a secret that got out, step by step."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dce_guard.model.finding import Finding, Report

_HISTORY = (
    "It stays in the history. Once it is dead that does no harm; to take it out all the same, rewrite with "
    "`git filter-repo --replace-text FILE` (the value in FILE, outside the repository), force-push every ref, "
    "and have everybody clone anew."
)


@click.command("respond", short_help="What to do now about a leaked secret, step by step.")
@click.argument("findings", nargs=-1, required=True, metavar="FINGERPRINT|PATH:LINE...")
def command(findings: tuple[str, ...]) -> None:
    """Print the steps that end each leak: replace, deploy, revoke, prove, clean up.

    Nothing is sent anywhere and nothing is changed.
    """
    from dce_guard.cli.scan import Mode, look
    from dce_guard.cli.selecting import chosen

    _, _, report = look(Mode(), {})
    for finding in chosen(report.findings, findings, "no steps were planned"):
        for line in _plan(report, finding):
            click.echo(line)


def _plan(report: "Report", finding: "Finding") -> Iterator[str]:
    from dce_guard.report.escape import visible
    from dce_guard.report.view import SHORT, farthest, rule_view

    rule, reach = rule_view(report, finding.rule), farthest(finding)
    issuer = "its issuer" if rule.provider in ("", "generic") else rule.provider
    named = f"{rule.title}  {visible(finding.preview)}  {finding.fingerprint[:SHORT]}"
    yield f"{finding.sensitivity}  {named}  ({reach.value})"
    for number, step in enumerate(_steps(finding, issuer, rule.remediation, reach.value), 1):
        yield f"  {number}. {visible(step)}"
    for reference in rule.references:
        yield f"     see {visible(reference)}"
    yield ""


def _steps(finding: "Finding", issuer: str, remediation: str, reach: str) -> Iterator[str]:
    places = ", ".join(
        dict.fromkeys(f"{place.path}:{place.line}" for place in finding.locations if not place.part)
    )
    if reach in ("work-tree", "staged", "committed"):
        yield f"It has not been pushed as far as this clone knows. Remove it from {places}, and from local commits."
        yield "If anybody else could read this machine or a copy of it, go on as for a pushed one:"
    yield f"Issue a new one at {issuer} and store it where the program reads its secrets, not in the repository."
    yield "Deploy it, and check that everything that used the old one works with the new."
    yield f"Revoke the old one at {issuer}. {remediation}".rstrip()
    yield "Prove it: the old one must be refused, the new one accepted. Note when, and by which call."
    yield f"Remove it from {places}. {_HISTORY if reach == 'pushed' else ''}".rstrip()
    yield f'When it is dead: dce-guard baseline accept {finding.fingerprint[:12]} --reason "revoked on DATE"'
