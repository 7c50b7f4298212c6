"""What to do next with a finding, by how far it got out."""

from typing import NamedTuple

from dce_guard.model.finding import Finding, State
from dce_guard.model.item import Reach
from dce_guard.report.escape import visible
from dce_guard.report.view import SHORT, RuleView, farthest

_TODO = {
    Reach.WORK_TREE: "in the work tree only: no rotation needed; remove it before you stage the file",
    Reach.STAGED: "staged, not committed: no rotation needed; remove it and `git add` the file again",
    Reach.COMMITTED: (
        "committed{at}, not pushed: no rotation needed; remove it and `git commit --amend` "
        "(an older commit: `git rebase -i`)"
    ),
    Reach.PUSHED: "pushed{at}: rotate it, since others may have it and removing it is not enough.",
    Reach.UNKNOWN: "remove it; if it was ever shared, rotate it",
}


class Advice(NamedTuple):
    """A sentence, and labelled commands to copy."""

    todo: str
    commands: tuple[tuple[str, str], ...]


def advice(finding: Finding, rule: RuleView) -> Advice:
    """The next step, and the commands for it and for accepting the finding as it is."""
    reach, short = farthest(finding), finding.fingerprint[:SHORT]
    at = _commit(finding, reach)
    accept = ("accept:", f'dce-guard baseline accept {short} --reason "..."')
    respond = ("rotate:", f"dce-guard respond {short}")
    if finding.state is State.REAPPEARED:
        return Advice(
            "this key was rotated and is dead: remove it, so that it is not taken for a live one", (accept,)
        )
    if reach is Reach.PUSHED:
        return Advice(f"{_TODO[reach].format(at=at)} {visible(rule.remediation)}".rstrip(), (respond, accept))
    return Advice(_TODO[reach].format(at=at), (respond, accept) if reach is Reach.UNKNOWN else (accept,))


def _commit(finding: Finding, reach: Reach) -> str:
    """The first commit that got it so far."""
    commits = (place.commit for place in finding.locations if place.reach is reach and place.commit)
    commit = next(commits, "")
    return f" in {commit[:SHORT]}" if commit else ""
