"""Which refs a push is taken to send."""

import subprocess
from pathlib import Path

import pytest

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.pushes import NO_REMOTE, all_updates, framework_updates, parse_updates, remote_pattern
from dce_guard.errors import GitError, GuardError

A, B, ZERO = "a" * 40, "b" * 40, "0" * 40


def test_lines_of_git() -> None:
    data = f"refs/heads/f refs {A} refs/heads/f {B}\n"
    data += f"(delete) {ZERO} refs/heads/old {B}\nHEAD {B} refs/tags/v {ZERO}\n"
    assert parse_updates(data.encode()) == [
        ("refs/heads/f refs", A, "refs/heads/f", B),
        ("HEAD", B, "refs/tags/v", ZERO),
    ]


def test_nothing_and_empty_lines() -> None:
    assert parse_updates(b"") == parse_updates(b"\n") == []


def test_any_bytes_in_a_name_and_sha256() -> None:
    updates = parse_updates(b"refs/heads/\xff " + b"c" * 64 + b" refs/heads/\xff " + b"0" * 64 + b"\n")
    assert updates == [("refs/heads/\udcff", "c" * 64, "refs/heads/\udcff", "0" * 64)]


@pytest.mark.parametrize(
    "line", [b"refs/heads/f", b"a b c d", f"r {A} r {B[:39]}".encode(), f"r --all r {B}".encode(), b"\x00"]
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(GuardError, match="nothing was scanned"):
        parse_updates(f"r {A} r {B}\n".encode() + line + b"\n")


@pytest.mark.parametrize(
    ("remote", "pattern"),
    [
        ("origin", "origin"),
        ("team/fork", "team/fork"),
        ("https://example.org/x.git", NO_REMOTE),
        ("*", NO_REMOTE),
        ("o[r]igin", NO_REMOTE),
        ("git@example.org:x", NO_REMOTE),
        ("", NO_REMOTE),
    ],
)
def test_only_a_name_leaves_anything_out(remote: str, pattern: str) -> None:
    assert remote_pattern(remote) == pattern


def test_no_remote_leaves_nothing_out(repo: "Repo") -> None:
    first = repo.commit("a")
    repo.push("main")
    assert repo.git("rev-list", "HEAD", "--not", "--remotes=origin") == ""
    assert repo.git("rev-list", "HEAD", "--not", f"--remotes={NO_REMOTE}") == first


class Repo:
    def __init__(self, root: Path, env: dict[str, str]) -> None:
        self.root, self.env = root, env
        root.mkdir()
        self.git("init", "-q")

    def git(self, *words: str) -> str:
        run = subprocess.run(
            ["git", *words], cwd=self.root, env=self.env, capture_output=True, text=True, check=True
        )
        return run.stdout.strip()

    def commit(self, text: str) -> str:
        self.git("commit", "-q", "--allow-empty", "-m", text)
        return self.git("rev-parse", "HEAD")

    def push(self, *refs: str, remote: str = "origin") -> None:
        bare = self.root.parent / f"{remote}.git"
        if not bare.exists():
            self.git("init", "-q", "--bare", str(bare))
            self.git("remote", "add", remote, str(bare))
        self.git("push", "-q", remote, *refs)

    @property
    def opened(self) -> Repository:
        repository = discover(self.root)
        assert repository
        return repository


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    import os

    for key in [key for key in os.environ if key.startswith(("GIT_", "PRE_COMMIT"))]:
        monkeypatch.delenv(key)
    (tmp_path / "config").write_text(
        "[user]\n name = T\n email = t@example.org\n[init]\n defaultBranch = main\n"
    )
    env = {**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "config"), "GIT_CONFIG_NOSYSTEM": "1"}
    return Repo(tmp_path / "work", env)


def tips(updates: list[tuple[str, str, str, str]]) -> set[str]:
    assert all(remote == ZERO for *_, remote in updates)
    return {tip for _, tip, _, _ in updates}


def test_every_unpublished_branch_and_tag_beside_the_named_ref(repo: Repo) -> None:
    base = repo.commit("base")
    repo.push("main")
    repo.git("branch", "old")
    f1 = (repo.git("switch", "-q", "-c", "f1"), repo.commit("f1"))[1]
    f2 = (repo.git("switch", "-q", "-c", "f2", "main"), repo.commit("f2"))[1]
    repo.git("switch", "-q", "--detach", "main")
    tagged = repo.commit("only tagged")
    repo.git("tag", "-a", "v1", "-m", "v1")
    repo.git("tag", "light")
    repo.git("switch", "-q", "main")
    found = framework_updates(
        repo.opened, {"PRE_COMMIT_LOCAL_BRANCH": "refs/heads/f1", "PRE_COMMIT_TO_REF": f1}
    )
    assert found[0][1] == f1
    assert tips(found) == {base, f1, f2, tagged, repo.git("rev-parse", "v1")}
    assert "refs/heads/old" not in {name for name, *_ in found}


def test_what_another_remote_has_is_taken_when_named_only(repo: Repo) -> None:
    repo.commit("base")
    repo.push("main")
    repo.git("switch", "-q", "-c", "theirs")
    theirs = repo.commit("theirs")
    repo.push("theirs", remote="upstream")
    repo.git("switch", "-q", "main")
    assert theirs not in tips(framework_updates(repo.opened, {}))
    assert theirs in tips(framework_updates(repo.opened, {"PRE_COMMIT_LOCAL_BRANCH": "refs/heads/theirs"}))


def test_a_first_push_names_no_range(repo: Repo) -> None:
    first = repo.commit("a")
    assert tips(framework_updates(repo.opened, {"PRE_COMMIT_LOCAL_BRANCH": "refs/heads/main"})) == {first}


def test_names_that_look_like_options_or_do_not_exist(repo: Repo) -> None:
    first = repo.commit("a")
    odd = {"PRE_COMMIT_LOCAL_BRANCH": "--all", "PRE_COMMIT_TO_REF": "nosuch"}
    assert tips(framework_updates(repo.opened, odd)) == {first}


def test_nothing_to_push_is_not_a_clean_result(repo: Repo) -> None:
    with pytest.raises(GitError, match="nothing was scanned"):
        framework_updates(repo.opened, {})


def test_history_is_every_ref(repo: Repo) -> None:
    a = repo.commit("a")
    repo.push("main")
    repo.git("update-ref", "refs/odd/place", repo.commit("b"))
    b = repo.git("rev-parse", "HEAD")
    repo.git("reset", "-q", "--hard", a)
    repo.git("switch", "-q", "--detach")
    c = repo.commit("detached")
    assert tips(all_updates(repo.opened)) == {a, b, c}


def test_history_of_a_shallow_clone_is_refused(repo: Repo, tmp_path: Path) -> None:
    repo.commit("a")
    repo.commit("b")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(tmp_path / "shallow"))
    shallow = discover(tmp_path / "shallow")
    assert shallow
    with pytest.raises(GitError, match="shallow") as caught:
        all_updates(shallow)
    assert "--unshallow" in caught.value.hint
