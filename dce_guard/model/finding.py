"""What is found: addresses, never copies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.model.rule import Category, Confidence, Sensitivity

Fact = str | int | bool


class State(StrEnum):
    """What people have said of a finding."""

    NEW = "new"
    ACCEPTED = "accepted"  # in the baseline
    ALLOWED = "allowed"  # by a marker on its line
    EXPIRED = "expired"  # in the baseline, but past its date: counts as new
    ROTATED = "rotated"  # in the baseline as a dead key
    REAPPEARED = "reappeared"  # a dead key in new content: counts as new

    @property
    def counts(self) -> bool:
        """Whether a finding in this state makes the exit code 1."""
        return self in (State.NEW, State.EXPIRED, State.REAPPEARED)


class Held(StrEnum):
    """What keeps an object in the repository, the strongest that does."""

    REF = "ref"  # a branch, tag, stash, note, pull request or HEAD leads to it
    REFLOG = "reflog"  # only a reflog does: amended, reset, dropped
    COMMIT = "commit"  # only commits that nothing leads to
    NOTHING = "nothing"  # no commit holds it: a dangling object


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as people know it. `author` is a name without address; empty where it holds a secret itself."""

    id: str
    author: str
    seconds: int  # since the epoch: when it was committed


@dataclass(frozen=True, slots=True)
class Trace:
    """How long one place held a value in the history, and what leads there.

    `first` brought it and `last` is the newest that still holds it; None where no commit does. `removed` took it
    out again, None while HEAD or another tip still holds it.
    """

    held: Held
    first: Commit | None = None
    last: Commit | None = None
    removed: Commit | None = None
    current: bool = False  # HEAD's tree holds it
    refs: tuple[str, ...] = ()  # full names of the refs whose history holds it, the first few
    refs_total: int = 0
    versions: int = 1  # objects that hold it at this place


@dataclass(frozen=True, slots=True)
class Location:
    """Where a value stands. Lines and columns are 1-based, columns count Unicode code points, ends exclude.

    `start` and `end` are byte offsets of the value in the item (of the outermost encoded text when `encoding`
    says that it was decoded), so that the value can be read again and compared by fingerprint.
    """

    kind: Kind
    path: str
    line: int
    end_line: int
    column: int
    end_column: int
    start: int
    end: int
    object: str = ""
    commit: str = ""
    encoding: str = ""  # "", or how it was decoded, outermost first: "utf-16", "base64", "gzip/base64"
    snippet: str = ""  # the line with every secret in it masked; for people, escaped before printing
    reach: Reach = Reach.UNKNOWN
    part: str = ""  # "" for the secret itself, else which half of a pair stands here
    marker: str = ""  # the inline marker that allows it here, with its reason
    trace: Trace | None = None  # where a history was looked through
    context_hash: str = ""  # of rule and masked line: GitHub's line identity, holds no value


@dataclass(frozen=True, slots=True)
class Sighting:
    """One judged match with its value gone: what scanning hands to folding, also between processes."""

    fingerprint: str
    rule: str
    category: Category
    sensitivity: Sensitivity
    provider: str
    confidence: Confidence
    preview: str
    facts: Mapping[str, Fact]
    reasons: tuple[str, ...]
    locations: tuple[Location, ...]
    by_file: Mapping[str, Confidence] = field(default_factory=dict)
    """Where no path is known yet and it matters: the kinds of file in which it is one, and how sure that is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One secret, with every place where it was seen, first in reading order."""

    fingerprint: str
    rule: str
    category: Category
    sensitivity: Sensitivity
    provider: str
    confidence: Confidence
    preview: str
    facts: Mapping[str, Fact]
    reasons: tuple[str, ...]  # why it was judged so, sentences for people
    locations: tuple[Location, ...]
    state: State = State.NEW
    note: str = ""  # what the baseline or the marker says: reason, until, evidence id


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run says."""

    source: Mapping[str, str]  # {"mode": "worktree|staged|range|stdin", "root": …, "range": …, "head": …}
    findings: tuple[Finding, ...]
    skips: tuple[Skip, ...]
    stats: Mapping[str, int]  # items, bytes, rules, …: no times, so that reports can be compared
    rules_digest: str
    version: str
    notices: tuple[str, ...] = ()  # what a reader must know, as that the change edits policy
    rules: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # of each rule found: for formats

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was looked at."""
        return not any(skip.fatal for skip in self.skips)

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(finding for finding in self.findings if finding.state.counts)
