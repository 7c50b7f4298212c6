"""Searching only what is new in each version misses nothing: what a sweep of packs says is what a plain scan of
every blob, one by one, says."""

import random
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from delta_material import BLOCK, text, versions
from history_repos import history, known_key, named
from planted import secrets
from repos import Repo

from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.cli.history_run import Wish
from dce_guard.cli.history_store import look_through
from dce_guard.cli.output import Output
from dce_guard.cli.running import scan
from dce_guard.cli.session import Session, open_session
from dce_guard.model.finding import Sighting
from dce_guard.model.item import Chunk, Skip
from dce_guard.scan.templates import expand

__all__ = ["known_key"]
Told = set[tuple[str, str, int, int, str]]


def packed(path: Path, contents: Iterable[bytes], *options: str, form: str = "sha1") -> Repo:
    """A repository with one pack that holds these versions of a file."""
    repo = Repo(path, f"--object-format={form}")
    ids = [repo.git("hash-object", "-w", "--stdin", data=content) for content in contents]
    listed = "".join(f"{one} file.txt\n" for one in dict.fromkeys(ids)).encode()
    where = repo.path / ".git" / "objects" / "pack" / "pack"
    repo.git("pack-objects", "-q", *options, str(where), data=listed)
    repo.git("prune-packed", "-q")
    return repo


class _One:
    """One object as a source."""

    def __init__(self, session: Session, object_id: str) -> None:
        assert session.repository
        self._reader = ObjectReader(session.repository, [Wanted(object_id)])

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        yield from self._reader.chunks()


def told(sightings: Iterable[Sighting]) -> Told:
    """Who, where, and how sure."""
    return {
        (one.fingerprint, place.object, place.start, place.end, one.confidence.value)
        for one in sightings
        for place in one.locations
    }


def compared(repo: Repo, share: float = 1.0) -> tuple[Told, int]:
    """What both ways say of a share of the objects, and how many are deltas. Fails where they differ."""
    session = open_session(repo.path, {}, named=True)
    repository = session.repository
    assert repository
    listed = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(deltabase)")
    rows = [line.split() for line in listed.splitlines()]
    some = random.Random(1).sample([name for name, _ in rows], round(len(rows) * share))
    objects = frozenset(some) if share < 1 else None
    swept = told(look_through(session, repository, objects, Wish(), Output()).seen.sightings)
    plain: Told = set()
    for name in some:
        plain |= told(scan(session, _One(session, name)).sightings)
    assert swept - plain == set()
    assert plain - swept == set()
    return swept, sum(1 for _, base in rows if set(base) != {"0"})


OFFSETS = ("--delta-base-offset",)
CASES = [
    pytest.param(seed, size, count, marks=pytest.mark.slow if seed > 1 else ())
    for seed in range(12)
    for size, count in ((400, 80), (6000, 60), (90_000, 30))
]


@pytest.mark.parametrize(("seed", "size", "count"), CASES)
def test_random_edits(seed: int, size: int, count: int, tmp_path: Path) -> None:
    options = OFFSETS if seed % 2 else ()  # bases by offset, bases by name
    repo = packed(tmp_path / "r", versions(seed * 100 + size, count, size), "--depth=30", *options)
    found, deltas = compared(repo)
    assert deltas > count / 3
    assert len({one[0] for one in found}) >= 3


@pytest.mark.parametrize("options", [(), OFFSETS])
def test_a_sha256_repository(options: tuple[str, ...], tmp_path: Path) -> None:
    repo = packed(tmp_path / "r", versions(37, 40, 3000), "--depth=30", *options, form="sha256")
    found, deltas = compared(repo)
    assert deltas > 10
    assert {len(one[1]) for one in found} == {64}


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_part_of_the_objects(share: float, tmp_path: Path) -> None:
    """Bases that nobody asked for are read, and nothing is told of them."""
    repo = packed(tmp_path / "r", versions(41, 60, 3000), "--depth=30", *OFFSETS)
    found, _ = compared(repo, share)
    assert found


@pytest.mark.parametrize("batch", [1, 2000, 50_000])
def test_shared_between_processes_and_in_small_batches(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dce_guard.adapters.pack_sweep._BATCH", batch)
    monkeypatch.setattr("dce_guard.cli.history_store.processes", lambda _: 3)
    compared(packed(tmp_path / "r", versions(43, 60, 3000), "--depth=10", *OFFSETS))


def test_bases_that_no_memory_is_left_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dce_guard.adapters.pack_sweep._HELD", 9000)
    monkeypatch.setattr("dce_guard.adapters.pack_sweep.LARGEST", 12_000)
    compared(packed(tmp_path / "r", versions(47, 60, 3000), "--depth=10", *OFFSETS))


def test_the_same_objects_as_deltas_of_others_in_several_packs(tmp_path: Path) -> None:
    repo = packed(tmp_path / "r", versions(53, 60, 3000), "--depth=10", *OFFSETS)
    names = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    for seed in range(4):
        some = random.Random(seed).sample(names, len(names) // 2)
        listed = "".join(f"{one} other.txt\n" for one in some).encode()
        where = str(repo.path / ".git/objects/pack/pack")
        repo.git("pack-objects", "-q", "--no-reuse-delta", f"--window={seed + 3}", where, data=listed)
    assert len(list(repo.path.glob(".git/objects/pack/*.pack"))) == 5
    compared(repo)
    compared(repo, 0.3)


@pytest.mark.parametrize("edge", [BLOCK, 2 * BLOCK, 5 << 20])
def test_secrets_at_the_edges_of_copies(edge: int, tmp_path: Path) -> None:
    """Copies are of at most 64 KB; texts over 4 MB are left to git."""
    rng = random.Random(edge)
    start = text(rng, edge + 50_000)
    three = secrets()
    head = start[: start.rfind(b"\n", 0, edge - 300) + 1]
    contents = [start]
    for shift in (-40, -20, -1, 0):
        pad = b" " * (edge + shift - len(head) - three.data.index(three.stripe.encode()))
        contents += [head + pad + three.data + start[edge:], head + pad + three.data[:60] + start[edge:]]
    found, deltas = compared(packed(tmp_path / "r", contents, *OFFSETS))
    assert deltas == len(contents) - 1
    held = {one[1] for one in found if one[0] == named(three.stripe)}
    assert len(held) == 4


def test_what_was_between_two_halves_is_taken_out(tmp_path: Path) -> None:
    """No byte is new: only the seam tells."""
    rng = random.Random(5)
    value = secrets().stripe.encode()
    around, between = text(rng, 20_000), text(rng, 3000)
    contents = []
    for cut in range(1, len(value)):
        name = b"%d\n" % cut
        whole = name + around + b"x = " + value[:cut] + b"\n" + between + value[cut:] + b"\n" + around
        contents += [whole, whole.replace(b"\n" + between, b"", 1)]
    found, deltas = compared(packed(tmp_path / "r", contents, *OFFSETS))
    assert deltas > len(contents) / 2
    assert len({one[1] for one in found if one[0] == named(value)}) == len(value) - 1


@pytest.mark.parametrize("distance", [100, 899, 4000])
def test_the_other_half_of_a_pair_comes_near(distance: int, tmp_path: Path) -> None:
    """The key alone is nobody's; with its id in the neighbourhood it is."""
    rng = random.Random(distance)
    three = secrets()
    start = text(rng, 30_000)
    alone = start + b"x = " + three.key.encode() + b"\n" + text(rng, 9000)
    contents = [alone + text(rng, 20)]
    for number in range(12):
        at = alone.find(three.key.encode()) - 4 + (distance if number % 2 else -distance)
        at = alone.rfind(b"\n", 0, at) + 1
        contents.append(alone[:at] + b"aws_access_key_id = %s\n" % three.key_id.encode() + alone[at:])
        contents.append(alone + b"%d" % number)
    compared(packed(tmp_path / "r", contents, *OFFSETS))


def test_a_thin_pack_made_whole(tmp_path: Path) -> None:
    """As a fetch leaves it: bases that the sender left out stand at the end of the pack."""
    base = packed(tmp_path / "r", [])
    rng = random.Random(1)
    start, three = text(rng, 9000), secrets()
    first = base.git("hash-object", "-w", "--stdin", data=start)
    tree = base.git("mktree", data=f"100644 blob {first}\ta\n".encode())
    old = base.git("commit-tree", tree, "-m", "old")
    second = base.git("hash-object", "-w", "--stdin", data=start + three.data)
    tree = base.git("mktree", data=f"100644 blob {second}\ta\n".encode())
    new = base.git("commit-tree", tree, "-p", old, "-m", "new")
    asked = f"{new}\n^{old}\n".encode()
    command = ["git", "pack-objects", "-q", "--thin", "--revs", "--stdout"]
    pack = subprocess.run(command, cwd=base.path, input=asked, capture_output=True, check=True).stdout
    base.git("index-pack", "--stdin", "--fix-thin", data=pack)
    base.git("prune-packed", "-q")
    found, deltas = compared(base)
    assert (deltas, {one[1] for one in found}) == (1, {second})


def test_the_first_word_of_a_file(tmp_path: Path) -> None:
    """What stands in a file does not depend on what is read before it."""
    value = secrets().stripe.replace("_", "x", 1).encode()
    told = [
        history(packed(tmp_path / str(number), [start + b"key = " + value + b"\n"]).path).report["findings"]
        for number, start in enumerate((b"\n", b""))
    ]
    assert len(told[0]) == 1
    assert len(told[1]) == 1


def test_a_line_that_is_nothing_in_a_message_may_be_something_in_a_program(tmp_path: Path) -> None:
    value = expand("{base62:9}{digits:1}", random.Random(8)).decode()
    lines = f'x = 1\n# password = "{value}"\ny = 2\n'
    for name, message in (("plain", "about"), ("told", lines)):
        repo = Repo(tmp_path / name)
        repo.commit_file("a.py", b"import os\n" + lines.encode(), message)
        repo.git("gc", "-q")
        told = history(repo.path, "--no-worktree")
        assert named(value) in told.fingerprints, name
