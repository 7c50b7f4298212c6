"""A match, and what a check says of it. Both live inside one scan only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dce_guard.model.finding import Fact
from dce_guard.model.item import Item
from dce_guard.model.rule import Confidence, Rule, Sensitivity
from dce_guard.model.sensitive import Sensitive


@dataclass(slots=True)
class Match:
    """What a rule's pattern matched. Positions are bytes in the text that was searched.

    `groups` are the pattern's other named groups. `text` is the searched text (an item's bytes, or what was
    decoded from them); `start` and `end` span the secret in it, `item_start` and `item_end` in the item.
    `encoding` is the decode path, outermost first.
    """

    rule: Rule
    item: Item
    secret: Sensitive
    groups: Mapping[str, bytes]
    text: bytes | bytearray | memoryview
    start: int
    end: int
    item_start: int
    item_end: int
    encoding: str = ""
    low: int = 0  # the searched text's bounds in the buffer
    high: int = -1

    def __repr__(self) -> str:
        return f"Match({self.rule.id}, {self.item.path!r}, {self.item_start}:{self.item_end})"

    def line(self, reach: int = 400) -> tuple[bytes, int]:
        """The line the secret begins in, cut to `reach` bytes on either side, and the secret's offset in it."""
        high = self.high if self.high >= 0 else len(self.text)
        before = bytes(self.text[max(self.low, self.start - reach) : self.start])
        after = bytes(self.text[self.start : min(high, self.end + reach)])
        begin = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
        head = before[begin:]
        stop = min((at for at in (after.find(b"\n"), after.find(b"\r")) if at >= 0), default=len(after))
        return head + after[: max(stop, self.end - self.start)], len(head)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found out. Nothing set means: no opinion."""

    drop: str = ""  # why this is no finding; empty: it may be one
    known: bool = False  # with `drop`: the form is certain, so no rule that goes by a name reports it
    confidence: Confidence | None = None  # raised or lowered to this
    sensitivity: Sensitivity | None = None  # the value's own, where structure tells more than the rule
    facts: Mapping[str, Fact] = field(default_factory=dict)  # never a part of the value that opens anything
    reason: str = ""  # a sentence for people, as "its checksum is right"
