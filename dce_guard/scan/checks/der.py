"""As much DER as a private key's outline takes: tag, length, value (X.690), nothing decoded twice."""

Node = tuple[int, bytes]


def node(data: bytes, at: int = 0) -> tuple[int, bytes, int] | None:
    """Tag, contents and end of the element at `at`, or None when it does not fit in `data`."""
    if at + 2 > len(data):
        return None
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        width = length & 0x7F
        if not 0 < width <= 4 or begin + width > len(data):
            return None
        length, begin = int.from_bytes(data[begin : begin + width]), begin + width
    return (data[at], data[begin : begin + length], begin + length) if begin + length <= len(data) else None


def sequence(data: bytes, limit: int = 12) -> list[Node] | None:
    """Up to `limit` elements of the SEQUENCE that `data` begins with; None when it is none or is cut."""
    outer = node(data)
    if outer is None or outer[0] != 0x30:
        return None
    out: list[Node] = []
    at = 0
    while at < len(outer[1]) and len(out) < limit:
        inner = node(outer[1], at)
        if inner is None:
            return None
        out.append(inner[:2])
        at = inner[2]
    return out
