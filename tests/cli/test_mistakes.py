"""What people get wrong: each error says what went wrong, what was not done and what to do, and its exit code."""

import subprocess
import sys
from pathlib import Path

import pytest
from hook_world import PROJECT, World, cached, make

PACK = """
[[rule]]
id = "acme-key"
description = "Acme key"
pattern = '{pattern}'
anchors = ["acme_[0-9a-z]{{8}}"]
category = "EXTERNAL_API"
sensitivity = "HIGH"
confidence = "high"
provider = "acme"
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make(tmp_path, **cached())
    made.commit("a.txt", "a\n")
    made.write("base.json", "{")
    made.write("bad.toml", PACK.format(pattern="(?P<secret>acme_[0-9a-z{32})"))
    made.write("groupless.toml", PACK.format(pattern="acme_[0-9a-z]{32}"))
    return made


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("scna", 2, "did you mean 'scan'?"),
        ("--debg", 2, "--debug"),
        ("scan --rnage x", 2, "--range"),
        ("scan --format jsno", 2, "'json'"),
        ("scan --confidence hgh", 2, "'high'"),
        ("rules lst", 2, "did you mean 'list'?"),
        ("completion tcsh", 2, "'bash'"),
        ("scan --staged --range A..B", 2, "nothing was scanned"),
        ("scan nosuch", 3, "nothing was scanned"),
        ("scan --range nosuch..HEAD", 2, "no revision 'nosuch'"),
        ("scan --disable strpe", 2, "did you mean 'stripe'?"),
        ("scan --rules nosuch.toml", 2, "no such file; nothing was scanned"),
        ("scan --rules bad.toml", 3, "rule 'acme-key': pattern: unterminated character set"),
        ("scan --rules groupless.toml", 3, "has no group 'secret'; nothing was scanned"),
        ("scan --max-file-size 3x", 2, "50 MB"),
        ("scan -o nosuch/report.txt", 3, "the report was not written"),
    ],
)
def test_a_mistake_is_told(world: World, line: str, code: int, said: str) -> None:
    done = world.guard(*line.split())
    assert done.returncode == code, done.stderr
    assert said in done.stderr and done.stdout == ""
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 4


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("confidnce = 1", ".dce-guard.toml:1: unknown key 'confidnce', did you mean 'confidence'?"),
        ("\nexclude = 1", ".dce-guard.toml:2: 'exclude' must be a list"),
        ("confidence = ", ".dce-guard.toml"),
        ('key = "00"', "not taken from the scanned tree"),
    ],
)
def test_settings_that_are_not_understood(world: World, setting: str, said: str) -> None:
    world.write(".dce-guard.toml", setting)
    done = world.guard("scan")
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""
    assert "othing was scanned" in done.stderr and "hint:" in done.stderr


@pytest.mark.parametrize("line", ["scan --staged", "scan --range A..B", "hook history", "install", "init"])
def test_no_repository(tmp_path: Path, line: str) -> None:
    world = World(tmp_path, tmp_path / "home", **cached())
    done = world.guard(*line.split())
    assert done.returncode == 3 and "git repository" in done.stderr
    assert (
        ("nothing was" in done.stderr or "no baseline was" in done.stderr)
        and "hint:" in done.stderr
        and done.stdout == ""
    )


def test_a_shallow_clone_lacks_the_range(world: World, tmp_path: Path) -> None:
    world.commit("a.txt", "b\n")
    world.git("clone", "--quiet", "--depth", "1", f"file://{world.root}", str(tmp_path / "shallow"))
    for line in ("scan --range HEAD~1..HEAD", "hook history"):
        done = world.guard(*line.split(), cwd=tmp_path / "shallow")
        assert done.returncode == 3 and "fetch-depth: 0" in done.stderr
        assert "not scanned" in done.stderr or "nothing was scanned" in done.stderr


def test_a_crash_is_one_line_without_what_was_scanned(world: World) -> None:
    program = (
        "import sys, dce_guard.cli.running as running\n"
        "def boom(*_, **__): raise ValueError('what was scanned')\n"
        "running.scan = boom\n"
        "from dce_guard.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-P", "-c", program]
    env = {**world.env, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([*command, "scan"], cwd=world.root, env=env, capture_output=True, text=True)
    assert done.returncode == 3 and "ValueError" in done.stderr and "scan is not complete" in done.stderr
    assert "what was scanned" not in done.stderr and "Traceback" not in done.stderr
    done = subprocess.run(
        [*command, "--debug", "scan"], cwd=world.root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 3 and "Traceback" in done.stderr
