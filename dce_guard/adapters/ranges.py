"""What a range of commits adds to a repository: every object, whichever commit or merge brought it in."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dce_guard.adapters.git import Repository, failure
from dce_guard.adapters.git_command import cause
from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.adapters.revisions import commits, resolve, shallow
from dce_guard.errors import UsageError
from dce_guard.model.item import Chunk, Skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object stands: the path, and the first commit of the range that put it there."""

    path: str
    commit: str


class Range:
    """The objects that a range's commits add, with the commits themselves (messages, authors) and their tags.

    `spec` is "A..B", "A...B" (since A and B parted) or pairs of old and new object ids as a push tells them,
    with all zeros for "did not exist" and "deleted". What a ref new to the other side adds is told from what
    remote-tracking refs (`remote`'s, else all) reach. What only a merge brought in is there, too.

    Raises UsageError for a revision that does not exist, GitError in a shallow clone that holds too little.
    """

    def __init__(
        self, repository: Repository, spec: str | Sequence[tuple[str, str]], remote: str = ""
    ) -> None:
        self._repository = repository
        self._skips: list[Skip] = []
        self._wanted: list[Wanted] | None = None
        self._name = (
            spec if isinstance(spec, str) else ", ".join(f"{old[:12]}..{new[:12]}" for old, new in spec)
        )
        self.base = ""
        """The commit the range starts behind, where there is one: whose policy counts."""
        self.head = ""
        self._remote = remote
        self._beyond: tuple[str, ...] = ()  # options, for what standard input cannot say before git 2.42
        if isinstance(spec, str):
            self._tips = self._parse(spec)
        else:
            self._tips = self._pushed(spec)

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """The objects; a Skip for each that is missing or broken. Raises GitError in a shallow clone."""
        if self._wanted is None:
            self._wanted = self._list()
        if shard == 0:
            yield from self._skips
        yield from ObjectReader(self._repository, self._wanted[shard::shards]).chunks()

    def describe(self) -> Mapping[str, str]:
        """Mode, range as asked for, and the commits it stands for."""
        root = self._repository.root or self._repository.git_dir
        return {"mode": "range", "root": str(root), "range": self._name, "base": self.base, "head": self.head}

    def provenance(
        self, objects: Collection[str], excluded: Callable[[str], bool] | None = None
    ) -> dict[str, Place]:
        """Path and first commit of blobs, for those that findings are in. One walk over the range's commits.

        A blob at several paths is told at the first that is not `excluded`: a copy in an excluded folder does
        not hide the other. Blobs that only a tag names, and commits and tags, are not in the answer.
        """
        left = set(objects)
        places: dict[str, Place] = {}
        order = self._repository.run(
            ["rev-list", "--reverse", "--topo-order", "--stdin", *self._beyond], self._tips
        )
        if not left or not order:
            return places
        asked = ["diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z", "--no-abbrev", "--no-renames"]
        out = self._repository.run([*asked, "--no-textconv", "--no-ext-diff"], order)
        commit = ""
        fields = iter(out.decode("utf-8", "surrogateescape").split("\0"))
        for entry in fields:
            if not entry.startswith(":"):
                commit = entry[: self._repository.id_length] or commit
                continue
            path, blob = next(fields), entry.split(" ")[3]
            if blob in left:
                hidden = excluded is not None and excluded(path)
                if not hidden:
                    left.discard(blob)
                if not hidden or blob not in places:
                    places[blob] = Place(path, commit)
        return places

    def _parse(self, spec: str) -> bytes:
        left, dots, right = spec.partition("...") if "..." in spec else spec.partition("..")
        if not dots:
            raise UsageError(
                f"{spec!r} is no range; nothing was scanned.", "Write A..B, as in origin/main..HEAD."
            )
        old, self.head = commits(self._repository, [left or "HEAD", right or "HEAD"])
        self.base = self._fork(old, self.head, spec) if dots == "..." else old
        tags = resolve(self._repository, [right or "HEAD"])  # an annotated tag is an object of its own
        return _lines([self.head, *(tag for tag in tags if tag), f"^{self.base}" if self.base else ""])

    def _fork(self, old: str, new: str, spec: str) -> str:
        out, stderr, code = self._repository.ask(["merge-base", old, new])
        if code and self._repository.shallow:
            raise shallow(f"The commit where {spec!r} parted is not")
        if code > 1:
            raise failure("merge-base", stderr)
        return out.decode("ascii").strip()  # none: histories that share nothing, so all of the second is new

    def _pushed(self, pairs: Sequence[tuple[str, str]]) -> bytes:
        """What a push sends: new tips, without what the other side has as far as we can know."""
        news = [new for _, new in pairs if new.strip("0")]
        olds = [old for old, new in pairs if old.strip("0") and new.strip("0")]
        for new, found in zip(news, resolve(self._repository, news), strict=True):
            if not found:
                raise (
                    shallow(f"{new[:12]} is not")
                    if self._repository.shallow
                    else UsageError(
                        f"There is no object {new[:12]!r} in this repository; nothing was scanned."
                    )
                )
        known = [old for old in resolve(self._repository, olds) if old]
        if not news:
            return b""
        self.base, self.head = known[0] if known else "", news[0]
        if len(known) < len(news):
            self._beyond = ("--not", f"--remotes={self._remote}" if self._remote else "--remotes")
            if (
                "GIT_QUARANTINE_PATH" in self._repository.env
            ):  # receiving: what our own refs reach is here already
                self._beyond = ("--not", "--all")
        return _lines([*news, *(f"^{old}" for old in known)])

    def _list(self) -> list[Wanted]:
        """Every object of the range. Raises GitError where a shallow clone cuts it short."""
        if not self._tips:
            return []
        asked = ["rev-list", "--objects", "--missing=print", "--stdin", *self._beyond]
        out, stderr, code = self._repository.ask(asked, self._tips)
        wanted = []
        for line in out.decode("utf-8", "surrogateescape").split("\n")[:-1]:
            if line.startswith("?"):
                self._skips.append(Skip(line[1:], "missing", "the object is not in the repository"))
                continue
            object_id, _, path = line.partition(" ")
            wanted.append(Wanted(object_id, path))
        if code:
            self._skips.append(Skip(self._name, "git-failed", f"listing stopped: {cause(stderr)}"))
        self._refuse_cut(wanted)
        return wanted

    def _refuse_cut(self, wanted: list[Wanted]) -> None:
        """A commit whose parents a shallow clone left out: what came before it in the range is not here."""
        if not self._repository.shallow:
            return
        cut = set((self._repository.common_dir / "shallow").read_text("ascii").split())
        if cut & {item.object for item in wanted if not item.path}:
            raise shallow("The range reaches back behind what is")


def _lines(tips: Sequence[str]) -> bytes:
    return "".join(f"{tip}\n" for tip in dict.fromkeys(tips) if tip).encode("ascii")
