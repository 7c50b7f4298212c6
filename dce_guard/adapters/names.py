"""Names as text: of branches, tags and other refs, and of the files in the index and at every branch and tag."""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path

from dce_guard.adapters.files import walk
from dce_guard.adapters.git import Repository
from dce_guard.adapters.git_command import cause
from dce_guard.adapters.gitdir import PREFIX, read
from dce_guard.adapters.packing import CHUNK, Packer
from dce_guard.adapters.streaming import Stream
from dce_guard.adapters.trees import SHOWN, TreeReader
from dce_guard.model.item import Chunk, Item, Kind, Skip

_NAMES = (
    1_000_000  # different names kept to tell new ones by: 80 MB; the largest repositories have half of that
)
_SHORT = 1 << 16  # bytes of a name that a report may say


class Names:
    """Every ref's name (also of deleted ones that left a reflog, and of what a symbolic one points to), and
    every path in the indexes and in the trees of HEAD and of all refs: each once.

    Each tree is read once, so what many tips share costs nothing. A path that no tip and no index holds any
    more is not among them.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._packer = Packer()
        self._seen: set[int] = set()
        self._skips: list[Skip] = []

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """Buffers of names, to the first shard; a Skip for each tip that could not be listed."""
        if shard:
            return
        self._seen.clear()
        listed = self._ref_names()
        yield from self._packed(Kind.REF, iter(listed))
        on_disk, skips = _on_disk(self._repository)
        yield from skips
        yield from self._packed(Kind.REF, iter([name for name, _ in on_disk]))
        yield from self._packed(Kind.PATH, self._paths())
        yield from self._packer.flush()
        yield from self._skips
        self._skips = []
        known = set(listed)
        yield from read(
            self._repository.common_dir,  # what is no ref to git may still name one
            [os.fsdecode(name) for name, loose in on_disk if loose and name not in known],
        )

    def describe(self) -> Mapping[str, str]:
        """Mode and the git directory."""
        return {"mode": "names", "root": str(self._repository.git_dir)}

    def _packed(self, kind: Kind, names: Iterator[bytes]) -> Iterator[Chunk]:
        """Each name that was not there before, as an item."""
        packer, seen = self._packer, self._seen
        for name in names:
            key = hash(name)
            if key in seen or not name:
                continue
            seen.add(key)
            item = Item(kind, name[:_SHORT].decode("utf-8", "surrogateescape"), len(name))
            if len(name) > CHUNK:
                yield from packer.flush()
                yield from packer.pieces(item, BytesIO(name).readinto)
                continue
            if not packer.fits(len(name)):
                yield from packer.flush()
            packer.data[packer.used : packer.used + len(name)] = name
            packer.add(item, len(name))

    def _ref_names(self) -> list[bytes]:
        head, _, _ = self._repository.ask(["symbolic-ref", "-q", "HEAD"])
        refs, stderr, code = self._repository.ask(["for-each-ref", "--format=%(refname)%0a%(symref)"])
        if code:
            self._skips.append(Skip("refs", "git-failed", cause(stderr)))
        return [*head.splitlines(), *refs.split(b"\n")]

    def _paths(self) -> Iterator[bytes]:
        with closing(self._everywhere()) as names:
            for name in names:
                if len(self._seen) >= _NAMES:
                    self._skips.append(Skip(SHOWN, "limit", f"only the first {len(self._seen):,} were read"))
                    return
                yield name

    def _everywhere(self) -> Generator[bytes, None, None]:
        for folder in _homes(self._repository):
            yield from self._indexed(folder)
        trees = TreeReader(self._repository, self._tips())
        for paths in trees.paths():
            yield from (path for path in paths if hash(path) not in self._seen)
        self._skips += trees.skips
        if trees.treeless:
            self._skips += self._gone(trees.treeless)

    def _indexed(self, folder: Path) -> Iterator[bytes]:
        """The paths in the index of one work tree."""
        own = folder == self._repository.git_dir
        index = Path(
            self._repository.env.get("GIT_INDEX_FILE", folder / "index") if own else folder / "index"
        )
        if not os.path.lexists(index):
            return
        if not index.is_file():  # git would wait for a fifo's writer
            self._skips.append(Skip(f"{PREFIX}index", "unreadable", "no regular file"))
            return
        stream = Stream(self._repository if own else _at(self._repository, folder), ["ls-files", "-z", "-c"])
        yield from stream.fields()
        if stream.code:
            self._skips.append(Skip(f"{PREFIX}index", "git-failed", cause(stream.complaint)))

    def _tips(self) -> list[str]:
        """The ids that HEAD and all refs point to, each once."""
        ids, _, _ = self._repository.ask(["for-each-ref", "--format=%(objectname)"])
        head, _, code = self._repository.ask(["rev-parse", "--verify", "-q", "HEAD"])
        return list(dict.fromkeys((ids if code else head + ids).decode("ascii").split()))

    def _gone(self, tips: Sequence[str]) -> Iterator[Skip]:
        """Of tips without a tree those that should have one, or are not there at all; the others are blobs."""
        question = "".join(f"{tip}^{{}}\n" for tip in tips).encode("ascii")
        out, _, _ = self._repository.ask(["cat-file", "--batch-check=%(objecttype)"], question)
        for tip, answer in zip(tips, out.decode("ascii", "replace").splitlines(), strict=False):
            if answer != "blob":
                yield Skip(tip, "missing", f"{SHOWN}: what a ref points to, or its tree, is not here")


def _homes(repository: Repository) -> list[Path]:
    """The git directories of this work tree, of the first one, and of the other linked ones."""
    linked = repository.common_dir / "worktrees"
    try:
        others = sorted(path for path in linked.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        others = []
    return list(dict.fromkeys((repository.git_dir, repository.common_dir, *others)))


def _at(repository: Repository, folder: Path) -> Repository:
    """The same repository as another of its work trees sees it."""
    env = {key: value for key, value in repository.env.items() if key != "GIT_INDEX_FILE"}
    named = {"GIT_DIR": str(folder), "GIT_COMMON_DIR": str(repository.common_dir)}
    return Repository(
        repository.root,
        folder,
        repository.common_dir,
        repository.object_format,
        repository.shallow,
        repository.program,
        env | named,
    )


def _on_disk(repository: Repository) -> tuple[list[tuple[bytes, bool]], list[Skip]]:
    """Names of refs and of reflogs, as their files are called, and whether it is a ref of all work trees."""
    names: list[tuple[bytes, bool]] = []
    skips = []
    for folder in _homes(repository):
        for start in ("refs", "logs/refs"):
            if not os.path.lexists(folder / start):
                continue
            for found in walk(str(folder), start):
                if isinstance(found, Skip):
                    skips.append(Skip(PREFIX + found.path, found.reason, found.detail, found.fatal))
                else:
                    loose = start == "refs" and folder == repository.common_dir
                    names.append((os.fsencode(found[0].removeprefix("logs/")), loose))
    return names, skips
