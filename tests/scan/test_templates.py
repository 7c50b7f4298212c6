"""Templates: the same text for the same seed, the right shape, and refusal of what means nothing."""

import base64
import json
import random
import re
import zlib

import pytest

from dce_guard.scan.templates import TemplateError, expand


def made(template: str, seed: int = 1) -> str:
    return expand(template, random.Random(seed)).decode()


def test_the_same_seed_makes_the_same_text():
    template = "{base62:30}{pem:rsa}{jwt:role=x}{word}{a|b}"
    assert made(template, 5) == made(template, 5)
    assert made(template, 5) != made(template, 6)


@pytest.mark.parametrize(
    ("template", "shape"),
    [
        ("{base62:30}", "[0-9A-Za-z]{30}"),
        ("{hex:32}", "[0-9a-f]{32}"),
        ("{HEX:8}", "[0-9A-F]{8}"),
        ("{digits:10}", "[0-9]{10}"),
        ("{base32:16}", "[A-Z2-7]{16}"),
        ("{b64:40}", "[0-9A-Za-z+/]{40}"),
        ("{b64url:43}", "[0-9A-Za-z_-]{43}"),
        ("{lower:8}", "[a-z]{8}"),
        ("{upper:8}", "[A-Z]{8}"),
        ("{hex:3-5}", "[0-9a-f]{3,5}"),
        ("a{x|y|}b", "a[xy]?b"),
        ("{{{word}}}", r"\{[a-z]+\}"),
    ],
)
def test_fields_have_their_alphabet_and_length(template, shape):
    assert all(re.fullmatch(shape, made(template, seed)) for seed in range(50))


@pytest.mark.parametrize("template", ["{nothing}", "{base62}", "{base62:x}", "{hex:3-y}", "{}"])
def test_what_means_nothing_is_refused(template):
    with pytest.raises(TemplateError):
        made(template)


def test_a_checksum_covers_the_field_before_it():
    text = made("x_{base62:30}{crc32_hex}")
    assert int(text[32:], 16) == zlib.crc32(text[2:32].encode())


def test_a_checksum_covers_all_since_the_start_mark():
    text = made("no{start}yes{base62:9}={crc32_HEX}")
    assert text[-8:] == f"{zlib.crc32(text[2:-8].encode()):08X}"


def test_a_token_holds_the_claims_it_was_asked_for():
    header, claims, signature = made("{jwt:alg=RS256,role=admin,exp=12}").split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
    assert read[0]["alg"] == "RS256"
    assert (read[1]["role"], read[1]["exp"]) == ("admin", 12)
    assert len(base64.urlsafe_b64decode(signature + "==")) == 256


def test_key_blocks_end_as_they_begin():
    for kind in ("rsa", "ec", "pkcs8", "ed25519", "openssh", "encrypted", "pgp"):
        lines = made("{pem:" + kind + "}").strip().splitlines()
        assert lines[0].replace("BEGIN", "END") == lines[-1]
    assert "\n" not in made("{pem:ec,json}")
    assert base64.b64decode(made("{pem:ec,base64}")).startswith(b"-----BEGIN EC")
