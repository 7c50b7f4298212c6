"""What is scanned: items, and the buffers that hold them."""

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an item is."""

    FILE = "file"  # as it is on disk
    BLOB = "blob"  # a git blob: the index's, a commit's
    SYMLINK = "symlink"  # the target text of a symbolic link
    COMMIT = "commit"  # a commit object: message, author and committer lines
    TAG = "tag"
    STDIN = "stdin"
    PATH = "path"  # a file's name, as text
    REF = "ref"  # the name of a branch, tag or other ref, as text
    GIT_FILE = "git-file"  # a file of the git directory: configuration, reflog, FETCH_HEAD, a draft
    ENTRY = "entry"  # a member of an archive; its path is "archive!member"


class Reach(StrEnum):
    """How far a secret got out, as far as this repository knows."""

    WORK_TREE = "work-tree"
    STAGED = "staged"
    COMMITTED = "committed"
    PUSHED = "pushed"
    UNREACHABLE = "unreachable"  # in the object store, but no ref leads to it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at. `path` is relative to the report's root, decoded with surrogateescape."""

    kind: Kind
    path: str
    size: int
    object: str = ""  # git object id, where there is one
    commit: str = ""  # the commit it was read at, where there is one


@dataclass(slots=True)
class Chunk:
    """One buffer that holds one or many items, parted by a newline so that no match can span two.

    `offset`, `line` and `column` say where in its item a buffer begins when the item is larger than a buffer: bytes
    and newlines before it, and code points before it on its line. A chunk with an offset holds one item only.
    `data` is reused by readers: copy to keep. A view is of its buffer from the first byte on.
    """

    data: bytearray | bytes | memoryview
    items: list[Item] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    offset: int = 0
    line: int = 0
    last: bool = True  # nothing of the item follows this buffer
    column: int = 0

    def locate(self, position: int) -> int:
        """Index of the item that holds byte `position` (or the separator behind it)."""
        return bisect_right(self.starts, position) - 1


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was not looked at. `fatal` ones make the report incomplete and the exit code 3."""

    path: str
    reason: str  # one of a few words: unreadable, git-failed, timeout, limit, submodule, lfs-pointer, …
    detail: str = ""
    fatal: bool = True
