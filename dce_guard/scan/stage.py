"""The table behind the matcher: which rules and decoders an anchor stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

from dce_guard.model.rule import Rule
from dce_guard.scan.decode import DECODERS, Decoder


@dataclass(frozen=True, slots=True)
class Stage:
    """Rules by anchor number; the anchors of decoders follow those of rules."""

    rules: tuple[Rule, ...]
    anchors: tuple[str, ...]
    owners: tuple[tuple[int, ...], ...]  # for each anchor the rules' numbers

    def decoder(self, anchor: int) -> Decoder | None:
        """The decoder an anchor stands for, if it is a decoder's."""
        number = anchor - len(self.owners)
        return DECODERS[number] if number >= 0 else None


def stage(rules: Sequence[Rule]) -> Stage:
    """Anchors numbered, each once, in the order of the rules, then the decoders'."""
    owners: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for anchor in rule.anchors:
            owners.setdefault(anchor, []).append(number)
    anchors = (*owners, *(decoder.anchor for decoder in DECODERS))
    return Stage(tuple(rules), anchors, tuple(tuple(numbers) for numbers in owners.values()))
