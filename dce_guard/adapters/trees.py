"""The names in trees, each tree read once: a bomb of few trees with endless paths costs what its trees cost."""

import re
from collections.abc import Iterator, Sequence
from io import BufferedReader
from subprocess import Popen
from typing import cast

from dce_guard.adapters.git import Repository
from dce_guard.adapters.git_command import cause
from dce_guard.model.item import Skip

SHOWN = "file names"
_BATCH = 50  # asked for at once: under the 4,096 bytes that every system's pipe takes before anyone reads
_BROKEN = 100  # trees git died of, after which the rest is given up: each costs a fresh process, 3 ms
_TREES = 1_000_000  # read, and their ids kept: 90 MB
_LARGEST = 1 << 26  # bytes of one tree: a million files in one folder
_LONGEST = 4096  # bytes of a path before a name; of a longer one the end


class TreeReader:
    """Reads trees and what is below them, and yields every path in them: of a tree that is found at two
    places, the names in it below the first and only its own name at the second.
    """

    def __init__(self, repository: Repository, tips: Sequence[str]) -> None:
        self._repository = repository
        self._entry = re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % (repository.id_length // 2), re.DOTALL)
        self._waiting = [(f"{tip}^{{tree}}", b"") for tip in reversed(tips)]
        self._known: set[bytes] = set()
        self._process: Popen[bytes] | None = None
        self.skips: list[Skip] = []
        self.treeless: list[str] = []
        """Of the tips those that lead to no tree: what they name is missing, or no commit."""

    def paths(self) -> Iterator[list[bytes]]:
        """The paths of one tree after the other. What could not be read is in `skips` afterwards."""
        broken = 0
        try:
            while self._waiting and broken < _BROKEN and len(self._known) < _TREES:
                asked = self._waiting[-_BATCH:][::-1]
                del self._waiting[-_BATCH:]
                for at, found in enumerate(self._answers([name for name, _ in asked])):
                    if isinstance(found, Skip):
                        self.skips.append(found)
                        broken += found.reason != "limit"
                        self._waiting += asked[:at:-1]  # behind it nothing was answered
                    elif found:
                        yield self._taken(found, asked[at][1])
        finally:
            self._stop()
        if self._waiting:
            self.skips.append(Skip(SHOWN, "limit", f"at least {len(self._waiting):,} trees were not listed"))

    def _taken(self, tree: bytes, prefix: bytes) -> list[bytes]:
        entries = self._entry.findall(tree)
        for mode, name, child in entries:
            if mode == b"40000" and child not in self._known:
                self._known.add(child)
                self._waiting.append((child.hex(), (prefix + name + b"/")[-_LONGEST:]))
        if self._entry.sub(b"", tree):
            self.skips.append(Skip(SHOWN, "unreadable", "a damaged tree"))
        return [prefix + name for _, name, _ in entries]

    def _answers(self, names: Sequence[str]) -> Iterator[bytes | Skip]:
        """The content of each, empty for one that is none or was read; after a Skip for a dead git no more."""
        process = self._process = self._process or self._repository.popen(["cat-file", "--batch"], stdin=True)
        assert process.stdin and process.stdout
        try:
            process.stdin.write("".join(f"{name}\n" for name in names).encode("ascii"))
            process.stdin.flush()
        except OSError:
            pass  # it died: reading says of what
        out = cast(BufferedReader, process.stdout)
        for name in names:
            header = out.readline().split()
            if len(header) == 3 and int(header[2]) <= _LARGEST:
                content = out.read(int(header[2]) + 1)
                if len(content) == int(header[2]) + 1:
                    yield content[:-1] if self._is_new(name, header) else b""
                    continue
            elif len(header) == 2 and header[1] == b"missing":
                yield self._missing(name)
                continue
            yield self._died(name, too_large=len(header) == 3 and int(header[2]) > _LARGEST)
            return

    def _is_new(self, name: str, header: Sequence[bytes]) -> bool:
        """Whether what came is a tree, and if a tip's, one that was not read before."""
        if header[1] != b"tree":
            return False
        tree = bytes.fromhex(header[0].decode("ascii"))
        new = not name.endswith("}") or tree not in self._known
        self._known.add(tree)
        return new

    def _missing(self, name: str) -> bytes:
        if name.endswith("}"):
            self.treeless.append(name.partition("^")[0])
        else:
            self.skips.append(Skip(name, "missing", f"{SHOWN}: the tree is not in the repository"))
        return b""

    def _died(self, name: str, too_large: bool) -> Skip:
        """Why git could not go on. What a partial clone left behind is no damage."""
        complaint = self._stop()
        tree = name.partition("^")[0]
        if too_large:
            return Skip(tree, "limit", f"{SHOWN}: a tree of over {_LARGEST >> 20} MB")
        absent = b"promisor" in complaint
        return Skip(
            tree, "missing" if absent else "unreadable", f"{SHOWN}: {cause(complaint)}", fatal=not absent
        )

    def _stop(self) -> bytes:
        """Ends git; returns what it complained of."""
        process, self._process = self._process, None
        if process is None:
            return b""
        process.stdout.close()  # type: ignore[union-attr]
        try:
            return process.communicate()[1]
        except OSError:
            return b""
