"""A second sweep takes over what the first one knows: the same report, and only what is new is looked at."""

import base64
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from history_repos import Told, history, known_key, named
from planted import secrets
from repos import Repo, clone

from dce_guard.adapters import looked, provenance
from dce_guard.adapters.looked import Ids, Memory, Shelf
from dce_guard.adapters.pack_sweep import PackSweep
from dce_guard.cli import store_scan
from dce_guard.cli.store_watch import Watch

__all__ = ["known_key"]
POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with the compiled rules of the shared one."""
    shared = Path(os.environ["XDG_CACHE_HOME"], "dce-guard")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if shared.is_dir():
        shutil.copytree(shared, tmp_path / "cache/dce-guard", ignore=shutil.ignore_patterns("history"))
    return tmp_path / "cache/dce-guard/history"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ids of objects that were looked at since the list was emptied."""
    ids: list[str] = []
    alone, sweep = store_scan.Alone, PackSweep

    class Noted(alone):  # type: ignore[misc, valid-type]
        def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Any]:
            for part in super().chunks(shard, shards):
                ids.extend(getattr(item, "object", "") for item in getattr(part, "items", ()))
                yield part

    class Searched(sweep):  # type: ignore[misc, valid-type]
        def _judged(self, text: Any, sifted: Any) -> Any:
            if not self._wanted or self._wanted[text.entry] == 1:
                ids.append(self._pack.object(text.entry).hex())
            return super()._judged(text, sifted)

    monkeypatch.setattr(store_scan, "Alone", Noted)
    monkeypatch.setattr(store_scan, "PackSweep", Searched)
    yield ids


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Three commits: one that leaks, one that takes it out, an annotated tag; and a dangling leak."""
    one = Repo(tmp_path / "r")
    one.commit_file("a.env", secrets(1).data, "leak")
    one.commit_file("a.env", b"nothing\n", "clean")
    one.git("tag", "-a", "-m", secrets(2).text, "v1")
    one.git("hash-object", "-w", "--stdin", data=secrets(3).data)
    return one


def swept(repo: Repo, *options: str) -> Told:
    told = history(repo.path, "--no-worktree", *options)
    assert told.code in (0, 1, 3), told.stderr
    return told


def same(repo: Repo, *options: str) -> Told:
    """A sweep that says what one without a cache says."""
    told = swept(repo, *options)
    assert told.report == swept(repo, "--no-cache", *options).report
    return told


def found(told: Told, *numbers: int) -> bool:
    return {named(secrets(number).stripe) for number in numbers} <= told.fingerprints


@pytest.mark.parametrize("packed", [False, True])
def test_a_second_sweep_says_the_same_and_looks_at_nothing(repo: Repo, read: list[str], packed: bool) -> None:
    if packed:
        repo.git("repack", "-q", "-a", "-d")
    first = swept(repo)
    assert found(first, 1, 2, 3) and read
    read.clear()
    second = swept(repo)
    assert (second.stdout, second.code) == (first.stdout, first.code)
    assert read == []
    assert same(repo).stdout == first.stdout and read


def test_nothing_is_traced_again_while_nothing_changes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    first = swept(repo)
    asked: list[object] = []
    real = provenance.Provenance
    monkeypatch.setattr(
        provenance, "Provenance", lambda *some, **more: asked.append(more["asked"]) or real(*some, **more)
    )
    assert swept(repo).stdout == first.stdout and asked == []
    repo.git("branch", "more")
    same(repo)
    assert len(asked) == 2 and asked[0] is not None and asked[1] is None  # the second is of no cache


@pytest.mark.parametrize("packed", [False, True])
def test_a_new_commit_is_looked_at_and_nothing_else(repo: Repo, read: list[str], packed: bool) -> None:
    swept(repo)
    new = [repo.commit_file("b.env", secrets(4).data, "more"), repo.git("rev-parse", "HEAD:b.env")]
    if packed:
        repo.git("repack", "-q", "-d")
    read.clear()
    told = swept(repo)
    assert sorted(set(read) - {repo.git("rev-parse", "HEAD^{tree}")}) == sorted(new)
    assert found(told, 1, 2, 3, 4)
    assert told.trace(secrets(4).stripe, "blob", "b.env")["first"]["commit"] == new[0]
    same(repo)


def test_a_known_secret_at_a_new_place_is_told(repo: Repo) -> None:
    swept(repo)
    commit = repo.commit_file("again.env", secrets(1).data, "the same content")
    told = same(repo)
    assert told.trace(secrets(1).stripe, "blob", "again.env")["first"]["commit"] == commit


def test_a_dangling_blob_that_a_commit_takes_up(repo: Repo) -> None:
    before = swept(repo)
    assert before.trace(secrets(3).stripe, "blob", "")["held"] == "nothing"
    repo.commit_file("c.env", secrets(3).data, "taken up")
    after = same(repo)
    assert after.trace(secrets(3).stripe, "blob", "c.env")["current"]


@pytest.mark.parametrize("way", ["gc", "repack", "loose", "touched", "moved"])
def test_objects_may_move(repo: Repo, read: list[str], way: str) -> None:
    if way in ("loose", "touched", "moved"):
        repo.git("repack", "-q", "-a", "-d", "-k")
    first = swept(repo)
    packs = sorted(repo.path.glob(".git/objects/pack/*.pack"))
    if way == "gc":
        repo.git("gc", "-q", "--prune=never")
    elif way == "repack":
        repo.git("repack", "-q", "-a", "-d", "-k")
    elif way == "touched":
        os.utime(packs[0], (1, 1))
    elif way == "moved":
        for path in repo.path.glob(".git/objects/pack/pack-*"):
            path.rename(path.with_name(path.name.replace("pack-", "pack-0", 1)))
    else:
        data = packs[0].read_bytes()
        for path in repo.path.glob(".git/objects/pack/pack-*"):
            path.unlink()
        repo.git("unpack-objects", "-q", data=data)
    read.clear()
    again = swept(repo)
    trees = set(repo.git("rev-list", "--all", "--objects", "--filter=object:type=tree").split())
    assert set(read) <= trees
    assert again.report["findings"] == first.report["findings"]


def test_what_is_pruned_is_told_no_more_and_again_when_it_comes_back(repo: Repo, read: list[str]) -> None:
    assert found(swept(repo), 3)
    repo.git("gc", "-q", "--prune=now")
    assert not found(swept(repo), 3)
    repo.git("hash-object", "-w", "--stdin", data=secrets(3).data)
    read.clear()
    assert found(swept(repo), 3) and len(read) == 1
    assert found(swept(repo), 1, 2, 3)


def test_deleting_a_branch_changes_what_is_told(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit_file("s.env", secrets(5).data)
    repo.git("checkout", "-q", "main")
    assert swept(repo).trace(secrets(5).stripe, "blob", "s.env")["held"] == "ref"
    repo.git("branch", "-q", "-D", "side")
    assert same(repo).trace(secrets(5).stripe, "blob", "s.env")["held"] == "reflog"
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert same(repo).trace(secrets(5).stripe, "blob", "s.env")["held"] == "commit"


def test_excluding_a_path_later_counts(repo: Repo) -> None:
    assert found(swept(repo), 1)
    assert not found(same(repo, "--exclude", "*.env"), 1)
    assert found(swept(repo), 1)


def records(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()} if folder.is_dir() else set()


@pytest.mark.parametrize(
    "options", [("--disable", "stripe"), ("--confidence", "low"), ("--max-file-size", "10MB")]
)
def test_another_setup_has_another_record(repo: Repo, folder: Path, options: tuple[str, ...]) -> None:
    swept(repo)
    same(repo, *options)
    assert len(records(folder)) == 2


def test_another_key_has_another_record(repo: Repo, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = swept(repo)
    monkeypatch.setenv("DCE_GUARD_KEY", "6b" * 16)
    second = same(repo)
    assert len(records(folder)) == 2 and not first.fingerprints & second.fingerprints


def test_another_repository_at_the_same_place(repo: Repo, tmp_path: Path) -> None:
    swept(repo)
    shutil.rmtree(repo.path)
    other = Repo(repo.path, home=repo.home)
    other.commit_file("x.env", secrets(9).data)
    told = swept(other)
    assert found(told, 9) and not found(told, 1)
    assert told.report["findings"] == swept(other, "--no-cache").report["findings"]


@pytest.mark.parametrize(
    "options", [("--no-cache",), ("--reachable-only",), ("--branch", "main"), ("--since", "2020-01-01")]
)
def test_some_sweeps_keep_nothing(repo: Repo, folder: Path, options: tuple[str, ...]) -> None:
    swept(repo, *options)
    assert records(folder) == set()


def test_without_a_cache_nothing_is_read(repo: Repo, folder: Path, read: list[str]) -> None:
    swept(repo)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    count = len(read)
    swept(repo, "--no-cache")
    assert len(read) == 2 * count
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def linked(path: Path) -> None:
    path.rename(path.with_suffix(".there"))
    path.symlink_to(path.with_suffix(".there"))


def writable(path: Path) -> None:
    path.chmod(0o660)


HARM = {one.__name__: one for one in (damaged, cut, emptied, linked, writable, Path.unlink)}


@POSIX
@pytest.mark.parametrize("kind", ["json", "raw", "ids"])
@pytest.mark.parametrize("harm", HARM)
def test_what_cannot_be_trusted_is_not_believed(repo: Repo, folder: Path, kind: str, harm: str) -> None:
    first = swept(repo)
    HARM[harm](next(folder.glob(f"*.{kind}")))
    repo.git("branch", "so-that-all-of-it-is-asked")
    told = same(repo)
    assert told.fingerprints == first.fingerprints and found(told, 1, 2, 3)


def test_files_of_different_runs_do_not_belong_together(repo: Repo, folder: Path, tmp_path: Path) -> None:
    swept(repo)
    shutil.copytree(folder, tmp_path / "older")
    repo.commit_file("b.env", secrets(4).data)
    swept(repo)
    for kind in ("raw", "ids"):
        older = next((tmp_path / "older").glob(f"*.{kind}"))
        shutil.copy(older, folder / older.name)
    repo.git("branch", "more")
    assert found(same(repo), 1, 2, 3, 4)


def test_another_format_is_not_believed(repo: Repo, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = swept(repo)
    read.clear()
    monkeypatch.setattr(looked, "FORMAT", 0)
    assert swept(repo).stdout == first.stdout and read


@POSIX
def test_only_the_user_can_read_it_and_no_value_is_in_it(repo: Repo, folder: Path) -> None:
    hidden = secrets(6)
    repo.commit_file("deep.env", base64.b64encode(hidden.data) + b"\n")
    repo.git("update-ref", f"refs/heads/{secrets(7).stripe}", "HEAD")
    repo.commit_file(f"dir/{secrets(8).stripe}.txt", b"x\n")
    repo.commit_file(f"{secrets(9).stripe}.env", secrets(1).data)
    repo.git("rm", "-q", f"{secrets(9).stripe}.env")
    repo.commit("and gone again")
    repo.git("update-ref", "-d", f"refs/heads/{secrets(7).stripe}")
    for _ in range(2):
        told = same(repo)
    assert found(told, 1, 2, 3, 8)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = b"".join(path.read_bytes() for path in folder.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600} and len(kept) > 1000
    for number in range(1, 10):
        three = secrets(number)
        assert three.leaked(kept) == [], number
        for value in (three.key, three.stripe):
            for form in (value.encode(), value.encode()[::-1]):
                assert form.hex().encode() not in kept
                assert base64.b64encode(form)[:-4] not in kept


def test_what_was_not_looked_at_is_said_each_time(repo: Repo, read: list[str]) -> None:
    name = repo.git("rev-parse", "HEAD:a.env")
    path = repo.path / ".git/objects" / name[:2] / name[2:]
    path.chmod(0o600)
    path.write_bytes(b"broken")
    first = swept(repo)
    assert first.code == 3 and (name, True) in {(one["path"], one["fatal"]) for one in first.report["skips"]}
    read.clear()
    second = swept(repo)
    assert second.report == first.report
    assert repo.git("rev-parse", "HEAD") not in read


def test_what_is_left_out_on_purpose_is_said_from_memory(repo: Repo, read: list[str]) -> None:
    repo.commit_file("big.txt", b"a line\n" * 4000)
    first = swept(repo, "--max-size", "20kB")
    name = repo.git("rev-parse", "HEAD:big.txt")
    assert ("too-large", False) in first.reasons
    read.clear()
    second = swept(repo, "--max-size", "20kB")
    assert second.report == first.report and name not in read


def test_a_pointer_whose_content_comes_later(repo: Repo, read: list[str]) -> None:
    from hashlib import sha256

    content = secrets(4).data
    oid = sha256(content).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    repo.commit_file("big.bin", text.encode())
    repo.git("repack", "-q", "-a", "-d")
    assert ("lfs-pointer", False) in swept(repo).reasons
    read.clear()
    assert ("lfs-pointer", False) in same(repo).reasons
    repo.write(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", content)
    told = swept(repo)
    assert told.report["findings"] == swept(repo, "--no-cache").report["findings"]
    assert ("lfs-pointer", False) not in told.reasons and found(told, 4)


def test_a_shallow_clone_that_is_deepened(repo: Repo, tmp_path: Path) -> None:
    repo.commit_file("b.txt", b"b\n")
    cut_off = clone(repo, tmp_path / "shallow", "--depth", "1")
    assert not found(swept(cut_off), 1)
    cut_off.git("fetch", "-q", "--unshallow")
    told = same(cut_off)
    assert found(told, 1)
    assert told.trace(secrets(1).stripe, "blob", "a.env")["held"] == "ref"


PROGRAM = """
import os, signal, sys
from dce_guard.cli import main, store_watch
real, times = store_watch.Watch.__call__, 0
def watched(self, done, objects):
    global times
    times += 1
    if times == int(sys.argv[1]):
        os.kill(os.getppid() if os.environ["OWNER"] != str(os.getpid()) else os.getpid(), signal.SIGINT)
    return real(self, done, objects) and not self._board.stopped
store_watch.Watch.__call__ = watched
os.environ["OWNER"] = str(os.getpid())
sys.exit(main.run(sys.argv[2:]))
"""


def test_a_stopped_sweep_is_taken_up(tmp_path: Path, read: list[str]) -> None:
    repo = Repo(tmp_path / "r")
    for number in range(40):
        content = b"".join(b"%d\n" % (at * number) for at in range(30_000)) + secrets(number).data
        repo.write(f"f{number}.txt", content)
    repo.commit()
    repo.git("repack", "-q", "-a", "-d")
    command = [sys.executable, "-P", "-c", PROGRAM, "5", "history", str(repo.path), "--no-worktree"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([*command, "-f", "json"], capture_output=True, env=environ)
    stopped = json.loads(done.stdout)
    assert done.returncode == 130 and not stopped["complete"] and 0 < len(stopped["findings"]) < 80
    told = swept(repo)
    assert told.report["complete"] and found(told, *range(40))
    assert 0 < len(read) == told.report["stats"]["objects"] - stopped["stats"]["objects"] < 41
    read.clear()
    assert swept(repo).stdout == told.stdout and read == []
    same(repo)


def test_stopped_before_anything_was_done(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Watch.__call__

    def struck(self: Watch, done: int, objects: int) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return real(self, done, objects) and not self._board.stopped

    repo.git("repack", "-q", "-a", "-d", "-k")
    monkeypatch.setattr(Watch, "__call__", struck)
    told = swept_stopped(repo)
    assert told.code == 130
    monkeypatch.setattr(Watch, "__call__", real)
    assert found(same(repo), 1, 2, 3)


def swept_stopped(repo: Repo) -> Told:
    return history(repo.path, "--no-worktree")


def test_the_oldest_records_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "_RECORDS", 2)
    for number in range(4):
        shelf = Shelf(tmp_path, f"r{number}", 20)
        shelf.keep(Memory(), looked.Known(Ids(b"", 20), [], frozenset()), [])
        for path in tmp_path.glob(f"history/r{number}.*"):
            os.utime(path, (number, number))
    assert records(tmp_path / "history") == {"r2", "r3"}
    monkeypatch.setattr(looked, "_BYTES", 1)
    Shelf(tmp_path, "r9", 20).keep(Memory())
    assert records(tmp_path / "history") == {"r9"}


def test_ids_are_found_and_joined() -> None:
    some = [bytes([at]) * 20 for at in (7, 3, 250, 0)]
    ids = Ids(b"", 20).joined(some)
    assert ids.all() == sorted(some) and all(one in ids for one in some)
    assert bytes([4]) * 20 not in ids and b"\xff" * 20 not in ids
    more = ids.joined([bytes([4]) * 20, some[0]])
    assert len(more) == 5 and bytes([4]) * 20 in more
    assert ids.joined(some) is ids
