"""A source scanned, folded and told apart from what was known: the report that every command starts from."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dce_guard._version import __version__
from dce_guard.adapters.archives import Budget, Unpacking
from dce_guard.adapters.limited import Limited
from dce_guard.cli.progress import progress
from dce_guard.cli.scanning import Chunks, Scanner, Seen, scan_shared
from dce_guard.cli.session import Session
from dce_guard.model.finding import Finding, Location, Report, Sighting
from dce_guard.model.item import Chunk, Item, Skip

if TYPE_CHECKING:
    from io import BytesIO

    from dce_guard.model.rule import Rule


def unpacked(source: Chunks) -> Unpacking:
    """The source with what its archives hold. What opens archives is loaded for the first: it costs 15 ms."""
    return Unpacking(source, _entries)


def _entries(kind: str, item: Item, content: "BytesIO", budget: Budget) -> Iterator[Chunk | Skip]:
    from dce_guard.adapters.archives_open import entries

    return entries(kind, item, content, budget)


def scan(session: Session, source: Chunks, shares: int = 1, size: int = 0) -> Seen:
    """What a source of about `size` bytes holds, in archives too.

    The engine is made before the first byte is read: no rules, no verdict.
    """
    largest = session.policy.max_file_size
    source = unpacked(Limited(source, largest) if largest is not None else source)
    engine = session.kit.engine()
    if shares > 1:
        session.key  # noqa: B018  # one key for all processes: made once, here
    with progress(size // shares) as tick:  # this process's share stands for all
        if shares > 1:
            return scan_shared(
                source, lambda: Scanner(session.kit.engine(), lambda: session.analyst, tick), shares
            )
        return Scanner(engine, lambda: session.analyst, tick).scan(source)


def report(
    session: Session,
    source: Mapping[str, str],
    seen: Seen,
    *,
    fresh: bool = False,
    skips: Iterable[Skip] = (),
) -> Report:
    """The report on what was seen. `fresh`: all that was scanned is new, so a dead key in it has come back."""
    findings: tuple[Finding, ...] = ()
    if seen.sightings:
        findings = _known(session, _folded(session, seen.sightings), fresh)
    every = sorted({*seen.skips, *skips}, key=lambda skip: (skip.path, skip.reason, skip.detail))
    stats = {"items": seen.items, "bytes": seen.bytes, "rules": session.kit.rules, "findings": len(findings)}
    return Report(
        source=source, findings=findings, skips=tuple(every), stats=stats, rules_digest=session.kit.digest,
        version=__version__, notices=tuple(dict.fromkeys(session.notices)), rules=_rules(session, findings),
    )  # fmt: skip


def _folded(session: Session, sightings: list[Sighting]) -> tuple[Finding, ...]:
    from dce_guard.scan.fold import fold

    if not session.policy.inline_markers:
        sightings = [without_markers(sighting) for sighting in sightings]
    return fold(sightings, session.policy.min_confidence)


def without_markers(sighting: Sighting) -> Sighting:
    """The sighting as if no marker stood beside it."""
    return replace(sighting, locations=tuple(replace(place, marker="") for place in sighting.locations))


def _known(session: Session, findings: tuple[Finding, ...], fresh: bool) -> tuple[Finding, ...]:
    if session.baseline is None:
        return findings
    from dce_guard.scan.baseline import apply

    return apply(findings, session.baseline, datetime.now(UTC).date(), fresh=fresh)


def _rules(session: Session, findings: Iterable[Finding]) -> dict[str, Mapping[str, object]]:
    named = {finding.rule for finding in findings}
    return {rule.id: _told(rule) for rule in session.kit.tables.rules if rule.id in named} if named else {}


def _told(rule: "Rule") -> Mapping[str, object]:
    return {
        "description": rule.description, "provider": rule.provider, "confidence": rule.confidence,
        "references": rule.references, "remediation": rule.remediation, "cwe": rule.cwe,
    }  # fmt: skip


def relocated(sighting: Sighting, change: Callable[[Location], Location | None]) -> Sighting | None:
    """The sighting with each place changed; None when none of the secret's own is left."""
    places = tuple(place for place in map(change, sighting.locations) if place)
    own = any(not place.part for place in places)
    return replace(sighting, locations=places) if own else None
