"""Reports for the tests: the values in them are masked, as scanning hands them on."""

from dataclasses import replace
from typing import Any

from dce_guard.model.finding import Commit, Finding, Held, Location, Report, State, Trace
from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.model.rule import Category, Confidence, Sensitivity

COMMIT = "418e189a" * 5
HEAD = "0c0ffee0" * 5
PREVIEW = "wJal*****EKEY"
AWS, DATABASE = "aws-secret-access-key", "postgres-url"
RULES: dict[str, dict[str, Any]] = {
    AWS: {
        "description": "AWS secret access key",
        "provider": "AWS",
        "confidence": "high",
        "references": ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",),
        "remediation": "Create a second access key, deploy it, then deactivate and delete this one.",
        "cwe": 798,
    },
    DATABASE: {
        "description": "PostgreSQL URL with a password",
        "provider": "PostgreSQL",
        "confidence": "medium",
        "references": ("https://www.postgresql.org/docs/current/libpq-connect.html",),
        "remediation": "Change the role's password with ALTER ROLE.",
        "cwe": 259,
    },
}


def location(path: str = "src/settings.py", line: int = 3, **changes: Any) -> Location:
    place = Location(
        kind=Kind.FILE,
        path=path,
        line=line,
        end_line=line,
        column=22,
        end_column=62,
        start=70,
        end=110,
        snippet=f'AWS_SECRET_ACCESS = "{PREVIEW}"  # production',
        reach=Reach.WORK_TREE,
        context_hash="7d1f3a5c9b2e4f60",
    )
    return replace(place, **changes)


def finding(**changes: Any) -> Finding:
    found = Finding(
        fingerprint="3f2a9c01b2de4f5a8c7b6d5e4f3a2b1c",
        rule=AWS,
        category=Category.EXTERNAL_API,
        sensitivity=Sensitivity.CRITICAL,
        provider="AWS",
        confidence=Confidence.HIGH,
        preview=PREVIEW,
        facts={"account": "123456789012"},
        reasons=(
            "40 characters of base64 assigned to AWS_SECRET_ACCESS",
            "an access key id stands one line above",
        ),
        locations=(location(),),
    )
    return replace(found, **changes)


def database(**changes: Any) -> Finding:
    place = location(
        ".env",
        1,
        column=31,
        end_column=39,
        reach=Reach.PUSHED,
        kind=Kind.BLOB,
        commit=COMMIT,
        object="ab" * 20,
        snippet="DATABASE_URL=postgres://admin:*****@db.internal:5432/shop",
        context_hash="1111222233334444",
    )
    base = finding(
        fingerprint="9e8d7c6b5a493827161504f3e2d1c0b9",
        rule=DATABASE,
        category=Category.DATABASE,
        sensitivity=Sensitivity.HIGH,
        provider="PostgreSQL",
        confidence=Confidence.MEDIUM,
        preview="*****",
        facts={"host": "db.internal", "role": "admin"},
        reasons=("the URL names a host that is not an example",),
        locations=(
            place,
            *(replace(place, path=f"deploy/region-{n}/.env", line=n, end_line=n) for n in range(1, 9)),
        ),
    )
    return replace(base, **changes)


def allowed() -> Finding:
    place = location("tests/conftest.py", 12, marker="dce-guard:allow made-up key")
    return finding(fingerprint="aa" * 16, state=State.ALLOWED, locations=(place,))


def accepted() -> Finding:
    return finding(
        fingerprint="bb" * 16,
        state=State.ACCEPTED,
        note="revoked in May",
        locations=(location("old/config.py", 40),),
    )


def report(*findings: Finding, **changes: Any) -> Report:
    made = Report(
        source={"mode": "worktree", "root": "/srv/shop", "head": HEAD},
        findings=findings,
        skips=(),
        stats={"items": 214, "bytes": 1_900_000, "rules": 230},
        rules_digest="d1" * 32,
        version="0.1.0",
        rules=RULES,
    )
    return replace(made, **changes)


def full() -> Report:
    """Findings in several states, skips and a notice."""
    return report(
        database(),
        finding(),
        allowed(),
        accepted(),
        skips=(
            Skip("secret/locked.bin", "unreadable", "permission denied"),
            Skip("vendor/lib", "submodule", "", fatal=False),
            Skip("vendor/lib2", "submodule", "", fatal=False),
        ),
        notices=("this change edits .dce-guard.toml; the policy of the base revision was used",),
    )


FIRST = Commit(COMMIT, "Ana Lima", 1_614_816_000)  # 2021-03-04 00:00 UTC
LAST = Commit("5a5a0001" * 5, "Bo Ek", 1_640_000_000)
REMOVED = Commit("0dd0cafe" * 5, "Bo Ek", 1_646_352_000 + 3_600)  # a year and an hour after the first
BRANCHES = (
    "refs/heads/main",
    "refs/remotes/origin/main",
    "refs/tags/v1.0",
    "refs/pull/12/head",
    "refs/stash",
    "refs/heads/fix/login",
)


def trace(**changes: Any) -> Trace:
    """Of a place that held the value for a year."""
    made = Trace(Held.REF, FIRST, LAST, REMOVED, refs=BRANCHES, refs_total=40, versions=2)
    return replace(made, **changes)


def past(path: str = "conf/old.env", line: int = 4, **changes: Any) -> Location:
    """A place in the history: in a blob that was pushed and is no longer there."""
    told = {"commit": FIRST.id, "object": "cd" * 20, "reach": Reach.PUSHED, "trace": trace()}
    return location(path, line, **{"kind": Kind.BLOB, **told, **changes})


def current(path: str = "src/settings.py", line: int = 3, **changes: Any) -> Location:
    """A place in the history that HEAD's tree still holds."""
    newer = replace(FIRST, id="77aa77aa" * 5, seconds=FIRST.seconds + 86_400)
    return past(path, line, commit=newer.id, trace=trace(first=newer, removed=None, current=True), **changes)


def history(*findings: Finding, **changes: Any) -> Report:
    """A report of a history sweep."""
    source = {"mode": "history", "root": "/srv/shop", "git_dir": "/srv/shop/.git", "head": HEAD}
    stats = {
        "objects": 292_555,
        "commits": 41_022,
        "items": 300_001,
        "bytes": 5_800_000_000,
        "rules": 412,
        "findings": 3,
    }
    return report(*findings, **{"source": source, "stats": stats, **changes})


def gone() -> Finding:
    """Pushed, and taken out of every place."""
    return database(
        locations=(
            past("z.env", 9, trace=trace(first=replace(FIRST, seconds=FIRST.seconds + 60))),
            past(),
            past(line=8),
        )
    )


def unreachable() -> Finding:
    """Amended away before it was pushed."""
    held = trace(held=Held.REFLOG, removed=None, refs=(), refs_total=0)
    return finding(fingerprint="cc" * 16, locations=(past("a.py", reach=Reach.UNREACHABLE, trace=held),))


def swept() -> Report:
    """A history with a secret that is still there, one that is gone, one that no ref leads to, and one in the
    work tree only."""
    many = tuple(past(f"deploy/region-{n}/.env", n) for n in range(1, 9))
    there = finding(fingerprint="dd" * 16, locations=(*many, past(), current(), location("src/local.py")))
    skips = (
        Skip("", "shallow", "12 commits have parents that are not here"),
        Skip("assets/big.bin", "lfs-pointer", "512 MB are not here", fatal=False),
    )
    return history(there, gone(), unreachable(), finding(), skips=skips)


HOSTILE = "a\x1b[2J\x1b]0;t\x07b\u202ec\u200bd\u2028e\udcfff\nt\x00\x9b\ufeff\r=1+1\U000e0041\u3164.py"
