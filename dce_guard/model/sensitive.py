"""A value that does not get out by accident."""

import hmac
from typing import NoReturn, final


@final
class Sensitive:
    """Bytes that do not print, format, pickle, log or compare in the clear.

    A plain class with slots, not a dataclass: `dataclasses.asdict` would copy the value out (measured).
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The value itself. Every call is a place to review."""
        return self._value

    def __repr__(self) -> str:
        return "Sensitive(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sensitive) and hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash of the value would be an oracle for it

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Sensitive value is never serialised")
