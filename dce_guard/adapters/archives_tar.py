"""Members of a tar stream, read in order and in bounded memory.

Not `tarfile`: it reads names and extended headers of any size an archive claims into memory at once, keeps
every member, and its parsing differs between the Pythons that are supported (CVE-2024-6232, CVE-2025-8194).
"""

from collections.abc import Callable, Iterator

_BLOCK = 512
_LONGEST = 1 << 16  # bytes of a long name or an extended header; what is longer is damaged
_LINKS = b"12"
_FOLDERS_AND_DEVICES = b"3456"
_SCRAP = 1 << 16

Read = Callable[[memoryview], int]


class TarError(ValueError):
    """The stream is no tar archive from here on."""


class Tar:
    """A tar stream: ustar, GNU and pax (POSIX.1-2001), old GNU sparse files as the data they store."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._left = 0  # bytes of the present member that nobody has read
        self._padding = 0

    def members(self) -> Iterator[tuple[str, int, Read]]:
        """Name, size and reader of each file, valid until the next is asked for; a link's target is its content.

        Raises TarError on a broken or cut header.
        """
        said: dict[str, str] = {}
        while (header := self._header()) is not None:
            kind = header[156:157]
            if kind in (b"L", b"x", b"K", b"g"):
                said |= self._extension(kind, _number(header[124:136]))
                continue
            name, size = said.get("path") or _name(header), _size(said, header)
            link, said = said.get("linkpath", ""), {}
            if kind and kind in _LINKS:
                target = link.encode("utf-8", "surrogateescape") or header[157:257].rstrip(b"\0")
                yield name, len(target), _once(target)
            elif kind not in _FOLDERS_AND_DEVICES or not kind:
                self._sparse(kind, header)
                self._begin(size)
                yield name, size, self._content
                self._finish()

    def _header(self) -> bytes | None:
        """The next header block; None at the end of the archive (a block of zeros, or of the stream)."""
        block = self._block()
        if not block or not block.strip(b"\0"):
            return None
        total = sum(block[:148]) + 8 * 32 + sum(block[156:])
        if len(block) < _BLOCK or _number(block[148:156]) != total:
            raise TarError("a header's checksum is wrong")
        return block

    def _extension(self, kind: bytes, size: int) -> dict[str, str]:
        """What an extended header says of the member that follows."""
        if size > _LONGEST:
            raise TarError("an extended header is too long")
        self._begin(size)
        data = bytearray(size)
        if _fill(memoryview(data), self._content) < size:
            raise TarError("it ends in a header")
        self._finish()
        if kind in (b"L", b"K"):
            text = bytes(data).rstrip(b"\0").decode("utf-8", "surrogateescape")
            return {"path" if kind == b"L" else "linkpath": text}
        return _records(bytes(data)) if kind == b"x" else {}

    def _sparse(self, kind: bytes, header: bytes) -> None:
        """Passes over the maps of an old GNU sparse file, which stand between its header and its data."""
        more = kind == b"S" and header[482]
        while more:
            block = self._block()
            if len(block) < _BLOCK:
                raise TarError("it ends in a header")
            more = block[504]

    def _begin(self, size: int) -> None:
        self._left, self._padding = size, -size % _BLOCK

    def _content(self, space: memoryview) -> int:
        count = self._read(space[: self._left]) if self._left else 0
        self._left -= count
        return count

    def _finish(self) -> None:
        """Passes over what nobody read of a member, and its padding."""
        scrap = memoryview(bytearray(min(_SCRAP, self._left + self._padding)))
        left, self._left = self._left + self._padding, 0
        while left:
            count = self._read(scrap[:left])
            if not count:
                raise TarError("it ends in a member")
            left -= count

    def _block(self) -> bytes:
        block = bytearray(_BLOCK)
        return bytes(block[: _fill(memoryview(block), self._read)])


def _size(said: dict[str, str], header: bytes) -> int:
    size = said.get("size", "")
    return int(size) if size.isascii() and size.isdigit() and len(size) < 20 else _number(header[124:136])


def _number(field: bytes) -> int:
    """A number in octal, or in GNU's base 256. Raises TarError."""
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise TarError("a negative size")
        return int.from_bytes(bytes((field[0] & 0x3F,)) + field[1:], "big")
    text = field.partition(b"\0")[0].strip()
    if text.strip(b"01234567"):
        raise TarError("a number is not octal")
    return int(text or b"0", 8)


def _name(header: bytes) -> str:
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    name = header[:100].partition(b"\0")[0]
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "surrogateescape")


def _records(data: bytes) -> dict[str, str]:
    """Keywords of a pax header: `LENGTH KEYWORD=VALUE\\n` each. Raises TarError."""
    found = {}
    while data:
        length, _, _ = data[:20].partition(b" ")
        if not length.isdigit() or not len(length) < int(length) <= len(data):
            raise TarError("a pax record's length is wrong")
        record, data = data[len(length) + 1 : int(length) - 1], data[int(length) :]
        keyword, _, value = record.decode("utf-8", "surrogateescape").partition("=")
        found[keyword] = value
    return found


def _fill(space: memoryview, read: Read) -> int:
    done = 0
    while done < len(space) and (count := read(space[done:])):
        done += count
    return done


def _once(data: bytes) -> Read:
    left = memoryview(data)

    def read(space: memoryview) -> int:
        nonlocal left
        count = min(len(space), len(left))
        space[:count] = left[:count]
        left = left[count:]
        return count

    return read
