"""Structured parts of templates: tokens and keys that a check can parse. Made up, they open nothing."""

import base64
import json
import random
import struct
from collections.abc import Callable, Mapping

from dce_guard.scan import encodings

Builder = Callable[[str, random.Random], bytes]
_SIGNATURES = {"HS256": 32, "HS384": 48, "HS512": 64, "RS256": 256, "ES256": 64, "none": 0}


def jwt(argument: str, rng: random.Random) -> bytes:
    """A JWS in compact form (RFC 7515) with a random signature.

    `argument` holds claims as `name=value,name=value`; `alg` goes to the header.
    """
    claims: dict[str, str | int] = {"iat": rng.randint(1_600_000_000, 1_700_000_000)}
    for pair in filter(None, argument.split(",")):
        name, _, value = pair.partition("=")
        claims[name] = int(value) if value.isdigit() else value
    algorithm = str(claims.pop("alg", "HS256"))
    claims.setdefault("sub", "".join(rng.choices("0123456789", k=10)))
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    signature = rng.randbytes(_SIGNATURES[algorithm])
    return b".".join([*(encodings.base64url(_json(part)) for part in parts), encodings.base64url(signature)])


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def age(_: str, rng: random.Random) -> bytes:
    """An age identity: 32 random bytes as bech32, upper case (age-encryption.org/v1)."""
    values = [rng.randrange(32) for _ in range(51)] + [rng.choice((0, 16))]
    return encodings.bech32(b"age-secret-key-", values).upper()


def pypi(argument: str, rng: random.Random) -> bytes:
    """A PyPI token: a version 2 macaroon of the index `argument`, limited to a user."""
    host = (argument or "pypi.org").encode()
    identifier = "-".join(
        "".join(rng.choices("0123456789abcdef", k=size)) for size in (8, 4, 4, 4, 12)
    ).encode()
    caveat = b'[3,"' + rng.randbytes(18).hex()[:36].encode() + b'"]'
    fields = ((1, host), (2, identifier))
    body = b"\x02" + b"".join(bytes((kind, len(value))) + value for kind, value in fields) + b"\x00"
    body += bytes((2, len(caveat))) + caveat + b"\x00\x00\x06\x20" + rng.randbytes(32)
    return b"pypi-" + encodings.base64url(body)


def gitlab_routable(argument: str, rng: random.Random) -> bytes:
    """A routable GitLab token behind the prefix `argument`: payload, version, length and CRC32 in base36."""
    routing = f"c:1\no:{rng.choice(('1', '2s', '9b'))}\nu:{rng.choice(('1a', 'k7', '3fz'))}".encode()
    payload = encodings.base64url(rng.randbytes(16) + routing + bytes((len(routing),)))
    text = argument.encode() + payload + b".01." + encodings.digits(len(payload), encodings.BASE36, 2)
    return text + encodings.crc32_base36(text)


def sentry_org(argument: str, rng: random.Random) -> bytes:
    """A Sentry organisation token for the organisation `argument`."""
    region = "https://us.sentry.io"
    facts = {
        "iat": 1_700_000_000.5,
        "url": "https://sentry.io",
        "region_url": region,
        "org": argument or "acme",
    }
    return (
        b"sntrys_" + base64.b64encode(_json(facts)) + b"_" + base64.b64encode(rng.randbytes(32)).rstrip(b"=")
    )


def grafana(_: str, rng: random.Random) -> bytes:
    """A Grafana service account token with its checksum."""
    body = b"glsa_" + bytes(rng.choices(encodings.BASE62, k=32))
    return body + b"_" + encodings.crc32_hex(body, little=True)


def grafana_cloud(_: str, rng: random.Random) -> bytes:
    """A Grafana Cloud access policy token: base64 of JSON with organisation, name, key and region."""
    key = base64.b64encode(rng.randbytes(18)).decode()
    return b"glc_" + base64.b64encode(
        _json({"o": "12345", "n": "stack-1-writer", "k": key, "m": {"r": "us"}})
    )


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    length = bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes((tag,)) + length + body


def _number(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _rsa(rng: random.Random) -> bytes:
    sizes = (1024, 17, 1024, 512, 512, 512, 512, 512)  # n e d p q dp dq qinv: shaped, not a working key
    numbers = [65537 if size == 17 else rng.getrandbits(size) | 1 << size - 1 | 1 for size in sizes]
    return _der(0x30, _number(0) + b"".join(_number(number) for number in numbers))


def _ec(rng: random.Random) -> bytes:
    curve = _der(0xA0, bytes.fromhex("06082a8648ce3d030107"))
    public = _der(0xA1, _der(3, b"\x00\x04" + rng.randbytes(64)))
    return _der(0x30, _number(1) + _der(4, rng.randbytes(32)) + curve + public)


def _pkcs8(rng: random.Random) -> bytes:
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return _der(0x30, _number(0) + algorithm + _der(4, _rsa(rng)))


def _ed25519(rng: random.Random) -> bytes:
    algorithm = _der(0x30, bytes.fromhex("06032b6570"))
    return _der(0x30, _number(0) + algorithm + _der(4, _der(4, rng.randbytes(32))))


def _encrypted(rng: random.Random) -> bytes:
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d01050d") + _der(0x30, rng.randbytes(40)))
    return _der(0x30, algorithm + _der(4, rng.randbytes(256)))


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _openssh(rng: random.Random, cipher: bytes = b"none") -> bytes:
    public = _string(b"ssh-ed25519") + _string(rng.randbytes(32))
    kdf = b"none" if cipher == b"none" else b"bcrypt"
    body = b"openssh-key-v1\0" + _string(cipher) + _string(kdf) + _string(b"") + struct.pack(">I", 1)
    return body + _string(public) + _string(rng.randbytes(128))


_KEYS: dict[str, tuple[str, Callable[[random.Random], bytes], str]] = {
    "rsa": ("RSA PRIVATE KEY", _rsa, ""),
    "ec": ("EC PRIVATE KEY", _ec, ""),
    "pkcs8": ("PRIVATE KEY", _pkcs8, ""),
    "ed25519": ("PRIVATE KEY", _ed25519, ""),
    "encrypted": ("ENCRYPTED PRIVATE KEY", _encrypted, ""),
    "openssh": ("OPENSSH PRIVATE KEY", _openssh, ""),
    "openssh-encrypted": ("OPENSSH PRIVATE KEY", lambda rng: _openssh(rng, b"aes256-ctr"), ""),
    "legacy-encrypted": (
        "RSA PRIVATE KEY",
        lambda rng: rng.randbytes(608),
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n",
    ),
    "pgp": (
        "PGP PRIVATE KEY BLOCK",
        lambda rng: b"\xc5\x03\xbe\x04" + rng.randbytes(700),
        "Version: GnuPG v2\n\n",
    ),
}


def pem(argument: str, rng: random.Random) -> bytes:
    """A PEM block of kind `argument` (see _KEYS), as it is, or `,json` (newlines as `\\n`) or `,base64`."""
    kind, _, form = argument.partition(",")
    label, build, head = _KEYS[kind]
    text = base64.b64encode(build(rng)).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    block = f"-----BEGIN {label}-----\n{head}{lines}\n-----END {label}-----\n".encode()
    if form == "json":
        return block.replace(b"\n", b"\\n")
    return base64.b64encode(block) if form == "base64" else block


def putty(argument: str, rng: random.Random) -> bytes:
    """A PuTTY key file, version 3; `argument` is its Encryption line (default none)."""
    public = base64.b64encode(_string(b"ssh-ed25519") + _string(rng.randbytes(32))).decode()
    private = base64.b64encode(rng.randbytes(36)).decode()
    head = f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: {argument or 'none'}\nComment: made up\n"
    body = f"Public-Lines: 1\n{public}\nPrivate-Lines: 1\n{private}\nPrivate-MAC: {rng.randbytes(32).hex()}\n"
    return (head + body).encode()


def basic(_: str, rng: random.Random) -> bytes:
    """A user and a password as HTTP's Basic scheme writes them (RFC 7617)."""
    return base64.b64encode(b"svc:" + bytes(rng.choices(encodings.BASE62, k=14)))


def discord(_: str, rng: random.Random) -> bytes:
    """A Discord bot token: the bot's number in base64, a time and a signature."""
    number = str(rng.randrange(10**17, 10**18)).encode()
    return b".".join(encodings.base64url(part) for part in (number, rng.randbytes(4), rng.randbytes(28)))


def base64_of(argument: str, rng: random.Random) -> bytes:
    """Base64 of the literal `argument` followed by random letters and digits."""
    return base64.b64encode(argument.encode() + rng.randbytes(12).hex().encode())


BUILDERS: dict[str, Builder] = {
    "jwt": jwt,
    "age": age,
    "pypi": pypi,
    "gitlab_routable": gitlab_routable,
    "sentry_org": sentry_org,
    "grafana": grafana,
    "grafana_cloud": grafana_cloud,
    "pem": pem,
    "putty": putty,
    "discord": discord,
    "basic": basic,
    "base64": base64_of,
}
