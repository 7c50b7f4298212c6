"""`dce-guard` without a command."""

from pathlib import Path

import pytest
from hook_world import World, cached, leak, make


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path, **cached())


def offered(text: str) -> list[str]:
    """The commands under `next:`."""
    lines = text.partition("\nnext:")[2].splitlines()
    return [line.strip().partition("  ")[0] for line in lines]


def test_scans_and_offers_what_is_missing_here(world: World) -> None:
    world.write("app.py", leak())
    done = world.guard()
    assert done.returncode == 1 and "app.py:1:" in done.stdout and "scanned 1 file" in done.stdout
    assert offered(done.stdout) == ["dce-guard install", "dce-guard init", "dce-guard history"]


def test_offers_nothing_that_is_done(world: World) -> None:
    world.write("app.py", leak())
    world.guard("install")
    world.guard("init")
    done = world.guard()
    assert done.returncode == 0 and offered(done.stdout) == ["dce-guard history"]


def test_what_only_the_index_holds_is_found(world: World) -> None:
    world.write("app.py", leak())
    world.git("add", "app.py")
    world.write("app.py", "clean = True\n")
    assert world.guard("scan").returncode == 0
    done = world.guard()
    assert done.returncode == 1 and "what is staged" in done.stdout
    assert "staged, not committed" in done.stdout


def test_a_plain_folder_is_scanned_and_the_demo_offered(tmp_path: Path) -> None:
    world = World(tmp_path / "plain", tmp_path / "home", **cached())
    world.root.mkdir()
    world.write("app.py", leak())
    done = world.guard()
    assert done.returncode == 1 and offered(done.stdout) == ["dce-guard demo"]


def test_could_not_look_is_not_clean(world: World) -> None:
    world.write(".dce-guard.toml", "confidnce = 1\n")
    done = world.guard()
    assert done.returncode == 2 and done.stdout == ""
