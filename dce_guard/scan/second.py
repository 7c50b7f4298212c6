"""The second stage: hits in, confirmed matches and decoded texts out."""

from collections import Counter, defaultdict
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

_MOST_FAILED = 16


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
        """What runs decode to; a hit inside a run that was decoded already is passed over.

        So is one inside a run of which several beginnings were tried in vain: trying all would take time
        that grows with the square of the run.
        """
        if view.depth >= MAX_DEPTH:
            return
        done: dict[Decoder, int] = {}
        failed: Counter[tuple[Decoder, int]] = Counter()
        for anchor, end in hits:
            decoder = self._stage.decoder(anchor)
            if decoder is None or end <= done.get(decoder, 0):
                continue
            decoded = decode_at(decoder, view.data, view.low, view.high, end)
            if decoded is None:
                continue
            failed[decoder, decoded.end] += not decoded.text
            if decoded.text or failed[decoder, decoded.end] > _MOST_FAILED:
                done[decoder] = decoded.end
            if decoded.text:
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
    text = decoded.text + b"\n"  # parted as items are: some anchors want the end of a line
    return View(text, 0, len(text) - 1, view.item, lambda start, end: outer, encoding, view.depth + 1)
