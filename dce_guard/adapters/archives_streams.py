"""Compressed files of one content: gzip, bzip2, xz and (from Python 3.14 on) zstd, in bounded memory and time."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from dce_guard.adapters.archives import Budget

_READ = 1 << 13  # bytes read again for each stream of many in one file
_XZ_MEMORY = 128 << 20  # bytes; xz -9 takes 65 MB to unpack

Readinto = Callable[[memoryview], int | None]


class _Decompressor(Protocol):
    """What `bz2` and `lzma` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the manners of the others; checks header, length and CRC (RFC 1952)."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Streams:
    """A compressed file, stream behind stream.

    `gzip`, `bz2` and `lzma` read such files too, but any number of empty streams without end (3 million in 64 MB),
    and `lzma.LZMAFile` with any amount of memory.
    """

    def __init__(
        self, content: io.BytesIO, make: Callable[[], _Decompressor], enter: Callable[[], bool]
    ) -> None:
        self._content = content
        self._make = make
        self._enter = enter
        self._one: _Decompressor | None = None

    def readinto(self, space: memoryview) -> int:
        """Fills some of `space`; 0 at the end. Raises as the decompressor does, EOFError when the file is cut."""
        while True:
            one = self._next() if self._one is None or self._one.eof else self._one
            if one is None:
                return 0
            asked = one.needs_input
            data = self._content.read(_READ) if asked else b""
            done = one.decompress(data, len(space))
            if done:
                space[: len(done)] = done
                return len(done)
            if asked and not data and not one.eof:
                raise EOFError

    def _next(self) -> _Decompressor | None:
        """The stream behind the one that ended, past padding of zeros; None behind the last."""
        if self._one:
            self._content.seek(-len(self._one.unused_data), io.SEEK_CUR)
        while data := self._content.read(_READ):
            if rest := data.lstrip(b"\0"):
                self._content.seek(-len(rest), io.SEEK_CUR)
                self._one = self._make() if self._enter() else None
                return self._one
        self._one = None
        return None


def _xz_decompressor() -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


_MAKERS: Mapping[str, Callable[[], _Decompressor]] = {
    "gzip": _Gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": _xz_decompressor,
}


def stream(kind: str, content: io.BytesIO, budget: Budget) -> Readinto | None:
    """What reads a compressed file's content; None where nothing here can. Each stream in it costs an entry."""
    if kind in _MAKERS:
        return _Streams(content, _MAKERS[kind], budget.enter).readinto
    if kind == "zstd" and find_spec("compression"):  # Python 3.14
        made: Callable[[io.BytesIO], io.BufferedIOBase] = import_module("compression.zstd").ZstdFile
        return made(content).readinto
    return None
