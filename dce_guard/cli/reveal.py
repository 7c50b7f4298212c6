"""`--reveal`: values read again from their addresses, for a person who asks."""

import os
from collections.abc import Mapping

import click

from dce_guard.adapters.sources import Source
from dce_guard.cli.session import Session
from dce_guard.errors import UsageError
from dce_guard.model.finding import Report
from dce_guard.model.item import Skip
from dce_guard.model.match import Match


def check(times: int, quiet: bool) -> None:
    """Warns; raises UsageError in CI unless --reveal was said twice: logs are read by many and kept for long."""
    if times == 1 and os.environ.get("CI", "").lower() in ("true", "1", "yes"):
        raise UsageError(
            "--reveal would print secrets into the log of a CI job; nothing was scanned",
            "leave it out, or say --reveal --reveal if the log is private",
        )
    if not quiet:
        click.echo("warning: --reveal prints secrets in full; keep the output to yourself", err=True)


def values(session: Session, source: Source, report: Report) -> Mapping[str, str]:
    """Fingerprint -> value for every finding of the report, by scanning once more: no finding holds its value."""
    from dce_guard.cli.running import unpacked
    from dce_guard.scan.sight import canonical

    wanted = {finding.fingerprint for finding in report.findings}
    identity = session.key.identity()
    engine = session.kit.engine()
    found: dict[str, str] = {}
    for chunk in unpacked(source).chunks() if wanted else ():
        for match in () if isinstance(chunk, Skip) else engine.scan(chunk):
            if isinstance(match, Match):
                value = match.secret.reveal()
                fingerprint = identity.fingerprint(canonical(value))
                if fingerprint in wanted:
                    found[fingerprint] = value.decode("utf-8", "backslashreplace")
    return found
