"""Running detect-secrets plugins that the user named beside our own rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dce_guard.adapters.detect_secrets_plugins import Plugins, load_plugins
from dce_guard.cli.running import unpacked
from dce_guard.cli.scanning import Chunks, Seen
from dce_guard.cli.session import Session
from dce_guard.model.item import Chunk, Item, Skip
from dce_guard.model.match import Match
from dce_guard.model.rule import Category, Confidence, Rule, Sensitivity
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.judge import Judged
from dce_guard.scan.sight import Page, sightings

if TYPE_CHECKING:
    from dce_guard.adapters.detect_secrets_plugins import PluginHit


def run_plugins(session: Session, source: Chunks, seen: Seen) -> None:
    """Adds to `seen` what the plugins find that our rules did not. Raises GuardError when one fails."""
    plugins = load_plugins(map(Path, session.policy.detect_secrets_plugins), session.root)
    identity = session.key.identity()
    known = {one.fingerprint for one in seen.sightings}
    for chunk in unpacked(source).chunks():
        if isinstance(chunk, Skip):
            continue
        for index in range(len(chunk.items)):
            judged = [
                Judged(match, Confidence.MEDIUM, Sensitivity.MEDIUM)
                for match in _matches(plugins, chunk, index)
            ]
            fresh = sightings(Page(chunk, index), judged, identity)
            seen.sightings += [one for one in fresh if one.fingerprint not in known]


def _matches(plugins: Plugins, chunk: Chunk, index: int) -> Iterator[Match]:
    low, high = chunk.starts[index], chunk.ends[index]
    item, position = chunk.items[index], low
    for number, line in enumerate(bytes(chunk.data[low:high]).split(b"\n"), chunk.line + 1):
        text = line.decode("utf-8", "surrogateescape")
        for hit in plugins.line(item.path, number, text):
            at = line.find(hit.secret.reveal())
            if at >= 0:
                yield _match(chunk, index, item, hit, position + at)
        position += len(line) + 1


def _match(chunk: Chunk, index: int, item: Item, hit: "PluginHit", start: int) -> Match:
    end = start + len(hit.secret)
    shift = chunk.offset - chunk.starts[index]
    return Match(
        _rule(hit.kind), item, Sensitive(hit.secret.reveal()), {}, chunk.data, start, end, start + shift, end + shift,
        low=chunk.starts[index], high=chunk.ends[index],
    )  # fmt: skip


def _rule(kind: str) -> Rule:
    name = "-".join(kind.lower().split())
    return Rule(
        id=f"detect-secrets-{name}", description=kind, pattern="", anchors=(), category=Category.EXTERNAL_API,
        sensitivity=Sensitivity.MEDIUM, confidence=Confidence.MEDIUM, provider="generic", pack="detect-secrets",
    )  # fmt: skip
