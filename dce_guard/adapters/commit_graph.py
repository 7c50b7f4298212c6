"""Who is whose parent: all commits of a repository, small enough to hold, and what leads to each."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from dce_guard.adapters.git import Repository
from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.adapters.talk import Talk
from dce_guard.model.finding import Commit
from dce_guard.model.item import Chunk

BY_REF, BY_MEMORY, BY_NOTHING = range(3)
"""What leads to a commit: a ref or HEAD, only a reflog (or a note of git's own), nothing."""

NONE = -1
_HEADER = 1 << 16  # bytes in which a commit names its parents: 1,300 of them


class CommitGraph:
    """Commits by number, children before their parents. `parent` is the number of the first parent or NONE,
    `others` those of the further ones, `led` what leads to each; of those in `cut` the first parent is missing.
    """

    def __init__(self, rows: Iterable[bytes], width: int) -> None:
        """`rows`: each commit's id and its parents' in one, each `width` bytes; children first."""
        self.numbers: dict[bytes, int] = {}
        self.parent = array("i")
        self.others: dict[int, tuple[int, ...]] = {}
        self.cut: set[int] = set()
        behind: list[bytes] = []
        for row in rows:
            key = row[:width]
            if key not in self.numbers:
                self.numbers[key] = len(behind)
                behind.append(row[width:])
        for number, keys in enumerate(behind):
            self._join(number, [keys[at : at + width] for at in range(0, len(keys), width)])
        self.led = bytearray([BY_NOTHING]) * len(behind)
        self._commits = len(behind)

    def __len__(self) -> int:
        return len(self.parent)

    def ids(self) -> Iterator[str]:
        """All ids, in order."""
        return map(bytes.hex, self.numbers)

    def number(self, commit: str) -> int:
        """The number of a commit, NONE where it is not here."""
        return self.numbers.get(bytes.fromhex(commit), NONE)

    def is_commit(self, number: int) -> bool:
        """Whether this is a commit, not a tree or a blob that a tag names."""
        return 0 <= number < self._commits

    def names(self, wanted: Collection[int]) -> dict[int, str]:
        """The ids of some numbers."""
        if not wanted:
            return {}
        return {number: key.hex() for key, number in self.numbers.items() if number in wanted}

    def add(self, root: str) -> int:
        """Takes in a tree or blob that something names by itself; returns its number."""
        known = self.number(root)
        if known != NONE:
            return known
        number = self.numbers[bytes.fromhex(root)] = len(self)
        self.parent.append(NONE)
        self.led.append(BY_NOTHING)
        return number

    def lead(self, tips: Iterable[str], kind: int) -> None:
        """Marks commits that something leads to."""
        for number in map(self.number, tips):
            if number != NONE:
                self.led[number] = min(self.led[number], kind)

    def spread(self) -> None:
        """Hands on to parents what leads to their children."""
        led = self.led
        for number, parent in enumerate(self.parent):
            if parent != NONE and led[number] < led[parent]:
                led[parent] = led[number]
            for other in self.others.get(number, ()) if self.others else ():
                led[other] = min(led[number], led[other])

    def _join(self, number: int, keys: Sequence[bytes]) -> None:
        found = [self.numbers.get(key, NONE) for key in keys]
        self.parent.append(found[0] if found else NONE)
        if len(found) > 1:
            self.others[number] = tuple(at for at in found[1:] if at != NONE)
        if NONE in found[:1]:
            self.cut.add(number)


def load(repository: Repository, tips: Iterable[str], more: Collection[str]) -> CommitGraph:
    """All commits that `tips`, reflogs and `more` lead to. With broken ones among them, those of `more` that can
    be read, or of the whole object store.
    """
    asked = ["rev-list", "--topo-order", "--parents", "--ignore-missing", "--reflog", "--stdin"]
    start = list(dict.fromkeys([*tips, *more]))
    width = repository.id_length // 2
    talk = Talk(repository, asked, start)
    graph = CommitGraph(map(bytes.fromhex, talk.lines()), width)
    if talk.code == 0:
        return graph
    return CommitGraph(_sorted(_read(repository, more or list(stored(repository))), width), width)


def people(repository: Repository, commits: Collection[str], nameless: Collection[str]) -> dict[str, Commit]:
    """Author and time of commits; no author for the `nameless`. What cannot be read has neither."""
    asked = ["rev-list", "--no-walk=unsorted", "--ignore-missing", "--encoding=UTF-8", "--stdin"]
    known = {commit: Commit(commit, "", 0) for commit in commits}
    left = list(known)
    if left:
        out, _, _ = repository.ask(
            [*asked, "--format=%x00%H%x00%ct%x00%an%x00"], "".join(f"{one}\n" for one in left).encode()
        )
        fields = out.decode("utf-8", "replace").split("\0")
        for commit, seconds, author in zip(fields[1::4], fields[2::4], fields[3::4], strict=False):
            known[commit] = Commit(commit, "" if commit in nameless else author, _number(seconds))
    return known


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def stored(repository: Repository) -> Iterator[str]:
    """All commits of the object store, whatever leads to them."""
    listed = ["cat-file", "--batch-all-objects", "--unordered", "--buffer"]
    talk = Talk(repository, [*listed, "--batch-check=%(objecttype) %(objectname)"], ())
    return (line[7:] for line in talk.lines() if line.startswith("commit "))


def _read(repository: Repository, commits: Collection[str]) -> Iterator[bytes]:
    """Rows of the commits that can be read, in no order."""
    for answer in ObjectReader(repository, [Wanted(commit) for commit in commits]).chunks():
        if isinstance(answer, Chunk) and not answer.offset:
            for item, start in zip(answer.items, answer.starts, strict=True):
                yield bytes.fromhex(item.object) + _parents(bytes(answer.data[start : start + _HEADER]))


def _parents(content: bytes) -> bytes:
    lines = content.partition(b"\n\n")[0].split(b"\n")
    named = (line[7:].decode("latin-1") for line in lines if line.startswith(b"parent "))
    return b"".join(
        bytes.fromhex(name) for name in named if len(name) in (40, 64) and not name.strip("0123456789abcdef")
    )


def _sorted(rows: Iterable[bytes], width: int) -> Iterator[bytes]:
    """Children first. Only made-up object ids could go in a circle; those come in any order."""
    known = {row[:width]: row for row in rows}
    sorter: TopologicalSorter[bytes] = TopologicalSorter()
    for key, row in known.items():
        sorter.add(key, *(row[at : at + width] for at in range(width, len(row), width)))
    try:
        order = list(sorter.static_order())
    except CycleError:
        order = list(known)
    yield from (known[key] for key in reversed(order) if key in known)
