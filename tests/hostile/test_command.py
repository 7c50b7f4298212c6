"""The command itself on hostile places: its exit code is right and nothing of theirs runs."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures import FIXTURES, Ground, Outcome

from dce_guard.errors import Exit
from dce_guard.scan.templates import expand

NEEDS_ROOT = {"a14_safe_directory"}
NOT_AS_ROOT = {"a41_unreadable_file"}
EXPECTED = {Outcome.FOUND: Exit.FINDINGS, Outcome.TOLD: Exit.CANNOT_LOOK, Outcome.CLEAN: Exit.CLEAN}
RUN = "from dce_guard.cli.main import main; main()"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="most of these cannot be made on Windows")
@pytest.mark.parametrize("name", sorted(FIXTURES))
def test_every_mode_ends_with_the_right_code(name: str, tmp_path: Path, own_home: Path) -> None:
    if (name in NEEDS_ROOT and os.geteuid()) or (name in NOT_AS_ROOT and not os.geteuid()):
        pytest.skip(f"{name} cannot be made by this user")
    canary = tmp_path / "canary"
    payload = b"key = '" + expand("sk_live_{base62:24}", random.Random(5)) + b"'\n"
    found = FIXTURES[name](Ground(tmp_path, payload, canary))
    canary.unlink(missing_ok=True)
    modes = [(["scan", str(found.path)], tmp_path, found.worktree)]
    if not found.env.get("GIT_DIR"):  # without a named target a hook's GIT_DIR is the place to scan
        modes.append((["scan", "--staged"], found.path, found.staged))
        if found.range is not None:
            modes.append((["scan", "--range", f"{found.since}..HEAD"], found.path, found.range))
    root = str(Path(__file__).parents[2])
    env = dict(os.environ) | found.env | {"PYTHONPATH": root, "PYTHONSAFEPATH": "1"}
    for arguments, cwd, outcome in modes:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments], cwd=cwd, env=env, capture_output=True, timeout=60
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert not canary.exists(), f"a program of the repository's ran: {arguments}"
        assert done.returncode == EXPECTED[outcome], f"{arguments}: {said[-500:]}"
        assert payload[7:-2].decode() not in said
        assert not {"\x1b", "\x07", "\u202e"} & set(said)
