"""`dce-guard doctor`: says what keeps a scan from looking, and ends with 3 then."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hook_world import World, cached, leak, make


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path, **cached())


def ask(world: World, cwd: Path | None = None, **more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = world.guard("doctor", "--format", "json", cwd=cwd, **more)
    document = json.loads(done.stdout)
    assert document["schema"] == "dce-guard/doctor/1"
    assert document["ok"] == (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in document["checks"]}


def test_a_fresh_repository_is_fine(world: World) -> None:
    code, told = ask(world)
    assert code == 0
    assert sys.executable in told["python"]["text"]
    assert told["git"]["state"] == told["repository"]["state"] == told["settings"]["state"] == "ok"
    assert told["settings"]["text"] == "the defaults"
    assert told["rules"]["text"].endswith(f"digest {told['rules']['text'][-16:]}")
    wanted, _, found = told["engine"]["text"].rpartition("; ")[2].split()[:3]
    assert wanted == found and int(wanted) > 100
    assert told["pre-commit"]["state"] == "note" and "dce-guard install" in told["pre-commit"]["hint"]


def test_the_text_says_the_same(world: World) -> None:
    done = world.guard("doctor")
    assert done.returncode == 0 and done.stdout.endswith("exit 0: ready to scan\n")
    assert "\x1b" not in done.stdout


def test_hooks_are_seen_and_tried(world: World) -> None:
    world.guard("install", "--pre-commit", "--pre-push")
    _, told = ask(world)
    assert told["pre-commit"]["state"] == told["pre-push"]["state"] == "ok"
    hook = world.root / ".git/hooks/pre-commit"
    hook.chmod(0o644)
    code, told = ask(world)
    assert code == 3 and told["pre-commit"]["state"] == "bad"
    assert "not executable" in told["pre-commit"]["text"]


def test_a_strangers_hook_is_not_ours(world: World) -> None:
    hook = world.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    _, told = ask(world)
    assert told["pre-commit"]["state"] == "note" and "another hook" in told["pre-commit"]["text"]


def test_an_edited_hook_and_one_of_another_installation(world: World) -> None:
    world.guard("install")
    hook = world.root / ".git/hooks/pre-commit"
    text = hook.read_text()
    hook.write_text(text + "# mine\n")
    assert "changed since" in ask(world)[1]["pre-commit"]["text"]
    hook.write_text(text.replace(f"python={sys.executable}", "python=/gone/python"))
    assert "another installation" in ask(world)[1]["pre-commit"]["text"]


def test_settings_and_their_sources(world: World) -> None:
    world.write(".dce-guard.toml", 'disable = ["stripe"]\n')
    _, told = ask(world, DCE_GUARD_CONFIDENCE="low")
    assert told["settings"]["text"] == "from .dce-guard.toml, DCE_GUARD_CONFIDENCE"
    assert "off" in told["rules"]["text"]


@pytest.mark.parametrize(
    ("name", "text", "check"),
    [
        (".dce-guard.toml", "confidnce = 1\n", "settings"),
        (".dce-guard.toml", 'disable = ["no-such-rule"]\n', "rules"),
        (".dce-guard.toml", 'rules = ["gone.toml"]\n', "rules"),
        ("baselines/dce-guard.json", "{", "baseline"),
    ],
)
def test_what_would_stop_a_scan_is_bad(world: World, name: str, text: str, check: str) -> None:
    world.write(name, text)
    code, told = ask(world)
    assert code == 3 and told[check]["state"] == "bad" and told[check]["text"]


def test_the_key_is_named_and_never_shown(world: World) -> None:
    key = "ab" * 16
    done = world.guard("doctor", DCE_GUARD_KEY=key)
    assert done.returncode == 0 and "organisation" in done.stdout
    assert key not in done.stdout + done.stderr
    assert ask(world, DCE_GUARD_KEY="xyz")[0] == 3


def test_a_baseline_gives_the_key(world: World) -> None:
    world.write("app.py", leak())
    world.guard("baseline", "create", "--reason", "old", "--by", "ann")
    _, told = ask(world)
    assert told["baseline"]["text"] == "baselines/dce-guard.json: 1 entry"
    assert told["key"]["text"] == "the baseline's salt"


def test_shallow_clone_partial_clone_and_submodules(world: World, tmp_path: Path) -> None:
    for number in range(2):
        world.commit("a.txt", str(number))
    world.git("config", "uploadpack.allowFilter", "true")
    options = ["--quiet", "--depth", "1", "--filter=blob:none"]
    world.git("clone", *options, f"file://{world.root}", str(tmp_path / "shallow"))
    code, told = ask(world, cwd=tmp_path / "shallow")
    assert code == 0
    assert "shallow" in told["shallow"]["text"] and "unshallow" in told["shallow"]["hint"]
    assert told["partial"]["state"] == "note"
    head = world.git("rev-parse", "HEAD")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    assert ask(world)[1]["submodules"]["text"].startswith("1 ")


def test_a_broken_repository_is_bad(world: World) -> None:
    (world.root / ".git/HEAD").write_text("nonsense")
    code, told = ask(world)
    assert code == 3 and told["repository"]["state"] == "bad"


def test_without_git_nothing_is_fine(world: World, tmp_path: Path) -> None:
    code, told = ask(world, PATH=str(tmp_path))
    assert code == 3 and list(told) == ["python", "git"]
    assert "not found" in told["git"]["text"]


def test_outside_a_repository_files_can_be_scanned(tmp_path: Path) -> None:
    world = World(tmp_path, tmp_path / "home", **cached())
    code, told = ask(world)
    assert code == 0 and told["repository"]["state"] == "note" and "pre-commit" not in told


def test_a_cache_that_cannot_be_used_is_said(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, told = ask(world, XDG_CACHE_HOME=str(tmp_path / "file"))
    assert code == 0 and told["cache"]["state"] == "note" and "anew" in told["cache"]["text"]
