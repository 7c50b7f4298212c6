"""Reports for the tests: the values in them are masked, as scanning hands them on."""

from dataclasses import replace
from typing import Any

from dce_guard.model.finding import Finding, Location, Report, State
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


HOSTILE = "a\x1b[2J\x1b]0;t\x07b\u202ec\u200bd\u2028e\udcfff\nt\x00\x9b\ufeff\r=1+1\U000e0041\u3164.py"
