"""The pre-commit framework: our manifest, somebody's configuration, both frameworks running us."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hook_world import PROJECT, World, leak, make

from dce_guard._version import __version__
from dce_guard.adapters.framework import STAGES, add_stanza, has_hooks, remove_stanza
from dce_guard.cli import install, uninstall
from dce_guard.errors import GuardError, UsageError

BOTH = ["dce-guard", "dce-guard-push"]
TOOLS = ["pre-commit", "prek"]


# -- the manifest


def manifest() -> dict[str, dict[str, object]]:
    return {hook["id"]: hook for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())}


def test_manifest_has_these_keys_and_no_other() -> None:
    """Both frameworks accept unknown keys and old stage names, so a slip of the pen shows here only."""
    keys = {"id", "name", "description", "entry", "language", "stages"}
    keys |= {"pass_filenames", "always_run", "require_serial"}
    assert {hook: set(entry) for hook, entry in manifest().items()} == dict.fromkeys(
        ("dce-guard", "dce-guard-push", "dce-guard-history"), keys
    )


def test_manifest_says_when_and_with_what() -> None:
    hooks = manifest()
    assert hooks["dce-guard"]["stages"] == ["pre-commit", "pre-merge-commit", "manual"]
    assert hooks["dce-guard-push"]["stages"] == ["pre-push"]
    assert hooks["dce-guard-history"]["stages"] == ["manual"]
    for hook in hooks.values():
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("python", False, True)
    for name, (entry, stages) in STAGES.items():
        assert (hooks[name]["entry"], hooks[name]["stages"]) == (f"dce-guard {entry}", list(stages))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "words", ["validate-manifest .pre-commit-hooks.yaml", "validate-config .pre-commit-config.yaml"]
)
def test_frameworks_accept_our_files(tool: str, words: str) -> None:
    subprocess.run([Path(sys.executable).parent / tool, *words.split()], cwd=PROJECT, check=True)


# -- somebody's configuration

HOOK = "repo: https://example.org/a\n{0}rev: v1\n{0}hooks:\n"
ROW, DEEP = HOOK.format("  "), HOOK.format("    ")
LOCAL = "repo: local\n  hooks:\n"
SHAPES = {
    "flush": f"# top\nrepos:\n- {LOCAL}  - id: x\n    name: x\n    entry: x\n    language: system\n",
    "indented": f"repos:\n  - {DEEP}      - id: x  # why\n        args: [\n          --a,\n        ]\n",
    "wide": f"repos:\n-   {DEEP}    -   id: x\n",
    "keys after": f"repos:\n  - {DEEP}      - id: x\n        # args: []\n\n# about CI\nci:\n  skip: [x]\n",
    "no last newline": f"repos:\n- {ROW}  - id: x",
    "block scalar": f"repos:\n- {ROW}  - id: x\n    description: |\n      text\nfail_fast: true\n",
    "flow hooks": "repos:\n- {repo: https://example.org/a, rev: v1, hooks: [{id: x}]}\n",
    "windows": f"repos:\n- {ROW}  - id: x\nfail_fast: true\n".replace("\n", "\r\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ids", [BOTH, ["dce-guard"], ["dce-guard-push"]])
def test_stanza_is_added_at_the_end_of_the_list(shape: str, ids: list[str]) -> None:
    text = SHAPES[shape]
    new = add_stanza(text, ids, "1.2.3")
    before, after = yaml.safe_load(text), yaml.safe_load(new)
    assert after["repos"][:-1] == before["repos"]
    assert {key: value for key, value in after.items() if key != "repos"} == {
        key: value for key, value in before.items() if key != "repos"
    }
    assert [hook["id"] for hook in after["repos"][-1]["hooks"]] == ids
    assert all(
        hook["additional_dependencies"] == ["dce-guard==1.2.3"] for hook in after["repos"][-1]["hooks"]
    )
    kept = [line for line in new.splitlines() if line in text.splitlines()]
    assert [line for line in text.splitlines() if line not in kept] == []
    assert add_stanza(new, ids, "1.2.3") == new == add_stanza(new, ids, "9.9.9")
    assert ("\r\n" in text) == ("\r\n" in new) and new.count("\r\n") in (0, new.count("\n"))
    assert remove_stanza(new, "1.2.3") == text + "\n" * (shape == "no last newline")


def test_indentation_follows_the_file() -> None:
    assert "\n-   repo: local\n    hooks:\n    -   id: dce-guard\n        name:" in add_stanza(
        SHAPES["wide"], ["dce-guard"], "1"
    )
    assert "\n  - repo: local\n    hooks:\n      - id: dce-guard\n        name:" in add_stanza(
        SHAPES["indented"], ["dce-guard"], "1"
    )


def test_comments_of_the_last_hook_stay_with_it() -> None:
    new = add_stanza(SHAPES["keys after"], ["dce-guard"], "1")
    assert new.index("# args: []") < new.index("repo: local") < new.index("# about CI")


def test_only_what_is_missing_is_added() -> None:
    one = add_stanza(SHAPES["flush"], ["dce-guard"], "1")
    both = add_stanza(one, BOTH, "1")
    assert has_hooks(both) == set(BOTH)
    assert both.count("id: dce-guard\n") == 1
    own = "repos:\n- repo: https://example.org/dce-guard\n  rev: v1\n  hooks:\n  - id: dce-guard\n"
    assert add_stanza(own, ["dce-guard"], "1") == own


@pytest.mark.parametrize(
    "text",
    ["", "[]", "repos: [", "repos: x\n", "hooks: []\n",
     "repos: []\n", "repos:\n", "repos: [{repo: meta, hooks: []}]\n",
     "a: &a [1]\nrepos: *a\n"],
)  # fmt: skip
def test_what_cannot_be_extended_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="nothing was added"):
        add_stanza(text, BOTH, "1")


def test_a_stanza_that_was_changed_is_not_removed() -> None:
    new = add_stanza(SHAPES["flush"], BOTH, "1").replace("pass_filenames: false", "pass_filenames: true", 1)
    assert remove_stanza(new, "1") == new


# -- the commands


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = make(tmp_path)
    for key in [key for key in os.environ if key.startswith(("GIT_", "PRE_COMMIT", "PREK_"))]:
        monkeypatch.delenv(key)
    for key in ("HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(key, made.env[key])
    monkeypatch.chdir(made.root)
    return made


def do(command: object, *words: str) -> Result:
    return CliRunner().invoke(command, words, catch_exceptions=False)  # type: ignore[arg-type]


def test_install_framework_and_back(world: World) -> None:
    path = world.write(".pre-commit-config.yaml", SHAPES["wide"])
    path.chmod(0o640)
    told = do(install.command, "--framework", "--pre-commit", "--pre-push").output
    assert "extended" in told and "pre-commit install --hook-type pre-commit --hook-type pre-push" in told
    assert has_hooks(path.read_text()) == set(BOTH)
    assert f"dce-guard=={__version__}" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
    assert not (world.root / ".git/hooks/pre-commit").exists()
    assert "already in place" in do(install.command, "--framework").output
    assert "restored" in do(uninstall.command, "--framework").output
    assert path.read_text() == SHAPES["wide"]
    assert "nothing was changed" in do(uninstall.command, "--framework").output


def test_install_framework_asks_the_framework(world: World) -> None:
    """Parses, and has a list; but pre-commit itself would not take it."""
    broken = "repos:\n- repo: https://example.org/a\n  hooks:\n  - id: x\n"
    path = world.write(".pre-commit-config.yaml", broken)
    with pytest.raises(UsageError, match="does not accept"):
        do(install.command, "--framework")
    assert path.read_text() == broken


def test_install_framework_needs_a_plain_file(world: World) -> None:
    with pytest.raises(UsageError, match="nothing was written"):
        do(install.command, "--framework")
    world.write("real.yaml", SHAPES["wide"])
    (world.root / ".pre-commit-config.yaml").symlink_to("real.yaml")
    with pytest.raises(GuardError, match="symbolic link"):
        do(install.command, "--framework")
    (world.root / ".pre-commit-config.yaml").unlink()
    (world.root / ".pre-commit-config.yaml").write_bytes(b"# \xff\nrepos:\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        do(install.command, "--framework")


# -- both frameworks, for real


def framework(world: World, *words: str) -> "subprocess.CompletedProcess[str]":
    return world.run(*words, PRE_COMMIT_HOME=str(world.home / "pc"), PREK_HOME=str(world.home / "prek"))


NO_INDEX = (
    "No matching distribution",
    "Could not find a version",
    "No solution found",
    "error sending request",
)


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_try_repo_of_this_checkout(world: World, tool: str) -> None:
    """Builds and installs the project as the frameworks do. Offline: PIP_FIND_LINKS and PIP_NO_INDEX."""
    world.env.pop("PYTHONPATH")
    words = (tool, "try-repo", str(PROJECT), "dce-guard", "--verbose")
    world.write("clean.py", "x = 1\n")
    world.git("add", "clean.py")
    done = framework(world, *words)
    if done.returncode and any(word in done.stdout + done.stderr for word in NO_INDEX):
        pytest.skip("no package index, and no wheels in PIP_FIND_LINKS, to install the hook from")
    assert done.returncode == 0, done.stdout + done.stderr
    text = leak()
    world.write("settings.py", text)
    world.git("add", "settings.py")
    done = framework(world, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "settings.py" in done.stdout
    assert not any(value in done.stdout for value in text.split('"')[1::2])


@pytest.mark.parametrize("tool", TOOLS)
def test_push_of_several_refs_through_a_framework(world: World, tool: str) -> None:
    """The framework names f1 only; the leak is on f2."""
    config = (PROJECT / ".pre-commit-config.yaml").read_text()
    code = "import sys; from dce_guard.cli.main import main; sys.exit(main())"
    config = config.replace("entry: dce-guard", f"entry: {sys.executable} -P -c '{code}'")
    world.commit(".pre-commit-config.yaml", config)
    bare = world.home / "origin.git"
    world.git("init", "--quiet", "--bare", str(bare))
    world.git("remote", "add", "origin", str(bare))
    done = framework(world, tool, "install", "--hook-type", "pre-push")
    assert done.returncode == 0, done.stdout + done.stderr
    done = framework(world, "git", "push", "-q", "origin", "main")
    assert done.returncode == 0, done.stdout + done.stderr
    world.git("switch", "-q", "-c", "f1")
    world.commit("one.txt", "fine")
    world.git("switch", "-q", "-c", "f2", "main")
    world.commit("two.py", leak())
    world.git("switch", "-q", "main")
    done = framework(world, "git", "push", "-q", "origin", "f1", "f2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "two.py" in done.stdout + done.stderr
    assert world.git("for-each-ref", "--format=%(refname)", cwd=bare) == "refs/heads/main"
    world.git("branch", "-D", "f2")
    assert framework(world, "git", "push", "-q", "origin", "f1").returncode == 0
