"""Repositories, remotes and a made-up scanner for the tests of hooks."""

import os
import random
import stat
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]

STUB = """#!/bin/sh
{ printf 'args'; shift 3; printf ' [%s]' "$@"; printf '\\n'; cat; } >>"$STUB_LOG"
exit "${STUB_EXIT-0}"
"""


def environment(home: Path) -> dict[str, str]:
    """Nothing of the machine's own git settings, and this checkout as the installed package."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    if not config.exists():
        config.write_text("[user]\n name = T\n email = t@example.org\n[init]\n defaultBranch = main\n")
    drop = ("GIT_", "PRE_COMMIT", "PREK_", "STUB_", "DCE_GUARD")
    env = {key: value for key, value in os.environ.items() if not key.startswith(drop)}
    return env | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(PROJECT),
        "STUB_LOG": str(home / "stub.log"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), env.get("PATH", os.defpath))),
    }


def cached() -> dict[str, str]:
    """The cache of compiled rules that all tests of a run share (tests/conftest.py), for an environment."""
    return {"XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}


class World:
    """One repository in a folder, and how commands run in it."""

    def __init__(self, root: Path, home: Path, **more: str) -> None:
        self.root, self.home = root, home
        self.env = environment(home) | more

    def run(self, *words: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=cwd or self.root, env=self.env | more, capture_output=True, text=True, check=False
        )

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = self.run("git", *words, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def guard(self, *words: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from dce_guard.cli.main import main; sys.argv[0] = 'dce-guard'; sys.exit(main())"
        return self.run(sys.executable, "-P", "-c", code, *words, cwd=cwd, **more)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, name: str, text: str) -> str:
        self.write(name, text)
        self.git("add", name)
        self.git("commit", "--quiet", "--no-verify", "-m", f"add {name}")
        return self.git("rev-parse", "HEAD")

    def log(self) -> str:
        """What the stub scanner was asked, with its standard input."""
        path = self.home / "stub.log"
        return path.read_text() if path.exists() else ""


def make(tmp_path: Path, name: str = "work", **more: str) -> World:
    root = tmp_path / name
    root.mkdir(parents=True)
    world = World(root, tmp_path / "home", **more)
    world.git("init", "--quiet")
    return world


def stub(world: World) -> Path:
    """A scanner that writes down how it was called and exits with $STUB_EXIT."""
    return script(world.home / "stub-python", STUB)


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def snapshot(folder: Path) -> dict[str, tuple[int, str, bytes]]:
    """Name, mode, link target and bytes of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
        data = path.read_bytes() if path.is_file() and not target else b""
        found[str(path.relative_to(folder))] = (stat.S_IMODE(info.st_mode), target, data)
    return found


def leak(seed: int = 7) -> str:
    """A line with a made-up AWS secret key, built here so that none stands in the repository."""
    rng = random.Random(seed)
    every = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return f'aws_secret_access_key = "{"".join(rng.choice(every) for _ in range(40))}"\n'
