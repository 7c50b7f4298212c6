"""Showing where a secret stands without showing it: no six characters of it in a row survive."""

from collections.abc import Iterator, Sequence
from itertools import chain

from dce_guard.scan.identity import estimated_bits, shannon_bits

RUN = 6  # this many characters of a secret in a row are never shown
FILL = 5  # characters that stand for a masked stretch, whatever its length
EDGE = 4  # characters shown on either side of a long random value
SHOWN_FROM = 24  # bytes that a value needs to have its edges shown
HIDDEN_BITS = 64.0  # estimated bits that must stay hidden between the edges
_FILLS = "*#=~_"

Span = tuple[int, int]


def preview(secret: bytes) -> str:
    """A hint of `secret` for people: the edges of a long random value, else a few `*`, always the same."""
    text = _text(secret)
    fill = _fill([text])
    return text[:EDGE] + fill + text[-EDGE:] if _has_edges(secret) else fill


def mask_line(line: bytes, spans: Sequence[Span]) -> str:
    """`line` decoded, with the secrets at the byte `spans` and all that repeats them masked.

    Six characters or more that occur in a secret are masked wherever they stand in the line, so
    `password = "password1"` loses its first word too.
    """
    text, places = _decoded(line, _merged(spans, len(line)))
    secrets = [text[start:end] for start, end in places]
    fill, grams = _fill(secrets), _grams(secrets)
    hidden = _merged([*places, *_repeats(text, secrets, grams)], len(text))
    shown = {place for place, secret in zip(places, secrets, strict=True) if _has_edges(secret.encode())}
    friendly = _render(text, hidden, shown, fill)
    return _render(text, hidden, set(), fill) if _shows(friendly, grams) else friendly


def _render(text: str, hidden: Sequence[Span], shown: set[Span], fill: str) -> str:
    parts, position = [], 0
    for start, end in hidden:
        parts.append(text[position:start])
        edges = (start, end) in shown
        parts.append(text[start : start + EDGE] + fill + text[end - EDGE : end] if edges else fill)
        position = end
    return "".join((*parts, text[position:]))


def _shows(masked: str, grams: set[str]) -> bool:
    return any(masked[at : at + RUN] in grams for at in range(len(masked) - RUN + 1))


def _grams(secrets: Sequence[str]) -> set[str]:
    return {secret[at : at + RUN] for secret in secrets for at in range(len(secret) - RUN + 1)}


def _repeats(text: str, secrets: Sequence[str], grams: set[str]) -> Iterator[Span]:
    """Where the line says a secret, or six characters of one, once more."""
    yield from ((at, at + RUN) for at in range(len(text) - RUN + 1) if text[at : at + RUN] in grams)
    for secret in {secret for secret in secrets if EDGE <= len(secret) < RUN}:
        at = text.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = text.find(secret, at + 1)


def _merged(spans: Sequence[Span], size: int) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted((max(0, start), min(end, size)) for start, end in spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def _decoded(line: bytes, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """The line as text, and the spans in its characters."""
    text, places, position = "", [], 0
    for start, end in spans:
        text += _text(line[position:start])
        begin = len(text)
        text += _text(line[start:end])
        places.append((begin, len(text)))
        position = end
    return text + _text(line[position:]), places


def _text(value: bytes) -> str:
    return bytes(value).decode("utf-8", "backslashreplace")


def _fill(secrets: Sequence[str]) -> str:
    """What stands for a masked stretch: of a character in no secret here, or the mask could repeat one."""
    used = set().union(*secrets)
    return FILL * next(char for char in chain(_FILLS, map(chr, range(0x2500, 0xD800))) if char not in used)


def _has_edges(secret: bytes) -> bool:
    if len(secret) < SHOWN_FROM or not secret.isascii() or b" " in secret or not _text(secret).isprintable():
        return False
    hidden = secret[EDGE:-EDGE]
    return min(estimated_bits(hidden), 1.5 * shannon_bits(hidden)) >= HIDDEN_BITS
