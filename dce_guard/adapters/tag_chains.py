"""Which refs lead to an annotated tag: those that name it, and those that name a tag of that tag."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from dce_guard.adapters.git import Repository
from dce_guard.adapters.objects import ObjectReader, Wanted
from dce_guard.adapters.ref_tips import Tip
from dce_guard.model.item import Chunk

_HEADER = 512  # bytes in which a tag says what it is of


def tag_names(repository: Repository, refs: Sequence[Tip], tags: Collection[str]) -> dict[str, list[str]]:
    """For each tag object the refs that lead to it, in the order of `refs`."""
    names: dict[str, set[str]] = defaultdict(set)
    for tip in refs:
        if tip.object != tip.target:
            names[tip.object].add(tip.name)
    left, done = set(names) if tags else set(), set[str]()
    while left:  # behind a tag there may be another
        done |= left
        inner = dict(_inner(repository, sorted(left)))
        for outer, tag in inner.items():
            names[tag] |= names[outer]
        left = set(inner.values()) - done
    places = {tip.name: at for at, tip in enumerate(refs)}
    return {tag: sorted(names[tag], key=places.__getitem__) for tag in tags if tag in names}


def _inner(repository: Repository, tags: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a tag and the tag that it is of."""
    for answer in ObjectReader(repository, [Wanted(tag) for tag in tags]).chunks():
        if isinstance(answer, Chunk) and not answer.offset:
            for item, start in zip(answer.items, answer.starts, strict=True):
                head = bytes(answer.data[start : start + _HEADER]).split(b"\n", 2)
                if head[1:2] == [b"type tag"]:
                    yield item.object, head[0][7:].decode("ascii", "replace")
