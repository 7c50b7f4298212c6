"""The benchmarks run and tell figures of the expected shape; how good the figures are is not tested here."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4, which Windows has not")


def _figures(name: str, folder: Path, *words: str) -> dict[str, list[dict[str, object]]]:
    """The tables of a quick run without rivals, measuring this checkout."""
    out = folder / "figures.json"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [
        sys.executable,
        str(HERE / f"{name}.py"),
        "--quick",
        "--no-rivals",
        "--work",
        str(folder / "work"),
    ]
    ours = f"{sys.executable} -m dce_guard"
    done = subprocess.run(
        [*command, "--ours", ours, "--json", str(out), *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["benchmark"] == name and document["quick"] is True
    for title in document["tables"]:
        assert title in done.stdout
    return document["tables"]


@pytest.mark.slow
def test_staged_tells_a_clean_change_a_leak_and_a_cold_start(tmp_path: Path) -> None:
    clean, leak, cold = _figures("staged", tmp_path).values()
    assert clean[0]["codes"] == [0] and leak[0]["codes"] == [1] and cold[0]["runs"] == 1
    assert all(row["wall_ms"] > 0 and row["cpu_ms"] > 0 for row in (*clean, *leak, *cold))
    assert clean[0]["wall_over_ours"] == 1.0


@pytest.mark.slow
def test_worktree_tells_speed_and_memory(tmp_path: Path) -> None:
    (row,) = next(iter(_figures("worktree", tmp_path).values()))
    assert row["name"] == "dce-guard" and row["mb_per_s"] > 0 and 0 < row["memory_mb"] < 300


@pytest.mark.slow
def test_memory_is_bounded_on_large_files(tmp_path: Path) -> None:
    tables = _figures("memory", tmp_path)
    assert len(tables) == 2
    assert all(0 < row["memory_mb"] < 300 for (row,) in tables.values())


@pytest.mark.slow
def test_rules_scale_compares_with_ten_times_the_rules(tmp_path: Path) -> None:
    whole, start, cold = _figures("rules_scale", tmp_path).values()
    assert [row["name"] for row in whole] == ["shipped rules", "ten times as many"]
    assert len(start) == len(cold) == 2 and whole[1]["wall_over_ours"] > 0


@pytest.mark.slow
def test_quality_counts_released_source_and_says_where_excerpts_are_missing(tmp_path: Path) -> None:
    tables = _figures("quality", tmp_path, "--shared", str(tmp_path / "absent"))
    assert list(tables) == ["Released source"]
    (row,) = tables["Released source"]
    assert row["lines"] > 1000 and row["findings"] >= 0


def test_copies_of_a_pack_are_rules_of_other_names_and_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from rules_scale import copy_of, other_letters

    assert other_letters(r"(?i)(?P<secret>ab\d_[a-z]{3})(?<!xy)\x41(?P=secret)", 1) == (
        r"(?i)(?P<secret>bc\d_[a-z]{3})(?<!yz)\x41(?P=secret)"
    )
    for path in sorted((ROOT / "rules").glob("*.toml")):
        if path.stem == "known":
            continue
        text = path.read_text(encoding="utf-8")
        before, after = tomllib.loads(text)["rule"], tomllib.loads(copy_of(text, 3))["rule"]
        assert [rule["id"] for rule in after] == [f"{rule['id']}-3" for rule in before]
        assert all("(?P<secret>" in rule["pattern"] and "examples" not in rule for rule in after)


def test_a_command_that_fails_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from measure import Command, memory, run

    broken = Command("broken", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path, os.environ)
    with pytest.raises(RuntimeError, match="broken ended with 3"):
        run(broken)
    with pytest.raises(RuntimeError, match="broken ended with 3"):
        memory(broken)


def test_memory_counts_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("needs /proc/PID/smaps_rollup (Linux)")
    monkeypatch.syspath_prepend(str(HERE))
    from measure import Command, memory

    child = "held = bytearray(b'1') * 60_000_000; import time; end = time.monotonic() + 0.4\n"
    child += "while time.monotonic() < end: pass"
    start = f"subprocess.Popen([sys.executable, '-c', {child!r}])"
    both = f"import subprocess, sys; started = [{start}, {start}]; [process.wait() for process in started]"
    assert memory(Command("two", [sys.executable, "-c", both], tmp_path, os.environ)) > 110
