"""install and uninstall: what git then runs, and that nothing gets lost. The scanner is a stub here."""

import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hook_world import World, leak, make, script, snapshot, stub

from dce_guard.adapters import hooks
from dce_guard.adapters.hook_script import Owner, Scanner, owner
from dce_guard.cli import install, uninstall
from dce_guard.errors import GitError, GuardError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stub scanner is a shell script")

OTHER = '#!/bin/sh\necho other >>"$STUB_LOG"\nexit ${OTHER_EXIT-0}\n'


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = make(tmp_path)
    enter(made, monkeypatch)
    return made


def enter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in [key for key in os.environ if key.startswith(("GIT_", "PRE_COMMIT", "PREK_"))]:
        monkeypatch.delenv(key)
    for key in ("HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(key, world.env[key])
    monkeypatch.chdir(world.root)
    python = stub(world)
    monkeypatch.setattr(hooks, "scanner", lambda: Scanner(str(python), str(python)))


def do(command: object, *words: str) -> Result:
    result = CliRunner().invoke(command, words, catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result


def commit(world: World, **more: str) -> int:
    world.write("file.txt", world.log() + "x")
    world.git("add", "-A")
    return world.run("git", "commit", "-q", "-m", "m", **more).returncode


def remote(world: World, name: str = "origin") -> Path:
    bare = world.home / f"{name}.git"
    world.git("init", "--quiet", "--bare", str(bare))
    world.git("remote", "add", name, str(bare))
    return bare


def test_plain_repository_and_back(world: World) -> None:
    before = snapshot(world.root / ".git" / "hooks")
    told = do(install.command).output
    hook = world.root / ".git" / "hooks" / "pre-commit"
    assert f"written: {hook}" in told and "To undo: dce-guard uninstall --pre-commit" in told
    assert stat.S_IMODE(hook.stat().st_mode) == 0o755
    assert commit(world) == 0
    assert "[scan] [--staged]" in world.log()
    assert commit(world, STUB_EXIT="1") == 1
    assert world.git("rev-list", "--count", "HEAD") == "1"
    assert "removed" in do(uninstall.command).output
    assert snapshot(world.root / ".git" / "hooks") == before


def test_twice_is_once(world: World) -> None:
    do(install.command)
    once = snapshot(world.root / ".git" / "hooks")
    assert "already in place" in do(install.command).output
    assert snapshot(world.root / ".git" / "hooks") == once


def test_a_moved_interpreter_is_followed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    do(install.command)
    monkeypatch.setattr(hooks, "scanner", lambda: Scanner("/elsewhere/python", "/elsewhere/main.py"))
    assert "brought up to date" in do(install.command).output
    assert "/elsewhere/python" in (world.root / ".git/hooks/pre-commit").read_text()


def test_path_with_spaces_and_quotes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = script(world.home / "it's a $HOME `x`" / "python", stub(world).read_text())
    monkeypatch.setattr(hooks, "scanner", lambda: Scanner(str(odd), str(odd)))
    do(install.command)
    assert commit(world) == 0
    assert "[scan] [--staged]" in world.log()


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_existing_hook_runs_first_and_keeps_its_exit_code(world: World, mode: int) -> None:
    path = script(world.root / ".git/hooks/pre-commit", OTHER, mode)
    before = snapshot(path.parent)
    assert "the hook that was there runs first" in do(install.command).output
    assert commit(world) == 0
    assert world.log().index("other") < world.log().index("[scan]")
    seen = world.log()
    assert commit(world, OTHER_EXIT="7") == 1  # git's own code for a refused commit
    assert world.log() == seen + "other\n"  # nothing to scan in a commit that is refused anyway
    assert world.run("sh", ".git/hooks/pre-commit", OTHER_EXIT="7").returncode == 7
    assert commit(world, STUB_EXIT="1") == 1
    do(uninstall.command)
    assert snapshot(path.parent) == before


def test_existing_hook_that_git_ignored_stays_ignored(world: World) -> None:
    path = script(world.root / ".git/hooks/pre-commit", OTHER, 0o644)
    before = snapshot(path.parent)
    do(install.command)
    assert commit(world) == 0
    assert "other" not in world.log()
    do(uninstall.command)
    assert snapshot(path.parent) == before


def test_existing_symbolic_link_is_never_written_through(world: World) -> None:
    target = script(world.root / "tools" / "check", OTHER)
    link = world.root / ".git/hooks/pre-commit"
    link.symlink_to("../../tools/check")
    do(install.command)
    assert target.read_text() == OTHER
    assert commit(world) == 0
    assert "other" in world.log() and "[scan]" in world.log()
    do(uninstall.command)
    assert link.is_symlink() and os.readlink(link) == "../../tools/check"


def test_push_gives_all_lines_and_arguments_to_both(world: World) -> None:
    script(
        world.root / ".git/hooks/pre-push", '#!/bin/sh\necho "other $*" >>"$STUB_LOG"\ncat >>"$STUB_LOG"\n'
    )
    do(install.command, "--pre-push")
    bare = remote(world)
    world.commit("a", "a")
    world.git("branch", "f1")
    world.git("branch", "f2")
    assert world.run("git", "push", "-q", "origin", "f1", "f2").returncode == 0
    log = world.log()
    assert f"other origin {bare}" in log and f"[hook] [pre-push] [origin] [{bare}]" in log
    assert log.count("\nrefs/heads/f1 ") == log.count("\nrefs/heads/f2 ") == 2
    assert log.endswith("\n")


def test_push_is_stopped_by_either(world: World) -> None:
    script(world.root / ".git/hooks/pre-push", OTHER)
    do(install.command, "--pre-push")
    bare = remote(world)
    world.commit("a", "a")
    assert world.run("git", "push", "-q", "origin", "main", OTHER_EXIT="4").returncode == 1
    assert world.run("git", "push", "-q", "origin", "main", STUB_EXIT="1").returncode == 1
    assert world.git("for-each-ref", cwd=bare) == ""
    assert world.run("git", "push", "-q", "origin", "main").returncode == 0


def test_only_the_named_hook_is_installed(world: World) -> None:
    do(install.command, "--pre-push")
    assert not (world.root / ".git/hooks/pre-commit").exists()
    do(install.command, "--pre-push", "--pre-commit")
    assert (world.root / ".git/hooks/pre-commit").exists()
    do(uninstall.command, "--pre-commit")
    assert (world.root / ".git/hooks/pre-push").exists()


@pytest.mark.parametrize("absolute", [False, True])
def test_hooks_path_is_followed(world: World, absolute: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = world.home / "hooks" if absolute else world.root / ".githooks"
    world.git("config", "core.hooksPath", str(folder) if absolute else ".githooks")
    (world.root / "sub").mkdir()
    monkeypatch.chdir(world.root / "sub")
    told = do(install.command).output
    assert ("part of the repository" in told) is not absolute
    assert commit(world) == 0
    assert "[scan]" in world.log()
    do(uninstall.command)
    assert not folder.exists()


def test_global_hooks_path_is_said(world: World) -> None:
    world.git("config", "--global", "core.hooksPath", str(world.home / "all-hooks"))
    assert "runs in all of them" in do(install.command).output
    assert (world.home / "all-hooks" / "pre-commit").exists()


def test_a_folder_that_came_with_the_hooks_goes_with_the_last(world: World) -> None:
    world.git("config", "core.hooksPath", "deep/hooks")
    do(install.command)
    do(install.command, "--pre-push")
    do(uninstall.command, "--pre-commit")
    assert (world.root / "deep/hooks/pre-push").exists()
    do(uninstall.command)
    assert not (world.root / "deep/hooks").exists()


def test_a_folder_that_was_there_stays(world: World) -> None:
    (world.root / ".githooks").mkdir()
    world.git("config", "core.hooksPath", ".githooks")
    do(install.command)
    do(uninstall.command)
    assert (world.root / ".githooks").is_dir()


def test_linked_work_tree_uses_the_common_folder(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.commit("a", "a")
    linked = world.home / "linked"
    world.git("worktree", "add", "-q", str(linked))
    monkeypatch.chdir(linked)
    assert str(world.root / ".git/hooks/pre-commit") in do(install.command).output
    (linked / "b").write_text("b")
    world.git("add", "b", cwd=linked)
    assert world.run("git", "commit", "-q", "-m", "b", cwd=linked, STUB_EXIT="1").returncode == 1
    assert "[scan]" in world.log()


def test_fails_closed_when_the_scanner_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "scanner", lambda: Scanner("/nowhere/python", "/nowhere/main.py"))
    do(install.command)
    world.write("a", leak())
    world.git("add", "a")
    done = world.run("sh", ".git/hooks/pre-commit", PATH="/usr/bin:/bin")
    assert done.returncode == 3
    assert (
        "Nothing was scanned" in done.stderr
        and "--no-verify" in done.stderr
        and "/nowhere/python" in done.stderr
    )
    assert world.run("git", "commit", "-q", "-m", "m", PATH="/usr/bin:/bin").returncode == 1


def test_falls_back_to_the_one_on_path(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "scanner", lambda: Scanner("/nowhere/python", "/nowhere/main.py"))
    do(install.command)
    script(world.home / "bin" / "dce-guard", '#!/bin/sh\necho "path $*" >>"$STUB_LOG"\nexit 1\n')
    assert commit(world, PATH=f"{world.home / 'bin'}:/usr/bin:/bin") == 1
    assert "path scan --staged" in world.log()


def test_edited_hook_is_left_alone(world: World) -> None:
    do(install.command)
    path = world.root / ".git/hooks/pre-commit"
    path.write_text(path.read_text() + "echo mine\n")
    edited = path.read_bytes()
    for command in (install.command, uninstall.command):
        with pytest.raises(GuardError, match="was changed since"):
            do(command)
    assert path.read_bytes() == edited


def test_a_kept_hook_is_never_overwritten(world: World) -> None:
    script(world.root / ".git/hooks/pre-commit", OTHER)
    kept = script(world.root / ".git/hooks/pre-commit.before-dce-guard", "#!/bin/sh\n# older\n")
    with pytest.raises(GuardError, match="nothing was installed"):
        do(install.command)
    assert "older" in kept.read_text()
    assert (world.root / ".git/hooks/pre-commit").read_text() == OTHER


def test_a_failed_write_puts_the_old_hook_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    script(world.root / ".git/hooks/pre-commit", OTHER)
    before = snapshot(world.root / ".git/hooks")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dce_guard.adapters.atomic.os.fdopen", refuse)
    with pytest.raises(GuardError, match="Permission denied; it was not written"):
        do(install.command)
    assert snapshot(world.root / ".git/hooks") == before


def test_hooks_path_that_is_no_folder(world: World) -> None:
    world.git("config", "core.hooksPath", "/dev/null")
    with pytest.raises(GuardError, match="/dev/null"):
        do(install.command)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(world: World) -> None:
    folder = world.root / ".git/hooks"
    folder.chmod(0o555)
    try:
        with pytest.raises(GuardError, match="Permission denied"):
            do(install.command)
    finally:
        folder.chmod(0o755)


def test_outside_a_work_tree(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GitError, match="not a git repository") as caught:
        do(install.command)
    assert "pre-receive" in caught.value.hint
    bare = remote(world)
    monkeypatch.chdir(bare)
    with pytest.raises(GitError):
        do(install.command)


def test_uninstall_without_install(world: World) -> None:
    path = script(world.root / ".git/hooks/pre-commit", OTHER)
    assert "nothing was changed" in do(uninstall.command).output
    assert path.read_text() == OTHER


def test_a_stranger_that_mentions_us_is_a_stranger() -> None:
    assert owner("#!/bin/sh\ndce-guard scan --staged\n") is Owner.STRANGER


# -- pre-commit's and prek's own hooks


@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
@pytest.mark.parametrize("order", ["before", "after", "around"])
def test_beside_an_installed_framework(world: World, tool: str, order: str) -> None:
    """Whoever came first, both run once and nothing goes in circles."""
    config = (
        "repos:\n- repo: local\n  hooks:\n  - {id: t, name: t, language: system, always_run: true, "
        "pass_filenames: false, entry: sh -c 'echo framework >>\"$STUB_LOG\"'}\n"
    )
    world.write(".pre-commit-config.yaml", config)
    frame = (tool, "install") if tool == "pre-commit" else (tool, "install", "--quiet")
    for step in {"before": "gf", "after": "fg", "around": "fgf"}[order]:
        if step == "g":
            do(install.command)
        else:
            done = world.run(*frame)
            assert done.returncode == 0, done.stderr
    assert commit(world) == 0, world.log()
    assert world.log().count("framework") == 1
    assert world.log().count("[scan]") == 1
    assert commit(world, STUB_EXIT="1") == 1
    assert "already in place" in do(install.command).output
    do(uninstall.command)
    log = world.log()
    assert commit(world, STUB_EXIT="1") == 0
    assert world.log().count("[scan]") == log.count("[scan]")


# -- husky

HUSKY_H = (
    '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n'
    '[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\n'
)


def husky(world: World) -> Path:
    """The layout husky 9 makes, with a shim that does what its own does."""
    for hook in ("pre-commit", "pre-push"):
        script(world.root / ".husky/_" / hook, HUSKY_H)
    world.git("config", "core.hooksPath", ".husky/_")
    script(
        world.home / "bin/dce-guard",
        '#!/bin/sh\n{ echo "guard $*"; cat; } >>"$STUB_LOG"\nexit ${STUB_EXIT-0}\n',
    )
    world.env["PATH"] = f"{world.home / 'bin'}:{world.env['PATH']}"
    return world.root / ".husky"


def test_husky_scripts_get_our_lines(world: World) -> None:
    folder = husky(world)
    script(folder / "pre-commit", 'echo lint >>"$STUB_LOG"\n', 0o644)
    before = snapshot(folder)
    told = do(install.command).output
    assert "extended" in told and "shared" in told
    assert snapshot(folder / "_") == {k[2:]: v for k, v in before.items() if k.startswith("_/")}
    assert commit(world) == 0
    assert world.log().index("lint") < world.log().index("guard scan --staged")
    assert commit(world, STUB_EXIT="1") == 1
    assert "already in place" in do(install.command).output
    do(uninstall.command)
    assert snapshot(folder) == before


def test_husky_push_hands_the_lines_on(world: World) -> None:
    folder = husky(world)
    script(folder / "pre-push", '#!/bin/sh\n# theirs\nsed "s/^/lfs /" >>"$STUB_LOG"\n')
    before = snapshot(folder)
    do(install.command, "--pre-push")
    remote(world)
    world.commit("a", "a")
    world.git("branch", "b$HOME")
    assert world.run("git", "push", "-q", "origin", "main", "b$HOME").returncode == 0
    log = world.log()
    assert "guard hook pre-push origin" in log
    assert "lfs refs/heads/main" in log and "lfs refs/heads/b$HOME" in log
    assert world.run("git", "push", "-q", "origin", "main:x", STUB_EXIT="1").returncode == 1
    do(uninstall.command)
    assert snapshot(folder) == before


def test_husky_without_scripts_or_setup(world: World) -> None:
    (world.root / ".husky").mkdir()
    assert "not set up in this clone" in do(install.command).output
    assert (world.root / ".husky/pre-commit").stat().st_mode & 0o111
    assert not (world.root / ".git/hooks/pre-commit").exists()
    do(uninstall.command)
    assert list((world.root / ".husky").iterdir()) == []


def test_husky_refuses_what_it_cannot_undo(world: World) -> None:
    folder = husky(world)
    (folder / "pre-commit").write_text("echo no newline")
    with pytest.raises(GuardError, match="newline"):
        do(install.command)
    (folder / "pre-commit").unlink()
    (folder / "pre-commit").symlink_to("../elsewhere")
    with pytest.raises(GuardError, match="not a plain file"):
        do(install.command)
    (folder / "pre-commit").unlink()
    do(install.command)
    path = folder / "pre-commit"
    path.write_text(path.read_text().replace("--staged", "--help"))
    with pytest.raises(GuardError, match="were changed since"):
        do(uninstall.command)
