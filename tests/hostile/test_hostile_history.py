"""`dce-guard history` and a clone for it, on hostile repositories: no payload runs, no fault, nothing in silence."""

import os
import random
from pathlib import Path

import pytest
from fixtures import FIXTURES, Ground, Outcome
from history_repos import KEY, history, named

from dce_guard.scan.templates import expand

NEEDS_ROOT = {"a14_safe_directory"}
NOT_AS_ROOT = {"a41_unreadable_file"}
SECRET = expand("sk_" + "live_{base62:20}{digits:4}", random.Random("hostile"))


@pytest.mark.parametrize("url", [False, True])
@pytest.mark.parametrize("name", FIXTURES)
def test_a_history(name: str, url: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if (
        (os.name == "nt")
        or (name in NEEDS_ROOT and os.geteuid())
        or (name in NOT_AS_ROOT and not os.geteuid())
    ):
        pytest.skip(f"{name} cannot be made by this user")
    canary = tmp_path / "canary"
    found = FIXTURES[name](Ground(tmp_path, b"stripe_key = " + SECRET + b"\n", canary))
    canary.unlink(missing_ok=True)  # building may have run it
    for key, value in found.env.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("DCE_GUARD_KEY", KEY.hex())
    told = history(f"file://{found.path}" if url else found.path)
    assert not canary.exists() and not (tmp_path / "trace").exists()
    assert told.code in (0, 1, 2, 3) and "fault of dce-guard" not in told.stderr, told.stderr
    assert SECRET not in told.stdout + told.stderr.encode()
    if not told.stdout:
        assert told.code in (2, 3) and "hint:" in told.stderr
        return
    if url or found.range is not Outcome.FOUND:
        return
    assert named(SECRET) in told.fingerprints or not told.report["complete"], told.where()
