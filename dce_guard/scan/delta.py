"""What a git delta does: what it copies of its base, what it inserts (gitformat-pack, "Deltified representation").

A delta tells where a new version differs from an old one, without comparing them: that is what lets a sweep of a
history search only what is new in each version.
"""

from typing import NamedTuple

Copy = tuple[int, int, int]
"""A stretch [start, end) of the new text, and where it begins in the base."""

_COPY = 0x80
# For each copy instruction the bits that its argument bytes go to: four of the offset, then three of the size.
_SHIFTS = tuple(
    tuple(shift for bit, shift in enumerate((0, 8, 16, 24, 32, 40, 48)) if code >> bit & 1)
    for code in range(128)
)
_SIZE_OF_ZERO = 0x10000


class Patched(NamedTuple):
    """The new text, and what of it was copied from the base, in order; neighbours in both are one stretch."""

    text: bytes
    copies: list[Copy]


def patch(delta: bytes, base: bytes) -> Patched:
    """The text that `delta` makes of `base`. Raises ValueError when the delta is not one for this base."""
    try:
        return _patch(delta, base)
    except IndexError:
        raise ValueError("a delta that ends in the middle of an instruction") from None


def _patch(delta: bytes, base: bytes) -> Patched:
    size, at = _size(delta, 0)
    made, at = _size(delta, at)
    if size != len(base):
        raise ValueError("a delta for another base")
    view = memoryview(base)
    pieces: list[bytes | memoryview] = []
    copies: list[Copy] = []
    position, came_to, behind, shifts = 0, -1, len(delta), _SHIFTS
    while at < behind:
        code = delta[at]
        at += 1
        if code & _COPY:
            argument = 0
            for shift in shifts[code & 127]:
                argument |= delta[at] << shift
                at += 1
            source = argument & 0xFFFFFFFF
            length = argument >> 32 or _SIZE_OF_ZERO
            end = source + length
            if end > size:
                raise ValueError("a delta that copies from behind its base")
            if source == came_to:
                copies[-1] = (copies[-1][0], position + length, copies[-1][2])
            else:
                copies.append((position, position + length, source))
            came_to = end
            pieces.append(view[source:end])
        elif code:
            length = code
            pieces.append(delta[at : at + code])
            at += code
            came_to = -1
        else:
            raise ValueError("a delta with a reserved instruction")
        position += length
    if position != made or at > behind:  # told before anything is copied: a few bytes can say gigabytes
        raise ValueError("a delta that does not make what it says")
    return Patched(b"".join(pieces), copies)


def sizes(delta: bytes) -> tuple[int, int]:
    """What a delta says of the sizes of its base and of what it makes, bytes. Raises ValueError on a torn one."""
    try:
        base, at = _size(delta, 0)
        return base, _size(delta, at)[0]
    except IndexError:
        raise ValueError("a delta without sizes") from None


def _size(delta: bytes, at: int) -> tuple[int, int]:
    """A size of 7 bits a byte, lowest first, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = delta[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < _COPY:
            return value, at
        shift += 7
