"""Archives: entries are found where they are, and nothing that is hidden in one is passed over in silence."""

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from repos import PLANTED, Seen

from dce_guard.adapters.archives import Budget, Limits, Unpacking, archives, kind_of
from dce_guard.adapters.archives_open import entries
from dce_guard.adapters.packing import CHUNK, Packer
from dce_guard.adapters.sources import Stdin
from dce_guard.adapters.worktree import WorkTree
from dce_guard.model.item import Chunk, Item, Kind, Skip

SMALL = Limits(unpacked=1 << 20, free=1 << 16, ratio=20, entries=50, depth=3, held=1 << 23)


def look(content: bytes, name: str = "x", limits: Limits | None = None) -> Seen:
    """What comes of one item with this content."""
    return Seen(Unpacking(Stdin(io.BytesIO(content), name), entries, limits).chunks())


def zipped(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members: dict[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def reasons(seen: Seen) -> list[tuple[str, bool]]:
    return [(skip.reason, skip.fatal) for skip in seen.skips]


def random_bytes(size: int) -> bytes:
    return random.Random(1).randbytes(size)


@pytest.mark.parametrize(
    "packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_packing_of_zip(packing: int) -> None:
    content = zipped({"dir/": b"", "dir/a.env": b"1\n" + PLANTED, "clean.txt": b"clean"}, packing)
    seen = look(content, "x.docx")
    assert "x.docx!dir/a.env" in seen.planted
    assert seen.paths == {"x.docx", "x.docx!dir/a.env", "x.docx!clean.txt"}
    assert seen.content("x.docx!dir/a.env") == b"1\n" + PLANTED
    assert seen.kind("x.docx!clean.txt") is Kind.ENTRY
    assert not seen.skips


@pytest.mark.parametrize(
    ("name", "pack", "entry"),
    [
        ("logs/a.env.gz", gzip.compress, "a.env"),
        ("a.bz2", bz2.compress, "a"),
        ("A.XZ", lzma.compress, "A"),
        ("noname", gzip.compress, "content"),
    ],
)
def test_compressed_files(name: str, pack: Callable[[bytes], bytes], entry: str) -> None:
    seen = look(pack(b"x\n" * 500 + PLANTED), name)
    assert f"{name}!{entry}" in seen.planted
    assert not seen.skips


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_in_every_form_and_wrapping(pack: Callable[[bytes], bytes], form: int) -> None:
    long_name = "d" * 60 + "/" + "n" * 90 + ".env"
    members = {"a.txt": b"clean", long_name: PLANTED, "empty": b"", "z": b"z" * 512}
    seen = look(pack(tarred(members, form)), "x.tar.gz")
    assert f"x.tar.gz!{long_name}" in seen.planted
    assert {path.removeprefix("x.tar.gz!") for path in seen.paths} == {*members, "x.tar.gz"}
    assert seen.content("x.tar.gz!z") == b"z" * 512
    assert not seen.skips


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_names_longer_than_any_header(form: int) -> None:
    name = "/".join(["part" * 10] * 20)
    seen = look(tarred({name: PLANTED, "\udcff\n": b"odd"}, form), "x.tar")
    assert seen.planted == {"x.tar", f"x.tar!{name}"}
    assert seen.content("x.tar!\udcff\n") == b"odd"


def test_a_link_in_a_tar_is_its_target() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, PLANTED.decode()
        archive.addfile(info)
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        archive.addfile(tarfile.TarInfo("after"), io.BytesIO())
    seen = look(file.getvalue(), "x.tar")
    assert seen.content("x.tar!link") == PLANTED
    assert seen.paths == {"x.tar", "x.tar!link", "x.tar!after"}


def test_a_sparse_tar_member_is_what_it_stores() -> None:
    header = bytearray(512)
    header[:6], header[156:157], header[257:265] = b"sparse", b"S", b"ustar  \0"
    header[100:108], header[124:136] = b"0000644\0", b"%011o\0" % len(PLANTED)
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content = bytes(header) + bytes(512) + PLANTED.ljust(512, b"\0") + bytes(1024)
    assert look(content, "x.tar").content("x.tar!sparse") == PLANTED


def test_gzip_and_xz_of_several_streams() -> None:
    for pack in (gzip.compress, lzma.compress, bz2.compress):
        seen = look(pack(b"one\n") + bytes(8) + pack(PLANTED), "x")
        assert seen.content("x!content") == b"one\n" + PLANTED
        assert not seen.skips


def test_archives_in_archives_to_eight_levels() -> None:
    content = PLANTED + b" " * 100
    for level in range(8):
        content = zipped({f"{level}": content})
        assert any(path.endswith("!0") for path in look(content).planted), level
    seen = look(zipped({"8": content}))
    assert reasons(seen) == [("limit", True)]
    assert not seen.planted


def test_mixed_nesting() -> None:
    inner = gzip.compress(tarred({"deep.env": PLANTED * 3}))
    seen = look(zipped({"lib/a.jar": zipped({"in.tgz": inner})}), "x.whl")
    assert "x.whl!lib/a.jar!in.tgz!deep.env" in seen.planted


def test_an_archive_larger_than_a_buffer() -> None:
    filler = random_bytes(2 * CHUNK)
    content = zipped({"filler": filler, "late.env": b"\n\n" + PLANTED}, zipfile.ZIP_DEFLATED)
    assert len(content) > 2 * CHUNK
    seen = look(content, "x.zip")
    assert seen.content("x.zip!filler") == filler  # in pieces, put together again
    assert "x.zip!late.env" in seen.planted
    assert not seen.skips


def test_an_archive_larger_than_what_is_held() -> None:
    content = zipped({"filler": random_bytes(2 * CHUNK), "a": PLANTED})
    seen = look(content, "x.zip", Limits(held=CHUNK))
    assert reasons(seen) == [("limit", True)]
    assert seen.skips[0].path == "x.zip"
    assert [path for path in seen.paths if path != "x.zip"] == []


def test_two_large_archives_behind_each_other(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(zipped({"f": random_bytes(CHUNK), "s": name.encode() + PLANTED}))
    seen = Seen(Unpacking(WorkTree(None, [tmp_path], cwd=tmp_path), entries).chunks())
    assert {"a.zip!s", "b.zip!s"} <= seen.planted
    assert seen.content("b.zip!s") == b"b.zip" + PLANTED


def test_shards_part_the_archives(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.gz").write_bytes(gzip.compress(random_bytes(CHUNK // 2)))
        (tmp_path / f"{number}.zip").write_bytes(zipped({"a": PLANTED}))
    source = Unpacking(WorkTree(None, [tmp_path], cwd=tmp_path), entries)
    parts = [Seen(source.chunks(shard, 2)).paths for shard in range(2)]
    assert not parts[0] & parts[1]
    assert parts[0] and parts[1]
    assert {f"{number}.zip!a" for number in range(6)} <= parts[0] | parts[1]


def test_entries_keep_the_object_and_commit_of_their_archive() -> None:
    content = zipped({"a": PLANTED})
    packer = Packer()
    packer.view[: len(content)] = content
    packer.add(Item(Kind.BLOB, "x.zip", len(content), "f" * 40, "c" * 40), len(content))

    class One:
        def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
            yield from packer.flush()

    found = [
        item
        for chunk in Unpacking(One(), entries).chunks()
        if isinstance(chunk, Chunk)
        for item in chunk.items
    ]
    assert found[1] == Item(Kind.ENTRY, "x.zip!a", len(PLANTED), "f" * 40, "c" * 40)


@pytest.mark.parametrize("kind", [Kind.COMMIT, Kind.SYMLINK, Kind.TAG, Kind.PATH])
def test_what_is_no_file_is_not_opened(kind: Kind) -> None:
    content = zipped({"a": PLANTED})
    chunk = Chunk(content, [Item(kind, "x", len(content))], [0], [len(content)])
    assert archives(chunk) == []


def test_archives_among_other_items_and_at_a_buffers_end() -> None:
    contents = [b"text\n" * 100, zipped({"a": b"1"}), b"", tarred({"b": b"2"}), b"P", gzip.compress(b"3")]
    packer = Packer()
    for number, content in enumerate(contents):
        packer.view[packer.used : packer.used + len(content)] = content
        packer.add(Item(Kind.FILE, str(number), len(content)), len(content))
    (chunk,) = packer.flush()
    assert archives(chunk) == [(1, "zip"), (3, "tar"), (5, "gzip")]
    short = Chunk(b"", [Item(Kind.FILE, "", 0)], [0], [0])
    assert archives(short) == []


@pytest.mark.parametrize(
    "text",
    [b"PK is how it begins", b"BZh9 is no block", b"Rar", b"7z", b"\x1f\x8b", b"ustar", b"u" * 600, b""],
)
def test_what_only_begins_like_one_is_none(text: bytes) -> None:
    assert kind_of(text) == ""
    seen = look(text + PLANTED)
    assert (seen.paths, seen.skips) == ({"x"}, [])


# Refusals


@pytest.mark.parametrize("content", [b"7z\xbc\xaf\x27\x1c" + bytes(40), b"Rar!\x1a\x07\x01\0" + bytes(40)])
def test_archives_that_are_not_opened_are_told(content: bytes) -> None:
    seen = look(content)
    assert reasons(seen) == [("unsupported-archive", False)]


def test_zstandard_is_opened_or_told() -> None:
    seen = look(b"\x28\xb5\x2f\xfd" + bytes(40), "x.zst")
    assert len(seen.skips) == 1
    assert seen.skips[0].reason in ("unsupported-archive", "damaged")


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + bytes(100),
        b"\x1f\x8b\x08" + b"junk" * 30,
        b"\xfd7zXZ\0" + b"junk" * 30,
        b"BZh91AY&SY" + b"junk" * 30,
        tarred({"a": b"1"})[:148] + b"7777777\0" + tarred({"a": b"1"})[156:],
    ],
)
def test_damaged_archives_are_told(content: bytes) -> None:
    seen = look(content + PLANTED)
    assert reasons(seen) == [("damaged", False)]
    assert seen.planted == {"x"}  # they are scanned as they are, too


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_comes_before_the_damage_is_looked_at(pack: Callable[[bytes], bytes]) -> None:
    whole = pack(PLANTED + b"\n" + random_bytes(2 << 20))
    seen = look(whole[: len(whole) * 3 // 4], "x.gz")
    assert "x.gz!x" in seen.planted or "x.gz!content" in seen.planted
    assert reasons(seen) == [("damaged", False)]


def test_a_damaged_member_does_not_hide_the_next() -> None:
    content = bytearray(zipped({"bad": random_bytes(3000), "good": PLANTED}))
    content[500:600] = bytes(100)
    seen = look(bytes(content), "x.zip")
    assert "x.zip!good" in seen.planted
    assert reasons(seen) == [("damaged", False)]


def test_a_tar_that_is_cut_tells_so() -> None:
    whole = tarred({"a": PLANTED + bytes(5000), "b": b"never"})
    seen = look(whole[:2000], "x.tar")
    assert "x.tar!a" in seen.planted
    assert reasons(seen) == [("damaged", False)]


@pytest.mark.parametrize(
    "field",
    [
        (124, b"\xff" * 12),  # a negative size
        (124, b"9999999999 \0"),  # no octal
        (124, b"\x80" + b"\xff" * 11),  # 2**94 bytes
    ],
)
def test_sizes_that_cannot_be(field: tuple[int, bytes]) -> None:
    at, value = field
    content = bytearray(tarred({"a": PLANTED}))
    content[at : at + len(value)] = value
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    assert reasons(look(bytes(content), "x.tar")) == [("damaged", False)]


def test_a_header_that_claims_a_gigabyte_is_not_believed() -> None:
    header = bytearray(512)
    header[:1], header[156:157], header[257:265] = b"x", b"x", b"ustar\x0000"
    header[124:136] = b"%011o\0" % (1 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert reasons(look(bytes(header) + bytes(4096), "x.tar")) == [("damaged", False)]


def test_encrypted_entries_are_told_once() -> None:
    content = bytearray(zipped({"a": PLANTED, "b": PLANTED, "c": b"clear"}, zipfile.ZIP_STORED))
    for mark, at, names in ((b"PK\x03\x04", 6, 26), (b"PK\x01\x02", 8, 28)):
        position = -1
        while (position := content.find(mark, position + 1)) >= 0:
            name_at = position + (30 if names == 26 else 46)
            if content[name_at : name_at + 1] in (b"a", b"b"):
                content[position + at] |= 1
    seen = look(bytes(content), "x.zip")
    assert reasons(seen) == [("encrypted", False)]
    assert seen.content("x.zip!c") == b"clear"
    assert "x.zip!a" not in seen.paths


def test_an_entry_packed_in_an_unknown_way() -> None:
    content = bytearray(zipped({"a": PLANTED, "b": b"clear"}, zipfile.ZIP_STORED))
    content[8:10] = struct.pack("<H", 97)
    directory = content.find(b"PK\x01\x02")
    content[directory + 10 : directory + 12] = struct.pack("<H", 97)
    seen = look(bytes(content), "x.zip")
    assert reasons(seen) == [("unsupported-archive", False)]
    assert "x.zip!b" in seen.paths


def test_names_that_climb_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jail = tmp_path / "jail"
    inside = jail / "inside"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    names = ["../../slip.env", "/etc/slip", "..\\..\\slip", "a\x1b[31m\n", "C:\\slip", "n" * 60_000]
    seen = look(zipped(dict.fromkeys(names, PLANTED)), "x.zip")
    assert len(seen.planted - {"x.zip"}) == len(names)
    assert max(map(len, seen.paths)) < 1100
    assert sorted(path.name for path in jail.rglob("*")) == ["inside"]


def test_too_many_entries() -> None:
    content = zipped({str(number): PLANTED for number in range(60)})
    seen = look(content, "x.zip", SMALL)
    assert reasons(seen) == [("limit", True)]
    assert len(seen.paths) == 51  # the archive and the first fifty


def test_entries_are_counted_through_all_levels() -> None:
    inner = zipped({str(number): PLANTED for number in range(30)})
    seen = look(zipped({"a": inner, "b": inner + b" "}), "x.zip", SMALL)
    assert ("limit", True) in reasons(seen)
    assert len(seen.paths) < 52


def test_too_many_bytes_and_what_came_before_them() -> None:
    seen = look(zipped({"a.env": PLANTED, "zeros": bytes(8 << 20), "late": PLANTED}), "x.zip", SMALL)
    assert reasons(seen) == [("limit", True)]
    assert "x.zip!a.env" in seen.planted
    assert "x.zip!late" not in seen.paths
    assert sum(len(content) for _, _, content in seen.items) < 1 << 20


def test_a_ratio_beyond_belief() -> None:
    assert Budget(Limits(), 1000).allowed == Limits().free
    assert Budget(Limits(), 1 << 20).allowed == 250 << 20
    assert Budget(Limits(), 64 << 20).allowed == Limits().unpacked
    seen = look(gzip.compress(bytes(1 << 20)), "x.gz", SMALL)
    assert reasons(seen) == [("limit", True)]


def test_an_archive_in_itself_in_eight_levels() -> None:
    """What a quine (r.zip unpacks to r.zip) comes to: every level holds two more, and the limits hold."""
    content = PLANTED
    for _ in range(12):
        content = zipped({"a.zip": content, "b.zip": content + b" "}, zipfile.ZIP_STORED)
    seen = look(content, "r.zip", Limits(entries=200))
    assert ("limit", True) in reasons(seen)


def test_streams_without_end_are_counted() -> None:
    seen = look(gzip.compress(b"") * 60 + gzip.compress(PLANTED), "x.gz", SMALL)
    assert reasons(seen) == [("limit", True)]


BOMB = """
import io, resource, sys, zlib, zipfile, gzip, bz2, lzma
from dce_guard.adapters.archives import Unpacking
from dce_guard.adapters.archives_open import entries
from dce_guard.adapters.sources import Stdin
content = sys.stdin.buffer.read()
skips = [c for c in Unpacking(Stdin(io.BytesIO(content), "x"), entries).chunks() if hasattr(c, "reason")]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, *sorted({s.reason for s in skips}))
"""


def _zip_bomb() -> bytes:
    return zipped({f"{number}.txt": bytes(32 << 20) for number in range(12)})


def _nested_bomb() -> bytes:
    inner = zipped({str(number): bytes(4 << 20) for number in range(16)})
    middle = zipped({str(number): inner + bytes([number]) for number in range(16)})
    return zipped({str(number): middle + bytes([number]) for number in range(16)})


def _gz_bomb() -> bytes:
    """As dense as 8 MB for 8 GB: deflate's 1,032 to 1."""
    return gzip.compress(bytes(512 << 20), 9)


def _many() -> bytes:
    return zipped({f"{number:07}": b"" for number in range(40_000)}, zipfile.ZIP_STORED)


def _xz_bomb() -> bytes:
    return lzma.compress(bytes(512 << 20), preset=1)


def _zip_of_bzip2() -> bytes:
    return zipped({str(number): bytes(128 << 20) for number in range(3)}, zipfile.ZIP_BZIP2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [_zip_bomb, _nested_bomb, _gz_bomb, _many, _xz_bomb, _zip_of_bzip2],
    ids=lambda build: build.__name__,
)
def test_bombs_end_in_bounded_memory(build: Callable[[], bytes]) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", BOMB], input=build(), capture_output=True, timeout=60, check=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    memory, *found = done.stdout.decode().split()
    assert found == ["limit"]
    assert int(memory) < 300, f"{memory} MB"
