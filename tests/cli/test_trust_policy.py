"""What a range may not say of itself: markers and policy of the change, on real repositories."""

import pytest
from repos import Repo
from scan_tools import token

from dce_guard import SecretScanner
from dce_guard.adapters.git import discover
from dce_guard.cli.trust import reader
from dce_guard.model.finding import State

ALLOW = b"  # dce-guard:" + b"allow tests only\n"
NEXT = b"# dce-guard:" + b"allow-next-line tests only\n"


@pytest.fixture
def repo(tmp_path, monkeypatch):
    made = Repo(tmp_path / "repo", home=tmp_path / "git-home")
    made.commit_file("README", b"words\n")
    monkeypatch.chdir(made.path)
    return made


def line(seed: int = 1) -> bytes:
    return b"key = '" + token(seed) + b"'"


def scan(repo, base="HEAD~1", **settings):
    return SecretScanner(settings or None).scan_range(f"{base}..HEAD")


def test_a_marker_that_the_change_adds_is_listed_and_does_not_count(repo):
    repo.commit_file("a.py", line() + ALLOW)
    report = scan(repo)
    assert [(one.rule, one.state) for one in report.findings] == [("github-pat", State.NEW)]
    (notice,) = [one for one in report.notices if "marker" in one]
    assert "a.py:1" in notice
    assert "--trust-head" in notice


def test_a_marker_above_that_the_change_adds_does_not_count_either(repo):
    repo.commit_file("a.py", NEXT + line() + b"\n")
    assert [one.state for one in scan(repo).findings] == [State.NEW]


def test_a_marker_of_the_base_at_the_same_secret_counts(repo):
    repo.commit_file("a.py", line() + ALLOW)
    repo.commit_file("a.py", b"# moved\n" + line() + ALLOW)
    report = scan(repo)
    assert [one.state for one in report.findings] == [State.ALLOWED]
    assert report.open == ()
    assert not [one for one in report.notices if "marker" in one]


def test_a_marker_of_the_base_vouches_for_its_own_secret_only(repo):
    repo.commit_file("a.py", line(1) + ALLOW)
    repo.commit_file("a.py", line(2) + ALLOW)
    assert [one.state for one in scan(repo).findings] == [State.NEW]


def test_a_secret_that_was_there_unmarked_is_not_allowed_by_marking_it(repo):
    repo.commit_file("a.py", line() + b"\n")
    repo.commit_file("a.py", line() + ALLOW)
    assert [one.state for one in scan(repo).findings] == [State.NEW]


def test_a_marker_in_another_file_of_the_base_vouches_for_nothing(repo):
    repo.commit_file("a.py", line() + ALLOW)
    repo.commit_file("b.py", b"# a copy\n" + line() + ALLOW)
    (one,) = scan(repo).findings
    assert one.state is State.NEW


def test_the_first_commit_has_no_base_that_could_vouch(tmp_path, monkeypatch):
    made = Repo(tmp_path / "new", home=tmp_path / "git-home")
    made.commit_file("a.py", line() + ALLOW)
    monkeypatch.chdir(made.path)
    made.git("checkout", "-q", "--orphan", "empty")
    made.git("rm", "-rqf", ".")
    made.git("commit", "-q", "--allow-empty", "-m", "nothing")
    report = SecretScanner().scan_range("empty..main")
    assert [one.state for one in report.findings] == [State.NEW]


def test_a_trusted_head_may_mark_its_own(repo):
    repo.commit_file("a.py", line() + ALLOW)
    report = scan(repo, **{"trust-head": True})
    assert [one.state for one in report.findings] == [State.ALLOWED]
    assert not [one for one in report.notices if "marker" in one]


def test_a_configuration_that_the_change_adds_does_not_count_and_is_told(repo):
    repo.write(".dce-guard.toml", b'exclude = ["*.py"]\n')
    repo.commit_file("a.py", line() + b"\n")
    report = scan(repo)
    assert [one.state for one in report.findings] == [State.NEW]
    (notice,) = [one for one in report.notices if "edits the policy" in one]
    assert ".dce-guard.toml" in notice
    assert "as the base has it" in notice


def test_a_configuration_of_the_base_counts_though_the_change_deletes_it(repo):
    repo.commit_file(".dce-guard.toml", b'exclude = ["*.py"]\n')
    repo.git("rm", "-q", ".dce-guard.toml")
    repo.commit_file("a.py", line() + b"\n")
    report = scan(repo)
    assert report.findings == ()
    assert [one for one in report.notices if "edits the policy" in one]


def test_the_work_trees_configuration_is_not_asked(repo):
    repo.commit_file("a.py", line() + b"\n")
    repo.write(".dce-guard.toml", b'exclude = ["*.py"]\n')
    report = scan(repo)
    assert len(report.open) == 1
    assert not [one for one in report.notices if "edits the policy" in one]


def test_a_trusted_heads_policy_is_used_and_told(repo):
    repo.write(".dce-guard.toml", b'exclude = ["*.py"]\n')
    repo.commit_file("a.py", line() + b"\n")
    report = scan(repo, **{"trust-head": True})
    assert report.findings == ()
    (notice,) = [one for one in report.notices if "edits the policy" in one]
    assert "trust-head" in notice


def test_a_change_that_edits_no_policy_says_nothing(repo):
    repo.commit_file("b.py", b"x = 1\n")
    assert scan(repo).notices == ()


def test_markers_count_on_disk_and_in_the_index(repo):
    repo.write("a.py", line() + ALLOW)
    assert [one.state for one in SecretScanner().scan_paths().findings] == [State.ALLOWED]
    repo.git("add", "a.py")
    assert [one.state for one in SecretScanner().scan_staged().findings] == [State.ALLOWED]
    assert [one.state for one in SecretScanner({"inline-markers": False}).scan_staged().findings] == [
        State.NEW
    ]


def test_a_reader_reads_revisions_and_nothing_else(repo):
    first = repo.commit_file("a.txt", b"one\n")
    repo.commit_file("a.txt", b"two\n")
    repo.write("a.txt", b"three\n")
    repository = discover(repo.path)
    assert repository
    assert reader(repository, first)("a.txt") == b"one\n"
    assert reader(repository, "HEAD")("a.txt") == b"two\n"
    assert reader(repository, "HEAD")("none.txt") is None
    assert reader(repository, "")("a.txt") is None


def test_staged_scans_leave_out_what_head_holds_at_the_path(repo):
    repo.commit_file("a.py", line(1) + b"\n")
    repo.write("a.py", b"# moved\n" + line(1) + b"\n" + line(2) + b"\n")
    repo.git("add", "a.py")
    (one,) = SecretScanner().scan_staged().findings
    assert one.locations[0].line == 3


def test_a_secret_without_a_line_end_is_known_of_the_past(repo):
    """A value that its line's end gives away: the past must be read with one too, as files are."""
    last = b"password: " + b"qwfpgj" + b"luyzxcdv"
    repo.commit_file("a.yml", last)
    repo.write("a.yml", b"# more\n" + last)
    repo.git("add", "a.yml")
    assert SecretScanner().scan_staged().findings == ()
    assert len(SecretScanner().scan_paths().findings) == 1
