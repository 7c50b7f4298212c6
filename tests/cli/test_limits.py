"""`--max-file-size` and the progress bar, through the command."""

import os
import random
import sys

import pytest
from repos import Repo

from dce_guard.cli import main, progress
from dce_guard.scan.templates import expand


def planted() -> bytes:
    return expand('KEY = "sk_live_{base62:24}"\n', random.Random(3))


def test_a_file_over_the_limit_is_left_out_and_said(tmp_path, monkeypatch, capsys):
    repo = Repo(tmp_path / "repo")
    repo.write("large.py", planted() + b"#" * 3000)
    monkeypatch.chdir(repo.path)
    assert main.run(["scan"]) == 1
    capsys.readouterr()
    assert main.run(["scan", "--max-file-size", "2kB"]) == 0
    assert "too-large" in capsys.readouterr().out
    assert main.run(["scan", "--max-file-size", "2kB", "--strict"]) == 3


def test_a_staged_file_over_the_limit_too(tmp_path, monkeypatch):
    repo = Repo(tmp_path / "repo")
    repo.write("large.py", planted() + b"#" * 3000)
    repo.git("add", ".")
    monkeypatch.chdir(repo.path)
    assert main.run(["scan", "--staged"]) == 1
    assert main.run(["scan", "--staged", "--max-file-size", "2kB"]) == 0


def test_nobody_watches_a_pipe(capsys):
    with progress.progress(1 << 40) as tick:
        tick(1 << 39)
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminal on this system")
def test_a_terminal_gets_a_bar(monkeypatch):
    outer, inner = os.openpty()
    with open(inner, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with progress.progress(1 << 40) as tick:
            tick(1 << 39)
    assert b"scanning" in os.read(outer, 65536)
    os.close(outer)
