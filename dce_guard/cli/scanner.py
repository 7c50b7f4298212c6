"""The scanner as a library: the same engine, rules, judging and policy as the command."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dce_guard.cli.scan import Mode, look
from dce_guard.model.finding import Report

Settings = dict[str, Any]


class SecretScanner:
    """Scans files, staged changes, ranges and bytes; every method returns a `Report`.

    `settings` are the configuration's keys (`{"confidence": "low", "disable": ["generic"]}`); they win over the
    repository's files. Methods raise GuardError when they could not look. No report holds a secret's value.

        from dce_guard import SecretScanner

        report = SecretScanner().scan_paths(["src"])
        for finding in report.open:
            print(finding.rule, finding.preview, finding.locations[0].path)
    """

    def __init__(self, settings: Settings | None = None, *, use_baseline: bool = True) -> None:
        self._settings = dict(settings or {})
        self._use_baseline = use_baseline

    def scan_paths(self, paths: Iterable[str | Path] = (), *, ignored: bool = False) -> Report:
        """Files and folders as they are on disk; without any, the repository around the working directory."""
        return self._look(Mode(tuple(map(Path, paths)), ignored=ignored))

    def scan_staged(self) -> Report:
        """What the next commit adds, from the index of the repository around the working directory."""
        return self._look(Mode(staged=True))

    def scan_range(self, revisions: str) -> Report:
        """Every object that the commits of "A..B" or "A...B" add; policy comes from A."""
        return self._look(Mode(range=revisions))

    def scan_bytes(self, data: bytes, name: str = "<bytes>") -> Report:
        """A text in memory, under the policy of the working directory."""
        from io import BytesIO

        from dce_guard.adapters.sources import Stdin
        from dce_guard.cli.running import report, scan
        from dce_guard.cli.session import open_session

        session = open_session(Path.cwd(), self._settings, use_baseline=self._use_baseline)
        source = Stdin(BytesIO(data), name)
        return report(session, source.describe(), scan(session, source), fresh=True)

    def _look(self, mode: Mode) -> Report:
        return look(mode, dict(self._settings), use_baseline=self._use_baseline)[2]
