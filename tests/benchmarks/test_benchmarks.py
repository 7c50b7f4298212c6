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


@pytest.mark.slow
def test_history_tells_the_floor_the_first_sweep_and_further_ones(tmp_path: Path) -> None:
    tables = _figures("history", tmp_path)
    whole, *first, further = tables.values()
    assert whole[0]["blobs"] > 50 and whole[0]["objects"] > whole[0]["blobs"] + whole[0]["commits"]
    for ours, floor in first:
        assert (ours["name"], floor["name"]) == ("dce-guard", "floor") and ours["codes"] == [0]
        assert (
            ours["findings"] == 0 and 0 < ours["memory_mb"] and floor["list_ms"] > 0 and floor["readers"] >= 1
        )
        assert floor["wall_over_floor"] == 1.0 == ours["wall_over_ours"]
    assert [row["name"] for row in further] == ["first", "again", "after 100 commits"]
    assert all(row["wall_over_first"] > 0 for row in further)


def _past(folder: Path) -> tuple[Path, dict[str, str]]:
    """A quick repository of past.py, and what git needs around it."""
    import argparse

    from past import build
    from places import environment

    folder.mkdir()
    return build(argparse.Namespace(quick=True), folder), environment(folder)


def test_the_same_releases_make_the_same_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from past import append, figures, git

    (place, env), (second, _) = _past(tmp_path / "one"), _past(tmp_path / "two")
    head = git(env, "-C", str(place), "rev-parse", "main")
    assert head == git(env, "-C", str(second), "rev-parse", "main")
    assert git(env, "-C", str(place), "fsck", "--strict") == b""
    before = figures(place, env)
    listed = git(env, "-C", str(place), "rev-list", "--all", "--objects").splitlines()
    assert before.objects == len(listed) and before.commits == 6
    append(place, env, 4)
    after = figures(place, env)
    assert after.commits == before.commits + 4 and before.blobs < after.blobs <= before.blobs + 12
    assert git(env, "-C", str(place), "rev-parse", "main") == head


def test_a_release_replaces_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from past import git, importing

    place, env = _past(tmp_path / "work")
    with importing(place, env, "other") as stream:
        stream.release("tool", "tool-1", [("kept", "100644", b"same"), ("was", "100644", b"file")])
        stream.release("tool", "tool-2", [("kept", "100644", b"same"), ("was/now", "120000", b"../kept")])
        stream.release("tool", "tool-3", [("kept", "100755", b"same")])
    listed = [git(env, "-C", str(place), "ls-tree", "-r", f"tool-{number}").split() for number in (1, 2, 3)]
    assert [words[3::4] for words in listed] == [
        [b"tool/kept", b"tool/was"], [b"tool/kept", b"tool/was/now"], [b"tool/kept"],
    ]  # fmt: skip
    assert [words[0] for words in listed] == [b"100644", b"100644", b"100755"] and listed[1][4] == b"120000"


@pytest.mark.parametrize("small", [True, False], ids=["at the end", "in the middle"])
def test_a_commit_that_git_refuses_is_an_error(
    small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from past import importing

    place, env = _past(tmp_path / "work")
    with pytest.raises(subprocess.CalledProcessError), importing(place, env, "other") as stream:
        for _ in range(1 if small else 9):
            stream.change("refused", [("file", "100000", b""), ("more", "100644", os.urandom(10**6))])
    assert not (place / "refs/heads/other").exists()


def test_names_that_git_refuses_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from past import allowed

    assert all(map(allowed, ("setup.py", ".gitignore", "a b/c.py", 'a"b')))
    assert not any(map(allowed, ("", "a//b", "../a", "a/.git/config", ".GIT", '"a', "a\nb")))


def test_the_floor_reads_every_blob_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from history import Floor
    from past import figures

    place, env = _past(tmp_path / "work")
    floor = Floor(place, tmp_path, env, 3)
    run = floor.run()
    shares = [(tmp_path / f"floor/share-{number}").read_text().split() for number in range(3)]
    names = [name for share in shares for name in share]
    assert all(shares) and len(set(names)) == len(names) == figures(place, env).blobs
    assert run.wall == sum(floor.parts[0]) > 0 and floor.row(run.wall)["readers"] == 3
    with pytest.raises(RuntimeError, match="could not read"):
        Floor(tmp_path / "floor", tmp_path, env, 1).run()


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
