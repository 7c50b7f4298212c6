"""Files as they are on disk: a repository's (tracked and untracked), or any folder's."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dce_guard.adapters.files import FileReader, walk
from dce_guard.adapters.git import Repository, failure, finish
from dce_guard.adapters.packing import CHUNK
from dce_guard.errors import GuardError
from dce_guard.model.item import Chunk, Skip

_BATCH = 500  # folders named in one git command: below every system's limit for a command line


@dataclass(slots=True)
class _Part:
    """Files below one folder: paths relative to it, and their sizes."""

    root: str
    prefix: str = ""
    files: list[tuple[str, int]] = field(default_factory=list)


class WorkTree:
    """Files on disk.

    In a repository: tracked and untracked ones, ignored ones with `ignored`, below `paths` (all without any);
    a file that is named is read whatever git thinks of it. Outside: everything below `paths`. `excludes` is
    asked with a path as the report says it; `avoid` are (device, inode) of files that must not be opened.
    """

    def __init__(
        self,
        repository: Repository | None,
        paths: Sequence[Path] = (),
        ignored: bool = False,
        excludes: Callable[[str], bool] | None = None,
        submodules: bool = False,
        avoid: frozenset[tuple[int, int]] = frozenset(),
        cwd: Path | None = None,
    ) -> None:
        self._repository = repository
        self._paths = paths
        self._ignored = ignored
        self._excludes = excludes
        self._submodules = submodules
        self._avoid = avoid
        self._cwd = cwd or Path.cwd()
        self._parts: list[_Part] | None = None
        self._skips: list[Skip] = []
        self.excluded = 0

    def load(self) -> "WorkTree":
        """Makes the list of files, once: before work is shared out, so that each process has the same list.

        Raises GuardError where a path does not exist, GitError where git cannot list.
        """
        if self._parts is None:
            self._parts = []
            if self._repository and self._repository.root:
                self._in_repository(self._repository, self._repository.root)
            else:
                if self._repository and not self._paths:
                    raise GuardError(
                        "A bare repository has no files on disk; nothing was scanned.", "Use --range."
                    )
                for path in self._paths or (self._cwd,):
                    self._outside(path)
        return self

    @property
    def files(self) -> int:
        """How many there are to read."""
        return sum(len(part.files) for part in self.load()._parts or ())

    @property
    def size(self) -> int:
        """How many bytes they have together."""
        return sum(size for part in self.load()._parts or () for _, size in part.files)

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """Buffers of files. Shards get alternate runs of a few MB: balanced, and near each other on disk."""
        self.load()
        if shard == 0:
            yield from self._skips
        done = 0
        for part in self._parts or ():
            mine = []
            for path, size in part.files:
                if done // CHUNK % shards == shard:
                    mine.append(path)
                done += size
            yield from FileReader(part.root, part.prefix, self._avoid).chunks(mine)

    def describe(self) -> Mapping[str, str]:
        """Mode, and the folder that paths in the report are relative to."""
        root = self._repository.root if self._repository else None
        return {"mode": "worktree", "root": str(root or self._cwd)}

    def _in_repository(self, repository: Repository, root: Path) -> None:
        part = _Part(str(root))
        self._parts = [part]
        listed: list[str] = []
        for path in self._paths:
            inside = _inside(self._cwd / path, root)
            if inside is None:
                self._outside(path)
            elif not _is_folder(root / inside):
                self._take(part, inside)
            elif inside and _in_nested(root, inside):
                self._walk(part, inside)
            else:
                listed.append(inside)
        if listed or not self._paths:
            self._listed(part, repository, [] if "" in listed else listed)

    def _listed(self, part: _Part, repository: Repository, folders: list[str]) -> None:
        """What git lists below the folders. One it lists nothing of is ignored as a whole, but was named."""
        names: set[str] = set()
        for at in range(0, max(len(folders), 1), _BATCH):
            for name in self._git_list(repository, folders[at : at + _BATCH]):
                if name not in names:  # an unmerged path comes once for each side
                    names.add(name)
                    self._take(part, name)
        for folder in folders:
            if not any(name.startswith(f"{folder}/") or name == folder for name in names):
                self._walk(part, folder)

    def _git_list(self, repository: Repository, folders: list[str]) -> Iterator[str]:
        ignoring = [] if self._ignored else ["--exclude-standard"]
        others = repository.popen(["ls-files", "-z", "-o", *ignoring, "--", *folders])
        try:
            tracked = repository.run(["ls-files", "-z", "-c", "--", *folders])
            yield from os.fsdecode(tracked).split("\0")[:-1]  # they are looked at while git walks the folders
        finally:
            out, stderr, code = finish(others, "ls-files")
        if code:
            raise failure("ls-files", stderr)
        self._skips += _complaints(stderr)
        yield from os.fsdecode(out).split("\0")[:-1]

    def _take(self, part: _Part, path: str) -> None:
        """Adds a path of a repository, if there is something to read at it."""
        if self._excludes and self._excludes(path):
            self.excluded += 1
            return
        try:
            status = os.lstat(f"{part.root}/{path}")
        except (FileNotFoundError, NotADirectoryError):
            return  # tracked but deleted on disk, or outside a sparse checkout: nothing is there to read
        except OSError:
            part.files.append((path, 0))  # the reader says why, or gets at it (a very long path)
            return
        if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            part.files.append((path, status.st_size))
        elif not stat.S_ISDIR(status.st_mode):
            self._skips.append(Skip(path, "special-file", "a fifo, socket or device", fatal=False))
        elif self._submodules:
            self._walk(part, path.rstrip("/"))
        else:
            self._skips.append(
                Skip(path.rstrip("/"), "submodule", "another repository, not entered", fatal=False)
            )

    def _walk(self, part: _Part, folder: str) -> None:
        for found in walk(part.root, folder):
            if isinstance(found, Skip):
                self._skips.append(Skip(part.prefix + found.path, found.reason, found.detail, found.fatal))
            elif self._excludes and self._excludes(part.prefix + found[0]):
                self.excluded += 1
            else:
                part.files.append(found)

    def _outside(self, path: Path) -> None:
        """A file or folder that is in no repository (or not in this one): all of it."""
        whole = Path(os.path.abspath(self._cwd / path))  # noqa: PTH100 - resolve() would follow a link that is named
        if not os.path.lexists(whole):
            raise _absent(path)
        if _is_folder(whole):
            shown = _shown(whole, self._cwd)
            part = _Part(str(whole), f"{shown}/" if shown else "")
            self._walk(part, "")
        else:
            shown = _shown(whole.parent, self._cwd)
            part = _Part(
                str(whole.parent), f"{shown}/" if shown else "", [(whole.name, whole.lstat().st_size)]
            )
        assert self._parts is not None
        self._parts.append(part)


def _inside(path: Path, root: Path) -> str | None:
    """A path relative to the repository's root, None if not below it. Raises GuardError if absent."""
    if not os.path.lexists(path):
        raise _absent(path)
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - only the way to it is resolved, not a link that is named
    real = whole.resolve() if whole.parent == whole else whole.parent.resolve() / whole.name
    base = root.resolve()
    return ("" if real == base else real.relative_to(base).as_posix()) if real.is_relative_to(base) else None


def _in_nested(root: Path, folder: str) -> bool:
    """Whether a folder is in a repository inside this one (or in this one's own .git)."""
    parts = folder.split("/")
    ways = (root.joinpath(*parts[: end + 1]) for end in range(len(parts)))
    return ".git" in parts or any(os.path.lexists(way / ".git") for way in ways)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _shown(folder: Path, cwd: Path) -> str:
    if folder == cwd:
        return ""
    return folder.relative_to(cwd).as_posix() if folder.is_relative_to(cwd) else folder.as_posix().rstrip("/")


def _absent(path: Path) -> GuardError:
    return GuardError(f"There is no {str(path)!r}; nothing was scanned.", "Check the path's spelling.")


def _complaints(stderr: bytes) -> Iterator[Skip]:
    """Skips for the folders git could not list, of which it only warns."""
    opening = "warning: could not open directory '"
    for line in os.fsdecode(stderr).splitlines():
        if line.startswith(opening):
            path, _, why = line.removeprefix(opening).rpartition("': ")
            yield Skip(path.rstrip("/"), "unreadable", why)
        elif line.startswith("warning: could not open directory"):  # cut short: a path of thousands of bytes
            yield Skip(line.removeprefix(opening)[:200], "unreadable", "git could not list it")
