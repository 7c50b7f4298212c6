"""Which repositories to sweep: from lists and folders. Names them apart, and lets no password through."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dce_guard.adapters.transport import is_address, parse
from dce_guard.errors import GuardError, UsageError

_LISTED = 2**24  # bytes of a list: some hundred thousand lines


@dataclass(frozen=True, slots=True)
class Target:
    """One repository. `address` is its absolute path or its URL, `name` what people call it in this sweep."""

    address: str
    name: str

    @property
    def remote(self) -> bool:
        """Whether it has to be fetched first."""
        return is_address(self.address)


def targets(sources: Iterable[Path], more: Iterable[Target] = ()) -> tuple[Target, ...]:
    """The repositories of lists, of folders, and those that were found elsewhere: each once, by name.

    Names are told apart: where two repositories would have one, both are called by their addresses. Raises
    UsageError for a source that names none or that is not understood, GuardError when it cannot be read.
    """
    found: dict[str, Target] = {}
    for source in sources:
        for target in _folder(source) if source.is_dir() else _listed(source):
            found.setdefault(target.address, target)
    for target in more:
        found.setdefault(target.address, target)
    names = Counter(target.name for target in found.values())
    return tuple(
        sorted(
            (one if names[one.name] == 1 else Target(one.address, one.address) for one in found.values()),
            key=lambda one: (one.name, one.address),
        )
    )


def _listed(source: Path) -> Iterator[Target]:
    """The repositories of a list: one path or URL a line, `#` begins a comment, paths count from the list."""
    lines = _text(source).splitlines()
    told = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    named = [(number, line) for number, line in told if line and not line.startswith("#")]
    if not named:
        raise UsageError(f"{source} names no repository; nothing was swept", "one path or URL a line")
    for number, line in named:
        yield _target(line, source, number)


def _text(source: Path) -> str:
    try:
        if not source.is_file():
            raise UsageError(
                f"{source}: neither a list nor a folder; nothing was swept", "name a file that exists"
            )
        if source.stat().st_size > _LISTED:
            raise UsageError(f"{source}: larger than any list of repositories; nothing was swept")
        return source.read_text("utf-8-sig")
    except OSError as error:
        raise GuardError(f"{source}: {error.strerror}; nothing was swept") from None
    except UnicodeDecodeError:
        raise UsageError(f"{source}: not UTF-8; nothing was swept") from None


def _target(line: str, source: Path, number: int) -> Target:
    at = f"{source}:{number}"
    if line.startswith("-") or not line.isprintable():
        raise UsageError(f"{at}: neither a path nor a URL; nothing was swept")
    path = Path(os.path.normpath(source.parent.absolute() / Path(line).expanduser()))
    if is_address(line) and not os.path.lexists(path):
        return Target(
            checked_url(line, at), _short(urlsplit(line).path if "://" in line else line.partition(":")[2])
        )
    return Target(str(path), path.name or str(path))


def checked_url(url: str, at: str) -> str:
    """`url`, if it may be fetched and holds no password. Raises UsageError, which does not show it, otherwise."""
    try:
        address = parse(url)
    except UsageError as error:
        raise UsageError(f"{at}: {error.message}", error.hint) from None
    if address.password is not None:
        raise UsageError(
            f"{at}: the URL holds a token or password (not shown), which every list of processes would show; "
            "nothing was swept",
            "take it out; git asks its credential helper, and tokens come from the environment",
        )
    return address.url


def _short(path: str) -> str:
    """`org/repo`, or as many groups as there are."""
    return path.strip("/").removesuffix(".git").strip("/") or path


def _folder(source: Path) -> Iterator[Target]:
    root = Path(os.path.abspath(source))  # noqa: PTH100  # as it is named: links in it are the user's
    found = list(_repositories(root))
    if not found:
        raise UsageError(f"no repository below {source}; nothing was swept", "name the folder they are in")
    for path in found:
        inner = path.relative_to(root).as_posix()
        yield Target(str(path), root.name if inner == "." else inner.removesuffix(".git"))


def _repositories(root: Path) -> Iterator[Path]:
    """Work trees and bare repositories at and below `root`; not inside one that was found, nor behind links."""
    waiting = [root]
    while waiting:
        here = waiting.pop()
        if _is_repository(here):
            yield here
        else:
            waiting += _below(here)


def _is_repository(folder: Path) -> bool:
    if os.path.lexists(folder / ".git"):
        return True
    parts = (folder / "HEAD", folder / "objects", folder / "refs")
    return parts[0].is_file() and all(part.is_dir() for part in parts[1:])


def _below(folder: Path) -> Sequence[Path]:
    """Sub-folders that are no links. Raises GuardError for one that cannot be read: it may hold repositories."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)), reverse=True
            )
    except OSError as error:
        raise GuardError(
            f"{folder}: {error.strerror}; nothing was swept, since repositories in it would be missed",
            "make it readable, or name the repositories in a list",
        ) from None
