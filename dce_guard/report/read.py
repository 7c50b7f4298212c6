"""A JSON report read back: what `json_report` wrote, as the nouns it was made of."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dce_guard.errors import GuardError
from dce_guard.model.finding import Commit, Fact, Finding, Held, Location, Report, State, Trace
from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.model.rule import Category, Confidence, Sensitivity
from dce_guard.report.json_report import SCHEMA

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = (Kind.PATH, Kind.REF)


def read(document: object) -> Report:
    """The report that a parsed JSON document holds. Keys that are not known are left out.

    Without what JSON reports do not say: the rules' descriptions, and values that `--reveal` added. Raises
    GuardError for anything that is not a whole report of version 1; its message holds nothing of the document.
    """
    table = _table(document)
    if table.get("schema") != SCHEMA:
        raise _refused()
    try:
        return _report(table)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _refused() from None


def _refused() -> GuardError:
    return GuardError(
        f"this is no whole report {SCHEMA}; it was not read", "dce-guard … --format json makes one"
    )


def _report(table: Mapping[str, Any]) -> Report:
    return Report(
        source={_text(key): _text(value) for key, value in _table(table["source"]).items()},
        findings=tuple(_finding(_table(one)) for one in _list(table["findings"])),
        skips=tuple(_skip(_table(one)) for one in _list(table["skips"])),
        stats={_text(key): _number(value) for key, value in _table(table["stats"]).items()},
        rules_digest=_text(table["rules_digest"]),
        version=_text(_table(table["tool"])["version"]),
        notices=_texts(table["notices"]),
    )


def _finding(table: Mapping[str, Any]) -> Finding:
    return Finding(
        fingerprint=_text(table["fingerprint"]),
        rule=_text(table["rule"]),
        category=Category(table["category"]),
        sensitivity=Sensitivity(table["sensitivity"]),
        provider=_text(table["provider"]),
        confidence=Confidence(table["confidence"]),
        preview=_text(table["preview"]),
        facts={_text(key): _fact(value) for key, value in _table(table["facts"]).items()},
        reasons=_texts(table["reasons"]),
        locations=_locations(table["locations"]),
        state=State(table["state"]),
        note=_text(table.get("note", "")),
    )


def _locations(value: object) -> tuple[Location, ...]:
    places = tuple(_location(_table(one)) for one in _list(value))
    if not places:
        raise ValueError("a finding without a place")
    return places


def _location(table: Mapping[str, Any]) -> Location:
    kind, path = Kind(table["kind"]), _path(table)
    masked = (
        kind in _NAMES
    )  # such a name is masked in reports: the offsets do not point into what is left of it
    return Location(
        kind=kind,
        path=path,
        line=_number(table["line"]),
        end_line=_number(table["end_line"]),
        column=_number(table["column"]),
        end_column=_number(table["end_column"]),
        start=0 if masked else _number(table["start"]),
        end=0 if masked else _number(table["end"]),
        object=_text(table["object"]),
        commit=_text(table["commit"]),
        encoding=_text(table["encoding"]),
        snippet=path if masked else _text(table.get("snippet", "")),
        reach=Reach(table["reach"]),
        part=_text(table.get("part", "")),
        marker=_text(table.get("marker", "")),
        trace=_trace(_table(table["trace"])) if table.get("trace") else None,
    )


def _trace(table: Mapping[str, Any]) -> Trace:
    return Trace(
        held=Held(table["held"]),
        first=_commit(table.get("first")),
        last=_commit(table.get("last")),
        removed=_commit(table.get("removed")),
        current=_flag(table["current"]),
        refs=_texts(table["refs"]),
        refs_total=_number(table["refs_total"]),
        versions=_number(table["versions"]),
    )


def _commit(value: object) -> Commit | None:
    if value is None:
        return None
    table = _table(value)
    written = datetime.fromisoformat(_text(table["date"]))  # in UTC, to the second
    return Commit(_text(table["commit"]), _text(table["author"]), int((written - _EPOCH).total_seconds()))


def _skip(table: Mapping[str, Any]) -> Skip:
    return Skip(_path(table), _text(table["reason"]), _text(table["detail"]), _flag(table["fatal"]))


def _path(table: Mapping[str, Any]) -> str:
    """The path with the bytes it was made of, where they are no UTF-8."""
    path = _text(table["path"])
    if "path_bytes" not in table:
        return path
    try:
        raw = base64.b64decode(_text(table["path_bytes"]), validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    return raw.decode("utf-8", "surrogateescape")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _table(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise _refused()


def _list(value: object) -> Iterable[object]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise ValueError("no list")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("no text")


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("no number")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("neither true nor false")


def _fact(value: object) -> Fact:
    if isinstance(value, str | int):
        return value
    raise ValueError("no fact")
