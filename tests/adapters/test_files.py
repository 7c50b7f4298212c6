"""Files of every kind, size and name, and folders as deep as they come."""

import os
import socket
from pathlib import Path

import pytest
from repos import PLANTED, Seen

from dce_guard.adapters import files, rooted
from dce_guard.adapters.files import FileReader, walk
from dce_guard.adapters.packing import CHUNK, OVERLAP
from dce_guard.adapters.rooted import Rooted
from dce_guard.model.item import Chunk, Kind, Skip

posix = pytest.mark.skipif(os.name == "nt", reason="needs what only POSIX systems have")


def read(root: Path, *paths: str, avoid: frozenset[tuple[int, int]] = frozenset()) -> Seen:
    return Seen(FileReader(str(root), "", avoid).chunks(paths))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - OVERLAP, 3 * CHUNK + 7])
def test_sizes_around_a_buffers(tmp_path: Path, size: int) -> None:
    content = (b"line %d\n" % size) * (size // 8) + b"\n" * size
    (tmp_path / "a").write_bytes(content[:size])
    (tmp_path / "b").write_bytes(PLANTED)
    seen = read(tmp_path, "b", "a", "b")
    assert [part for _, _, part in seen.items] == [PLANTED, content[:size], PLANTED]
    assert seen.largest <= CHUNK + 1


def test_a_line_of_many_buffers(tmp_path: Path) -> None:
    content = b"x" * (3 * CHUNK) + PLANTED + b"y" * 100
    (tmp_path / "a").write_bytes(content)
    assert read(tmp_path, "a").content("a") == content


def test_many_small_files_go_into_one_buffer(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).write_bytes(b"%d" % number)
    chunks = list(FileReader(str(tmp_path)).chunks(str(number) for number in range(50)))
    assert len(chunks) == 1
    assert not isinstance(chunks[0], Skip)
    assert bytes(chunks[0].data).split(b"\n")[:-1] == [b"%d" % number for number in range(50)]
    assert [chunks[0].locate(start) for start in chunks[0].starts] == list(range(50))


@posix
def test_a_link_is_its_text_and_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(PLANTED)
    inside = tmp_path / "inside"
    inside.mkdir()
    os.symlink("../out", inside / "link")
    os.symlink(os.fsdecode(PLANTED), inside / "telling")
    os.symlink("loop", inside / "loop")
    os.symlink("..", inside / "up")
    seen = read(inside, "link", "telling", "loop", "up", "up/out")
    assert [(kind, content) for kind, _, content in seen.items] == [
        (Kind.SYMLINK, b"../out"),
        (Kind.SYMLINK, PLANTED),
        (Kind.SYMLINK, b"loop"),
        (Kind.SYMLINK, b".."),
    ]
    assert [(skip.path, skip.fatal) for skip in seen.skips] == [("up/out", False)]


@posix
def test_special_files_are_told_and_nothing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.chdir(tmp_path)  # a socket's path may have 107 bytes
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("socket")
    (tmp_path / "folder").mkdir()
    (tmp_path / "z").write_bytes(PLANTED)
    seen = read(tmp_path, "fifo", "socket", "folder", "gone", "z")
    listening.close()
    assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [
        ("fifo", "special-file", False),
        ("socket", "special-file", False),
        ("folder", "vanished", False),
        ("gone", "vanished", False),
    ]
    assert seen.planted == {"z"}


@posix
@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero")
def test_a_device_is_not_read() -> None:
    assert [skip.reason for skip in read(Path("/dev"), "zero").skips] == ["special-file"]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc")
def test_a_file_that_tells_no_size_is_read() -> None:
    assert b"VmRSS" in read(Path("/proc/self"), "status").content("status")


@pytest.mark.parametrize("where", ["open", "read"])
def test_what_cannot_be_read_is_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """As root nothing is unreadable, so the refusal is made here."""
    (tmp_path / "a").write_bytes(PLANTED + b"a")
    (tmp_path / "b").write_bytes(PLANTED)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    if where == "open":
        real = Rooted.open
        monkeypatch.setattr(Rooted, "open", lambda self, path: refuse() if path == "a" else real(self, path))
    else:
        once = files._once
        first: list[int] = []
        monkeypatch.setattr(
            files, "_once", lambda handle, space: once(handle, space) if first else refuse(first.append(1))
        )
    seen = read(tmp_path, "a", "b")
    assert [(skip.path, skip.reason, skip.fatal) for skip in seen.skips] == [("a", "unreadable", True)]
    assert seen.planted == {"b"}


def test_our_own_state_is_never_opened_for_reading(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(PLANTED)
    status = (tmp_path / "state.db").stat()
    seen = read(tmp_path, "state.db", avoid=frozenset({(status.st_dev, status.st_ino)}))
    assert seen.items == []
    assert [(skip.reason, skip.fatal) for skip in seen.skips] == [("own-state", False)]


@posix
@pytest.mark.parametrize(
    "name", [b"new\nline", b"\x1b[31m", b"\xff\xfe", "\u202eexe.txt".encode(), b" ", b"-rf"]
)
def test_names_of_any_bytes(tmp_path: Path, name: bytes) -> None:
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
        file.write(PLANTED)
    found = list(walk(str(tmp_path)))
    assert found == [(os.fsdecode(name), len(PLANTED))]
    assert [os.fsencode(path) for path in read(tmp_path, os.fsdecode(name)).planted] == [name]


@posix
def test_a_tree_deeper_than_the_descriptors_go(tmp_path: Path) -> None:
    """500 levels with files at many of them, read back and forth, with 64 descriptors at most."""
    path, paths = "", []
    for level in range(500):
        path = f"{path}d/"
        os.mkdir(tmp_path / path)
        if level % 50 == 0:
            (tmp_path / path / "f").write_bytes(PLANTED + b"%d" % level)
            paths.append(f"{path}f")
    before = len(os.listdir("/dev/fd")) if os.path.exists("/dev/fd") else 0
    assert sorted(entry[0] for entry in walk(str(tmp_path)) if not isinstance(entry, Skip)) == sorted(paths)
    mixed = paths[::2] + paths[::-1]
    seen = read(tmp_path, *mixed)
    assert [path for _, path, _ in seen.items] == mixed
    after = len(os.listdir("/dev/fd")) if os.path.exists("/dev/fd") else 0
    assert before == after  # all given back


def test_a_walk_is_in_order_and_does_not_enter_git(tmp_path: Path) -> None:
    for name in ("b/x", "a/y", "a/.git/config", "c", "a/z/w", ".git/HEAD"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    found = list(walk(str(tmp_path)))
    assert [entry[0] for entry in found if not isinstance(entry, Skip)] == ["c", "a/y", "a/z/w", "b/x"]
    assert {skip.path for skip in found if isinstance(skip, Skip)} == {".git", "a/.git"}


def test_an_unreadable_folder_is_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a").write_bytes(b"1")
    real = Rooted.listing

    def listing(self: Rooted, folder: str) -> object:
        if folder == "closed":
            raise PermissionError(13, "Permission denied")
        return real(self, folder)

    monkeypatch.setattr(Rooted, "listing", listing)
    assert list(walk(str(tmp_path))) == [Skip("closed", "unreadable", "Permission denied"), ("open/a", 1)]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert [found.fatal for found in walk(str(tmp_path / "no")) if isinstance(found, Skip)] == [True]


class TestWithoutDescriptors:
    """The way of systems that cannot open a file relative to a folder (Windows)."""

    @pytest.fixture(autouse=True)
    def plain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rooted, "RELATIVE", False)
        monkeypatch.setattr(files, "_once", files._readinto)

    def test_files_folders_and_sizes(self, tmp_path: Path) -> None:
        (tmp_path / "sub" / "deep").mkdir(parents=True)
        (tmp_path / "sub" / "deep" / "a").write_bytes(PLANTED)
        (tmp_path / "big").write_bytes(b"x" * (CHUNK + 1))
        paths = [entry[0] for entry in walk(str(tmp_path)) if not isinstance(entry, Skip)]
        assert paths == ["big", "sub/deep/a"]
        seen = read(tmp_path, *paths, "gone")
        assert seen.planted == {"sub/deep/a"}
        assert len(seen.content("big")) == CHUNK + 1
        assert [skip.reason for skip in seen.skips] == ["vanished"]

    @posix
    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "private").write_bytes(PLANTED)
        (tmp_path / "in").mkdir()
        os.symlink("../out", tmp_path / "in" / "folder")
        os.symlink("../out/private", tmp_path / "in" / "link")
        seen = read(tmp_path / "in", "folder/private", "link", "folder")
        assert seen.planted == set()
        assert [content for _, _, content in seen.items] == [b"../out/private", b"../out"]
        assert [skip.path for skip in seen.skips] == ["folder/private"]


def test_pieces_say_at_which_column_they_begin(tmp_path: Path) -> None:
    content = "\u00e9\n".encode() + b"x" * CHUNK + "\u00e9\u20ac".encode() * CHUNK + b"\nend"
    (tmp_path / "a").write_bytes(content)
    reader = FileReader(str(tmp_path))
    pieces = [(one.offset, one.column, one.line) for one in reader.chunks(["a"]) if isinstance(one, Chunk)]
    assert len(pieces) > 3
    for offset, column, line in pieces:
        before = content[:offset].rpartition(b"\n")[2].decode("utf-8", "ignore")
        assert abs(column - len(before)) <= 1  # a piece may begin within a character
        assert line == content[:offset].count(b"\n")
