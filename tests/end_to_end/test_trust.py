"""A change under test does not decide what is found in it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from planted import Told, guard, secrets, told
from repos import Repo

ONE = secrets(1)


def marked(marker: str) -> bytes:
    return "".join(
        f"{line}  # {marker}\n" if " = " in line else f"{line}\n" for line in ONE.text.splitlines()
    ).encode()


def disable_everything(repo: Repo) -> None:
    repo.write(".dce-guard.toml", b'disable = ["aws", "stripe", "generic", "passwords"]\n')


def exclude_everything(repo: Repo) -> None:
    repo.write(".dce-guard.toml", b'exclude = ["**", "*.env"]\n')


def pyproject(repo: Repo) -> None:
    repo.write("pyproject.toml", b'[tool.dce-guard]\nexclude = ["**"]\n')


def baseline(repo: Repo) -> None:
    done = guard("baseline", "create", "--reason", "let me through", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert json.loads((repo.path / "baselines" / "dce-guard.json").read_bytes())


def inline_marker(repo: Repo) -> None:
    repo.write("a.env", marked("dce-guard:allow it is fine"))


def foreign_marker(repo: Repo) -> None:
    repo.write("a.env", marked("gitleaks:allow"))


def own_rules(repo: Repo) -> None:
    repo.write(".dce-guard.toml", b'confidence = "high"\nbaseline = "other.json"\nrules = ["evil.toml"]\n')
    repo.write("evil.toml", b"[[rule]]\nnothing\n")


ATTACKS: list[Callable[[Repo], None]] = [
    disable_everything, exclude_everything, pyproject, baseline, inline_marker, foreign_marker, own_rules,
]  # fmt: skip


def proposed(tmp_path: Path, attack: Callable[[Repo], None]) -> tuple[Repo, Told]:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", ONE.data)
    attack(repo)
    repo.commit("a change that looks after itself")
    return repo, told("--range", f"{base}..HEAD", cwd=repo.path)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_change_does_not_weaken_its_own_check(attack: Callable[[Repo], None], tmp_path: Path) -> None:
    _, found = proposed(tmp_path, attack)
    assert found.code == 1
    assert found.holds("a.env")
    assert found.states == {"new"}
    assert "the change" in found.notices  # and it is told what it tried


@pytest.mark.parametrize("attack", ATTACKS[:6], ids=lambda attack: attack.__name__)
def test_trust_head_takes_the_changes_own_word(attack: Callable[[Repo], None], tmp_path: Path) -> None:
    repo, _ = proposed(tmp_path, attack)
    found = told("--range", "HEAD~1..HEAD", "--trust-head", cwd=repo.path)
    assert found.code == 0
    assert "new" not in found.states


def test_the_notice_is_in_the_text_report(tmp_path: Path) -> None:
    repo, _ = proposed(tmp_path, exclude_everything)
    said = guard("scan", "--range", "HEAD~1..HEAD", cwd=repo.path).stdout.decode()
    assert "edits the policy" in said
    assert ".dce-guard.toml" in said


def test_the_bases_policy_counts(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.write("known.env", marked("dce-guard:allow made up for tests"))
    base = repo.commit_file(".dce-guard.toml", b'exclude = ["vendor/**"]\n')
    repo.write("vendor/a.env", secrets(2).data)
    repo.write("known.env", b"\n" + marked("dce-guard:allow made up for tests"))
    repo.commit()
    found = told("--range", f"{base}..HEAD", cwd=repo.path)
    assert found.code == 0
    assert found.states == {"allowed"}
    assert set(found.lines) == {"known.env"}


def test_inline_markers_are_honoured_and_listed_on_disk(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.env", marked("dce-guard:allow a fixture"))
    found = told(cwd=repo.path)
    assert found.code == 0
    assert found.states == {"allowed"}
    assert {one["note"] for one in found.report["findings"]} == {"dce-guard:allow: a fixture"}
    assert told("--no-inline-markers", cwd=repo.path).code == 1


def test_a_marker_covers_its_line_only(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    lines = ONE.text.splitlines()
    lines[4] += "  # dce-guard:allow this one"
    repo.commit_file("a.env", "\n".join(lines).encode())
    found = told(cwd=repo.path)
    assert found.code == 1
    assert {one["provider"]: one["state"] for one in found.report["findings"]} == {
        "aws": "new",
        "stripe": "allowed",
    }
