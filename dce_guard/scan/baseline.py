"""Accepted findings: one file a repository, one line an entry, nothing in it that moves when code moves."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dce_guard.errors import GuardError, UsageError
from dce_guard.model.finding import Finding, Location, Report, State
from dce_guard.model.item import Kind, Reach

FORMAT = 1
SALT_BYTES = 16
ACCEPTED, ROTATED = "accepted", "rotated"

_KEYS = ("fingerprint", "rule", "path", "reason", "by", "until", "state", "evidence")
_REQUIRED = ("fingerprint", "rule", "reason", "by")
_HEX32 = re.compile(r"[0-9a-f]{32}\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell it, UTF-8 cannot
_KEY_ID = re.compile(r"[0-9a-f]{16}\Z")
_REMEMBERED = (Kind.GIT_FILE, Kind.REF, Kind.PATH)  # git's own notes of what was: reflogs, names


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted value. `rule` and `path` are hints for people: the fingerprint alone is compared."""

    fingerprint: str
    rule: str
    path: str
    reason: str
    by: str
    until: date | None = None  # the last day on which it counts
    state: str = ACCEPTED  # or ROTATED: a dead key
    evidence: str = ""  # of the rotation


@dataclass(frozen=True, slots=True)
class Baseline:
    """What people have accepted. `key_id` names the organisation's key, "" when the salt is the key."""

    salt: bytes
    entries: tuple[Entry, ...] = ()
    key_id: str = ""

    def find(self, fingerprint: str) -> Entry | None:
        """The entry of that fingerprint."""
        return self.by_fingerprint().get(fingerprint)

    def by_fingerprint(self) -> dict[str, Entry]:
        """All entries by what they accept."""
        return {entry.fingerprint: entry for entry in self.entries}


def parse(text: str, name: str) -> Baseline:
    """The baseline in `text`; `name` is its file, for messages.

    Raises UsageError, naming file, entry and key, on all that is not understood: what cannot be read accepts
    nothing. Order, repeated lines and the empty entry at the end are forgiven, since git's union merge
    leaves them.
    """
    document = _document(text, name)
    _known(document, ("format", "key_id", "salt", "accepted"), name)
    salt, rows = document.get("salt"), document.get("accepted")
    if not isinstance(salt, str) or not _HEX32.match(salt):
        raise UsageError(f"{name}: key 'salt' must be 32 hexadecimal digits; no exception was read")
    if not isinstance(rows, list):
        raise UsageError(f"{name}: key 'accepted' must be a list; no exception was read")
    key_id = document.get("key_id", "")
    if not isinstance(key_id, str) or (key_id and not _KEY_ID.match(key_id)):
        raise UsageError(f"{name}: key 'key_id' must be 16 hexadecimal digits; no exception was read")
    entries = [_entry(row, f"{name}: entry {number}") for number, row in enumerate(rows, 1) if row != {}]
    return Baseline(bytes.fromhex(salt), _settled(entries), key_id)


def serialise(baseline: Baseline) -> str:
    """The file's text: the same for the same content. One entry a line, sorted by fingerprint.

    Each entry ends in a comma and an empty one closes the list, so that no line depends on its neighbours
    and two people's additions are two added lines.
    """
    key_id = f'"key_id": "{baseline.key_id}", ' if baseline.key_id else ""
    head = f'{{"format": {FORMAT}, "salt": "{baseline.salt.hex()}", {key_id}"accepted": ['
    rows = (f"  {json.dumps(_row(entry), ensure_ascii=False)}," for entry in _settled(baseline.entries))
    return "\n".join((head, *rows, "  {}", "]}", ""))


def apply(
    findings: Iterable[Finding], baseline: Baseline, today: date, *, fresh: bool = False
) -> tuple[Finding, ...]:
    """The findings with what the baseline says of them: accepted, expired, rotated or reappeared.

    A dead key is quiet in what a history holds (commits, objects that nothing leads to, reflogs, names), and
    counts (reappeared) in new content: work tree and index, or everything when `fresh` says that all that was
    scanned is new (staged, a range). A finding that a marker allows keeps that state.
    """
    known = baseline.by_fingerprint()
    return tuple(_judged(finding, known.get(finding.fingerprint), today, fresh) for finding in findings)


def _judged(finding: Finding, entry: Entry | None, today: date, fresh: bool) -> Finding:
    if entry is None or finding.state is not State.NEW:
        return finding
    if entry.state == ROTATED:
        again = fresh or any(_is_new(place) for place in finding.locations)
        state = State.REAPPEARED if again else State.ROTATED
    else:
        state = State.EXPIRED if entry.until and entry.until < today else State.ACCEPTED
    return replace(finding, state=state, note=_note(entry))


def _is_new(place: Location) -> bool:
    if place.reach is Reach.UNKNOWN:
        return place.trace is None and place.kind not in _REMEMBERED
    return place.reach in (Reach.STAGED, Reach.WORK_TREE)


def _note(entry: Entry) -> str:
    said = f"{entry.reason} (by {entry.by}" + (f", until {entry.until}" if entry.until else "") + ")"
    return f"rotated, evidence {entry.evidence}: {said}" if entry.state == ROTATED else said


def accept(
    baseline: Baseline,
    findings: Iterable[Finding],
    *,
    reason: str,
    by: str,
    today: date,
    until: date | None = None,
) -> Baseline:
    """The baseline with `findings` accepted; an entry that was there is renewed.

    Raises UsageError without a reason or a name, and on a date that has passed.
    """
    for key, text in (("reason", reason), ("by", by)):
        if not text.strip():
            raise UsageError(f"nothing was accepted: '{key}' is empty", f"say it: --{key} TEXT")
    if until and until < today:
        raise UsageError(f"nothing was accepted: {until} has passed", "give a later one: --until YYYY-MM-DD")
    reason, by = " ".join(reason.split()), " ".join(by.split())
    return add(
        baseline,
        (Entry(each.fingerprint, each.rule, _first_path(each), reason, by, until) for each in findings),
    )


def add(baseline: Baseline, entries: Iterable[Entry]) -> Baseline:
    """The baseline with `entries`, in the place of those of the same value; a rotation's evidence stays."""
    known = baseline.by_fingerprint()
    for entry in entries:
        old = known.get(entry.fingerprint)
        known[entry.fingerprint] = replace(entry, evidence=entry.evidence or (old.evidence if old else ""))
    return replace(baseline, entries=_settled(known.values()))


def prune(baseline: Baseline, report: Report) -> tuple[Baseline, tuple[Entry, ...]]:
    """The baseline without entries that `report` did not find, and those entries.

    Dead keys stay: they are the alarm for their return. Raises GuardError when the report is incomplete or
    not of the whole work tree or history: not found is not gone.
    """
    mode = report.source.get("mode", "")
    if not report.complete or mode not in ("worktree", "history"):
        what = "not everything could be read" if not report.complete else f"a scan of '{mode}' is no whole"
        raise GuardError(f"nothing was pruned: {what}", "scan the whole repository and see its skips")
    found = {finding.fingerprint for finding in report.findings}
    gone = tuple(e for e in baseline.entries if e.fingerprint not in found and e.state != ROTATED)
    return replace(baseline, entries=tuple(e for e in baseline.entries if e not in gone)), gone


@dataclass(frozen=True, slots=True)
class Overview:
    """What a person has to look at."""

    open: tuple[Finding, ...]  # not accepted, or no longer
    ending: tuple[Entry, ...]  # past their date or within so many days of it
    unseen: tuple[Entry, ...]  # accepted, but not in this report


def review(baseline: Baseline, report: Report, today: date, days: int = 30) -> Overview:
    """What needs a decision, when entries that end within `days` are asked for too."""
    found = {finding.fingerprint for finding in report.findings}
    ending = tuple(e for e in baseline.entries if e.until and (e.until - today).days <= days)
    unseen = tuple(e for e in baseline.entries if e.fingerprint not in found and e.state != ROTATED)
    return Overview(report.open, ending, unseen)


def _first_path(finding: Finding) -> str:
    """A path without what cannot be written as UTF-8, for people."""
    path = finding.locations[0].path if finding.locations else ""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _settled(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sorted by fingerprint, one of each: of two, the dead key, then the one that ends first."""
    chosen: dict[str, Entry] = {}
    for entry in sorted(entries, key=_strictness):
        chosen.setdefault(entry.fingerprint, entry)
    return tuple(chosen.values())


def _strictness(entry: Entry) -> tuple[str, bool, date, str, str, str, str]:
    until = entry.until or date.max
    return entry.fingerprint, entry.state != ROTATED, until, entry.by, entry.reason, entry.path, entry.rule


def _row(entry: Entry) -> dict[str, str]:
    row = {key: str(getattr(entry, key) or "") for key in _KEYS}
    return {key: text for key, text in row.items() if text or key in (*_REQUIRED, "path")}


def _document(text: str, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{name}: not readable ({error}); no exception was read",
            "if two branches each created it, take one side and accept the other's findings again",
        ) from None
    if not isinstance(document, dict):
        raise UsageError(f"{name}: not a baseline; no exception was read")
    if type(document.get("format")) is not int or document["format"] != FORMAT:
        raise UsageError(
            f"{name}: format {document.get('format')!r} is not known, {FORMAT} is; no exception was read",
            "update dce-guard",
        )
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without repeated keys: readers differ in which one counts (RFC 8259 section 4)."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key is there twice")
    return table


def _known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    unknown = sorted(set(table) - set(keys))
    if unknown:
        told = f"{where}: unknown key '{unknown[0]}'; no exception was read"
        raise UsageError(told, f"the keys are {', '.join(keys)}")


def _entry(row: Any, where: str) -> Entry:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: not a table of keys; no exception was read")
    _known(row, _KEYS, where)
    for key in _REQUIRED:
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise UsageError(f"{where}: key '{key}' is missing or empty; no exception was read")
    for key, text in row.items():
        if not isinstance(text, str) or _SURROGATE.search(text):
            raise UsageError(f"{where}: key '{key}' must be text; no exception was read")
    if not _HEX32.match(row["fingerprint"]):
        raise UsageError(f"{where}: key 'fingerprint' must be 32 hexadecimal digits; no exception was read")
    _check_state(row, where)
    until = _until(row.get("until", ""), where)
    return Entry(**{"path": ""} | {key: row[key] for key in row if key != "until"}, until=until)


def _check_state(row: Mapping[str, str], where: str) -> None:
    state = row.get("state", ACCEPTED)
    if state not in (ACCEPTED, ROTATED):
        raise UsageError(f"{where}: key 'state' must be {ACCEPTED} or {ROTATED}; no exception was read")
    if state == ROTATED and not row.get("evidence"):
        raise UsageError(f"{where}: key 'evidence' is missing for a rotated key; no exception was read")


def _until(text: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"{where}: key 'until' must be YYYY-MM-DD; no exception was read") from None
