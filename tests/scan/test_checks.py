"""Structure checks against vectors made here by other code, and refusal of the damaged ones."""

import base64
import hashlib
import json
import random
import string
import struct
import zlib

import pytest
from check_samples import BASE62, RULE, base_n, drawn, flipped, judged

from dce_guard.errors import RulesError
from dce_guard.model.item import Item, Kind
from dce_guard.model.match import Match
from dce_guard.model.rule import Confidence, Sensitivity
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.checks import CHECKS
from dce_guard.scan.checks.common import told
from dce_guard.scan.encodings import bech32_valid
from dce_guard.scan.known import is_known, load_known


def github(seed: int = 3) -> str:
    body = drawn(30, seed=seed)
    return "gh" + "p_" + body + base_n(zlib.crc32(body.encode()), BASE62, 6)


@pytest.mark.parametrize("seed", range(20))
def test_github_checksum(seed):
    token = github(seed)
    assert judged("github-crc", token).confidence is Confidence.HIGH
    assert judged("github-crc", flipped(token)).drop
    assert judged("github-crc", flipped(token, 10)).drop
    assert judged("github-crc", token[:-1]).drop


def test_npm_checksum_of_the_published_sample():
    token = "npm_" + "qkJaB6MffYVzZXWqmcoF49yrUxP3wf" + "0LsakP"  # secretlint's sample
    assert not judged("npm-crc", token).drop
    assert judged("npm-crc", token.swapcase()).drop


def test_cloudflare_and_atlassian_checksums_only_lower_confidence():
    body = drawn(40)
    good = "cfut" + "_" + body + f"{zlib.crc32(body.encode()):08x}"
    assert judged("cloudflare-crc", good).confidence is Confidence.HIGH
    assert judged("cloudflare-crc", flipped(good, 12)).confidence is Confidence.LOW
    body = "ATATT3" + drawn(150) + "="
    tail = f"{zlib.crc32(body.encode()):08X}"
    assert judged("atlassian-crc", body + tail).confidence is Confidence.HIGH
    assert judged("atlassian-crc", body[:-1] + "\\u003d" + tail).confidence is Confidence.HIGH
    assert judged("atlassian-crc", flipped(body, 20) + tail).confidence is Confidence.LOW


def test_grafana_checksum_is_little_endian():
    body = "gl" + "sa_" + drawn(32)
    tail = struct.pack("<I", zlib.crc32(body.encode())).hex()
    assert not judged("grafana-crc", f"{body}_{tail}").drop
    assert judged("grafana-crc", f"{body}_{zlib.crc32(body.encode()):08x}").drop


def routable(routing: str = "c:1\no:2s\nu:k7") -> tuple[str, bytes]:
    raw = random.Random(4).randbytes(16) + routing.encode() + bytes([len(routing)])
    payload = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    alphabet = string.digits + string.ascii_lowercase
    text = "gl" + "pat-" + payload + ".01." + base_n(len(payload), alphabet, 2)
    return text + base_n(zlib.crc32(text.encode()), alphabet, 7), payload.encode()


def test_gitlab_routable_names_organisation_and_user():
    token, payload = routable()
    verdict = judged("gitlab-routable", token, payload=payload)
    assert verdict.facts == {"cell": 1, "organization": int("2s", 36), "user": int("k7", 36)}
    assert judged("gitlab-routable", flipped(token), payload=payload).drop
    assert judged("gitlab-routable", "gl" + "prt" + token[5:], payload=payload).drop


def test_gitlab_payloads_that_lie_about_their_length_tell_nothing():
    token, payload = routable("x" * 9)
    assert judged("gitlab-routable", token, payload=payload).facts == {}
    assert judged("gitlab-routable", token, payload=b"!").facts == {}


def test_bech32_vectors_of_bip_173():
    valid = ("A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl")
    assert all(bech32_valid(text.encode()) for text in valid)
    broken = ("A12uEL5L", "a12uel5m", "1qzzfhee", "10a06t8", "abcdef", "")
    assert not any(bech32_valid(text.encode()) for text in broken)


def test_aws_account_numbers_published_by_others():
    # awsteele.com and trufflehog publish both, for keys that are long dead
    for key, account in (
        ("ASIA" + "Y34FZKBOKMUTVV7A", "609629065308"),
        ("AKIA" + "YVP4CIPPERUVIFXG", "595918472158"),
    ):
        assert judged("aws-access-key-id", key).facts["account"] == account
    assert "account" not in judged("aws-access-key-id", "AKIA" + "IOSFODNN7EXA" + "MPLE").facts


def test_aws_secret_keys_are_no_digests():
    assert judged("aws-secret-key", hashlib.sha1(b"x").hexdigest()).drop
    assert judged("aws-secret-key", drawn(40, string.ascii_lowercase + string.digits)).drop
    assert not judged("aws-secret-key", drawn(40, BASE62 + "+/")).drop


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims: object, header: object = None, size: int = 32) -> str:
    head = {"alg": "HS256", "typ": "JWT"} if header is None else header
    return ".".join(
        [b64(json.dumps(head).encode()), b64(json.dumps(claims).encode()), b64(bytes(range(size)))]
    )


def test_jwt_claims_are_told_without_the_person():
    verdict = judged(
        "jwt", token({"iss": "https://id.acme.io", "sub": "jo@acme.io", "role": "admin", "exp": 86400})
    )
    assert verdict.confidence is Confidence.HIGH
    assert verdict.facts == {
        "alg": "HS256",
        "issuer": "https://id.acme.io",
        "role": "admin",
        "expires": "1970-01-02",
    }


def test_jwt_with_the_wrong_signature_length_is_doubtful():
    assert judged("jwt", token({"a": 1}, size=20)).confidence is Confidence.LOW
    assert judged("jwt", token({"a": 1}, {"alg": "none"}, 0)).confidence is Confidence.LOW


@pytest.mark.parametrize("bad", ["a.b", "eyJ.eyJ.x", b64(b"[1]") + "." + b64(b"{}") + ".AAAA", "é.é.é"])
def test_what_does_not_decode_is_no_jwt(bad):
    assert judged("jwt", bad).drop


@pytest.mark.parametrize("claims", [[1], "x", None])
def test_claims_that_are_no_object_are_no_jwt(claims):
    assert judged("jwt", token(claims)).drop


def test_odd_claims_break_nothing():
    odd = {"iss": 7, "role": ["x"], "exp": 1e300}
    assert judged("jwt", token(odd)).facts == {"alg": "HS256"}
    assert judged("jwt", token({"exp": True})).facts == {"alg": "HS256"}


def test_supabase_roles_decide():
    service = judged("supabase", token({"iss": "supabase", "ref": "abcdefghij", "role": "service_role"}))
    assert service.sensitivity is Sensitivity.CRITICAL
    assert service.facts["project"] == "abcdefghij"
    assert judged("supabase", token({"iss": "supabase", "role": "anon"})).drop
    assert judged("supabase", token({"iss": "acme", "role": "service_role"})).drop
    assert judged("jwt", token({"iss": "supabase", "role": "anon"})).drop


def test_stateless_github_tokens_hold_a_token():
    whole = "gh" + "s_123456_" + token({"iss": "https://github.com"})
    assert judged("github-installation", whole).confidence is Confidence.HIGH
    assert judged("github-installation", whole[:40] + ".x.y").confidence is Confidence.MEDIUM


def macaroon(host: str = "pypi.org", size: int = 32) -> str:
    ident = b"0" * 36
    body = b"\x02\x01" + bytes([len(host)]) + host.encode() + b"\x02" + bytes([len(ident)]) + ident + b"\x00"
    caveat = json.dumps([1, ["abc"]]).encode()
    body += b"\x02" + bytes([len(caveat)]) + caveat + b"\x00\x00\x06" + bytes([size]) + bytes(size)
    return "pypi-" + b64(body)


def test_pypi_scope_is_read():
    verdict = judged("pypi", macaroon())
    assert verdict.facts == {"index": "pypi.org", "scope": "projects"}
    assert judged("pypi", macaroon(size=20)).confidence is Confidence.LOW
    assert judged("pypi", "pypi-" + b64(b"\x01hello")).drop
    assert judged("pypi", macaroon()[:-20]).drop


def test_sentry_names_organisation_and_region():
    head = base64.b64encode(
        json.dumps({"org": "acme", "region_url": "https://de.sentry.io"}).encode()
    ).decode()
    verdict = judged("sentry-org", "sntrys_" + head + "_" + drawn(43))
    assert verdict.facts == {"organization": "acme", "region": "https://de.sentry.io"}
    assert judged("sentry-org", "sntrys_" + drawn(40) + "_" + drawn(43)).drop


def test_stripe_test_mode_is_low():
    assert judged("stripe", "sk_" + "test_" + drawn(24)).sensitivity is Sensitivity.LOW
    assert judged("stripe", "sk_" + "live_" + drawn(24)).sensitivity is None


def test_anthropic_and_openai_shapes():
    assert judged("anthropic", "sk-ant-" + "api03-" + drawn(93) + "AA").confidence is Confidence.HIGH
    assert judged("anthropic", "sk-ant-" + "api03-" + drawn(95, "b")).confidence is Confidence.LOW
    half = drawn(20)
    assert judged("openai", "sk-" + half + "T3Blbk" + "FJ" + half).confidence is Confidence.HIGH
    assert judged("openai", "sk-" + half + "T3Blbk" + "FJ" + half[:9]).confidence is Confidence.MEDIUM


def test_azure_names_the_service():
    assert judged("azure", drawn(76) + "+ASt" + drawn(5) + "A==").facts == {"service": "storage"}


@pytest.mark.parametrize(
    "value",
    ["${PW}", "{{ pw }}", "%s", "$DB_PASS", "<password>", "***", "changeme", "password", "%(pw)s", "xxxx"],
)
def test_references_and_stock_words_are_no_passwords(value):
    assert judged("password", value).drop


def test_passwords_of_words_on_local_hosts_and_of_the_users_name_are_low():
    value = "blue-lantern"
    assert judged("password", value, user=b"app", host=b"db1.acme.io").confidence is None
    assert judged("password", value, host=b"localhost").confidence is Confidence.LOW
    assert judged("password", value, host=b"db.example.com").confidence is Confidence.LOW
    assert judged("password", value, user=value.encode()).confidence is Confidence.LOW


def test_a_random_password_counts_wherever_the_host_is():
    assert judged("password", drawn(16), host=b"localhost").confidence is None
    assert judged("password", drawn(16), user=b"test", host=b"db").confidence is None


def test_basic_auth_is_a_user_and_a_password():
    assert judged("basic-auth", base64.b64encode(b"jo:" + drawn(12).encode())).facts == {"user": "jo"}
    assert judged("basic-auth", base64.b64encode(drawn(12).encode())).drop
    assert judged("basic-auth", base64.b64encode(b"jo:${PW}")).drop


def test_random_shapes_and_digests():
    assert judged("random-shape", "settings.secret_key").drop
    assert judged("random-shape", "getSecretFromConfiguration").drop
    assert not judged("random-shape", drawn(32)).drop
    assert judged("digest", "0123456789abcdef" * 2).drop
    assert judged("digest", "a" * 32).drop
    assert not judged("digest", hashlib.md5(b"x").hexdigest()).drop


def test_no_fact_repeats_six_characters_of_the_value():
    item = Item(Kind.FILE, "x", 20)
    secret = "abcdefghijkl"
    match = Match(RULE, item, Sensitive(secret.encode()), {}, secret.encode(), 0, 12, 0, 12)
    facts = told(match, {"a": "xxcdefghxx", "b": "cdefg", "c": secret, "d": "line\nbreak", "e": "", "f": 7})
    assert facts == {"b": "cdefg", "f": 7}


@pytest.mark.parametrize("check", sorted(CHECKS))
@pytest.mark.parametrize(
    "value", [b"x", b"\x00\xff\xfe", b"a.b.c", b"_" * 50, b"-----BEGIN PRIVATE KEY-----", b"=" * 40]
)
def test_no_check_breaks_on_garbage(check, value):
    verdict = judged(check, value, b'"', b'"')
    assert isinstance(verdict.drop, str)


def test_published_examples_are_known_by_hash(packs):
    known = load_known(packs.known)
    assert is_known(("AKIA" + "IOSFODNN7EXA" + "MPLE").encode(), known)
    assert is_known(("sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc").encode(), known)
    assert not is_known(("AKIA" + "IOSFODNN7EXA" + "MPLF").encode(), known)
    assert len(known) > 20


@pytest.mark.parametrize(
    "text", ["[[known]]\nsha256='zz'", "[[known]]\nsha256='00'", "[[known]]\nwhat='x'", "[[", "known=1"]
)
def test_a_broken_list_of_examples_is_refused(text):
    with pytest.raises(RulesError):
        load_known(text)
