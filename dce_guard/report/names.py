"""Names that hold a secret, of files and of refs, masked wherever a report says them."""

from dataclasses import replace

from dce_guard.model.finding import Finding, Location, Report
from dce_guard.model.item import Kind
from dce_guard.report.escape import path_bytes

_MASK = "*****"
_TELLING = 8  # characters; shorter ones are masked in their own name only: others hold them by chance


def without_secret_names(report: Report) -> Report:
    """`report` with every file and ref name that holds a secret masked: it would leak what it found.

    A name also stands inside others (a ref's in the path of its reflog and of its remote-tracking ref), so
    the names are replaced as parts too, and so are the values that were found in names.
    """
    named = [
        place
        for finding in report.findings
        for place in finding.locations
        if place.kind in (Kind.PATH, Kind.REF)
    ]
    if not named:
        return report
    mask = _Mask(named)
    return replace(
        report,
        findings=tuple(mask.finding(finding) for finding in report.findings),
        skips=tuple(
            replace(skip, path=mask.text(skip.path), detail=mask.text(skip.detail)) for skip in report.skips
        ),
        source={key: mask.text(value) for key, value in report.source.items()},
        notices=tuple(map(mask.text, report.notices)),
    )


class _Mask:
    """What to say in the place of each name, and of each part of one."""

    def __init__(self, named: list[Location]) -> None:
        self._names = {place.path: _masked(place) for place in named}
        values = dict.fromkeys(map(_value, named), _MASK)
        parts = {part: shown for part, shown in (values | self._names).items() if len(part) >= _TELLING}
        # The longest first, so that a name is not taken apart by another that is a part of it.
        self._parts = sorted(parts.items(), key=lambda pair: (-len(pair[0]), pair))

    def text(self, text: str) -> str:
        """`text` without any such name."""
        text = self._names.get(text, text)
        for part, shown in self._parts:
            text = text.replace(part, shown)
        return text

    def finding(self, finding: Finding) -> Finding:
        """`finding` with its places named safely."""
        return replace(finding, locations=tuple(map(self._place, finding.locations)))

    def _place(self, place: Location) -> Location:
        trace = place.trace
        if trace and trace.refs:
            trace = replace(trace, refs=tuple(map(self.text, trace.refs)))
        path = self.text(place.path)
        return place if (path, trace) == (place.path, place.trace) else replace(place, path=path, trace=trace)


def _masked(place: Location) -> str:
    """The snippet of a name is the name with every secret in it masked."""
    if place.snippet:
        return place.snippet
    raw = path_bytes(place.path)
    return (raw[: place.start] + _MASK.encode() + raw[place.end :]).decode("utf-8", "surrogateescape")


def _value(place: Location) -> str:
    """What of the name is the secret: the places of a name count its bytes."""
    return path_bytes(place.path)[place.start : place.end].decode("utf-8", "surrogateescape")
