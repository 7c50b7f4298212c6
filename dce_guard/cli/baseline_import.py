"""`dce-guard baseline import`: what another scanner's file says is known."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from dce_guard.cli.baseline_common import Work, author, begin, counted, day, said_by
from dce_guard.errors import UsageError
from dce_guard.model.finding import Finding
from dce_guard.report.escape import visible
from dce_guard.scan.baseline import Baseline, Entry, accept, add
from dce_guard.scan.ds_format import DETECT_SECRETS, Claim, parse

MAX_BYTES = 256 << 20


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--unaudited", is_flag=True, help="Also take over entries that nobody has audited.")
@click.option("--reason", help="Why. [default: where it was imported from]")
@said_by
def command(file: Path, unaudited: bool, reason: str | None, by: str | None, until: datetime | None) -> None:
    """Take over a detect-secrets .secrets.baseline or a gitleaks JSON report.

    Their hashes and places are not identities: each value is found again in the work tree and accepted by
    ours. What is not found again is listed and not taken over; neither is what an audit called a real secret.
    Nothing that the file names (plugins, filters) is loaded.
    """
    kind, claims = parse(_text(file), file.name)
    wanted = [each for each in claims if _is_wanted(kind, each, unaudited)]
    work = begin()
    found, unmatched = _settled(work, wanted)
    gone = [each for each in unmatched if each.secret is not None]
    reason = reason or f"imported from {file.name} ({kind})"
    known = _with(work, found, gone, reason, by if by is not None else author(work.root), day(until))
    work.save(known)
    unmatched = [each for each in unmatched if each.secret is None]
    _tell("accepted by its value, not in the work tree", gone)
    _tell("not found again, not imported", unmatched)
    _tell("a real secret, not imported: rotate it", [each for each in claims if each.real])
    open_ones = [each for each in claims if each not in wanted and not each.real]
    _tell("never audited, not imported (--unaudited takes it over)", open_ones)
    click.echo(f"wrote {work.name}: {counted(len(claims), 'entry')} read, {_gained(work, known)}")


def _is_wanted(kind: str, claim: Claim, unaudited: bool) -> bool:
    if kind != DETECT_SECRETS:
        return True
    return claim.real is False or (claim.real is None and unaudited)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError(f"{file} is larger than {MAX_BYTES >> 20} MiB; nothing was imported")
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}); nothing was imported") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8; nothing was imported") from None


def _settled(work: Work, claims: Sequence[Claim]) -> tuple[list[Finding], list[Claim]]:
    """Our findings that the claims mean, each once, and the claims that mean none."""
    from dce_guard.adapters.detect_secrets import settle

    settled = settle(claims, work.report.findings, lambda path: (work.root / path).read_bytes())
    return list({one.fingerprint: one for _, one in settled.accepted}.values()), list(settled.unmatched)


def _with(
    work: Work, findings: Sequence[Finding], gone: Sequence[Claim], reason: str, by: str, until: date | None
) -> Baseline:
    """The baseline with our findings, and with values that a report tells though only history holds them."""
    known = accept(work.baseline, findings, reason=reason, by=by, today=work.today, until=until)
    values = [(each, each.secret.reveal()) for each in gone if each.secret is not None]
    name = work.identity.fingerprint
    return add(known, (Entry(name(value), each.kind, each.path, reason, by, until) for each, value in values))


def _gained(work: Work, known: Baseline) -> str:
    return f"{counted(len(known.entries) - len(work.baseline.entries), 'value')} more accepted"


def _tell(what: str, claims: Sequence[Claim]) -> None:
    for claim in claims:
        click.echo(f"{what}: {visible(str(claim))}")
