"""What SARIF says of a history: the repository, and since when a place held the secret."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from dce_guard.model.finding import Commit, Finding, Location, Report
from dce_guard.model.item import Kind
from dce_guard.report.escape import path_bytes, visible
from dce_guard.report.history import author, exposure, moment, sentence
from dce_guard.report.view import commit_of, primary

_SAFE = "/:@!$&'()*+,;=~%"  # of a URL that is one already


def pointed(places: Sequence[Location]) -> Location:
    """The place of one file that its alert points at: as the first commit that held the secret has it.

    Without a history it is the primary one.
    """
    dated = [(place.trace.first.seconds, place) for place in places if place.trace and place.trace.first]
    own = [pair for pair in dated if not pair[1].part]
    return min(own, key=lambda pair: pair[0])[1] if own else primary(places)


def exposed(finding: Finding) -> str:
    """The sentence of an alert that says since when and until when; "" without a history."""
    seen = exposure(finding)
    told = sentence(finding, seen) if seen else ""
    return f"{told[0].upper()}{told[1:]}." if told else ""


def properties(place: Location) -> dict[str, Any]:
    """What the history says of one place, for a result's properties; empty without a history."""
    trace = place.trace
    if trace is None:
        return {}
    return {
        "commit": commit_of(place),
        "blob": place.object if place.kind in (Kind.BLOB, Kind.SYMLINK, Kind.ENTRY) else "",
        "held": trace.held.value,
        "current": trace.current,
        **_commit("first", trace.first),
        **_commit("last", trace.last),
        **_commit("removed", trace.removed),
        "refs": [visible(ref) for ref in trace.refs],
        "refsTotal": trace.refs_total,
        "versions": trace.versions,
    }


def _commit(which: str, commit: Commit | None) -> dict[str, str]:
    if commit is None:
        return {}
    return {
        f"{which}Commit": commit.id,
        f"{which}Date": moment(commit.seconds),
        f"{which}Author": author(commit),
    }


def provenance(report: Report) -> list[dict[str, Any]]:
    """SARIF's `versionControlProvenance` (3.14.12) of a history: the repository and its HEAD.

    Empty for other scans, and where the repository has no address that is a URI.
    """
    uri = _repository(report) if report.source.get("mode") == "history" else ""
    if not uri:
        return []
    head = report.source.get("head", "")
    told: dict[str, Any] = {"repositoryUri": uri, "mappedTo": {"uriBaseId": "%SRCROOT%"}}
    return [told | ({"revisionId": head} if head else {})]


def _repository(report: Report) -> str:
    """An absolute URI without user, password and query, which may hold a token; "" where there is none."""
    url, root = report.source.get("url", ""), report.source.get("root", "")
    if not url:
        return _file_uri(root.replace("\\", "/"))
    if "://" not in url:
        host, colon, path = url.partition(":")  # host:path, as scp and git write it
        if not colon or "/" in host or len(host) == 1:
            return _file_uri(url.replace("\\", "/"))
        url = f"ssh://{host}/{path.lstrip('/')}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return quote(path_bytes(plain.geturl()), safe=_SAFE)


def _file_uri(path: str) -> str:
    if len(path) > 2 and path[1] == ":":  # C:/dir
        return f"file:///{path[:2]}{quote(path_bytes(path[2:]))}"
    return f"file://{quote(path_bytes(path))}" if path.startswith("/") else ""
