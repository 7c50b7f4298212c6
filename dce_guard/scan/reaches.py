"""How far rules look around the hits of their anchors."""

from dce_guard.scan.decode import MAX_RUN
from dce_guard.scan.stage import Stage

# The most bytes that a hit of an anchor may stretch and be found where only a part of it is new. The longest of a
# shipped rule's is 317; where an anchor knows no bound its rule looks no further back than 512 (a test measures it).
WIDTH = 512


def reaches(stage: Stage) -> tuple[tuple[int, int], ...]:
    """For each anchor the bytes before and after the end of a hit that its rules, or its decoder, look at."""
    rules = [
        (
            max((stage.rules[number].before for number in numbers), default=0),
            max((stage.rules[number].after for number in numbers), default=0),
        )
        for numbers in stage.owners
    ]
    return (*rules, *((64, MAX_RUN) for _ in stage.anchors[len(rules) :]))
