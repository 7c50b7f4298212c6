"""Hostile places to scan, each built fresh. Every builder plants `payload` and, where the attack runs a
program, arms one that creates the canary file.

A builder returns what a scan must make of it: FOUND (the payload is read), TOLD (it cannot be read, and an
error or a fatal Skip says so), CLEAN (what is planted is somebody else's and must not be read).
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from repos import Repo, clone


class Outcome(Enum):
    FOUND = "found"
    TOLD = "told"
    CLEAN = "clean"


@dataclass
class Hostile:
    """Where to scan, what must come of it in each mode, and what is set around it."""

    path: Path
    worktree: Outcome = Outcome.FOUND
    staged: Outcome = Outcome.FOUND
    range: Outcome | None = Outcome.FOUND  # None: there is no range to ask for
    env: dict[str, str] = field(default_factory=dict)
    """Set around the scan. Of a15's no named target must take notice; without a name it is a hook's, and counts."""
    since: str = "HEAD~1"


@dataclass
class Ground:
    """What a builder builds on."""

    where: Path
    payload: bytes
    canary: Path

    def script(self, name: str = "payload.sh") -> Path:
        """A program that touches the canary, and passes on what it reads so that it is not noticed."""
        path = self.where / name
        path.write_text(f"#!/bin/sh\ntouch '{self.canary}'\nexec cat 2>/dev/null\n")
        path.chmod(0o755)
        return path

    def repo(self) -> Repo:
        """The usual victim: a base commit, a commit with the payload, and one more file with it staged."""
        repo = Repo(self.where / "victim")
        repo.commit_file("base.txt", b"base\n")
        repo.commit_file("src/leak.txt", self.payload)
        repo.write("staged.txt", b"staged " + self.payload)
        repo.git("add", "-A")
        return repo


def _configured(ground: Ground, *settings: tuple[str, str]) -> Hostile:
    repo = ground.repo()
    for key, value in settings:
        repo.git("config", "--add", key, value)
    return Hostile(repo.path)


def a01_core_fsmonitor(ground: Ground) -> Hostile:
    return _configured(ground, ("core.fsmonitor", str(ground.script())))


def a02_core_sshcommand_promisor(ground: Ground) -> Hostile:
    repo = ground.repo()
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = clone(repo, ground.where / "partial", "--no-checkout", "--filter=blob:none")
    partial.git("config", "remote.origin.url", "ssh://host.invalid/x")
    partial.git("config", "core.sshCommand", str(ground.script()))
    return Hostile(partial.path, Outcome.CLEAN, Outcome.CLEAN, Outcome.TOLD)


def a03_uploadpack_ext(ground: Ground) -> Hostile:
    repo = ground.repo()
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = clone(repo, ground.where / "partial", "--no-checkout", "--filter=blob:none")
    partial.git("config", "remote.origin.uploadpack", str(ground.script()))
    partial.git("config", "protocol.file.allow", "always")
    return Hostile(partial.path, Outcome.CLEAN, Outcome.CLEAN, Outcome.TOLD)


def a04_diff_external(ground: Ground) -> Hostile:
    return _configured(ground, ("diff.external", str(ground.script())))


def _driver(ground: Ground, attribute: str, *settings: tuple[str, str]) -> Hostile:
    found = _configured(ground, *settings)
    info = found.path / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(f"* {attribute}\n")
    (found.path / ".gitattributes").write_text(f"* {attribute}\n")
    return found


def a05_textconv(ground: Ground) -> Hostile:
    return _driver(ground, "diff=x", ("diff.x.textconv", str(ground.script())))


def a06_diff_driver_command(ground: Ground) -> Hostile:
    return _driver(ground, "diff=x", ("diff.x.command", str(ground.script())))


def a07_filter_clean(ground: Ground) -> Hostile:
    script = str(ground.script())
    found = _driver(ground, "filter=x", ("filter.x.clean", script), ("filter.x.smudge", script))
    os.utime(found.path / "staged.txt", (1, 1))  # the index must be compared by content
    return found


def a07_filter_process(ground: Ground) -> Hostile:
    return _driver(
        ground, "filter=x", ("filter.x.process", str(ground.script())), ("filter.x.required", "true")
    )


def a08_alternates(ground: Ground) -> Hostile:
    neighbour = Repo(ground.where / "neighbour", home=ground.where / "home")
    neighbour.commit_file("a.txt", b"neighbour's")
    found = Hostile(ground.repo().path)
    (found.path / ".git/objects/info/alternates").write_text(f"{neighbour.path}/.git/objects\n")
    return found


def a09_hookspath(ground: Ground) -> Hostile:
    hooks = ground.where / "hooks"
    hooks.mkdir()
    found = _configured(ground, ("core.hooksPath", str(hooks)))
    for folder in (hooks, found.path / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-commit"):
            shutil.copy(ground.script(), folder / name)
    return found


def _embedded(ground: Ground) -> Hostile:
    found = ground.repo()
    inner = Repo(ground.where / "inner.git", "--bare")
    shutil.copytree(inner.path, found.path / "docs" / "embedded")
    config = found.path / "docs" / "embedded" / "config"
    script = ground.script()
    with config.open("a") as file:
        file.write(f"[core]\n\tfsmonitor = {script}\n\tworktree = ..\n\tbare = false\n")
    found.write("docs/embedded/refs/keep", b"")
    found.commit("documentation")
    found.write("staged-again.txt", b"again " + ground.payload)
    found.git("add", "-A")
    return Hostile(found.path)


def a10_embedded_bare_repo(ground: Ground) -> Hostile:
    return _embedded(ground)


def a11_embedded_bare_repo_cwd(ground: Ground) -> Hostile:
    found = _embedded(ground)
    return Hostile(found.path / "docs" / "embedded", Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a12_include_path(ground: Ground) -> Hostile:
    found = ground.repo()
    (found.path / "settings").write_text(f"[core]\n\tfsmonitor = {ground.script()}\n")
    found.git("config", "include.path", "../settings")
    found.git("config", "includeIf.gitdir:/.path", "../settings")
    return Hostile(found.path)


def a13_core_worktree(ground: Ground) -> Hostile:
    outside = ground.where / "outside"
    outside.mkdir()
    (outside / "private.txt").write_bytes(ground.payload)
    repo = Repo(ground.where / "victim")
    repo.commit_file("base.txt", b"base\n")
    repo.git("config", "core.worktree", str(outside))
    return Hostile(repo.path, Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a13_core_worktree_above(ground: Ground) -> Hostile:
    (ground.where / "private.txt").write_bytes(ground.payload)
    repo = Repo(ground.where / "victim")
    repo.commit_file("base.txt", b"base\n")
    repo.git("config", "core.worktree", str(ground.where))
    return Hostile(repo.path, Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a14_safe_directory(ground: Ground) -> Hostile:
    """Another user's repository: only root can make one (others skip by name)."""
    found = ground.repo()
    for path in (found.path, found.path / ".git"):
        os.chown(path, 54321, 54321)
    return Hostile(found.path, Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a15_git_dir_env(ground: Ground) -> Hostile:
    other = Repo(ground.where / "other", home=ground.where / "home")
    other.commit_file("other.txt", b"base\n")
    found = ground.repo()
    names = {
        "GIT_DIR": other.path / ".git",
        "GIT_WORK_TREE": other.path,
        "GIT_INDEX_FILE": other.path / ".git/index",
    }
    names |= {"GIT_OBJECT_DIRECTORY": other.path / ".git/objects", "GIT_COMMON_DIR": other.path / ".git"}
    return Hostile(found.path, env={key: str(value) for key, value in names.items()})


def a16_git_config_env(ground: Ground) -> Hostile:
    found = ground.repo()
    script = str(ground.script())
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": script}
    settings |= {"GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={script}'", "GIT_EXTERNAL_DIFF": script}
    settings |= {"GIT_SSH_COMMAND": script, "GIT_PAGER": script, "GIT_EDITOR": script, "GIT_ASKPASS": script}
    return Hostile(
        found.path, env=settings | {"GIT_TRACE": str(ground.where / "trace"), "GIT_EXEC_PATH": "/nowhere"}
    )


def a17_symlink_out(ground: Ground) -> Hostile:
    outside = ground.where / "outside"
    outside.mkdir()
    (outside / "private.txt").write_bytes(ground.payload)
    repo = Repo(ground.where / "victim")
    repo.commit_file("folder/private.txt", b"base\n")
    shutil.rmtree(repo.path / "folder")
    os.symlink(outside, repo.path / "folder")  # a tracked path now leads out
    os.symlink(outside / "private.txt", repo.path / "link")
    return Hostile(repo.path, Outcome.CLEAN, Outcome.CLEAN, None)


def a18_symlink_loop(ground: Ground) -> Hostile:
    found = ground.repo()
    os.symlink("loop", found.path / "loop")
    os.symlink("..", found.path / "src" / "up")
    return Hostile(found.path)


def a19_fifo(ground: Ground) -> Hostile:
    found = ground.repo()
    os.mkfifo(found.path / "pipe")
    (found.path / "base.txt").unlink()
    os.mkfifo(found.path / "base.txt")  # a tracked path
    return Hostile(found.path)


def a20_symlink_dev_zero(ground: Ground) -> Hostile:
    found = ground.repo()
    os.symlink("/dev/zero", found.path / "zero")
    return Hostile(found.path)


def a21_symlink_fifo_committed(ground: Ground) -> Hostile:
    found = ground.repo()
    os.mkfifo(ground.where / "pipe")
    os.symlink(ground.where / "pipe", found.path / "pipe")
    found.commit("a link")
    found.write("staged-again.txt", b"again " + ground.payload)
    found.git("add", "-A")
    return Hostile(found.path)


def a22_gitmodules_update(ground: Ground) -> Hostile:
    found = ground.repo()
    script = ground.script()
    found.write(
        ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = ext::{script}\n\tupdate = !{script}\n'.encode()
    )
    head = found.git("rev-parse", "HEAD")
    found.git("update-index", "--add", "--cacheinfo", f"160000,{head},x")
    found.git("config", "submodule.recurse", "true")
    found.git("config", "submodule.x.update", f"!{script}")
    return Hostile(found.path)


def a23_name_ansi(ground: Ground) -> Hostile:
    repo = Repo(ground.where / "victim")
    repo.commit_file("base.txt", b"base\n")
    repo.commit_file("\x1b]0;title\x07\x1b[31m\u202egnp.txt", ground.payload)
    repo.write("\x1b]52;c;aGk=\x07.txt", b"staged " + ground.payload)
    repo.git("add", "-A")
    return Hostile(repo.path)


def a24_name_newline_dash(ground: Ground) -> Hostile:
    repo = Repo(ground.where / "victim")
    repo.commit_file("base.txt", b"base\n")
    repo.write("--output=x", ground.payload)
    repo.write("line\nbreak 0\t\"q'.txt", b"2" + ground.payload)
    repo.write(b"latin-\xe9\xff.txt", b"3" + ground.payload)
    repo.write(" :(glob)**", b"4" + ground.payload)
    repo.commit()
    repo.write("-\n-", b"staged " + ground.payload)
    repo.git("add", "-A")
    return Hostile(repo.path)


def a25_deep_tree(ground: Ground) -> Hostile:
    """A path of 31,000 bytes: longer than a system call takes. No repository; git itself cannot list it."""
    plain = ground.where / "plain"
    plain.mkdir()
    handle = os.open(plain, os.O_RDONLY)
    for _ in range(124):
        os.mkdir("d" * 249, dir_fd=handle)
        inner = os.open("d" * 249, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    file = os.open("leak.txt", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
    os.write(file, ground.payload)
    os.close(file)
    os.close(handle)
    return Hostile(plain, Outcome.FOUND, Outcome.TOLD, None)


def a25_deep_tree_in_repository(ground: Ground) -> Hostile:
    repo = Repo(ground.where / "plain")
    repo.commit_file("base.txt", b"base\n")
    (ground.where / "made").mkdir()
    a25_deep_tree(Ground(ground.where / "made", ground.payload, ground.canary))
    os.rename(ground.where / "made" / "plain", repo.path / "deep")
    return Hostile(repo.path, Outcome.TOLD, Outcome.CLEAN, None)


def a37_big_threshold(ground: Ground) -> Hostile:
    return _configured(ground, ("core.bigFileThreshold", "1"))


def a38_diff_noprefix(ground: Ground) -> Hostile:
    return _configured(
        ground, ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.ui", "always")
    )


def a39_log_showroot(ground: Ground) -> Hostile:
    return _configured(ground, ("log.showRoot", "false"), ("log.diffMerges", "off"))


def a40_corrupt_object(ground: Ground) -> Hostile:
    """One broken blob among good ones: the good ones are read, the broken one is told."""
    repo = ground.repo()
    repo.commit_file("zz/broken.txt", b"broken " + ground.payload)
    repo.write("broken-too.txt", b"broken staged")
    repo.git("add", "-A")
    for name in ("HEAD:zz/broken.txt", ":0:broken-too.txt"):
        blob = repo.git("rev-parse", name)
        path = repo.path / ".git" / "objects" / blob[:2] / blob[2:]
        path.chmod(0o644)
        path.write_bytes(b"not zlib at all")
    repo.write("zz/broken.txt", b"clean")
    return Hostile(repo.path, Outcome.FOUND, Outcome.TOLD, Outcome.TOLD)


def a41_unreadable_file(ground: Ground) -> Hostile:
    """Root reads everything, so under root this is no attack (tests skip by name)."""
    repo = ground.repo()
    (repo.path / "src" / "leak.txt").chmod(0)
    return Hostile(repo.path, Outcome.TOLD)


def a42_gitdir_file_escape(ground: Ground) -> Hostile:
    neighbour = Repo(ground.where / "neighbour", home=ground.where / "home")
    neighbour.commit_file("base.txt", b"base\n")
    neighbour.commit_file("private.txt", ground.payload)
    victim = ground.where / "victim"
    victim.mkdir()
    (victim / ".git").write_text("gitdir: ../neighbour/.git\n")
    return Hostile(victim, Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a42_commondir_escape(ground: Ground) -> Hostile:
    neighbour = Repo(ground.where / "neighbour", home=ground.where / "home")
    neighbour.commit_file("base.txt", b"base\n")
    neighbour.commit_file("private.txt", ground.payload)
    victim = Repo(ground.where / "victim")
    (victim.path / ".git" / "commondir").write_text("../../neighbour/.git\n")
    return Hostile(victim.path, Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a42_git_link_escape(ground: Ground) -> Hostile:
    neighbour = Repo(ground.where / "neighbour", home=ground.where / "home")
    neighbour.commit_file("base.txt", b"base\n")
    neighbour.commit_file("private.txt", ground.payload)
    (ground.where / "victim").mkdir()
    os.symlink("../neighbour/.git", ground.where / "victim" / ".git")
    return Hostile(ground.where / "victim", Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def a51_pyproject_shadow(ground: Ground) -> Hostile:
    """Modules named as ours and the standard library's, in the tree that is scanned."""
    repo = ground.repo()
    for name in ("json", "click", "subprocess", "regex", "dce_guard", "sitecustomize", "hyperscan"):
        repo.write(f"{name}.py", f"open({str(ground.canary)!r}, 'w').close()\n".encode())
    repo.git("add", "-A")
    return Hostile(repo.path)


def a52_git_bomb_small(ground: Ground) -> Hostile:
    """64 MB of zeros that pack to 64 KB, with the payload behind them. (The reference's is 4 GB.)"""
    repo = Repo(ground.where / "victim")
    repo.commit_file("base.txt", b"base\n")
    repo.commit_file("bomb.bin", bytes(1 << 26) + ground.payload)
    repo.git("repack", "-a", "-d", "-q")
    repo.write("staged.bin", bytes(1 << 23) + b"staged " + ground.payload)
    repo.git("add", "-A")
    return Hostile(repo.path)


def broken_git_folder(ground: Ground) -> Hostile:
    plain = ground.where / "plain"
    (plain / ".git").mkdir(parents=True)
    (plain / "a.txt").write_bytes(ground.payload)
    return Hostile(plain, Outcome.TOLD, Outcome.TOLD, Outcome.TOLD)


def lying_commit_graph(ground: Ground) -> Hostile:
    """A commit-graph that gives the leaking commit its parent's tree: git believes it, and shows no leak."""
    found = ground.repo()
    found.git("rm", "-q", "src/leak.txt")
    found.commit("gone")
    found.write("staged-again.txt", b"again " + ground.payload)
    found.git("add", "-A")
    found.git("commit-graph", "write", "--reachable")
    graph = found.path / ".git" / "objects" / "info" / "commit-graph"
    true, false = (bytes.fromhex(found.git("rev-parse", f"{name}^{{tree}}")) for name in ("HEAD~1", "HEAD~2"))
    content = graph.read_bytes()
    assert content.count(true) == 1
    graph.chmod(0o644)
    graph.write_bytes(content.replace(true, false))
    assert "leak.txt" not in found.git("rev-list", "--objects", "HEAD~2..HEAD")
    return Hostile(found.path, since="HEAD~2")


Builder = Callable[[Ground], Hostile]
FIXTURES: dict[str, Builder] = {
    name: builder
    for name, builder in sorted(globals().items())
    if callable(builder)
    and getattr(builder, "__annotations__", {}).get("return") is Hostile
    and name[0] != "_"
}
