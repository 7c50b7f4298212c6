"""The word that was probably meant."""

from collections.abc import Iterable
from importlib import import_module


def meant(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """`, did you mean 'x'?` for the known name nearest to `name`, or nothing below that likeness (0 to 1).

    `difflib` is loaded only here, on the way to an error: it costs 2 ms, and every hook starts this package.
    """
    close: list[str] = import_module("difflib").get_close_matches(name, sorted(known), 1, likeness)
    return f", did you mean '{close[0]}'?" if close else ""
