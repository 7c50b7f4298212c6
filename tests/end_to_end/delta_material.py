"""Many versions of files, each made from earlier ones by edits that tear secrets apart and put them together."""

import base64
import random
from collections.abc import Callable, Iterator

from planted import Secrets, secrets

from dce_guard.scan.templates import expand

Edit = Callable[[random.Random, bytes, Secrets], bytes]
WORDS = b"alpha beta gamma delta epsilon zeta eta theta iota kappa lambda secret key token value".split()
BLOCK = 1 << 16  # git's largest copy


def text(rng: random.Random, size: int) -> bytes:
    """Lines of words."""
    made = bytearray()
    while len(made) < size:
        made += b" ".join(rng.choices(WORDS, k=rng.randrange(2, 9))) + b" %d\n" % rng.randrange(1000)
    return bytes(made[:size])


def put(data: bytes, at: int, new: bytes, gone: int = 0) -> bytes:
    return data[:at] + new + data[at + gone :]


def somewhere(rng: random.Random, data: bytes) -> int:
    """The beginning of a line, the very ends, or next to a block's edge."""
    at = rng.choice((0, len(data), rng.randrange(len(data) + 1), min(len(data), BLOCK - rng.randrange(60))))
    return at if rng.random() < 0.3 else data.rfind(b"\n", 0, at) + 1


def inside(rng: random.Random, data: bytes, value: bytes) -> int:
    """A position in the middle of a value that stands in the text; -1 when it does not."""
    at = data.find(value)
    return at + rng.randrange(1, len(value)) if at >= 0 else -1


def one_of(rng: random.Random, three: Secrets) -> bytes:
    return rng.choice((three.key_id, three.key, three.stripe)).encode()


def line_of(rng: random.Random, three: Secrets) -> bytes:
    return rng.choice(three.data.splitlines(keepends=True)[2:])


def insert_lines(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    return put(data, somewhere(rng, data), rng.choice((three.data, line_of(rng, three))))


def cut_in_two(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    at = inside(rng, data, one_of(rng, three))
    return data if at < 0 else put(data, at, rng.choice((b"\n", b"-", text(rng, 300), b" ")))


def two_halves(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """Halves far apart, and what parts them: a later edit may take it out."""
    value = line_of(rng, three)
    half = rng.randrange(1, len(value))
    between = b"<<" + text(rng, rng.choice((1, 60, 5000))).replace(b"<", b"") + b">>"
    return put(data, somewhere(rng, data), value[:half] + between + value[half:])


def join(rng: random.Random, data: bytes, _: Secrets) -> bytes:
    start = data.find(b"<<")
    end = data.find(b">>", start)
    return put(data, start, b"", end + 2 - start) if 0 <= start < end else data


def assemble(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """A secret from two stretches copied from elsewhere in the same text."""
    value = one_of(rng, three)
    half = len(value) // 2
    if value[:half] not in data or value[half:] not in data:
        return data + b"\n" + value[:half] + b"~\n~" + value[half:] + b"\n"
    head = data[data.find(value[:half]) :][:half]
    tail = data[data.find(value[half:]) :][: len(value) - half]
    around = b"stripe_key = %s\n" if value.startswith(b"sk_") else b"aws_secret_access_key = %s\n"
    return put(data, somewhere(rng, data), around % (head + tail))


def move_near(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """A key beside its other half, or far from it."""
    line = next((one for one in data.splitlines(keepends=True) if three.key.encode() in one), b"")
    if not line:
        return data + text(rng, 3000) + b"aws_secret_access_key = " + three.key.encode() + b"\n"
    data = data.replace(line, b"", 1)
    half = data.find(three.key_id.encode())
    at = data.rfind(b"\n", 0, max(half, 0)) + 1
    return put(data, at if rng.random() < 0.6 else somewhere(rng, data), line)


def placeholder(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """The line around a secret, and what stands for one, changed there and back."""
    value = one_of(rng, three)
    marks = (b"example: ", b"# fake ", b"EXAMPLE_", b"password = ")
    if rng.random() < 0.5:
        return data.replace(value, b"<your key here>", 1)
    if b"<your key here>" in data:
        return data.replace(b"<your key here>", value, 1)
    at = data.find(value)
    line = data.rfind(b"\n", 0, max(at, 0)) + 1
    return put(data, line, rng.choice(marks)) if at >= 0 else data


def encode(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    coded = base64.b64encode(rng.choice((three.data, text(rng, 900) + three.data)))
    if rng.random() < 0.3:
        coded = b"\n".join(coded[at : at + 64] for at in range(0, len(coded), 64))
    if rng.random() < 0.2:
        coded = base64.b64encode(coded)
    return put(data, somewhere(rng, data), b"blob: " + coded + b"\n")


def change_code(rng: random.Random, data: bytes, _: Secrets) -> bytes:
    """A few characters inside encoded text."""
    at = data.find(b"blob: ")
    place = at + 6 + rng.randrange(200)
    return data if at < 0 else put(data, place, rng.choice((b"QUJD", b"A", b"")), rng.choice((0, 1, 4)))


def wide(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """UTF-16 in the middle, or text that becomes UTF-16 as a whole and plain again."""
    if rng.random() < 0.4:
        return put(data, somewhere(rng, data), three.text.encode("utf-16-le"))
    return data.replace(b"\0", b"") if b"\0" in data else data[:3000].decode("latin-1").encode("utf-16-le")


def cut_out(rng: random.Random, data: bytes, _: Secrets) -> bytes:
    at = somewhere(rng, data)
    return put(data, at, b"", rng.choice((1, 40, 700, 6000)))


def near_miss(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """One character too few, one changed, one more."""
    value = one_of(rng, three)
    at = rng.randrange(5, len(value))
    shape = rng.choice((value[:-1], put(value, at, b"_", 1), value + b"x", value[1:], value.lower()))
    return put(data, somewhere(rng, data), b"key = " + shape + b"\n")


def repair(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """A character of the near miss put right: one byte is new, all else is copied."""
    value = three.stripe.encode()
    broken = put(value, 12, b"_", 1)
    if broken in data:
        return data.replace(broken, value, 1)
    return put(data, somewhere(rng, data), b"key = " + broken + b"\n")


def move_block(rng: random.Random, data: bytes, _: Secrets) -> bytes:
    start = rng.randrange(len(data) + 1)
    size = rng.choice((20, 60, 900, 9000))
    block, rest = data[start : start + size], put(data, start, b"", size)
    return put(rest, rng.randrange(len(rest) + 1), block)


def generic(rng: random.Random, data: bytes, _: Secrets) -> bytes:
    value = expand("{base62:20}", random.Random(rng.randrange(9)))
    return put(
        data, somewhere(rng, data), rng.choice((b'password = "%s"\n', b"token: %s\n", b"%s\n")) % value
    )


def pem(rng: random.Random, data: bytes, three: Secrets) -> bytes:
    """A key block: its frame, or something of its body, comes and goes."""
    name = b"RSA PRIVATE" + b" KEY-----"
    body = b"\n".join(base64.b64encode(random.Random(7).randbytes(48)) for _ in range(24))
    begin, end = b"-----BEGIN " + name, b"-----END " + name
    if begin in data and rng.random() < 0.7:
        return data.replace(rng.choice((begin, end, body[100:104])), rng.choice((b"", b"----", b"AAAA")), 1)
    return put(data, somewhere(rng, data), begin + b"\n" + body + b"\n" + end + b"\n")


EDITS: tuple[Edit, ...] = (
    insert_lines, cut_in_two, two_halves, join, join, assemble, move_near, placeholder, encode, change_code,
    wide, cut_out, cut_out, near_miss, repair, repair, move_block, generic, pem,
)  # fmt: skip


def versions(seed: int, count: int, size: int) -> Iterator[bytes]:
    """Texts, each an edit or two of one of those before it."""
    rng = random.Random(seed)
    known = [text(rng, size)]
    yield known[0]
    for _ in range(count - 1):
        data = rng.choice(known[-4:])
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            data = rng.choice(EDITS)(rng, data, secrets(rng.randrange(2)))
        data = data[: 3 * size + 20_000]
        data = b"\n" + data if data[:3].lower() == b"key" else data  # see test_the_first_word_of_a_file
        known.append(data)
        yield data
