"""A repository with a past that anyone can build: releases of big projects from PyPI, one after another.

    python tests/benchmarks/past.py --work DIR

The releases are those of past.txt, in that order: 163 final releases of 17 projects, at most 12 of each and spread
over its life, in the order of their versions, the projects taken in turn. Not taken: botocore from 1.29 on, whose data
is compressed; ansible from 10 on, mypy before 0.600 and matplotlib before 1.3, for their size. 1.7 GB are fetched.

Each release comes in commits of a few files, as people commit, and gets a tag; all dates and names are fixed, so that
the same objects come out. What is left out of a release: names that git refuses. The result is one pack such as a
clone has: 5.75 GB in 473,771 blobs, 761,870 objects in all, packed in 0.9 GB.
Building takes a quarter of an hour and 5 GB.
"""

import argparse
import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from material import download, library
from places import arguments, environment, report, work_folder

_RELEASES = Path(__file__).with_name("past.txt")
_TOGETHER = 24  # files a commit
_PEOPLE = 40
_START = 1_200_000_000  # seconds since 1970 of the first commit
_APART = 3600  # seconds from one commit to the next
_FILE, _PROGRAM, _LINK = "100644", "100755", "120000"

Content = Iterable[tuple[str, str, bytes]]  # path, mode, bytes


@dataclass(frozen=True)
class Figures:
    """How large a repository is. `size` and `packed` are in bytes: of all blobs' content, of the packs."""

    commits: int
    objects: int
    blobs: int
    size: int
    packed: int

    def row(self, name: str) -> dict[str, object]:
        """For the report."""
        return {
            "name": name, "commits": self.commits, "objects": self.objects, "blobs": self.blobs,
            "blob_mb": round(self.size / 1e6, 1), "pack_mb": round(self.packed / 1e6, 1),
        }  # fmt: skip


class Stream:
    """Writes commits for `git fast-import`; a blob that was written before is only named."""

    def __init__(self, out: IO[bytes], branch: str, parent: str, start: int) -> None:
        self._out, self._branch = out, f"refs/heads/{branch}"
        self._from = f"from {parent}\n" if parent else ""
        self._known: set[str] = set()
        self._held: dict[str, dict[str, str]] = {}
        self._time = start

    def release(self, project: str, name: str, files: Content) -> None:
        """Replaces the project's folder by `files`, in as many commits as that takes, and tags the last."""
        before, now = self._held.get(project, {}), {}
        for path, mode, content in files:
            now[path] = f"{mode} {self._blob(content)}"
        # What is gone goes first: a file may have become a folder of the same name.
        changes = [f"D {project}/{path}\n" for path in sorted(before.keys() - now.keys())]
        changes += [
            f"M {now[path]} {project}/{path}\n" for path in sorted(now) if before.get(path) != now[path]
        ]
        for start in range(0, len(changes), _TOGETHER):
            self.commit(f"{name}: part {start // _TOGETHER + 1}", changes[start : start + _TOGETHER])
        self._held[project] = now
        self._write(f"tag {name}\nfrom {self._branch}\n{self._person('tagger')}{_data(name)}")

    def change(self, message: str, files: Content) -> None:
        """One commit that writes `files`."""
        self.commit(message, [f"M {mode} {self._blob(content)} {path}\n" for path, mode, content in files])

    def commit(self, message: str, changes: Iterable[str]) -> None:
        """One commit of `M` and `D` lines."""
        self._time += _APART
        people = self._person("author") + self._person("committer")
        self._write(f"commit {self._branch}\n{people}{_data(message)}{self._from}{''.join(changes)}\n")
        self._from = ""

    def _blob(self, content: bytes) -> str:
        name = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        if name not in self._known:
            self._known.add(name)
            self._out.writelines((b"blob\ndata %d\n" % len(content), content, b"\n"))
        return name

    def _person(self, role: str) -> str:
        number = self._time // _APART * 7 // 3 % _PEOPLE
        return f"{role} Person {number} <person{number}@example.org> {self._time} +0000\n"

    def _write(self, text: str) -> None:
        self._out.write(text.encode("utf-8", "surrogateescape"))


def _data(message: str) -> str:
    return f"data {len(message.encode()) + 1}\n{message}\n"


def build(options: argparse.Namespace, work: Path) -> Path:
    """The repository, built if it is not there yet: bare, one branch `main`, one pack."""
    place = work / ("past-quick.git" if options.quick else "past.git")
    if place.exists():
        return place
    env = environment(work)
    unfinished = place.with_suffix(".part")
    git(env, "init", "-q", "--bare", "--initial-branch=main", str(unfinished))
    with importing(unfinished, env) as stream:
        for project, name, files in _quick(work) if options.quick else _releases(work):
            stream.release(project, name, files)
    pack(unfinished, env)
    return unfinished.rename(place)


def _releases(work: Path) -> Iterator[tuple[str, str, Content]]:
    names = _RELEASES.read_text(encoding="utf-8").split()
    for archive in download(work, names):
        name = archive.name.removesuffix(".tar.gz")
        project = name.rpartition("-")[0].lower().replace("_", "-")
        yield project, name, _members(archive)


def _members(archive: Path) -> Iterator[tuple[str, str, bytes]]:
    with tarfile.open(archive) as file:
        for member in file:
            path = member.name.removeprefix("./").partition("/")[2]
            if not allowed(path):
                continue
            if member.issym():
                yield path, _LINK, member.linkname.encode("utf-8", "surrogateescape")
            elif content := file.extractfile(member) if member.isfile() or member.islnk() else None:
                yield path, _PROGRAM if member.mode & 0o100 else _FILE, content.read()


def allowed(path: str) -> bool:
    """Whether git takes it as a path, and needs no quotes around it."""
    parts = path.split("/")
    refused = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
    return not (refused or path.startswith('"') or "\n" in path)


def _quick(work: Path) -> Iterator[tuple[str, str, Content]]:
    """Three releases of some of Python's library, in each of which every third file changes."""
    folder = library(work / "past-quick", ("json", "email", "logging", "http"))
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for release in range(3):
        added = f"# Release {release}\n".encode()
        yield (
            "library", f"library-{release}",
            [
                (path.relative_to(folder).as_posix(), _FILE, path.read_bytes() + added * (number % 3 == release))
                for number, path in enumerate(files)
            ],
        )  # fmt: skip


@contextmanager
def importing(
    repository: Path, env: Mapping[str, str], branch: str = "main", parent: str = "", start: int = _START
) -> Iterator[Stream]:
    """Takes commits into the repository, onto `parent` if given. Raises CalledProcessError when git refuses one."""
    # What is written here is packed anew afterwards: neither deltas nor much compression.
    settings = ("-c", "core.compression=1", "-c", "fastimport.unpackLimit=0")
    command = ["git", *settings, "fast-import", "--quiet", "--depth=0"]
    process = subprocess.Popen(command, cwd=repository, env=env, stdin=subprocess.PIPE)
    with suppress(BrokenPipeError), process:  # which has then said why it ended
        assert process.stdin
        yield Stream(process.stdin, branch, parent, start)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def pack(repository: Path, env: Mapping[str, str]) -> None:
    """Makes one pack of all, as a clone of a repository that its server keeps tidy has it."""
    git(env, "-C", str(repository), "-c", "repack.writeBitmaps=false", "repack", "-q", "-a", "-d", "-f",
        "--depth=50", "--window=10")  # fmt: skip


def append(repository: Path, env: Mapping[str, str], commits: int) -> None:
    """Adds new commits of three changed files each: a branch `later` on top of HEAD."""
    head, _, last = git(env, "-C", str(repository), "log", "-1", "--format=%H %ct").decode().partition(" ")
    with importing(repository, env, "later", head, int(last)) as stream:
        for number in range(commits):
            lines = [f"value_{number}_{row} = compute({row}, {number})\n" for row in range(200)]
            text = "".join(lines).encode()
            changed = [
                (f"later/module_{(number + step) % 20}.py", _FILE, text * (step + 1)) for step in range(3)
            ]
            stream.change(f"Change {number}", changed)


def figures(repository: Path, env: Mapping[str, str]) -> Figures:
    """Counts what the repository holds."""
    every = ("--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectsize)")
    counts, size = dict.fromkeys((b"commit", b"tree", b"blob", b"tag"), 0), 0
    for line in git(env, "-C", str(repository), "cat-file", *every).splitlines():
        kind, _, length = line.partition(b" ")
        counts[kind] += 1
        size += int(length) if kind == b"blob" else 0
    packed = sum(path.stat().st_size for path in (repository / "objects/pack").iterdir())
    return Figures(counts[b"commit"], sum(counts.values()), counts[b"blob"], size, packed)


def git(env: Mapping[str, str], *words: str) -> bytes:
    """What git says. Raises CalledProcessError."""
    return subprocess.run(["git", *words], env=env, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Builds it and tells how large it is."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        place = build(options, work)
        report("past", options, {"Repository": [figures(place, environment(work)).row(place.name)]})


if __name__ == "__main__":
    sys.exit(main())
