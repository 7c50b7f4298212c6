"""The bridge to the detect-secrets library: its baselines in and out, never its settings from a file.

`plugins_used` and `filters_used` of a `.secrets.baseline` name Python files that the library would run
(Yelp/detect-secrets: util/importlib.py, note of 2020-11-09), so no file's settings are ever given to it.
Its hashes are no identities: the GitHub and GitLab plugins of 1.5.0 hash the prefix of a token alone.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect_secrets.audit.common import LineGetter, get_raw_secrets_from_file
from detect_secrets.core.baseline import format_for_output
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.exceptions import SecretNotFoundOnSpecifiedLineError
from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
from detect_secrets.settings import transient_settings

from dce_guard.model.finding import Finding, Location, State
from dce_guard.model.item import Kind
from dce_guard.scan.ds_format import Claim

_LIBRARY = "detect_secrets.plugins."
_LABELS = {State.ACCEPTED: False, State.ALLOWED: False, State.ROTATED: True, State.REAPPEARED: True}


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of another scanner's entries: ours that they accept, and those that accept nothing."""

    accepted: tuple[tuple[Claim, Finding], ...]
    unmatched: tuple[Claim, ...]


def settle(claims: Iterable[Claim], findings: Sequence[Finding], read: Callable[[str], bytes]) -> Settled:
    """Which findings the claims mean. `read` gives a file's bytes by a finding's path.

    A claim means a finding whose value has its hash, or that lies within a text which the library's own
    plugin of that kind finds again and which has that hash. Where that text is only a part of the value (a
    prefix, a password in a URL), the hash does not tell one value from another, and the line must agree too.
    """
    places = _by_path(findings)
    accepted: list[tuple[Claim, Finding]] = []
    unmatched: list[Claim] = []
    for claim in claims:
        here = places.get(claim.path, ())
        meant = _meant(claim, here, read(claim.path)) if here else []
        accepted += ((claim, finding) for finding in meant)
        unmatched += [] if meant else [claim]
    return Settled(tuple(accepted), tuple(unmatched))


Place = tuple[Finding, Location]


def _by_path(findings: Iterable[Finding]) -> dict[str, list[Place]]:
    """Findings as they stand in files, by path: decoded values have no bytes to compare."""
    places: dict[str, list[Place]] = {}
    for finding in findings:
        for place in finding.locations:
            if place.kind is Kind.FILE and not place.encoding:
                places.setdefault(place.path, []).append((finding, place))
    return places


def _meant(claim: Claim, places: Sequence[Place], data: bytes) -> list[Finding]:
    if not claim.digest and claim.secret is None:
        return _only([finding for finding, place in places if place.line == claim.line])
    whole = [finding for finding, place in places if _sha1(data[place.start : place.end]) == claim.digest]
    spans = list(_spans(claim, data))
    whole += [f for f, place in places if any(a <= place.start and place.end <= b for _, a, b in spans)]
    if whole:
        return _unique(whole)
    inside = [(line, a, b) for line, a, b in spans if line == claim.line]
    return _only([f for f, place in places if any(place.start <= a and b <= place.end for _, a, b in inside)])


def _unique(findings: Iterable[Finding]) -> list[Finding]:
    return list({finding.fingerprint: finding for finding in findings}.values())


def _only(findings: Iterable[Finding]) -> list[Finding]:
    """The one finding meant, none when it could be several."""
    found = _unique(findings)
    return found if len(found) == 1 else []


def _spans(claim: Claim, data: bytes) -> Iterator[tuple[int, int, int]]:
    """Line number and byte span of the claim's value, or of each text with its hash that its plugin finds."""
    if claim.secret is not None:
        found = _occurrences(data, claim.secret.reveal())
        yield from ((data.count(b"\n", 0, a) + 1, a, b) for a, b in found)
        return
    plugin = library_plugins(eager=True).get(claim.kind)
    if plugin is None:
        return
    begin = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        text = raw.decode("utf-8", "surrogateescape").rstrip()
        for each in _analyze(plugin, claim.path, text, number, eager=True):
            if each.secret_hash == claim.digest:
                value = each.secret_value.encode("utf-8", "surrogateescape")
                yield from ((number, begin + a, begin + b) for a, b in _occurrences(raw, value))
        begin += len(raw) + 1


def _occurrences(raw: bytes, wanted: bytes) -> Iterator[tuple[int, int]]:
    at = raw.find(wanted)
    while at >= 0:
        yield at, at + len(wanted)
        at = raw.find(wanted, at + 1)


def _sha1(value: bytes) -> str:
    return hashlib.sha1(value, usedforsecurity=False).hexdigest()  # what detect-secrets files hold


def library_plugins(eager: bool = False) -> dict[str, Any]:
    """The library's own plugins by their kind, with no entropy limit when `eager`."""
    kinds: dict[str, Any] = get_mapping_from_secret_type_to_class()
    own = {kind: kinds[kind] for kind in sorted(kinds) if kinds[kind].__module__.startswith(_LIBRARY)}
    return {
        kind: plugin(limit=0.0) if eager and issubclass(plugin, HighEntropyStringsPlugin) else plugin()
        for kind, plugin in own.items()
    }


def _analyze(plugin: Any, path: str, text: str, number: int, eager: bool) -> list[Any]:
    """The library's own findings in one line, in a fixed order."""
    kind = {"enable_eager_search": True} if eager and isinstance(plugin, HighEntropyStringsPlugin) else {}
    found = plugin.analyze_line(filename=path, line=text, line_number=number, **kind) or ()
    return sorted((each for each in found if each.secret_value), key=lambda each: str(each.secret_value))


@dataclass(frozen=True, slots=True)
class Export:
    """A `.secrets.baseline`, and the places its plugins do not find again, so that it cannot name them."""

    text: str
    left_out: tuple[Location, ...]


def export(findings: Iterable[Finding], root: Path) -> Export:
    """The findings as detect-secrets would write them: kinds it knows, texts its plugins find again.

    An accepted finding is labelled as no secret, a dead key as a real one, an open one is left for
    `detect-secrets audit` to ask. No time stands in it: the same findings give the same text.
    """
    plugins = library_plugins()
    secrets, left_out = SecretsCollection(), []
    for path, places in sorted(_by_path(findings).items()):
        getter = LineGetter(str(root / path))
        for finding, place in places:
            found = _named(plugins, getter, root / path, path, place)
            if found is None:
                left_out.append(place)
            else:
                found.is_secret = _LABELS.get(finding.state)
                secrets[path].add(found)
    with transient_settings({"plugins_used": [{"name": type(each).__name__} for each in plugins.values()]}):
        document = format_for_output(secrets)
    document.pop("generated_at")
    return Export(json.dumps(document, indent=2) + "\n", tuple(left_out))


def _named(plugins: Mapping[str, Any], getter: Any, file: Path, path: str, place: Location) -> Any:
    """The finding in the library's words: of the texts its plugins find there, the nearest to our value."""
    value = file.read_bytes()[place.start : place.end].decode("utf-8", "surrogateescape")
    try:
        line = getter.raw_lines[place.line - 1]
        for eager in (False, True):
            for each in _nearest(plugins, path, line, place.line, value, eager):
                if any(get_raw_secrets_from_file(each, lambda _: getter)):
                    return each
    except (IndexError, UnicodeDecodeError, SecretNotFoundOnSpecifiedLineError):
        pass  # the library reads lines and encodings of its own
    return None


def _nearest(
    plugins: Mapping[str, Any], path: str, line: str, number: int, value: str, eager: bool
) -> list[Any]:
    said = (each for plugin in plugins.values() for each in _analyze(plugin, path, line, number, eager))
    near = (each for each in said if _covers(each.secret_value, value))
    return sorted(near, key=lambda each: (len(each.secret_value), each.type))


def _covers(said: str, value: str) -> bool:
    """Whether `said` names this value and no other: a prefix (`ghp`) would accept every token of its kind."""
    return value in said or (said in value and 2 * len(said) > len(value))
