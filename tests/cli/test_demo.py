"""`dce-guard demo`: runs as it says, by a real hook, and leaves nothing behind."""

import re
from pathlib import Path

import pytest
from hook_world import World, cached

from dce_guard.cli.demo import environment, planted
from dce_guard.errors import GuardError


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "tmp").mkdir()
    root = tmp_path / "here"
    root.mkdir()
    return World(root, tmp_path / "home", TMPDIR=str(tmp_path / "tmp"), **cached())


def test_finds_blocks_accepts_and_is_gone(world: World, tmp_path: Path) -> None:
    done = world.guard("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert re.findall(r"exit (\d)", told) == ["1", "1", "0", "0"]
    assert "$ dce-guard install" in told and '$ git commit -q -m "Take payments"' in told
    assert list((tmp_path / "tmp").iterdir()) == [] and list(world.root.iterdir()) == []
    for rule in (("stripe-secret-key",), ("github-pat", 7)):
        assert planted(*rule) not in told


def test_keep_leaves_a_repository_with_a_working_hook(world: World, tmp_path: Path) -> None:
    done = world.guard("demo", "--keep")
    (shop,) = (tmp_path / "tmp").glob("*/shop")
    assert f"kept: {shop}" in done.stdout
    (shop / "new.py").write_text(f'KEY = "{planted("stripe-secret-key", 3)}"\n')
    world.git("add", ".", cwd=shop)
    blocked = world.run("git", "commit", "-m", "leak", cwd=shop)
    assert blocked.returncode == 1 and "exit 1: 1 finding" in blocked.stdout + blocked.stderr
    assert world.git("rev-list", "--count", "HEAD", cwd=shop) == "1"


def test_a_global_hooks_path_is_not_touched(world: World, tmp_path: Path) -> None:
    shared = tmp_path / "shared-hooks"
    shared.mkdir()
    world.git("config", "--global", "core.hooksPath", str(shared))
    assert world.guard("demo").returncode == 0
    assert list(shared.iterdir()) == []


def test_settings_of_the_user_do_not_bend_it(world: World) -> None:
    settings = Path(world.env["XDG_CONFIG_HOME"], "dce-guard", "config.toml")
    settings.parent.mkdir(parents=True)
    settings.write_text('disable = ["*"]\nenable = ["aws"]\n')
    assert world.guard("demo", DCE_GUARD_CONFIDENCE="nonsense").returncode == 0


def test_stops_and_cleans_up_when_git_is_missing(world: World, tmp_path: Path) -> None:
    done = world.guard("demo", PATH=str(tmp_path))
    assert done.returncode == 3 and "the demo stopped: `git init" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def test_nothing_of_gits_environment_comes_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/elsewhere/index")
    env = environment(tmp_path)
    assert "GIT_DIR" not in env and "GIT_INDEX_FILE" not in env


def test_planted_values_differ_by_seed_and_unknown_rules_are_refused() -> None:
    assert planted("stripe-secret-key", 1) != planted("stripe-secret-key", 2)
    with pytest.raises(GuardError, match="needs the rule 'no-such-rule'"):
        planted("no-such-rule")
