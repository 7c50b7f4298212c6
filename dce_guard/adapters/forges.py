"""The repositories of an organisation at GitHub or of a group at GitLab, as their APIs list them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from dce_guard.adapters.forge_client import Forge
from dce_guard.adapters.repositories import Target, checked_url
from dce_guard.errors import GuardError, UsageError
from dce_guard.model.sensitive import Sensitive


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of forge: where its API is, how it names things, and which variables hold a token."""

    public: str
    api: str  # below the address of a forge of one's own
    path: str
    headers: Mapping[str, str]
    tokens: tuple[str, ...]
    name: str  # of the field with the repository's full name
    clone: str
    forked: str


# docs.github.com "List organization repositories" (version 2022-11-28); docs.gitlab.com "List a group's projects"
GITHUB = Kind(
    public="https://api.github.com",
    api="/api/v3",
    path="/orgs/{}/repos?type=all&sort=full_name&per_page=100",
    headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    tokens=("GITHUB_TOKEN", "GH_TOKEN"),
    name="full_name",
    clone="clone_url",
    forked="fork",
)
GITLAB = Kind(
    public="https://gitlab.com/api/v4",
    api="/api/v4",
    path="/groups/{}/projects?include_subgroups=true&with_shared=false&order_by=id&sort=asc&per_page=100",
    headers={"Accept": "application/json"},
    tokens=("GITLAB_TOKEN",),
    name="path_with_namespace",
    clone="http_url_to_repo",
    forked="forked_from_project",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to list, and what of it to leave out."""

    kind: Kind
    owner: str
    url: str = ""  # of a forge of one's own
    forks: bool = True
    archived: bool = True

    @property
    def base(self) -> str:
        """Where the API is."""
        if not self.url:
            return self.kind.public
        url = self.url.rstrip("/")
        return url if urlsplit(url).path.startswith("/api/") else url + self.kind.api

    @property
    def host(self) -> str:
        """Where clones come from and may get the token, as "https://host"; GitHub's API has a host of its own."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.') if not self.url else parts.netloc}"

    def token(self, environ: Mapping[str, str]) -> Sensitive | None:
        """The token in the environment. Raises UsageError for one that no header can hold."""
        for variable in self.kind.tokens:
            text = environ.get(variable, "").strip()
            if text and not (text.isascii() and text.isprintable() and " " not in text):
                raise UsageError(f"{variable} is no token (its value is not shown); nothing was swept")
            if text:
                return Sensitive(text.encode("ascii"))
        return None


def repositories(
    asked: Asked, environ: Mapping[str, str], told: Callable[[str], None], **clock: Any
) -> Iterator[Target]:
    """All repositories of an organisation or group, with those of its subgroups, by the forge's list.

    `told` hears of waiting; `clock` may hold `sleep` and `now` for `Forge`. Raises GuardError when the list
    cannot be had whole, and when it names a repository that git must not be given.
    """
    forge = Forge(asked.base, asked.kind.headers, asked.token(environ), told, **clock)
    seen: set[object] = set()
    for page in forge.pages(asked.kind.path.format(quote(asked.owner, safe=""))):
        for row in page:
            if row.get("id") not in seen and _wanted(row, asked):
                yield _target(row, asked)
            seen.add(row.get("id"))
    if not seen:
        raise GuardError(
            f"{asked.owner} has no repositories that may be seen; nothing was swept",
            f"check the name, and that {asked.kind.tokens[0]} may read them",
        )


def _wanted(row: Mapping[str, Any], asked: Asked) -> bool:
    return (asked.forks or not row.get(asked.kind.forked)) and (asked.archived or not row.get("archived"))


def _target(row: Mapping[str, Any], asked: Asked) -> Target:
    name, url = row.get(asked.kind.name), row.get(asked.kind.clone)
    at = f"the list of {asked.owner}"
    if not isinstance(name, str) or not isinstance(url, str) or not url.isprintable():
        raise GuardError(f"{at} has an entry without name or address; nothing was swept")
    if urlsplit(url).scheme not in ("https", urlsplit(asked.base).scheme):
        raise GuardError(f"{at}: {name} has no https address; nothing was swept")
    return Target(checked_url(url, at), name)
