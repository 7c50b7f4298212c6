"""The second stage: hits in, confirmed matches and decoded texts out."""

from collections import defaultdict
from collections.abc import Iterator

from dce_guard.model.item import Skip
from dce_guard.model.match import Match
from dce_guard.model.rule import Rule
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.confirm import Found, confirm
from dce_guard.scan.decode import MAX_DEPTH, Decoded, Decoder, decode_at
from dce_guard.scan.engine import View
from dce_guard.scan.prefilter import Hit
from dce_guard.scan.stage import Stage


class Second:
    """See engine.SecondStage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def matches(self, view: View, hits: list[Hit]) -> Iterator[Match | Skip]:
        """Matches by rule, in the order of the rules."""
        ends: dict[int, list[int]] = defaultdict(list)
        for anchor, end in hits:
            if anchor < len(self._stage.owners):
                for number in self._stage.owners[anchor]:
                    ends[number].append(end)
        for number in sorted(ends):
            yield from _confirmed(view, self._stage.rules[number], ends[number])

    def texts(self, view: View, hits: list[Hit]) -> Iterator[View]:
        """What runs decode to; a hit inside a run that was decoded already is passed over."""
        if view.depth >= MAX_DEPTH:
            return
        done: dict[Decoder, int] = {}
        for anchor, end in hits:
            decoder = self._stage.decoder(anchor)
            if decoder is None or end <= done.get(decoder, 0):
                continue
            if decoded := decode_at(decoder, view.data, view.low, view.high, end):
                done[decoder] = decoded.end
                yield _inner(view, decoded)


def _confirmed(view: View, rule: Rule, ends: list[int]) -> Iterator[Match | Skip]:
    try:
        for found in confirm(rule, view.data, view.low, view.high, ends):
            yield _match(view, rule, found)
    except TimeoutError:
        yield Skip(view.item.path, "timeout", f"rule {rule.id} took too long on a window of it")


def _match(view: View, rule: Rule, found: Found) -> Match:
    start, end = found.start, found.end
    item_start, item_end = view.span(start, end)
    return Match(
        rule, view.item, Sensitive(found.secret), found.groups, view.data, start, end,
        item_start, item_end, view.encoding, view.low, view.high,
    )  # fmt: skip


def _inner(view: View, decoded: Decoded) -> View:
    outer = view.span(decoded.start, decoded.end)
    encoding = "/".join(filter(None, (view.encoding, decoded.name)))
    return View(
        decoded.text, 0, len(decoded.text), view.item, lambda start, end: outer, encoding, view.depth + 1
    )
