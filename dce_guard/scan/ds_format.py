"""What other scanners' files say is known: `.secrets.baseline` and gitleaks reports, as data alone."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dce_guard.errors import UsageError
from dce_guard.model.sensitive import Sensitive

DETECT_SECRETS, GITLEAKS = "detect-secrets", "gitleaks"


@dataclass(frozen=True, slots=True)
class Claim:
    """One entry of such a file. Its hash or value is a way to find our finding, never our identity of it."""

    path: str
    line: int  # 1-based, 0 when the file does not say
    kind: str  # the other scanner's name for it
    digest: str = ""  # SHA-1 in hexadecimal of what detect-secrets took for the secret
    secret: Sensitive | None = None  # of an unredacted gitleaks report
    real: bool | None = None  # what `detect-secrets audit` was told, None when nobody was asked

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.kind})" if self.line else f"{self.path} ({self.kind})"


def parse(text: str, name: str) -> tuple[str, tuple[Claim, ...]]:
    """Whose file it is, and its claims in order. Only results are read: `plugins_used` and `filters_used`
    name code that detect-secrets would run, and are not looked at.

    Raises UsageError, naming file, entry and key, on anything else.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{name}: not JSON; nothing was imported") from None
    if isinstance(document, list):
        return GITLEAKS, tuple(_gitleaks(document, name))
    if isinstance(document, dict) and isinstance(document.get("results"), dict):
        return DETECT_SECRETS, tuple(_detect_secrets(document["results"], name))
    raise UsageError(
        f"{name}: neither a .secrets.baseline nor a gitleaks report; nothing was imported",
        "gitleaks: --report-format json",
    )


def _detect_secrets(results: Mapping[str, Any], name: str) -> Iterable[Claim]:
    for path, rows in results.items():
        for number, row in enumerate(_rows(rows, f"{name}: {path}"), 1):
            where = f"{name}: {path} entry {number}"
            real = row.get("is_secret")
            yield Claim(
                path.replace("\\", "/"),
                _number(row, "line_number", where),
                _text(row, "type", where),
                digest=_text(row, "hashed_secret", where).lower(),
                real=real if isinstance(real, bool) else None,
            )


def _gitleaks(document: list[Any], name: str) -> Iterable[Claim]:
    for number, row in enumerate(_rows(document, name), 1):
        where = f"{name}: entry {number}"
        value = row.get("Secret", "")
        yield Claim(
            _text(row, "File", where).replace("\\", "/"),
            _number(row, "StartLine", where),
            _text(row, "RuleID", where),
            secret=None if _redacted(value) else Sensitive(value.encode("utf-8", "surrogateescape")),
        )


def _redacted(value: Any) -> bool:
    """Whether gitleaks cut the value: `--redact` writes REDACTED, `--redact=N` a part and three dots."""
    return not isinstance(value, str) or not value or value == "REDACTED" or value.endswith("...")


def _rows(rows: Any, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{where}: not a list of findings; nothing was imported")
    return rows


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where}: key '{key}' is missing or no text; nothing was imported")
    return value


def _number(row: Mapping[str, Any], key: str, where: str) -> int:
    value = row.get(key, 0)
    if type(value) is not int or value < 0:
        raise UsageError(f"{where}: key '{key}' is no line number; nothing was imported")
    return value
