"""From a chunk's matches to sightings. Loaded on the first match: a clean scan never needs it."""

from collections import defaultdict
from collections.abc import Iterable

from dce_guard.cli.tables import Tables
from dce_guard.model.finding import Sighting
from dce_guard.model.item import Chunk
from dce_guard.model.match import Match
from dce_guard.model.rule import Confidence
from dce_guard.scan.checks import CHECKS
from dce_guard.scan.engine import owns
from dce_guard.scan.identity import Identity
from dce_guard.scan.judge import Judge
from dce_guard.scan.known import is_known
from dce_guard.scan.sight import Page, sightings


class Analyst:
    """Judges, names and masks. Values of findings go no further than this."""

    def __init__(self, tables: Tables, identity: Identity, least: Confidence) -> None:
        self._judge = Judge(CHECKS, lambda value: is_known(value, tables.known))
        self._identity = identity
        self._least = least

    def sightings(self, chunk: Chunk, matches: Iterable[Match]) -> list[Sighting]:
        """Of all matches in one chunk, those that are findings of at least the confidence asked for.

        Matches around a piece's own part help to judge (they may be halves of pairs) and are told by its neighbour.
        """
        items: dict[int, list[Match]] = defaultdict(list)
        numbers = {id(item): index for index, item in enumerate(chunk.items)}
        for match in matches:
            items[numbers[id(match.item)]].append(match)
        found = []
        for index in sorted(items):
            judged = [one for one in self._judge.item(items[index]) if owns(chunk, index, one.match)]
            sure = [one for one in judged if one.confidence.rank >= self._least.rank]
            weak = [one.match for one in judged if one.confidence.rank < self._least.rank]
            found += sightings(Page(chunk, index), sure, self._identity, weak)
        return found
