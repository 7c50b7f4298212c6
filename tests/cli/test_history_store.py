"""`dce-guard history` on object stores of every shape and in every state: all that is there is looked at."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from history_repos import Told, history, known_key, swept
from repos import Repo

from dce_guard.scan.templates import expand

__all__ = ["known_key"]


def stripe(seed: int = 1) -> str:
    return expand("sk_" + "live_{base62:20}{digits:4}", random.Random(f"store {seed}")).decode()


def line(seed: int = 1) -> bytes:
    return f"stripe_key = {stripe(seed)}\n".encode()


def prose(seed: int, size: int) -> bytes:
    rng = random.Random(seed)
    return b"".join(b"line %d says %d\n" % (number, rng.randrange(10**9)) for number in range(size // 25))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Ten versions of a file, a secret of its own in each."""
    made = Repo(tmp_path / "r")
    base = prose(1, 20_000)
    for number in range(10):
        at = base.find(b"\n", number * 1900) + 1
        made.commit_file("a.txt", base[:at] + line(number) + base[at:])
    made.commit_file("a.txt", base)
    return made


def secrets_of(told: Told) -> set[int]:
    from history_repos import named

    return {number for number in range(100) if named(stripe(number)) in told.fingerprints}


ALL = set(range(10))


def packs(repo: Repo) -> list[Path]:
    return sorted(repo.path.glob(".git/objects/pack/*.pack"))


def entries(repo: Repo) -> list[tuple[int, str, str]]:
    """Offset, id and type of each object in the first pack, in its order."""
    listed = repo.git("verify-pack", "-v", str(packs(repo)[0].with_suffix(".idx")))
    rows = [row.split() for row in listed.splitlines()]
    return sorted((int(row[4]), row[0], row[1]) for row in rows if len(row) >= 5 and row[2].isdigit())


def damage(path: Path, at: int, data: bytes = b"\xff" * 8) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize("how", ["gc", "aggressive", "keep", "twice", "midx", "no bitmap", "window", "cruft"])
def test_packs_of_every_shape(how: str, repo: Repo) -> None:
    if how == "gc":
        repo.git("gc", "-q")
    elif how == "aggressive":
        repo.git("gc", "-q", "--aggressive", "--prune=now")
    elif how == "keep":
        repo.git("gc", "-q")
        packs(repo)[0].with_suffix(".keep").touch()
        repo.commit_file("b.txt", line(50))
        repo.git("repack", "-q", "-d")
        assert len(packs(repo)) == 2
    elif how == "twice":
        repo.git("repack", "-q")
        listed = "".join(f"{name}\n" for _, name, _ in entries(repo)[:20]).encode()
        where = repo.path / ".git/objects/pack/pack"
        repo.git("pack-objects", "-q", "--delta-base-offset", "--window=3", str(where), data=listed)
        assert len(packs(repo)) == 2
    elif how == "midx":
        repo.git("repack", "-q", "-d")
        repo.commit_file("b.txt", line(50))
        repo.git("repack", "-q", "-d")
        repo.git("multi-pack-index", "write")
        assert len(packs(repo)) == 2
    elif how == "no bitmap":
        repo.git("repack", "-q", "-a", "-d", "--no-write-bitmap-index", "-f", "--depth=1")
    elif how == "window":
        repo.git("repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=50")
    else:
        repo.git("hash-object", "-w", "--stdin", data=line(60))
        repo.git("gc", "-q", "--cruft")
    told = swept(repo.path)
    assert secrets_of(told) - {50, 60} == ALL
    assert (50 in secrets_of(told)) == (how in ("keep", "midx"))
    assert (60 in secrets_of(told)) == (how == "cruft")
    listed = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert told.report["stats"]["objects"] == sum(kind != "tree" for kind in listed)


@pytest.mark.parametrize("packed", [False, True])
def test_a_missing_object_is_told_and_strict_is_not_content(packed: bool, repo: Repo) -> None:
    gone = repo.git("rev-parse", "HEAD~3:a.txt")
    if packed:
        listed = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
        kept = "".join(f"{one}\n" for one in listed if one != gone).encode()
        repo.git("pack-objects", "-q", str(repo.path / ".git/objects/pack/pack"), data=kept)
        repo.git("prune-packed", "-q")
    (repo.path / f".git/objects/{gone[:2]}/{gone[2:]}").unlink()
    told = swept(repo.path)
    assert secrets_of(told) == ALL - {7}
    strict = history(repo.path, "--strict")
    assert strict.code == 3
    assert [skip["path"] for skip in strict.report["skips"] if skip["reason"] == "missing"] == [gone]


def test_a_missing_object_is_told_without_strict_as_well(repo: Repo) -> None:
    gone = repo.git("rev-parse", "HEAD~3:a.txt")
    (repo.path / f".git/objects/{gone[:2]}/{gone[2:]}").unlink()
    assert gone in {skip["path"] for skip in history(repo.path).report["skips"]}


@pytest.mark.parametrize("how", ["content", "empty", "header", "other"])
def test_a_broken_loose_object_is_told_and_the_rest_is_looked_at(how: str, repo: Repo) -> None:
    name = repo.git("rev-parse", "HEAD~3:a.txt")
    path = repo.path / f".git/objects/{name[:2]}/{name[2:]}"
    if how == "content":
        damage(path, 60)
    elif how == "header":
        damage(path, 0)
    else:
        path.chmod(0o644)
        path.write_bytes(b"" if how == "empty" else b"\0" * 90)
    told = history(repo.path)
    assert secrets_of(told) >= ALL - {7}
    assert told.code == 3 or told.code == 1
    assert not told.report["complete"], told.report["skips"]
    assert name in {skip["path"] for skip in told.report["skips"]}
    assert history(repo.path, "--strict").code == 3


@pytest.mark.parametrize("where", ["root", "delta", "commit"])
def test_a_broken_entry_of_a_pack_is_told_and_the_rest_is_looked_at(where: str, repo: Repo) -> None:
    repo.git("repack", "-q", "-a", "-d", "-f", "--depth=1", "--window=30")
    rows = entries(repo)
    kind = "commit" if where == "commit" else "blob"
    listed = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(deltabase)")
    bases = dict(row.split() for row in listed.splitlines())
    chosen = [
        (number, name)
        for number, (_, name, its) in enumerate(rows)
        if its == kind and (set(bases[name]) != {"0"}) == (where == "delta")
    ]
    number, name = chosen[len(chosen) // 2]
    damage(packs(repo)[0], rows[number + 1][0] - 9)
    told = history(repo.path)
    assert name in {skip["path"] for skip in told.report["skips"]}
    assert not told.report["complete"]
    lost = {one for one, base in bases.items() if name in (one, base)}
    left = {path for skip in told.report["skips"] for path in [skip["path"]] if len(path) == 40}
    assert left <= lost
    assert where == "root" or len(secrets_of(told)) >= 9
    assert history(repo.path, "--strict").code == 3


def test_a_broken_entry_that_is_elsewhere_whole(repo: Repo) -> None:
    """A second copy, loose, of what is broken in the pack."""
    repo.git("repack", "-q", "-a")
    assert list(repo.path.glob(".git/objects/[0-9a-f][0-9a-f]"))
    rows = entries(repo)
    blobs = [number for number, row in enumerate(rows) if row[2] == "blob"]
    damage(
        packs(repo)[0], rows[blobs[-1] + 1][0] - 9 if blobs[-1] + 1 < len(rows) else rows[blobs[-1]][0] + 9
    )
    told = swept(repo.path)
    assert secrets_of(told) == ALL


def test_a_pack_without_an_index_is_told(repo: Repo) -> None:
    repo.git("gc", "-q")
    extra = prose(3, 100) + line(40)
    name = repo.git("hash-object", "-w", "--stdin", data=extra)
    where = repo.path / ".git/objects/pack/pack"
    made = repo.git("pack-objects", "-q", str(where), data=f"{name}\n".encode())
    repo.git("prune-packed", "-q")
    Path(f"{where}-{made}.idx").unlink()
    told = history(repo.path)
    assert secrets_of(told) == ALL
    assert not told.report["complete"]
    assert any(made in skip["path"] for skip in told.report["skips"])
    Path(f"{where}-{made}.rev").unlink(missing_ok=True)
    repo.git("index-pack", f"{where}-{made}.pack")
    assert secrets_of(swept(repo.path)) == ALL | {40}


@pytest.mark.parametrize("how", ["cut", "version", "empty", "idx cut", "idx version"])
def test_a_pack_that_is_none(how: str, repo: Repo) -> None:
    """Whatever of it git cannot read either is told; what is elsewhere is found."""
    repo.git("gc", "-q")
    repo.commit_file("b.txt", line(50))
    path = packs(repo)[0]
    path = path.with_suffix(".idx") if how.startswith("idx") else path
    path.chmod(0o644)
    data = path.read_bytes()
    if how.endswith("cut"):
        path.write_bytes(data[: len(data) // 2])
    elif how.endswith("version"):
        path.write_bytes(data[:4] + b"\0\0\0\x09" + data[8:])
    else:
        path.write_bytes(b"")
    told = history(repo.path, "--no-worktree")
    assert told.code == 3 or not told.report["complete"]
    if told.stdout:
        assert 50 in secrets_of(told)
    else:
        assert "hint:" in told.stderr


def test_a_huge_text_in_a_pack_and_as_a_delta(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = prose(9, 5 << 20)
    for number in range(3):
        at = base.find(b"\n", number * 1_700_000 + 9) + 1
        repo.commit_file("big.log", base[:at] + line(number) + base[at:])
    repo.git("gc", "-q")
    assert {row.split()[-1] for row in repo.git(
        "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(deltabase)"
    ).splitlines() if row.startswith("blob")} != {"0" * 40}  # fmt: skip
    told = swept(repo.path, "--no-worktree")
    assert secrets_of(told) == {0, 1, 2}
    lines = {one["locations"][0]["line"] for one in told.report["findings"]}
    assert len(lines) == 3


def test_an_empty_repository_and_one_without_commits(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    told = swept(repo.path)
    assert (told.code, told.report["stats"]["objects"]) == (0, 0)
    repo.git("hash-object", "-w", "--stdin", data=line())
    told = swept(repo.path)
    assert told.finding(stripe())["exposure"]["held"] == "nothing"
    bare = Repo(tmp_path / "bare.git", "--bare")
    assert swept(bare.path).code == 0


def test_what_is_lent_by_a_store_that_is_gone_is_told(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "-q", "-s", str(repo.path), str(tmp_path / "borrower"))
    borrower = Repo(tmp_path / "borrower", home=repo.home)
    own = borrower.commit_file("own.env", line(30))
    shutil.rmtree(repo.path / ".git" / "objects")
    told = history(borrower.path)
    assert told.code == 3 or not told.report["complete"]
    if told.stdout:
        assert 30 in secrets_of(told)
        assert own


def test_nothing_is_written_but_the_key_and_the_cache(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DCE_GUARD_KEY")
    repo.git("gc", "-q")

    def files() -> dict[str, tuple[int, int]]:
        every = (path for path in repo.path.rglob("*") if path.is_file())
        return {
            str(path.relative_to(repo.path)): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in every
            if "dce-guard" not in path.parts
        }

    before = files()
    assert history(repo.path).code == 1
    assert files() == before
    status = subprocess.run(["git", "status", "--porcelain"], cwd=repo.path, capture_output=True, check=True)
    assert status.stdout == b""
