"""Real repositories for tests, made with the git binary and with nothing of the user's own settings."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dce_guard.model.item import Chunk, Kind, Skip

PLANTED = (
    b"planted-here-and-nowhere-else"  # what tests look for in what a source yields; shaped like no secret
)


def git_env(home: Path) -> dict[str, str]:
    """An environment for making repositories: an own home, an author, no setting of this machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A U Thor",
        "GIT_AUTHOR_EMAIL": "author@example.org",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_NAME": "C O Mitter",
        "GIT_COMMITTER_EMAIL": "committer@example.org",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        "LC_ALL": "C.UTF-8",
    }


class Repo:
    """A repository with a work tree (or bare)."""

    def __init__(self, path: Path, *init: str, home: Path | None = None) -> None:
        self.path = path
        self.home = home or path.parent / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        path.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(path / ".git") and not (path / "HEAD").exists():
            self.git("init", "-q", "-b", "main", *init)

    def git(self, *args: str | bytes, data: bytes | None = None, **env: str) -> str:
        """What git says; fails the test when git fails."""
        command = ["git", "-c", "protocol.file.allow=always", *args]
        done = subprocess.run(
            command, cwd=self.path, env=git_env(self.home) | env, input=data, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, name: str | bytes, content: bytes = PLANTED) -> bytes:
        """A file in the work tree, of any name."""
        path = os.path.join(os.fsencode(self.path), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def commit(self, message: str = "change") -> str:
        """Everything in the work tree, committed; returns the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def commit_file(self, name: str, content: bytes = PLANTED, message: str = "change") -> str:
        """One file, written and committed."""
        self.write(name, content)
        return self.commit(message)


def clone(source: Repo, target: Path, *options: str) -> Repo:
    """A clone over the real transport (file://), which honours --depth and --filter."""
    source.git("clone", "-q", *options, f"file://{source.path}", str(target))
    return Repo(target, home=source.home)


class Seen:
    """What a source yielded, put together again."""

    def __init__(self, answers: Iterable[Chunk | Skip]) -> None:
        self.skips: list[Skip] = []
        self.items: list[tuple[Kind, str, bytes]] = []
        self.largest = 0
        self._open = bytearray()
        for answer in answers:
            if isinstance(answer, Skip):
                self.skips.append(answer)
            else:
                self._take(answer)

    def _take(self, chunk: Chunk) -> None:
        data = bytes(chunk.data)
        self.largest = max(self.largest, len(data))
        if chunk.offset or not chunk.last:
            assert len(chunk.items) == 1
            assert chunk.offset <= len(self._open)  # pieces overlap or join, and nothing is between them
            assert chunk.line == self._open[: chunk.offset].count(b"\n")
            del self._open[chunk.offset :]
            self._open += data
            if chunk.last:
                self.items.append((chunk.items[0].kind, chunk.items[0].path, bytes(self._open)))
                self._open.clear()
            return
        for item, start, end in zip(chunk.items, chunk.starts, chunk.ends, strict=True):
            assert end == len(data) or data[end : end + 1] == b"\n"  # parted, so that no match spans two
            self.items.append((item.kind, item.path, data[start:end]))

    @property
    def paths(self) -> set[str]:
        return {path for _, path, _ in self.items}

    @property
    def planted(self) -> set[str]:
        """The paths of the items that hold what was planted."""
        return {path for _, path, content in self.items if PLANTED in content}

    @property
    def fatal(self) -> list[Skip]:
        return [skip for skip in self.skips if skip.fatal]

    def content(self, path: str) -> bytes:
        return next(content for _, name, content in self.items if name == path)

    def kind(self, path: str) -> Kind:
        return next(kind for kind, name, _ in self.items if name == path)
