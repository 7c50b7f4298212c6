"""Markers: ours, those people already have, and what only looks like one."""

import pytest

from dce_guard.scan.allow import REASON_LENGTH, marker

OWN = "dce-guard:" + "allow"  # put together, or this project's own scan would honour these lines

HERE = [
    ("x = 1  # {own} made up for a test", f"{OWN}: made up for a test"),
    ("x = 1  // {own} made up", f"{OWN}: made up"),
    ("x = 1; /* {own} made up */", f"{OWN}: made up"),
    ("<a b='c'/> <!-- {own} made up -->", f"{OWN}: made up"),
    ("x -- {own} made up", f"{OWN}: made up"),
    ("x = 1 # {own}: made up", f"{OWN}: made up"),
    ("{{# {own} made up #}}", f"{OWN}: made up"),
    ("x = 1 # {own}", OWN),
    ("x = 1 # {OWN} Reason", f"{OWN}: Reason"),
    ("x = 1 # {own}\tmade\u00a0up für später", f"{OWN}: made up für später"),
    ("x = 1 # gitleaks:allow", "gitleaks:allow"),
    ("x = 1 # betterleaks:allow", "betterleaks:allow"),
    ("x = 1 # pragma: allowlist secret", "pragma: allowlist secret"),
    ("x = 1 # pragma:allowlist secret", "pragma:allowlist secret"),
    ("x = 1 # pragma: allowlist-secret", "pragma: allowlist-secret"),
    ("x = 1 # pragma: whitelist secret", "pragma: whitelist secret"),
    ("x = 1 # trufflehog:ignore", "trufflehog:ignore"),
    ("x = 1 # ggignore", "ggignore"),
    ("x = 1 # nosecret", "nosecret"),
    ("x = 1 // a reason, nosecret", "nosecret"),
    ("x = 1 // secretlint-disable-line", "secretlint-disable-line"),
    ("x = 1 # kingfisher:ignore", "kingfisher:ignore"),
]
ABOVE = [
    ("# {own}-next-line made up", f"{OWN}-next-line: made up"),
    ("    /* {own}-next-line made up */", f"{OWN}-next-line: made up"),
    ("# pragma: allowlist nextline secret", "pragma: allowlist nextline secret"),
    ("<!-- pragma: allowlist nextline secret -->", "pragma: allowlist nextline secret"),
    ("// secretlint-disable-next-line", "secretlint-disable-next-line"),
    ("# kingfisher:ignore-next-line", "kingfisher:ignore-next-line"),
]
NONE = [
    "x = 1  # dce-guard:allowed",
    "x = 1  # mydce-guard-allow",
    "x = 1  # dce-guard allow",
    "nosecret = True",
    "x = nosecret(1)",
    "u = 'https://nosecret/x'",
    "x = 1 #nosecretary",
    "x = 1 # has_nosecret_here",
    "x = 1 # nosec",
    "x = 1 # ggignored",
    "ggignore: 1",
    "x = 1 # gitleaks:allowance",
    "x = 1 # my-gitleaks:allow",
    "x = 1 # not_trufflehog:ignore",
    "x = 1 # pragma: allowlist",
    "x = 1 # pragma: no cover",
    "# secretlint-disable",
    "# secretlint-enable-line",
    "",
]


def written(line: str) -> bytes:
    return line.replace("{own}", OWN).replace("{OWN}", OWN.upper()).encode()


@pytest.mark.parametrize(("line", "told"), HERE)
def test_on_the_line(line, told):
    assert marker(written(line), b"") == told


@pytest.mark.parametrize(("line", "told"), ABOVE)
def test_on_the_line_above(line, told):
    assert marker(b"x = 1", written(line)) == told


@pytest.mark.parametrize(("line", "told"), HERE)
def test_what_is_meant_for_its_own_line_does_not_reach_the_next(line, told):
    assert marker(b"x = 1", written(line)) == ""


@pytest.mark.parametrize(("line", "told"), ABOVE)
def test_what_is_meant_for_the_next_line_does_not_count_on_its_own(line, told):
    assert marker(written(line), b"") == ""


@pytest.mark.parametrize(("line", "told"), ABOVE)
def test_a_marker_for_the_next_line_stands_alone_or_not_at_all(line, told):
    assert marker(b"x = 1", b"y = 2  " + written(line)) == ""


@pytest.mark.parametrize("line", NONE)
def test_what_only_looks_like_one_is_none(line):
    assert marker(line.encode(), b"") == ""
    assert marker(b"x = 1", line.encode()) == ""


def test_a_rule_list_limits_it_to_those_rules():
    line = f"x = 1  # {OWN}[aws-secret, jwt] made up".encode()
    assert marker(line, b"", "jwt") == f"{OWN}: made up"
    assert marker(line, b"", "aws-secret") == f"{OWN}: made up"
    assert marker(line, b"", "stripe") == ""
    assert marker(line, b"") == ""


@pytest.mark.parametrize("rules", ["[]", "[ , ]", "[jwt", "[jwt!]", "[jwt]x", "[!stripe]"])
def test_a_rule_list_that_names_nothing_allows_nothing(rules):
    line = f"x # {OWN}{rules} made up".encode()
    assert marker(line, b"", "jwt") == ""
    assert marker(line, b"", "") == ""


def test_without_a_list_it_is_for_every_rule():
    assert marker(f"x # {OWN} made up".encode(), b"", "jwt")


def test_a_reason_is_cut_and_bytes_that_are_no_text_do_not_stop_it():
    told = marker(f"x # {OWN} ".encode() + b"\xff" + b"y" * 1000, b"")
    assert len(told) <= len(OWN) + 2 + REASON_LENGTH
    assert "\ufffd" in told


def test_its_time_is_linear_in_a_hostile_line():
    told = f"# {OWN} ".encode() + b" " * 400_000
    for line in (b"# " * 200_000, b" " * 400_000, b"nosecret" * 50_000, told):
        assert marker(line, line) in ("", OWN)
