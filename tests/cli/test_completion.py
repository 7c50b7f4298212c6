"""Completion, tried in a real bash."""

import shutil
from pathlib import Path

import pytest
from hook_world import World, cached, script

bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on PATH")


@pytest.fixture
def world(tmp_path: Path) -> World:
    import sys

    made = World(tmp_path, tmp_path / "home", **cached())
    tools = tmp_path / "tools"
    script(tools / "dce-guard", f'#!/bin/sh\nexec "{sys.executable}" -m dce_guard "$@"\n')
    made.env["PATH"] = f"{tools}:{made.env['PATH']}"
    return made


def complete(world: World, line: str) -> list[str]:
    """What bash offers at the end of `line`."""
    words = line.split(" ")
    listed = " ".join(f"'{word}'" for word in words)
    program = f"""
        compopt() {{ :; }}
        source <(dce-guard completion bash) || exit 9
        COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}
        _dce_guard_completion dce-guard
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = world.run("bash", "-c", program)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@bash
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("dce-guard sc", ["scan"]),
        ("dce-guard baseline acc", ["accept"]),
        ("dce-guard scan --stag", ["--staged"]),
        ("dce-guard scan --format sa", ["sarif"]),
        ("dce-guard completion z", ["zsh"]),
    ],
)
def test_bash_offers(world: World, line: str, offered: list[str]) -> None:
    assert complete(world, line) == offered


@bash
def test_bash_offers_nothing_where_nothing_fits(world: World) -> None:
    assert complete(world, "dce-guard nosuch") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(world: World, shell: str) -> None:
    done = world.guard("completion", shell)
    assert done.returncode == 0 and f"{shell}_complete" in done.stdout and done.stderr == ""
    assert f"dce-guard completion {shell}" in done.stdout.splitlines()[0]
    program = shutil.which(shell)
    if program:
        assert world.run(program, "-n", "-c", done.stdout).returncode == 0


def test_other_shells_are_refused(world: World) -> None:
    done = world.guard("completion", "tcsh")
    assert done.returncode == 2 and "'bash', 'zsh', 'fish'" in done.stderr
