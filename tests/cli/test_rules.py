import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dce_guard.cli.rules import command
from dce_guard.errors import Exit, GuardError, RulesError, UsageError
from dce_guard.scan.templates import expand

PACK = """
[pack]
category = "EXTERNAL_API"
sensitivity = "HIGH"
confidence = "high"
provider = "acme"
references = ["https://acme.example/keys"]
remediation = "Make a new one."

[[rule]]
id = "acme-key"
description = "Acme key"
pattern = '(?P<secret>acme_[0-9a-z]{24})'
anchors = ["acme_[0-9a-z]{8}"]
examples = ["k = acme_{base36:24}"]
negatives = ["k = acme_{base36:9}"]
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is in no repository, and no settings of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "acme.toml").write_text(PACK, encoding="utf-8")
    return tmp_path


def run(*args: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(command, args, input=stdin)


def value() -> str:
    return expand("acme_{base36:24}", random.Random(5)).decode()


def refused(result: Result, kind: type[GuardError]) -> str:
    assert isinstance(result.exception, kind), result.exception
    return result.exception.message


def test_list_is_a_table_and_json() -> None:
    lines = run("list").output.splitlines()
    assert lines[0].split() == ["ID", "CATEGORY", "SENSITIVITY", "CONFIDENCE", "PROVIDER"]
    records = json.loads(run("list", "--format", "json").output)
    assert len(records) == len(lines) - 1 > 50
    assert {"id", "category", "sensitivity", "confidence", "provider", "pack", "enabled"} <= records[0].keys()


def test_list_of_one_pack() -> None:
    records = json.loads(run("list", "--pack", "aws", "--format", "json").output)
    assert records and {record["pack"] for record in records} == {"aws"}
    assert "did you mean 'aws'" in refused(run("list", "--pack", "awz"), UsageError)


def test_list_marks_what_settings_turn_off_and_adds_their_packs(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DCE_GUARD_DISABLE", "aws")
    monkeypatch.setenv("DCE_GUARD_RULES", "acme.toml")
    records = {record["id"]: record for record in json.loads(run("list", "--format", "json").output)}
    assert records["acme-key"]["enabled"] and not records["aws-access-key-id"]["enabled"]
    (off,) = [line for line in run("list").output.splitlines() if line.startswith("aws-access-key-id ")]
    assert off.endswith("off")


def test_show_masks_its_example() -> None:
    record = json.loads(run("show", "aws-access-key-id", "--format", "json").output)
    assert record["id"] == "aws-access-key-id" and record["references"] and record["remediation"]
    assert "*" in record["example"]
    text = run("show", "aws-access-key-id").output
    assert "remediation" in text and record["pattern"] in text


def test_show_of_an_unknown_rule_suggests() -> None:
    assert "did you mean 'aws-access-key-id'" in refused(run("show", "aws-acess-key-id"), UsageError)


def test_an_unknown_command_suggests() -> None:
    result = run("chek")
    assert result.exit_code == Exit.USAGE and "did you mean 'check'" in result.output


def test_check_of_a_good_pack() -> None:
    result = run("check", "acme.toml")
    assert result.exit_code == Exit.CLEAN and "1 rules, 0 problems" in result.output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("acme_[0-9a-z]{24})", "acme_[0-9a-z]{25})", "acme-key: example"),
        ("(?P<secret>", "(?P<other>", "no group named secret"),
        ("(?P<secret>", "(?P<secret>(", "does not compile"),
        ("[0-9a-z]{8}", "[0-9]{30}", "no anchor fires"),
        ("{base36:9}", "{base36:24}", "negative"),
        ("{base36:24}", "{nope:24}", "unknown template field"),
        ('"acme-key"', '"Acme Key"', "id is not lower-case"),
        ("references", "refrences", "bad.toml"),
        ("anchors", "anchrs", "did you mean 'anchors'"),
        ("[pack]", "[pack", "bad.toml"),
    ],
)
def test_check_lists_what_is_wrong(nowhere: Path, old: str, new: str, said: str) -> None:
    assert old in PACK
    (nowhere / "bad.toml").write_text(PACK.replace(old, new), encoding="utf-8")
    result = run("check", "bad.toml")
    assert result.exit_code == Exit.FINDINGS
    assert said in result.output and "bad.toml" in result.output


def test_check_goes_on_after_a_broken_file_and_knows_ids_taken_twice(nowhere: Path) -> None:
    (nowhere / "bad.toml").write_text("= broken", encoding="utf-8")
    (nowhere / "again.toml").write_text(PACK, encoding="utf-8")
    (nowhere / "empty.toml").write_text("", encoding="utf-8")
    result = run("check", "bad.toml", "acme.toml", "again.toml", "empty.toml")
    assert result.exit_code == Exit.FINDINGS
    assert "bad.toml: " in result.output and "taken twice" in result.output
    assert "empty.toml: it holds no [[rule]]" in result.output


def test_check_of_a_file_that_is_not_there() -> None:
    assert "nothing was done" in refused(run("check", "gone.toml"), GuardError)


def test_test_runs_the_examples_of_a_pack_or_rule(nowhere: Path) -> None:
    result = run("test", "acme.toml")
    assert result.exit_code == Exit.CLEAN and result.output.count("ok") == 2
    assert run("test", "aws-access-key-id").exit_code == Exit.CLEAN
    (nowhere / "bad.toml").write_text(PACK.replace("{base36:9}", "{base36:24}"), encoding="utf-8")
    result = run("test", "bad.toml")
    assert result.exit_code == Exit.FINDINGS and "WRONG" in result.output


@pytest.mark.parametrize("way", ["text", "stdin"])
def test_test_shows_matches_masked(way: str) -> None:
    text = f"a\nkey = {value()}\n"
    result = (
        run("test", "acme.toml", "--text", text)
        if way == "text"
        else run("test", "acme.toml", "--stdin", stdin=text.encode())
    )
    assert result.exit_code == Exit.CLEAN
    assert "acme-key  line 2" in result.output and "high" in result.output
    assert value() not in result.output and value()[8:20] not in result.output


def test_test_says_when_nothing_is_found_or_why_it_is_none() -> None:
    result = run("test", "acme.toml", "--text", "nothing here")
    assert result.exit_code == Exit.FINDINGS and "nothing matches" in result.output
    result = run("test", "acme.toml", "--text", "acme_" + "x" * 24)
    assert result.exit_code == Exit.FINDINGS and "no finding: " in result.output


def test_test_refuses_two_texts_and_escapes_what_it_shows() -> None:
    assert "use one" in refused(run("test", "acme.toml", "--text", "x", "--stdin"), UsageError)
    result = run("test", "acme.toml", "--stdin", stdin=b"\x1b]52;c;x\x07 " + value().encode())
    assert "\x1b" not in result.output and "\x07" not in result.output


GITLEAKS = r"""
[[rules]]
id = "zed"
description = "Zed token"
regex = '''\b(zed_[a-z0-9]{30})\b'''
keywords = ["zed_"]

[[rules]]
id = "files"
path = '''\.p12$'''
"""


def test_import_writes_a_pack_that_checks_clean_and_tells_what_is_lost(nowhere: Path) -> None:
    (nowhere / ".gitleaks.toml").write_text(GITLEAKS, encoding="utf-8")
    result = run("import", ".gitleaks.toml", "-o", "zed.toml")
    assert result.exit_code == 0
    assert (
        "files: left out: it has no regex" in result.stderr and "1 of 2 rules carried over" in result.stderr
    )
    assert result.stdout == ""
    assert run("check", "zed.toml").exit_code == Exit.CLEAN
    assert run("test", "zed.toml").exit_code == Exit.CLEAN


def test_import_to_standard_output_is_the_pack_alone(nowhere: Path) -> None:
    (nowhere / ".gitleaks.toml").write_text(GITLEAKS, encoding="utf-8")
    result = run("import", ".gitleaks.toml")
    (nowhere / "out.toml").write_text(result.stdout, encoding="utf-8")
    assert run("check", "out.toml").exit_code == Exit.CLEAN


def test_import_renames_an_id_that_a_shipped_rule_has(nowhere: Path) -> None:
    (nowhere / "theirs.toml").write_text(GITLEAKS.replace('"zed"', '"aws-access-key-id"'), encoding="utf-8")
    result = run("import", "theirs.toml")
    assert "renamed to 'theirs-aws-access-key-id'" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("= broken", "not TOML"),
        ("[tool]", "not a gitleaks"),
        ("[[rules]]\nid = 'a'\nregex = '('", "none of its 1 rules"),
    ],
)
def test_import_refuses_and_writes_nothing(nowhere: Path, text: str, said: str) -> None:
    (nowhere / "in.toml").write_text(text, encoding="utf-8")
    assert said in refused(run("import", "in.toml", "-o", "out.toml"), UsageError)
    assert not (nowhere / "out.toml").exists()


def test_broken_settings_are_no_reason_to_go_on(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCE_GUARD_RULES", "broken.toml")
    (nowhere / "broken.toml").write_text("[[rule]]\nid = 'x'\n", encoding="utf-8")
    assert "is missing" in refused(run("list"), RulesError)
