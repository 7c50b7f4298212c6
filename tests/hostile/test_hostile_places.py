"""The git directory, names, what is missing, LFS and a clone: no payload runs there either, and none of it hangs."""

import os
from pathlib import Path

import pytest
from fixtures import FIXTURES, Ground
from repos import PLANTED, Seen

from dce_guard.adapters.absent import absent, connectivity
from dce_guard.adapters.cloning import mirror
from dce_guard.adapters.git import discover
from dce_guard.adapters.gitdir import GitFiles
from dce_guard.adapters.lfs import LfsObjects
from dce_guard.adapters.names import Names
from dce_guard.adapters.packing import CHUNK
from dce_guard.errors import GuardError

NEEDS_ROOT = {"a14_safe_directory"}
NOT_AS_ROOT = {"a41_unreadable_file"}


@pytest.mark.parametrize("name", FIXTURES)
def test_every_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if (
        (os.name == "nt")
        or (name in NEEDS_ROOT and os.geteuid())
        or (name in NOT_AS_ROOT and not os.geteuid())
    ):
        pytest.skip(f"{name} cannot be made by this user")
    canary = tmp_path / "canary"
    found = FIXTURES[name](Ground(tmp_path, PLANTED, canary))
    canary.unlink(missing_ok=True)
    for key, value in found.env.items():
        monkeypatch.setenv(key, value)
    before = _files(tmp_path)
    try:
        repository = discover(found.path, named=True)
    except GuardError:
        repository = None
    if repository:
        for source in (GitFiles(repository), Names(repository), LfsObjects(repository)):
            seen = Seen(source.chunks())
            assert seen.largest <= CHUNK + 1
            assert not [path for path in seen.planted if "private" in path]
        absent(repository)
        connectivity(repository)
        assert _files(tmp_path) == before
    try:
        with mirror(f"file://{found.path}") as clone:
            assert clone.git_dir.is_dir()
    except GuardError as error:
        assert error.hint
    assert not canary.exists() and not (tmp_path / "trace").exists()


def _files(folder: Path) -> set[str]:
    return {os.path.join(here, name) for here, _, names in os.walk(folder) for name in names}
