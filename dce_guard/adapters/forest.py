"""The trees that deltas grow in: which entries of a pack are made from which, and what they are in the end."""

from array import array
from collections.abc import Callable, Iterator

from dce_guard.adapters.packfile import BLOB, COMMIT, OFS_DELTA, REF_DELTA, TAG, TREE, Pack

_NONE = -1
_BROKEN = 0
_WHOLE = (COMMIT, TREE, BLOB, TAG)
_DELTAS = (OFS_DELTA, REF_DELTA)


class Forest:
    """Of one pack: `kinds` by entry, `base` (-1 where it is whole), children, and what is `broken`: left to git."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        count = pack.count
        heads = map(pack.data.__getitem__, pack.offsets[:count])
        self.kinds = bytearray(byte >> 4 & 7 for byte in heads)
        self._child = array("i", [_NONE]) * count
        self._next = array("i", [_NONE]) * count
        self.base = array("i", [_NONE]) * count
        self._plant()

    def children(self, entry: int) -> Iterator[int]:
        """Entries that are deltas of this one."""
        child = self._child[entry]
        while child != _NONE:
            yield child
            child = self._next[child]

    def below(self, entry: int) -> Iterator[int]:
        """The entry and all that are made from it."""
        left = [entry]
        while left:
            entry = left.pop()
            yield entry
            left += self.children(entry)

    def roots(self, wanted: Callable[[int], bool]) -> Iterator[int]:
        """Whole entries of wanted kinds, in the order of the pack."""
        base, kinds = self.base, self.kinds
        return (entry for entry in range(self.pack.count) if base[entry] == _NONE and wanted(kinds[entry]))

    def _plant(self) -> None:
        """A base stands before what is made from it, but for bases named by id: those are settled at the end."""
        pack, kinds, late = self.pack, self.kinds, []
        for entry in range(pack.count):
            if kinds[entry] in _DELTAS:
                base = self._base(entry)
                self.base[entry] = base
                kinds[entry] = kinds[base] if base != _NONE else _BROKEN
                if base != _NONE:
                    self._next[entry] = self._child[base]
                    self._child[base] = entry
                    if kinds[base] in _DELTAS:
                        late.append(entry)
        for entry in late:
            self._settle(entry)
        self.broken = [entry for entry, kind in enumerate(kinds) if kind not in _WHOLE]

    def _base(self, entry: int) -> int:
        try:
            return self.pack.head(entry).base
        except (ValueError, IndexError):
            return _NONE

    def _settle(self, entry: int) -> None:
        """Gives an entry the kind that its chain ends in; a chain that ends nowhere is broken."""
        chain, kinds = set(), self.kinds
        end = entry
        while kinds[end] in _DELTAS and end not in chain:
            chain.add(end)
            end = self.base[end]
        kind = kinds[end] if end not in chain else _BROKEN
        for one in chain:
            kinds[one] = kind
