"""Commits and pushes that leak are stopped, the others are not: git, the hooks and the scanner together."""

import sys
from pathlib import Path

import pytest
from hook_world import World, leak, make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths of the shell differ")


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make(tmp_path)
    done = made.guard("install", "--pre-commit", "--pre-push")
    assert done.returncode == 0, done.stderr
    made.commit("base.txt", "nothing\n")
    bare = made.home / "origin.git"
    made.git("init", "--quiet", "--bare", str(bare))
    made.git("remote", "add", "origin", str(bare))
    return made


def refs(world: World) -> set[str]:
    return set(world.git("for-each-ref", "--format=%(refname)", cwd=world.home / "origin.git").split())


def push(world: World, *words: str) -> int:
    done = world.run("git", "push", "--quiet", "origin", *words)
    values = [value for seed in (1, 2, 7) for value in leak(seed).split('"')[1::2]]
    assert not any(value in done.stdout + done.stderr for value in values)
    return done.returncode


# -- commits


@pytest.mark.parametrize("words", [("-a",), ("settings.py",), ("--only", "settings.py"), ()])
def test_commit_is_stopped_in_each_form(world: World, words: tuple[str, ...]) -> None:
    """`-a` and a path make git use another index than .git/index."""
    world.commit("settings.py", "DEBUG = False\n")
    before = world.git("rev-parse", "HEAD")
    world.write("settings.py", leak())
    if not words:
        world.git("add", "settings.py")
    done = world.run("git", "commit", "-q", "-m", "m", *words)
    assert done.returncode == 1
    assert "settings.py" in done.stdout + done.stderr
    assert not any(value in done.stdout + done.stderr for value in leak().split('"')[1::2])
    assert world.git("rev-parse", "HEAD") == before


def test_commit_of_something_else_is_let_through(world: World) -> None:
    world.write("settings.py", leak())  # in the work tree, not in the commit
    world.write("fine.py", "x = 1\n")
    world.git("add", "fine.py")
    assert world.run("git", "commit", "-q", "-m", "m").returncode == 0


def test_what_is_staged_counts_and_not_what_is_on_disk(world: World) -> None:
    path = world.write("settings.py", leak())
    world.git("add", "settings.py")
    path.write_text("x = 1\n")
    assert world.run("git", "commit", "-q", "-m", "m").returncode == 1


def test_commit_in_a_subfolder_and_a_linked_work_tree(world: World) -> None:
    linked = world.home / "linked"
    world.git("worktree", "add", "-q", str(linked))
    (linked / "deep").mkdir()
    (linked / "deep" / "s.py").write_text(leak())
    world.git("add", "s.py", cwd=linked / "deep")
    assert world.run("git", "commit", "-q", "-m", "m", cwd=linked / "deep").returncode == 1


def test_repository_cannot_lend_us_its_own_modules(world: World) -> None:
    """Git starts hooks at the top of the work tree, where python would look for modules first."""
    world.write("click.py", "raise SystemExit(0)\n")
    world.write("dce_guard/__init__.py", "raise SystemExit(0)\n")
    world.write("settings.py", leak())
    world.git("add", "-A")
    assert world.run("git", "commit", "-q", "-m", "m").returncode == 1


# -- pushes


def test_first_push(world: World) -> None:
    assert push(world, "main") == 0
    world.git("switch", "-q", "-c", "other")
    world.commit("s.py", leak())
    assert push(world, "other") == 1
    assert refs(world) == {"refs/heads/main"}


def test_a_leak_in_any_of_several_refs(world: World) -> None:
    assert push(world, "main") == 0
    for name in ("f1", "f2", "f3"):
        world.git("switch", "-q", "-c", name, "main")
        world.commit(f"{name}.py", leak() if name == "f2" else "x = 1\n")
    assert push(world, "f1", "f2", "f3") == 1
    assert push(world, "--all") == 1
    assert refs(world) == {"refs/heads/main"}
    assert push(world, "f1", "f3") == 0


def test_a_leak_that_a_later_commit_takes_away(world: World) -> None:
    assert push(world, "main") == 0
    world.commit("s.py", leak())
    world.commit("s.py", "x = 1\n")
    assert push(world, "main") == 1


def test_what_was_pushed_before_is_not_held_against_the_next(world: World) -> None:
    world.commit("s.py", leak())
    assert push(world, "--no-verify", "main") == 0
    world.commit("fine.py", "x = 1\n")
    assert push(world, "main") == 0


def test_force_push(world: World) -> None:
    world.commit("a.py", "x = 1\n")
    assert push(world, "main") == 0
    world.git("reset", "-q", "--hard", "HEAD~1")
    world.commit("b.py", leak())
    assert push(world, "--force", "main") == 1
    world.git("reset", "-q", "--hard", "HEAD~1")
    world.commit("c.py", "x = 2\n")
    assert push(world, "--force", "main") == 0


def test_force_push_over_a_commit_that_is_not_here(world: World) -> None:
    assert push(world, "main") == 0
    other = world.home / "other"
    world.git("clone", "-q", str(world.home / "origin.git"), str(other))
    (other / "theirs.txt").write_text("theirs\n")
    world.git("add", "-A", cwd=other)
    world.git("commit", "-q", "-m", "theirs", cwd=other)
    world.git("push", "-q", "origin", "main", cwd=other)
    world.commit("mine.py", leak())
    assert push(world, "--force", "main") == 1
    world.git("reset", "-q", "--hard", "HEAD~1")
    world.commit("fine.py", "x = 1\n")
    assert push(world, "--force", "main") == 0


def test_deletion(world: World) -> None:
    assert push(world, "main", "main:gone") == 0
    assert push(world, "--delete", "gone") == 0
    world.git("switch", "-q", "-c", "leaky")
    world.commit("s.py", leak())
    assert push(world, "main:again") == 0
    assert push(world, ":again", "leaky") == 1
    assert refs(world) == {"refs/heads/main", "refs/heads/again"}


def test_tags(world: World) -> None:
    assert push(world, "main") == 0
    world.git("switch", "-q", "--detach")
    world.commit("s.py", leak(1))
    world.git("tag", "light")
    world.git("switch", "-q", "main")
    world.git("tag", "-a", "message", "-m", leak(2))
    world.git("tag", "-a", "fine", "-m", "fine")
    assert push(world, "light") == 1
    assert push(world, "message") == 1
    assert push(world, "--tags") == 1
    assert push(world, "fine") == 0
    assert refs(world) == {"refs/heads/main", "refs/tags/fine"}


def test_nothing_new(world: World) -> None:
    assert push(world, "main") == 0
    assert push(world, "main") == 0
    assert push(world, "main:copy") == 0


def test_an_address_instead_of_a_name(world: World) -> None:
    world.commit("s.py", leak())
    address = world.home / "elsewhere.git"
    world.git("init", "--quiet", "--bare", str(address))
    assert world.run("git", "push", "-q", f"file://{address}", "main").returncode == 1


def test_another_remote_has_seen_nothing_yet(world: World) -> None:
    world.commit("s.py", leak())
    assert push(world, "--no-verify", "main") == 0
    public = world.home / "public.git"
    world.git("init", "--quiet", "--bare", str(public))
    world.git("remote", "add", "public", str(public))
    assert world.run("git", "push", "-q", "public", "main").returncode == 1


# -- the commands behind the hooks


def test_history(world: World) -> None:
    assert world.guard("hook", "history").returncode == 0
    world.git("switch", "-q", "-c", "side")
    world.commit("s.py", leak())
    world.commit("s.py", "x = 1\n")
    world.git("switch", "-q", "main")
    assert push(world, "--no-verify", "--all") == 0  # what is pushed is history too
    done = world.guard("hook", "history")
    assert done.returncode == 1
    assert "s.py" in done.stdout + done.stderr


def test_history_holds_what_no_ref_leads_to_and_not_what_is_on_disk(world: World) -> None:
    world.write(".gitignore", ".env\n")
    world.write(".env", leak())
    assert world.guard("hook", "history").returncode == 0
    world.commit("s.py", leak())
    world.git("reset", "-q", "--hard", "HEAD~1")
    done = world.guard("hook", "history")
    assert done.returncode == 1 and "s.py" in done.stdout and "unreachable" in done.stdout


def test_history_of_a_shallow_clone_is_refused(world: World, tmp_path: Path) -> None:
    world.commit("a.py", "x = 1\n")
    world.git("clone", "-q", "--depth", "1", f"file://{world.root}", str(tmp_path / "shallow"))
    done = world.guard("hook", "history", cwd=tmp_path / "shallow")
    assert done.returncode == 3 and done.stdout == ""
    assert "nothing was scanned" in done.stderr and "fetch-depth: 0" in done.stderr


def test_lines_that_are_none_stop_the_push(world: World) -> None:
    hook = world.root / ".git/hooks/pre-push"
    done = world.run("sh", "-c", f'echo "not a line" | sh "{hook}" origin x')
    assert done.returncode == 3
    assert "nothing was scanned" in done.stderr


def test_no_leak_no_word_of_the_address(world: World) -> None:
    world.commit("s.py", leak())
    url = "https://user:" + "hunter" + "2pass@example.org/x.git"
    line = f"refs/heads/main {world.git('rev-parse', 'HEAD')} refs/heads/main {'0' * 40}"
    done = world.run("sh", "-c", f"echo '{line}' | sh .git/hooks/pre-push origin '{url}'")
    assert done.returncode == 1
    assert "2pass" not in done.stdout + done.stderr


def test_what_was_accepted_here_is_let_through(world: World) -> None:
    """On one's own machine the work tree's baseline counts, also the one that comes with the push."""
    world.write("s.py", leak())
    done = world.guard("baseline", "create", "--reason", "made up for a test")
    assert done.returncode == 0, done.stderr
    world.git("add", "-A")
    assert world.run("git", "commit", "-q", "-m", "m").returncode == 0
    assert push(world, "main") == 0
