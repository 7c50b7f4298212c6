"""What the findings of a history point at, read again."""

from collections.abc import Iterator, Mapping

from dce_guard.adapters.gitdir import GitFiles
from dce_guard.adapters.lfs import LfsObjects
from dce_guard.adapters.names import Names
from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.adapters.worktree import WorkTree
from dce_guard.cli.session import Session
from dce_guard.model.finding import Report
from dce_guard.model.item import Chunk, Skip


class Addresses:
    """A source of the objects that a report's findings stand in, and of what is no object where one stands there."""

    def __init__(self, session: Session, report: Report) -> None:
        self._session = session
        self._places = [place for finding in report.findings for place in finding.locations]

    def describe(self) -> Mapping[str, str]:
        """Mode."""
        return {"mode": "history"}

    def chunks(self, shard: int = 0, shards: int = 1) -> Iterator[Chunk | Skip]:
        """The objects once each, then names, files of the git directory and files on disk."""
        repository = self._session.repository
        if repository is None:
            return
        wanted = dict.fromkeys(place.object for place in self._places if place.object)
        yield from ObjectReader(repository, [Wanted(one) for one in wanted]).chunks()
        if all(place.object for place in self._places):
            return
        yield from Names(repository).chunks()
        yield from GitFiles(repository).load().chunks()
        yield from LfsObjects(repository).load().chunks()
        if repository.root:
            excluded = self._session.policy.excluded
            yield from WorkTree(repository, (), True, excluded, False, cwd=repository.root).load().chunks()
