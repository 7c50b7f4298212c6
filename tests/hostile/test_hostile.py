"""No payload runs, nothing unreadable ends in silence, nobody else's file is read: in every mode."""

import os
import resource
import subprocess
from pathlib import Path

import pytest
from fixtures import FIXTURES, Builder, Ground, Outcome
from repos import PLANTED, Repo, Seen, git_env

from dce_guard.adapters.git import discover
from dce_guard.adapters.packing import CHUNK
from dce_guard.adapters.ranges import Range
from dce_guard.adapters.reach import Outreach
from dce_guard.adapters.sources import Staged
from dce_guard.adapters.worktree import WorkTree
from dce_guard.errors import GitError, GuardError

NEEDS_ROOT = {"a14_safe_directory"}
NOT_AS_ROOT = {"a41_unreadable_file"}


def scan(mode: str, path: Path, since: str = "HEAD~1") -> Seen | GuardError:
    """What one mode makes of a place; the error when it refuses."""
    try:
        repository = discover(path, named=True)
        if mode == "worktree":
            return Seen(WorkTree(repository, cwd=path).chunks())
        if repository is None:
            return GitError("not a repository")
        return Seen(
            Staged(repository).chunks() if mode == "staged" else Range(repository, f"{since}..HEAD").chunks()
        )
    except GuardError as error:
        return error


def judge(result: Seen | GuardError, expected: Outcome, mode: str) -> None:
    if isinstance(result, GuardError):
        assert expected is Outcome.TOLD, f"{mode}: {result.message}"
        assert result.hint or result.message
        return
    assert result.largest <= CHUNK + 1
    if expected is Outcome.TOLD:
        assert result.fatal, mode
    else:
        assert not result.fatal, f"{mode}: {result.fatal}"
        assert bool(result.planted) is (expected is Outcome.FOUND), f"{mode}: {sorted(result.paths)}"


@pytest.mark.parametrize("name", FIXTURES)
def test_every_mode(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if (
        (os.name == "nt")
        or (name in NEEDS_ROOT and os.geteuid())
        or (name in NOT_AS_ROOT and not os.geteuid())
    ):
        pytest.skip(f"{name} cannot be made by this user")
    canary = tmp_path / "canary"
    found = FIXTURES[name](Ground(tmp_path, PLANTED, canary))
    canary.unlink(missing_ok=True)  # building may have run it; scanning must not
    for key, value in found.env.items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(found.path)
    expected = {"worktree": found.worktree, "staged": found.staged, "range": found.range}
    for mode, outcome in expected.items():
        if outcome is not None:
            result = scan(mode, found.path, found.since)
            assert not canary.exists(), f"a program of the repository's ran in {mode}"
            judge(result, outcome, mode)
    repository = None
    try:
        repository = discover(found.path, named=True)
    except GuardError:
        return
    if repository and repository.root:
        reach = Outreach(repository)
        reach.of_path("staged.txt", lambda content: False)
        reach.of_path("src/leak.txt", lambda content: True)
        reach.close()
    assert not canary.exists()
    assert not (tmp_path / "trace").exists()


def test_the_canary_sings_under_ordinary_git(tmp_path: Path) -> None:
    """The fixtures are armed: plain git runs their programs."""
    canary = tmp_path / "canary"
    for name in ("a01_core_fsmonitor", "a05_textconv", "a07_filter_clean", "a12_include_path"):
        where = tmp_path / name
        where.mkdir()
        found = FIXTURES[name](Ground(where, PLANTED, canary))
        canary.unlink(missing_ok=True)
        for command in (["status"], ["diff", "--cached"], ["log", "-p"]):
            subprocess.run(["git", *command], cwd=found.path, env=git_env(tmp_path), capture_output=True)
        assert canary.exists(), name


def test_refusals_name_the_cause_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        "a11_embedded_bare_repo_cwd": "bare repository inside",
        "a13_core_worktree": "work tree",
        "a42_gitdir_file_escape": "does not point back",
        "a42_commondir_escape": "does not point back",
        "a42_git_link_escape": "does not point back",
        "broken_git_folder": "cannot be read",
    }
    for name, words in wanted.items():
        where = tmp_path / name
        where.mkdir()
        found = FIXTURES[name](Ground(where, PLANTED, tmp_path / "canary"))
        with pytest.raises(GitError) as error:
            discover(found.path)
        assert words in error.value.message, name
        assert error.value.hint, name


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a repository away")
def test_another_users_repository_is_opened_when_the_user_said_so(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = FIXTURES["a14_safe_directory"](Ground(tmp_path, PLANTED, tmp_path / "canary"))
    with pytest.raises(GitError) as error:
        discover(found.path)
    assert f"safe.directory {found.path}" in error.value.hint
    (own_home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {found.path}\n")
    result = scan("staged", found.path)
    assert isinstance(result, Seen) and result.planted == {"staged.txt"}
    (own_home / ".gitconfig").write_text("[safe]\n\tdirectory = /elsewhere\n")
    assert isinstance(scan("staged", found.path), GitError)
    for key, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    result = scan("staged", found.path)
    assert isinstance(result, Seen) and result.planted == {"staged.txt"}


SETTINGS = (
    ("color.ui", "always"),
    ("color.diff", "always"),
    ("core.bigFileThreshold", "1"),
    ("core.attributesFile", "ATTRIBUTES"),
    ("core.excludesFile", "EXCLUDES"),
    ("core.quotePath", "true"),
    ("core.precomposeUnicode", "true"),
    ("core.ignoreCase", "true"),
    ("core.abbrev", "4"),
    ("core.autocrlf", "true"),
    ("core.eol", "crlf"),
    ("core.fileMode", "false"),
    ("core.untrackedCache", "true"),
    ("core.checkStat", "minimal"),
    ("core.pager", "false"),
    ("core.commentChar", "p"),
    ("core.useReplaceRefs", "true"),
    ("diff.noprefix", "true"),
    ("diff.renames", "copies"),
    ("diff.algorithm", "patience"),
    ("diff.context", "0"),
    ("diff.orderFile", "/nonexistent"),
    ("diff.ignoreSubmodules", "all"),
    ("diff.relative", "true"),
    ("diff.external", "false"),
    ("diff.wsErrorHighlight", "all"),
    ("log.showRoot", "false"),
    ("log.follow", "true"),
    ("log.showSignature", "true"),
    ("log.date", "relative"),
    ("i18n.logOutputEncoding", "UTF-16"),
    ("status.showUntrackedFiles", "no"),
    ("status.relativePaths", "true"),
    ("submodule.recurse", "true"),
    ("pager.rev-list", "false"),
    ("gc.auto", "1"),
    ("index.version", "4"),
    ("feature.manyFiles", "true"),
)


@pytest.mark.parametrize("scope", ["global", "local"])
def test_settings_change_nothing(
    scope: str, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path / "repo", home=own_home)
    repo.write("src/\u00e9\t.txt", b"1 " + PLANTED)
    repo.commit_file("b.bin", b"\0\r\n" + PLANTED)
    repo.commit_file("src/c.txt", b"3 " + PLANTED)
    repo.write("staged.txt", b"4 " + PLANTED)
    repo.git("add", "-A")
    repo.write("untracked.txt", b"5 " + PLANTED)
    (tmp_path / "attributes").write_text("* -diff binary\n")
    (tmp_path / "excludes").write_text("*\n")

    def everything() -> list[object]:
        repository = discover(repo.path)
        assert repository
        sources = (WorkTree(repository, cwd=repo.path), Staged(repository), Range(repository, "HEAD~1..HEAD"))
        seen = [Seen(source.chunks()) for source in sources]
        assert [len(part.planted) for part in seen] == [5 if scope else 0, 1, 1]
        return [(part.items, part.skips) for part in seen]

    before = everything()
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM")
    for key, value in SETTINGS:
        value = value.replace("ATTRIBUTES", str(tmp_path / "attributes")).replace(
            "EXCLUDES", str(tmp_path / "excludes")
        )
        repo.git("config", f"--{scope}", key, value)
    (own_home / ".config" / "git").mkdir(parents=True)
    (own_home / ".config" / "git" / "ignore").write_text("*\n")
    (own_home / ".config" / "git" / "attributes").write_text("* -diff\n")
    assert everything() == before


def test_a_bomb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    found = FIXTURES["a52_git_bomb_small"](Ground(tmp_path, PLANTED, tmp_path / "canary"))
    repository = discover(found.path)
    assert repository
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    largest = max(
        len(part.data) for part in Range(repository, "HEAD~1..HEAD").chunks() if hasattr(part, "data")
    )
    assert largest <= CHUNK + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KB; the object has 64 MB


def test_every_fixture_is_listed() -> None:
    builders: dict[str, Builder] = FIXTURES
    assert len(builders) >= 38
