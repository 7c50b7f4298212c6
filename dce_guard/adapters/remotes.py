"""The remotes of a repository, through GitPython: names and hosts, never the credentials in an address."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import git

from dce_guard.errors import GitError


class Remote(NamedTuple):
    """A remote: its name, the host (or path) it is at, and whether its address holds a password or token."""

    name: str
    place: str
    credentials: bool


def remotes(git_dir: Path) -> list[Remote]:
    """All remotes, by name. Only the configuration file is read: git is not run, nor anything it names.

    Raises GitError when GitPython cannot read the repository.
    """
    try:
        repository = git.Repo(git_dir)
        with repository.config_reader("repository") as reader:
            sections = [name for name in reader.sections() if name.startswith('remote "')]
            found = [_remote(name[8:-1], str(reader.get_value(name, "url", ""))) for name in sections]
    except (git.GitError, OSError, ValueError) as error:
        raise GitError(f"The remotes of {git_dir} cannot be read ({type(error).__name__}).") from None
    return sorted(found)


def _remote(name: str, address: str) -> Remote:
    parts = urlsplit(address) if "://" in address else None
    if parts is None:
        return Remote(name, address, False)
    host = parts.netloc.rpartition("@")[2]
    # A lone user name is one (git@…) unless it is as long as a token.
    alone = bool(parts.username) and parts.password is None and len(parts.username or "") >= 20
    return Remote(name, f"{parts.scheme}://{host}{parts.path}", bool(parts.password) or alone)
