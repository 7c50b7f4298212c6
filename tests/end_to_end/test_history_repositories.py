"""Kinds of repositories, and places that need one of their own: each secret found, or what is not here said."""

import os
from pathlib import Path

import pytest
from history_repos import Place, history, known_key, swept
from planted import FORMATS, secrets
from repos import Repo, clone

__all__ = ["known_key"]
SECRETS = secrets()
TEXT, DATA = SECRETS.text, SECRETS.data


def deleted(path: Path, *init: str) -> tuple[Repo, str]:
    """A repository in whose history the three were in a.env, and the commit that brought them."""
    repo = Repo(path, *init)
    repo.commit_file("base.txt", b"base\n")
    commit = repo.commit_file("a.env", DATA)
    repo.git("rm", "-q", "a.env")
    repo.commit("remove")
    return repo, commit


def in_history(commit: str, reach: str = "committed", **more: object) -> Place:
    return Place("blob", "a.env", commit=commit, reach=reach, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [False, True])
def test_m39_sha256_repository(tmp_path: Path, packed: bool) -> None:
    repo, commit = deleted(tmp_path / "r", "--object-format=sha256")
    if packed:
        repo.git("gc", "-q")
    assert len(commit) == 64
    swept(repo.path).holds(SECRETS, in_history(commit))


def test_m40_bare_repository(tmp_path: Path) -> None:
    """What lies in a bare repository was pushed there."""
    repo, commit = deleted(tmp_path / "r")
    bare = clone(repo, tmp_path / "bare.git", "--bare")
    swept(bare.path).holds(SECRETS, in_history(commit, "pushed"))


def test_m41_and_m42_linked_and_other_work_trees(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked", home=repo.home)
    commit = linked.commit_file("a.env", DATA)
    swept(repo.path).holds(SECRETS, in_history(commit))
    linked.git("rm", "-q", "a.env")
    linked.commit("remove")
    linked.write("b.env", secrets(2).data)
    linked.git("add", "-A")
    linked.write("c.env", secrets(3).data)
    told = swept(linked.path)
    told.holds(SECRETS, in_history(commit))
    told.holds(secrets(3), Place("file", "c.env", held=None, reach="work-tree"))
    other = swept(repo.path)
    other.holds(SECRETS, in_history(commit))
    assert other.finding(secrets(2).stripe)["exposure"]["held"] == "nothing"  # staged elsewhere
    assert told.trace(SECRETS.stripe, "blob", "a.env")["refs"] == ["HEAD"]
    assert other.trace(SECRETS.stripe, "blob", "a.env")["refs"] == ["worktrees/linked/HEAD"]


def test_m35_and_m36_shallow_clone(tmp_path: Path) -> None:
    """At the boundary all is found; what is behind is not here, and that is said."""
    repo, commit = deleted(tmp_path / "r")
    three = secrets(2)
    last = repo.commit_file("b.env", three.data)
    cut = clone(repo, tmp_path / "cut", "--depth=1")
    told = swept(cut.path)
    told.holds(three, Place("blob", "b.env", reach="pushed", commit=last, current=True))
    assert ("shallow", False) in told.reasons
    assert commit not in told.stdout.decode()
    assert "behind 1 commit" in next(one["detail"] for one in told.report["skips"])
    text = history(cut.path, form="text").stdout.decode()
    assert "was not cloned" in text
    whole = swept(cut.path, "--fetch-missing")
    whole.holds(SECRETS, in_history(commit, "pushed"))
    assert not whole.report["skips"]


def test_m36_a_clean_shallow_clone_is_not_called_clean_in_silence(tmp_path: Path) -> None:
    repo, _ = deleted(tmp_path / "r")
    cut = clone(repo, tmp_path / "cut", "--depth=1")
    told = swept(cut.path)
    assert (told.code, told.report["findings"], told.reasons) == (0, [], {("shallow", False)})
    for form in FORMATS:
        said = history(cut.path, form=form)
        assert form in ("csv",) or b"not cloned" in said.stdout, form


@pytest.mark.parametrize("offline", [False, True])
def test_m43_and_m44_partial_clone(tmp_path: Path, offline: bool) -> None:
    repo, commit = deleted(tmp_path / "r")
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    part = clone(repo, tmp_path / "part", "--filter=blob:none")
    if offline:
        repo.path.rename(tmp_path / "gone")
    told = swept(part.path)
    assert (told.code, told.report["findings"], told.reasons) == (0, [], {("missing", False)})
    assert "at least 1 were left behind" in told.report["skips"][0]["detail"]
    assert b"left behind by a partial clone" in history(part.path, form="text").stdout
    fetched = history(part.path, "--fetch-missing")
    if offline:
        assert (fetched.code, fetched.stdout) == (3, b"")
        assert "hint:" in fetched.stderr
        return
    fetched.holds(SECRETS, in_history(commit, "pushed"))
    assert not fetched.report["skips"]


def test_m37_replace_refs_both_sides(tmp_path: Path) -> None:
    """The replaced and the replacing object are both there."""
    repo, commit = deleted(tmp_path / "r")
    secret = repo.git("rev-parse", f"{commit}:a.env")
    clean = repo.git("hash-object", "-w", "--stdin", data=b"clean\n")
    repo.git("replace", secret, clean)
    swept(repo.path).holds(SECRETS, in_history(commit))
    other, base = Repo(tmp_path / "o"), secrets(2)
    shown = other.commit_file("a.env", b"clean\n")
    secret = other.git("hash-object", "-w", "--stdin", data=base.data)
    other.git("replace", other.git("rev-parse", f"{shown}:a.env"), secret)
    told = swept(other.path)
    found = told.finding(base.stripe)["exposure"]
    assert (found["held"], told.code) == ("ref", 1)


@pytest.mark.parametrize("how", ["grafts", "replace"])
def test_m38_grafts_both_sides(tmp_path: Path, how: str) -> None:
    """History that a graft cuts off is still there, and so is history that one puts in."""
    repo, commit = deleted(tmp_path / "r")
    head = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "--orphan", "x")
    repo.write("b.env", secrets(2).data)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "other history")
    other = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "x")
    if how == "grafts":
        (repo.path / ".git/info").mkdir(exist_ok=True)
        (repo.path / ".git/info/grafts").write_text(f"{head} {other}\n")
    else:
        repo.git("replace", "--graft", head, other)
    told = swept(repo.path)
    told.holds(SECRETS, in_history(commit))
    assert told.place(secrets(2).stripe, "blob", "b.env")["commit"] == other


def test_alternates(tmp_path: Path) -> None:
    """Objects that another repository lends."""
    repo, commit = deleted(tmp_path / "r")
    repo.git("gc", "-q")
    repo.git("clone", "-q", "-s", str(repo.path), str(tmp_path / "borrower"))
    borrower = Repo(tmp_path / "borrower", home=repo.home)
    assert not list(borrower.path.glob(".git/objects/pack/*.pack"))
    swept(borrower.path).holds(SECRETS, in_history(commit, "pushed"))


def test_m33_submodule(tmp_path: Path) -> None:
    inner = Repo(tmp_path / "inner")
    inner.commit_file("a.env", DATA)
    repo = Repo(tmp_path / "r", home=inner.home)
    repo.commit_file("base.txt", b"base\n")
    repo.git("submodule", "add", "-q", str(inner.path), "lib/inner")
    repo.commit()
    told = swept(repo.path)
    assert ("submodule", False) in told.reasons  # not in silence
    swept(repo.path / "lib" / "inner").holds(SECRETS, Place("blob", "a.env", reach="pushed", current=True))


def test_m34_lfs(tmp_path: Path) -> None:
    """A pointer is told; the object is read where it was fetched."""
    repo = Repo(tmp_path / "r")
    oid = "ab" * 32
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(DATA)}\n"
    repo.commit_file("big.bin", pointer.encode())
    told = swept(repo.path)
    assert (told.code, told.reasons) == (0, {("lfs-pointer", False)})
    stored = f"lfs/objects/ab/ab/{oid}"
    repo.write(f".git/{stored}", DATA)
    swept(repo.path).holds(SECRETS, Place("file", f".git/{stored}", held=None, reach="unknown"))
    repo.git("gc", "-q")
    assert ("lfs-pointer", False) in swept(repo.path).reasons


def test_m55_concatenation_is_out_of_reach(tmp_path: Path) -> None:
    """A key in two strings on two lines: half of it is found, or nothing; nothing else is told."""
    repo = Repo(tmp_path / "r")
    half = len(SECRETS.stripe) // 2 + 4
    repo.commit_file("a.py", f'key = "{SECRETS.stripe[:half]}" +\n    "{SECRETS.stripe[half:]}"\n'.encode())
    told = history(repo.path)
    assert told.code in (0, 1)
    assert {place["path"] for one in told.report["findings"] for place in one["locations"]} <= {"a.py"}


def test_m09_and_m10_a_deleted_file_of_an_odd_name(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    name = b"new\nline/\xff\xfe\x1b[31m \"'\t.env"
    commit = repo.commit_file(name, DATA)
    (Path(os.fsdecode(bytes(repo.path) + b"/" + name))).unlink()
    repo.commit("remove")
    repo.git("gc", "-q")
    shown = os.fsdecode(name).replace("\udcff", "\ufffd").replace("\udcfe", "\ufffd")
    swept(repo.path).holds(SECRETS, Place("blob", shown, commit=commit))
    for form in FORMATS:
        said = history(repo.path, form=form)
        assert (said.code, b"\x1b" in said.stdout, SECRETS.leaked(said.stdout)) == (1, False, []), form
