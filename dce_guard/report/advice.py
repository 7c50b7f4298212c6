"""What to do next with a finding, by how far it got out."""

from typing import NamedTuple

from dce_guard.model.finding import Finding, Location, State
from dce_guard.model.item import Reach
from dce_guard.report.escape import visible
from dce_guard.report.view import SHORT, RuleView, commit_of, farthest

_TODO = {
    Reach.WORK_TREE: "in the work tree only: no rotation needed; remove it before you stage the file",
    Reach.STAGED: "staged, not committed: no rotation needed; remove it and `git add` the file again",
    Reach.COMMITTED: (
        "committed{at}, not pushed: no rotation needed; remove it and `git commit --amend` "
        "(an older commit: `git rebase -i`)"
    ),
    Reach.PUSHED: "pushed{at}: rotate it, since others may have it and removing it is not enough.",
    Reach.UNREACHABLE: (
        "in this clone's object store only, no ref leads to it: if it was ever pushed, rotate it; "
        "`git reflog expire`, then `git gc --prune=now` remove it (docs/history.md)"
    ),
    Reach.UNKNOWN: "remove it; if it was ever shared, rotate it",
}
_PAST = {  # what is said instead where a history was looked through
    Reach.COMMITTED: (
        "committed{at}, not pushed: no rotation needed; take it out of that commit before you push "
        "(`git rebase -i`, docs/history.md)"
    ),
    Reach.PUSHED: (
        "pushed{at}: rotate it first, others may have it; rewriting the history (git filter-repo, "
        "docs/history.md) comes second."
    ),
}
_ROTATES = (Reach.PUSHED, Reach.UNREACHABLE, Reach.UNKNOWN)


class Advice(NamedTuple):
    """A sentence, and labelled commands to copy."""

    todo: str
    commands: tuple[tuple[str, str], ...]


def advice(finding: Finding, rule: RuleView, mode: str = "") -> Advice:
    """The next step, and the commands for it and for accepting the finding as it is.

    `mode` is the source's. A sweep names values under a key of its own: in a repository nobody knows them by it,
    so it offers no commands.
    """
    told = _advice(finding, rule)
    return Advice(told.todo, ()) if mode == "sweep" else told


def _advice(finding: Finding, rule: RuleView) -> Advice:
    reach, short = farthest(finding), finding.fingerprint[:SHORT]
    at = _commit(finding, reach)
    accept = ("accept:", f'dce-guard baseline accept {short} --reason "..."')
    respond = ("rotate:", f"dce-guard respond {short}")
    if finding.state is State.REAPPEARED:
        return Advice(
            "this key was rotated and is dead: remove it, so that it is not taken for a live one", (accept,)
        )
    past = any(place.trace for place in finding.locations)
    todo = (_PAST if past and reach in _PAST else _TODO)[reach].format(at=at)
    if reach is Reach.PUSHED:
        todo = f"{todo} {visible(rule.remediation)}".rstrip()
    return Advice(todo, (respond, accept) if reach in _ROTATES else (accept,))


def _commit(finding: Finding, reach: Reach) -> str:
    """The first commit that got it so far."""
    places = (place for place in finding.locations if place.reach is reach and commit_of(place))
    place = min(places, key=_age, default=None)
    return f" in {visible(commit_of(place)[:SHORT])}" if place else ""


def _age(place: Location) -> tuple[bool, int]:
    first = place.trace.first if place.trace else None
    return first is None, first.seconds if first else 0
