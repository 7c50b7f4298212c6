"""The baseline commands, on real repositories, through the command line as people call it."""

import hashlib
import json
import os
import random
import string
import subprocess
from pathlib import Path

import pytest

from dce_guard.cli import baseline_review, main

ALNUM = string.ascii_letters + string.digits


def run(args: list[str]) -> int:
    """The exit code of a command line."""
    try:
        return main.run(args)
    except SystemExit as end:
        return int(end.code or 0)


def token(seed: int) -> str:
    """Of the shape of an AWS access key id, which has no checksum."""
    dice = random.Random(seed)
    return "AK" + "IA" + "".join(dice.choice(string.ascii_uppercase + "234567") for _ in range(16))


def password(seed: int) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(ALNUM) for _ in range(18))


FIRST, SECOND, THIRD = token(1), password(2), token(3)


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One cache of compiled rules for all tests: compiling takes most of a second."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def repo(tmp_path, monkeypatch, cache):
    """A repository with two secrets in a.py, as the working directory, without settings of this machine."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "DCE_GUARD_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("CI", raising=False)
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ann Author")
    git(root, "config", "user.email", "ann@example.invalid")
    (root / "a.py").write_text(f'aws = "{FIRST}"\ndb_password = "{SECOND}"\n', "utf-8")
    monkeypatch.chdir(root)
    return root


def git(root: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=root, check=True, capture_output=True, text=True).stdout


def entries(root: Path) -> list[dict[str, str]]:
    text = (root / "baselines" / "dce-guard.json").read_text("utf-8")
    return [row for row in json.loads(text)["accepted"] if row]


@pytest.fixture
def found(repo, capsys):
    """Fingerprints of open findings by their place, as `scan --format json` tells them."""

    def ask() -> dict[str, str]:
        capsys.readouterr()
        run(["scan", "--format", "json"])
        told = json.loads(capsys.readouterr().out)["findings"]
        places = [(each["locations"][0], each) for each in told if each["state"] in ("new", "expired")]
        return {f"{place['path']}:{place['line']}": each["fingerprint"] for place, each in places}

    return ask


def test_create_accepts_what_is_there_and_the_next_scan_is_clean(repo, found, capsys):
    before = found()
    assert set(before) == {"a.py:1", "a.py:2"}
    assert run(["baseline", "create", "--reason", "before dce-guard"]) == 0
    assert "2 findings accepted" in capsys.readouterr().out
    rows = entries(repo)
    names = {row["fingerprint"] for row in rows}
    assert len(names) == 2
    assert not names & set(before.values())  # named under the salt that all can read, not the private key
    assert {row["by"] for row in rows} == {"Ann Author"}
    capsys.readouterr()
    assert run(["scan", "--format", "json"]) == 0
    assert {each["fingerprint"] for each in json.loads(capsys.readouterr().out)["findings"]} == names


def test_the_baseline_itself_is_no_finding(repo, found):
    run(["baseline", "create", "--reason", "before dce-guard"])
    assert found() == {}


def test_what_was_accepted_stays_so_when_moved_renamed_and_squashed(repo, found):
    run(["baseline", "create", "--reason", "before dce-guard"])
    text = (repo / "baselines" / "dce-guard.json").read_bytes()
    (repo / "sub").mkdir()
    (repo / "sub" / "b.py").write_text("# one\n# two\n" + (repo / "a.py").read_text("utf-8"), "utf-8")
    (repo / "a.py").unlink()
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "squashed")
    assert found() == {}
    run(["baseline", "prune"])
    assert (repo / "baselines" / "dce-guard.json").read_bytes() == text


def test_another_value_on_the_accepted_line_is_found(repo, found):
    run(["baseline", "create", "--reason", "before dce-guard"])
    (repo / "a.py").write_text(f'aws = "{THIRD}"\ndb_password = "{SECOND}"\n', "utf-8")
    assert set(found()) == {"a.py:1"}
    assert run(["scan", "-q"]) == 1


def test_create_does_not_touch_one_that_is_there(repo, capsys):
    run(["baseline", "create", "--reason", "first"])
    text = (repo / "baselines" / "dce-guard.json").read_bytes()
    assert run(["baseline", "create", "--reason", "again"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (repo / "baselines" / "dce-guard.json").read_bytes() == text


@pytest.mark.parametrize("digits", [6, 12, 32])
def test_accept_takes_the_beginning_of_a_fingerprint(repo, found, digits):
    name = found()["a.py:1"]  # from before there was a baseline
    assert run(["baseline", "accept", name[:digits], "--reason", "made up", "--by", "bob"]) == 0
    assert [(row["path"], row["by"]) for row in entries(repo)] == [("a.py", "bob")]
    name = found()["a.py:2"]  # and with one
    assert set(found()) == {"a.py:2"}
    assert run(["baseline", "accept", name[:digits], "--reason", "made up", "--by", "bob"]) == 0
    assert name in {row["fingerprint"] for row in entries(repo)}
    assert found() == {}


def test_accept_takes_places_and_several_at_once(repo, found):
    assert run(["baseline", "accept", "a.py:1", "a.py:2", "--reason", "made up"]) == 0
    assert found() == {}


def test_accept_ends_on_its_day(repo, found):
    run(["baseline", "accept", "a.py:1", "--reason", "made up", "--until", "2999-01-31"])
    assert entries(repo)[0]["until"] == "2999-01-31"
    assert set(found()) == {"a.py:2"}
    path = repo / "baselines" / "dce-guard.json"
    path.write_text(path.read_text("utf-8").replace("2999", "2001"), "utf-8")
    assert set(found()) == {"a.py:1", "a.py:2"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a.py:1"], "--reason"),
        (["--reason", "x"], "FINGERPRINT"),
        (["12345", "--reason", "x"], "too short"),
        (["ffffffffffff", "--reason", "x"], "is no finding"),
        (["a.py:99", "--reason", "x"], "is no finding"),
        (["b.py", "--reason", "x"], "is no finding"),
        (["a.py:1", "--reason", "  "], "'reason' is empty"),
        (["a.py:1", "--reason", "x", "--by", " "], "'by' is empty"),
        (["a.py:1", "--reason", "x", "--until", "2001-01-01"], "has passed"),
        (["a.py:1", "--reason", "x", "--until", "soon"], "--until"),
        (["a.py:1", "b.py:1", "--reason", "x"], "is no finding"),
    ],
)
def test_accept_refuses_and_writes_nothing(repo, capsys, given, told):
    assert run(["baseline", "accept", *given]) == 2
    assert told in capsys.readouterr().err
    assert not (repo / "baselines").exists()


def test_a_line_with_two_findings_is_ambiguous(repo, capsys):
    (repo / "a.py").write_text(f'x = ["{FIRST}", "{THIRD}"]\n', "utf-8")
    assert run(["baseline", "accept", "a.py:1", "--reason", "x"]) == 2
    assert "means 2 findings" in capsys.readouterr().err
    assert not (repo / "baselines").exists()


def test_prune_takes_out_what_is_gone_and_only_when_asked(repo, capsys):
    run(["baseline", "create", "--reason", "before dce-guard"])
    (repo / "a.py").write_text(f'aws = "{FIRST}"\n', "utf-8")
    assert run(["baseline", "prune", "--dry-run"]) == 0
    assert len(entries(repo)) == 2
    assert run(["baseline", "prune"]) == 0
    assert "1 entry taken out, 1 left" in capsys.readouterr().out
    assert len(entries(repo)) == 1


def test_prune_without_a_baseline_is_refused(repo, capsys):
    assert run(["baseline", "prune"]) == 2
    assert "there is no" in capsys.readouterr().err


def test_prune_is_refused_when_something_could_not_be_read(repo, monkeypatch, capsys):
    run(["baseline", "create", "--reason", "before dce-guard"])
    (repo / "a.py").unlink()
    from dataclasses import replace

    from dce_guard.cli import history_run
    from dce_guard.model.item import Skip

    real = history_run.look
    monkeypatch.setattr(
        history_run, "look", lambda *args: replace(real(*args), skips=(Skip("a.py", "unreadable"),))
    )
    assert run(["baseline", "prune"]) == 3
    assert "nothing was pruned" in capsys.readouterr().err
    assert len(entries(repo)) == 2


def test_what_only_the_history_holds_is_accepted_and_kept(repo, capsys):
    git(repo, "add", "a.py")
    git(repo, "commit", "-q", "-m", "with secrets")
    (repo / "a.py").write_text("gone = None\n", "utf-8")
    git(repo, "commit", "-q", "-a", "-m", "without")
    assert run(["scan", "--quiet"]) == 0 and run(["history", "--quiet"]) == 1
    named = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert run(["baseline", "accept", *named, "--reason", "revoked"]) == 0
    assert len(entries(repo)) == 2 and run(["history", "--quiet"]) == 0
    assert run(["baseline", "prune"]) == 0
    assert len(entries(repo)) == 2


def test_what_is_in_neither_is_refused(repo, capsys):
    assert run(["baseline", "accept", "abcdefabcdef", "--reason", "x"]) == 2
    assert "nothing was accepted" in capsys.readouterr().err and not (repo / "baselines").exists()


def test_review_without_a_terminal_lists_and_changes_nothing(repo, capsys):
    assert run(["baseline", "review"]) == 0
    told = capsys.readouterr().out
    assert "a.py:1" in told
    assert "2 open findings" in told
    assert FIRST not in told
    assert SECOND not in told
    assert not (repo / "baselines").exists()


def review(monkeypatch, capsys, *answers: str) -> str:
    """An interactive review with these answers."""
    given = iter(answers)
    monkeypatch.setattr(baseline_review.sys, "stdin", Terminal())
    monkeypatch.setattr(baseline_review.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(baseline_review.click, "prompt", lambda *_a, **_k: next(given))
    capsys.readouterr()
    assert run(["baseline", "review"]) == 0
    return capsys.readouterr().out


class Terminal:
    def isatty(self) -> bool:
        return True


def test_review_at_a_terminal_accepts_with_a_reason(repo, monkeypatch, capsys):
    told = review(monkeypatch, capsys, "a", "  ", "made up", "s")
    assert [row["reason"] for row in entries(repo)] == ["made up"]
    assert "[1/2]" in told
    assert FIRST not in told


def test_review_can_be_left_and_keeps_what_was_said(repo, monkeypatch, capsys):
    review(monkeypatch, capsys, "a", "made up", "q")
    assert len(entries(repo)) == 1


def test_review_shows_what_ends_and_what_is_gone(repo, capsys):
    run(["baseline", "create", "--reason", "before dce-guard", "--until", "2999-01-31"])
    (repo / "a.py").write_text("\n", "utf-8")
    run(["baseline", "review", "--days", "1000000"])
    told = capsys.readouterr().out
    assert told.count("ends soon or has ended") == 2
    assert told.count("no longer found") >= 2


def secrets_baseline(repo: Path, label: bool | None) -> Path:
    row = {
        "type": "AWS Access Key",
        "filename": "a.py",
        "hashed_secret": hashlib.sha1(FIRST.encode()).hexdigest(),
        "line_number": 40,
    } | ({} if label is None else {"is_secret": label})
    gone = {"type": "Secret Keyword", "filename": "a.py", "hashed_secret": "ab" * 20, "is_secret": False}
    path = repo.parent / "theirs.json"
    path.write_text(json.dumps({"version": "1.5.0", "results": {"a.py": [row, gone]}}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("label", "options", "accepted", "told"),
    [
        (False, [], 1, "1 value more accepted"),
        (None, [], 0, "never audited"),
        (None, ["--unaudited"], 1, "1 value more accepted"),
        (True, ["--unaudited"], 0, "a real secret, not imported"),
    ],
)
def test_a_secrets_baseline_is_imported_by_value(repo, capsys, label, options, accepted, told):
    assert run(["baseline", "import", str(secrets_baseline(repo, label)), *options]) == 0
    out = capsys.readouterr().out
    assert told in out
    assert "not found again, not imported: a.py (Secret Keyword)" in out
    assert len(entries(repo)) == accepted


def test_a_gitleaks_report_is_imported_by_value_also_from_history(repo, found):
    rows = [
        {"RuleID": "aws", "File": "a.py", "StartLine": 40, "Secret": FIRST},
        {"RuleID": "aws", "File": "gone.py", "StartLine": 1, "Secret": THIRD},
        {"RuleID": "aws", "File": "gone.py", "StartLine": 2, "Secret": "REDACTED"},
    ]
    report = repo.parent / "report.json"
    report.write_text(json.dumps(rows), "utf-8")
    assert run(["baseline", "import", str(report), "--reason", "known"]) == 0
    assert len(entries(repo)) == 2
    (repo / "b.py").write_text(f'aws = "{THIRD}"\n', "utf-8")
    assert set(found()) == {"a.py:2"}


def test_what_is_no_such_file_is_refused(repo, capsys):
    (repo.parent / "x.json").write_text("{}", "utf-8")
    assert run(["baseline", "import", str(repo.parent / "x.json")]) == 2
    assert "neither" in capsys.readouterr().err
    assert run(["baseline", "import", "none.json"]) == 2
    assert not (repo / "baselines").exists()


def test_the_export_is_detect_secrets_own(repo, capsys):
    assert run(["baseline", "export", "--format", "detect-secrets", "-o", str(repo.parent / "out.json")]) == 0
    document = json.loads((repo.parent / "out.json").read_text("utf-8"))
    rows = document["results"]["a.py"]
    assert hashlib.sha1(FIRST.encode()).hexdigest() in {row["hashed_secret"] for row in rows}
    assert FIRST not in json.dumps(document)


def test_an_organisations_key_names_the_baseline(repo, monkeypatch, found):
    monkeypatch.setenv("DCE_GUARD_KEY", "0123456789abcdef" * 4)
    run(["baseline", "create", "--reason", "before dce-guard"])
    document = json.loads((repo / "baselines" / "dce-guard.json").read_text("utf-8"))
    assert len(document["key_id"]) == 16
    assert document["salt"] != "0123456789abcdef" * 2
    assert found() == {}
    monkeypatch.delenv("DCE_GUARD_KEY")
    assert set(found()) >= {"a.py:1", "a.py:2"}


def test_a_broken_baseline_stops_everything(repo, capsys):
    (repo / "baselines").mkdir()
    (repo / "baselines" / "dce-guard.json").write_text('{"format": 9}', "utf-8")
    for command in (["review"], ["prune"], ["create", "--reason", "x"]):
        assert run(["baseline", *command]) == 2
        assert "format 9 is not known" in capsys.readouterr().err


def test_outside_a_repository_there_is_none(repo, monkeypatch, capsys, tmp_path):
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    assert run(["baseline", "create", "--reason", "x"]) == 3
    assert "no work tree" in capsys.readouterr().err
    assert list((tmp_path / "plain").iterdir()) == []


def test_a_command_that_is_none_is_suggested(repo, capsys):
    assert run(["baseline", "acept"]) == 2
    assert "accept" in capsys.readouterr().err
