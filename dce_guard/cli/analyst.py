"""From a chunk's matches to sightings. Loaded on the first match: a clean scan never needs it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from dce_guard.cli.tables import Tables
from dce_guard.model.finding import Sighting
from dce_guard.model.item import Chunk, Kind
from dce_guard.model.match import Match
from dce_guard.model.rule import Confidence
from dce_guard.scan.checks import CHECKS
from dce_guard.scan.engine import owns
from dce_guard.scan.file_kinds import SAMPLES
from dce_guard.scan.identity import Identity
from dce_guard.scan.judge import Judge, Judged
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
            kinds = [self._by_file(one) for one in judged]
            sure = [
                index for index, one in enumerate(judged) if self._is_sure(one.confidence) or kinds[index]
            ]
            weak = [one.match for index, one in enumerate(judged) if index not in sure]
            seen = sightings(Page(chunk, index), [judged[index] for index in sure], self._identity, weak)
            found += [
                replace(one, by_file=kinds[index]) if kinds[index] else one
                for index, one in zip(sure, seen, strict=True)
            ]
        return found

    def _is_sure(self, confidence: Confidence) -> bool:
        return confidence.rank >= self._least.rank

    def _by_file(self, one: Judged) -> dict[str, Confidence]:
        """Of what goes by a name, in a blob whose path is not known yet: in which kinds of file it is a finding."""
        match = one.match
        if not one.generic or match.item.path or match.item.kind is not Kind.BLOB:
            return {}
        told = {}
        for kind, path in SAMPLES.items():
            there = self._judge.judge(replace(match, item=replace(match.item, path=path)))
            if not there.drop and self._is_sure(there.confidence):
                told[kind] = there.confidence
        return told
