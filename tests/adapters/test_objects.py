"""Objects out of the store: all of them, in order, in bounded pieces, and none lost in silence."""

import os
from pathlib import Path

import pytest
from repos import PLANTED, Repo, Seen

from dce_guard.adapters import objects
from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.objects import ObjectReader, Wanted, start
from dce_guard.adapters.packing import CHUNK, OVERLAP
from dce_guard.model.item import Kind


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def opened(repo: Repo) -> Repository:
    found = discover(repo.path)
    assert found is not None
    return found


def blob(repo: Repo, content: bytes) -> str:
    return repo.git("hash-object", "-w", "--stdin", data=content)


def read(repo: Repo, *wanted: str) -> Seen:
    return Seen(
        ObjectReader(opened(repo), [Wanted(name, f"path-{at}") for at, name in enumerate(wanted)]).chunks()
    )


def damage(repo: Repo, name: str, content: bytes = b"broken") -> None:
    path = repo.path / ".git" / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(content)


def test_many_small_ones_in_order(repo: Repo) -> None:
    contents = [
        b"%d " % number * (number % 7) for number in range(120)
    ]  # some empty: more ids than a pipe holds
    names = [blob(repo, content) for content in dict.fromkeys(contents)]
    seen = read(repo, *names)
    assert [content for _, _, content in seen.items] == list(dict.fromkeys(contents))
    assert not seen.skips


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - OVERLAP, 2 * CHUNK + 1])
def test_large_ones_between_small_ones(repo: Repo, size: int) -> None:
    large = os.urandom(1000) * (size // 1000) + b"\n" * (size % 1000)
    names = [blob(repo, content) for content in (b"before", large, PLANTED)]
    seen = read(repo, *names)
    assert [content for _, _, content in seen.items] == [b"before", large, PLANTED]
    assert seen.largest <= CHUNK + 1


def test_kinds_and_trees(repo: Repo) -> None:
    repo.commit_file("a.txt", b"x", message=PLANTED.decode())
    repo.git("tag", "-a", "v1", "-m", PLANTED.decode())
    names = [repo.git("rev-parse", name) for name in ("v1", "HEAD", "HEAD^{tree}", "HEAD:a.txt")]
    assert [kind for kind, _, _ in read(repo, *names).items] == [Kind.TAG, Kind.COMMIT, Kind.BLOB]
    link = Seen(ObjectReader(opened(repo), [Wanted(names[3], "link", Kind.SYMLINK)]).chunks())
    assert link.kind("link") is Kind.SYMLINK


def test_a_missing_object_is_told_and_the_rest_read(repo: Repo) -> None:
    seen = read(repo, blob(repo, b"one"), "1" * 40, blob(repo, PLANTED))
    assert [content for _, _, content in seen.items] == [b"one", PLANTED]
    assert [(skip.path, skip.reason) for skip in seen.fatal] == [("path-1", "missing")]


@pytest.mark.parametrize("size", [5, CHUNK + 5])
@pytest.mark.parametrize("kept", [0, 8, 0.5])
def test_a_broken_object_is_told_and_the_rest_read(repo: Repo, size: int, kept: float) -> None:
    broken, last = blob(repo, os.urandom(size)), blob(repo, PLANTED)
    path = repo.path / ".git" / "objects" / broken[:2] / broken[2:]
    whole = path.read_bytes()
    damage(repo, broken, whole[: int(len(whole) * kept) if isinstance(kept, float) else kept] or b"\0")
    seen = read(repo, blob(repo, b"one"), broken, last, broken, blob(repo, b"two"))
    assert [path for _, path, content in seen.items if content in (b"one", PLANTED, b"two")] == [
        "path-0",
        "path-2",
        "path-4",
    ]
    assert [skip.path for skip in seen.fatal] == ["path-1", "path-3"]


def test_wrong_content_under_a_name_is_told(repo: Repo) -> None:
    """An object whose header promises more than there is."""
    import zlib

    name = blob(repo, b"some content")
    damage(repo, name, zlib.compress(b"blob 500\0short"))
    seen = read(repo, name, blob(repo, PLANTED))
    assert [skip.path for skip in seen.fatal] == ["path-0"]
    assert seen.planted == {"path-1"}


def test_a_git_that_ends_early_is_told(repo: Repo, tmp_path: Path) -> None:
    """Whatever the reason: nothing that was asked for is lost without a word."""
    names = [blob(repo, b"%d" % number) for number in range(3)]
    repository = opened(repo)
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nread line\nprintf '%s blob 100\\nshort' \"$line\"\nexit 0\n")
    fake.chmod(0o755)
    cut = Repository(
        **{**{name: getattr(repository, name) for name in Repository.__slots__}, "program": str(fake)}
    )
    seen = Seen(ObjectReader(cut, [Wanted(name) for name in names]).chunks())
    assert seen.items == []
    assert [skip.path for skip in seen.fatal] == names


def test_a_store_that_is_all_broken_is_given_up(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_RESTARTS", 2)
    names = [blob(repo, b"%d" % number) for number in range(6)]
    for name in names:
        damage(repo, name)
    assert [skip.path for skip in read(repo, *names).fatal] == [f"path-{number}" for number in range(6)]


def test_a_started_process_is_used_and_not_left_behind(repo: Repo) -> None:
    name = blob(repo, PLANTED)
    process = start(opened(repo))
    assert Seen(ObjectReader(opened(repo), [Wanted(name, "a")]).chunks(process)).planted == {"a"}
    assert process.poll() is not None
    idle = start(opened(repo))
    assert Seen(ObjectReader(opened(repo), []).chunks(idle)).items == []
    assert idle.poll() is not None


def test_a_reader_that_stops_leaves_no_process(repo: Repo) -> None:
    names = [blob(repo, bytes(3_000_000) + b"%d" % number) for number in range(4)]
    process = start(opened(repo))
    chunks = ObjectReader(opened(repo), [Wanted(name) for name in names]).chunks(process)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert process.poll() is not None
