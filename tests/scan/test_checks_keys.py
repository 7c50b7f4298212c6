"""Private keys against keys that `cryptography` makes and reads, and refusal of what holds none."""

import base64
import hashlib
import random

import pytest
from check_samples import drawn, judged
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from dce_guard.model.rule import Confidence
from dce_guard.scan.templates import expand

FORMS = serialization.PrivateFormat


def pem(key, form=FORMS.PKCS8, password: bytes = b"") -> bytes:
    cipher = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, cipher)


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def openssh_fingerprint(key) -> str:
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def test_rsa_keys_tell_size_and_fingerprint_in_each_form(rsa_key):
    for form in ("PKCS8", "TraditionalOpenSSL", "OpenSSH"):
        verdict = judged("pem", pem(rsa_key, getattr(FORMS, form)))
        assert verdict.confidence is Confidence.HIGH
        assert verdict.facts["fingerprint"] == openssh_fingerprint(rsa_key)
        assert verdict.facts["encrypted"] is False


def test_other_kinds_are_named():
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    assert judged("pem", pem(curve)).facts["type"] == "EC"
    assert judged("pem", pem(edwards)).facts["type"] == "Ed25519"
    assert judged("pem", pem(edwards, FORMS.OpenSSH)).facts["type"] == "ssh-ed25519"


def test_encrypted_keys_are_low(rsa_key):
    made = [pem(rsa_key, form, b"longer pass") for form in (FORMS.PKCS8, FORMS.TraditionalOpenSSL)]
    made.append(expand("{pem:openssh-encrypted}", random.Random(1)))
    for text in made:
        verdict = judged("pem", text)
        assert verdict.confidence is Confidence.LOW
        assert verdict.facts["encrypted"] is True


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.replace(b"\n", b"\\n"),
        lambda text: text.replace(b"\n", b"\\\\n"),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\n    "),
        lambda text: text.replace(b"\n", b"\n# "),
        lambda text: text.replace(b"\n", b'\\n" +\n  "'),
        lambda text: text.replace(b"\n", b"\n+"),
    ],
)
def test_keys_in_source_escapes_comments_and_patches_parse(rsa_key, dress):
    assert judged("pem", dress(pem(rsa_key))).facts["bits"] == 2048


def test_cut_keys_and_empty_headers(rsa_key):
    whole = pem(rsa_key)
    assert judged("pem", whole[:700]).confidence is Confidence.MEDIUM
    assert judged("pem", whole[:160]).confidence is Confidence.LOW
    assert judged("pem", whole[:28] + b"\n-----END PRIVATE KEY-----").drop
    assert judged("pem", whole[:28] + b"\nyour key goes here\n-----END PRIVATE KEY-----").drop


def test_base64_of_a_certificate_is_no_key(rsa_key):
    assert judged("pem-base64", base64.b64encode(pem(rsa_key))).facts["bits"] == 2048
    other = pem(rsa_key).replace(b"PRIVATE KEY", b"CERTIFICATE")
    assert judged("pem-base64", base64.b64encode(other)).drop


def test_jwk_needs_its_kind_in_the_same_object():
    value = drawn(43)
    assert not judged("jwk", value, b'{"kty":"EC","d":"', b'"}').drop
    assert judged("jwk", value, b'{"kty":"EC"},{"d":"', b'"}').drop
