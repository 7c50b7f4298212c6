"""`dce-guard init`: writes once, changes nothing that is there, and says how to undo it."""

import re
import tomllib
from pathlib import Path

import pytest
from hook_world import World, cached, leak, make, snapshot

from dce_guard.cli.init import TEMPLATE
from dce_guard.scan.policy import Trust, Where, merge
from dce_guard.scan.settings import KEYS, parse

USERS_ONLY = {"detect-secrets-plugins", "key", "trust-head"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make(tmp_path, **cached())
    made.write("app.py", leak())
    return made


def test_every_comment_is_a_setting_with_its_default() -> None:
    table = tomllib.loads(re.sub(r"(?m)^#(?=[a-z])", "", TEMPLATE))
    assert set(table) == set(KEYS) - USERS_ONLY
    assert table.pop("max-file-size")  # the one without a default: an example stands there
    assert merge([parse(table, Where("t", Trust.TREE))]) == merge([])


def test_the_file_as_written_says_nothing() -> None:
    assert tomllib.loads(TEMPLATE) == {}


def test_counts_before_and_after(world: World) -> None:
    done = world.guard("init")
    assert done.returncode == 0, done.stderr
    assert "wrote .dce-guard.toml" in done.stdout
    assert "findings that count: 1 before, 0 now" in done.stdout
    assert "does not make it harmless" in done.stdout
    assert world.guard("scan").returncode == 0
    assert world.guard("scan", "--no-baseline").returncode == 1


def test_what_it_says_undoes_it(world: World) -> None:
    before = {name for name in snapshot(world.root) if not name.startswith(".git/")}
    done = world.guard("init")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("To undo: rm ")]
    for name in line.removeprefix("To undo: rm ").split():
        (world.root / name).unlink()
    (world.root / "baselines").rmdir()
    assert {name for name in snapshot(world.root) if not name.startswith(".git/")} == before
    assert world.guard("scan").returncode == 1


def test_twice_changes_nothing(world: World) -> None:
    world.guard("init")
    there = snapshot(world.root)
    world.write("new.py", leak(8))
    done = world.guard("init")
    (world.root / "new.py").unlink()
    assert done.returncode == 0
    assert "left as it is: .dce-guard.toml" in done.stdout
    assert "left as it is: baselines/dce-guard.json (1 entry)" in done.stdout
    assert "findings that count: 1" in done.stdout and "To undo" not in done.stdout
    assert snapshot(world.root) == there


def test_settings_in_pyproject_are_settings(world: World) -> None:
    world.write("pyproject.toml", '[tool.dce-guard]\nbaseline = "known.json"\n')
    done = world.guard("init")
    assert "left as it is: pyproject.toml" in done.stdout
    assert not (world.root / ".dce-guard.toml").exists()
    assert (world.root / "known.json").exists()


def test_an_empty_baseline_accepts_nothing(world: World) -> None:
    done = world.guard("init", "--no-accept")
    assert "1 before, 1 now" in done.stdout
    assert world.guard("scan").returncode == 1


def test_no_value_is_written_or_said(world: World) -> None:
    value = leak().split('"')[1]
    done = world.guard("init")
    written = [world.root / ".dce-guard.toml", world.root / "baselines/dce-guard.json"]
    assert value not in done.stdout + done.stderr + "".join(path.read_text() for path in written)


def test_refuses_outside_a_repository(tmp_path: Path) -> None:
    world = World(tmp_path, tmp_path / "home", **cached())
    done = world.guard("init")
    assert done.returncode == 3 and "repository" in done.stderr
    assert not (tmp_path / ".dce-guard.toml").exists()


def test_refuses_beside_settings_that_are_not_understood(world: World) -> None:
    world.write(".dce-guard.toml", "confidnce = 1\n")
    done = world.guard("init")
    assert done.returncode == 2 and "did you mean 'confidence'" in done.stderr
    assert not (world.root / "baselines").exists()


def test_says_incomplete_where_a_file_could_not_be_read(world: World) -> None:
    locked = world.write("locked.txt", "x")
    locked.chmod(0)
    try:
        locked.read_bytes()
    except PermissionError:
        done = world.guard("init")
        assert done.returncode == 3 and "incomplete" in done.stderr
    else:
        pytest.skip("this user can read everything (root)")
