"""Git LFS: what was fetched is read, what stands for something else is known."""

import hashlib
from pathlib import Path

import pytest
from repos import PLANTED, Repo, Seen

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.lfs import LfsObjects, fetched, place, pointer
from dce_guard.model.item import Kind


@pytest.fixture
def opened(tmp_path: Path) -> Repository:
    Repo(tmp_path / "repo")
    found = discover(tmp_path / "repo")
    assert found is not None
    return found


def store(repository: Repository, content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    path = place(repository.common_dir, oid)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return oid


def written(oid: str, *more: str, version: str = "https://git-lfs.github.com/spec/v1") -> bytes:
    return "\n".join((f"version {version}", *more, f"oid sha256:{oid}", "size 12345", "")).encode()


class TestObjects:
    def test_what_was_fetched(self, opened: Repository) -> None:
        oids = [store(opened, PLANTED + b"%d" % number) for number in range(3)]
        large = store(opened, b"x" * (5 << 20) + PLANTED)
        found = Seen(LfsObjects(opened).chunks())
        assert found.planted == {f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}" for oid in (*oids, large)}
        assert {found.kind(path) for path in found.paths} == {Kind.FILE} and not found.skips
        parts = [Seen(LfsObjects(opened).chunks(shard, 2)) for shard in range(2)]
        assert not parts[0].paths & parts[1].paths and parts[0].paths | parts[1].paths == found.paths

    def test_without_a_store(self, opened: Repository) -> None:
        assert not Seen(LfsObjects(opened).chunks()).items
        assert LfsObjects(opened).describe()["mode"] == "lfs"

    def test_links_lead_nowhere(self, opened: Repository, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "private").write_bytes(PLANTED)
        (opened.common_dir / "lfs").mkdir()
        (opened.common_dir / "lfs" / "objects").symlink_to(tmp_path / "outside")
        found = Seen(LfsObjects(opened).chunks())
        assert not found.planted and found.fatal
        (opened.common_dir / "lfs" / "objects").unlink()
        (opened.common_dir / "lfs" / "objects").mkdir()
        (opened.common_dir / "lfs" / "objects" / "x").symlink_to(tmp_path / "outside" / "private")
        assert not Seen(LfsObjects(opened).chunks()).planted


class TestPointer:
    OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"

    def test_as_the_specification_shows_them(self) -> None:
        assert pointer(written(self.OID)) == self.OID
        assert pointer(written(self.OID).replace(b"\n", b"\r\n")) == self.OID
        assert pointer(written(self.OID, "ext-0-foo sha256:" + "0" * 64)) == self.OID
        assert pointer(written(self.OID, version="https://hawser.github.com/spec/v1")) == self.OID

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            PLANTED,
            b"\n" + written(OID),
            written(OID[:-1]),
            written(OID.upper()),
            written(OID, version="https://example.org/spec/v1"),
            written(OID).replace(b"size 12345", b"size many"),
            written(OID) + b"x" * 1024,
        ],
    )
    def test_what_is_none(self, content: bytes) -> None:
        assert pointer(content) == ""

    def test_whether_it_was_fetched(self, opened: Repository) -> None:
        assert fetched(opened, store(opened, PLANTED))
        assert not fetched(opened, self.OID)
        for odd in ("", "../../config", self.OID.upper()):
            assert not fetched(opened, odd)
        place(opened.common_dir, self.OID).parent.mkdir(parents=True)
        place(opened.common_dir, self.OID).symlink_to(opened.common_dir / "config")
        assert not fetched(opened, self.OID)
