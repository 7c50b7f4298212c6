"""How far a found secret got out, as far as this repository knows. Asked for findings only.

It is a help for people, so where git cannot tell (a partial clone, a broken object) the answer is UNKNOWN.
"""

from collections.abc import Callable
from functools import cached_property

from dce_guard.adapters.git import Repository
from dce_guard.adapters.lookup import Lookup
from dce_guard.errors import GitError
from dce_guard.model.item import Reach


class Outreach:
    """Answers for one repository. What remote-tracking refs reach is pushed; without a remote nothing is."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._lookup = Lookup(repository)

    def close(self) -> None:
        """Lets the git process go."""
        self._lookup.close()

    def of_path(self, path: str, holds: Callable[[bytes], bool]) -> Reach:
        """Of a secret in a file: whether HEAD's, else the index's version of the path `holds` it too."""
        try:
            return Reach.UNKNOWN if "\n" in path else self._of_path(path, holds)
        except GitError:
            return Reach.UNKNOWN

    def of_object(self, object_id: str) -> Reach:
        """Of a secret in a blob, commit or tag of the history."""
        try:
            return Reach.COMMITTED if not self._remotes or object_id in self._unpushed else Reach.PUSHED
        except GitError:
            return Reach.UNKNOWN

    def _of_path(self, path: str, holds: Callable[[bytes], bool]) -> Reach:
        committed = self._lookup.object(f"HEAD:{path}")
        if committed and holds(committed[1]):
            return self.of_object(committed[0])
        staged = self._lookup.object(f":0:{path}")
        return Reach.STAGED if staged and holds(staged[1]) else Reach.WORK_TREE

    @cached_property
    def _remotes(self) -> bool:
        return bool(self._repository.run(["for-each-ref", "--count=1", "refs/remotes"]))

    @cached_property
    def _unpushed(self) -> frozenset[str]:
        """Every object of HEAD, local branches and tags that no remote-tracking ref reaches."""
        asked = ["rev-list", "--objects", "--no-object-names", "--missing=allow-any"]
        head = [] if self._lookup.object("HEAD") is None else ["HEAD"]
        out = self._repository.run([*asked, *head, "--branches", "--tags", "--not", "--remotes"])
        return frozenset(out.decode("ascii").split())
