"""The documentation is run: examples, links, the command line's page, the changelog.

A fenced block whose info string ends in `run` is run. Those of one page run one after another in a repository of
their own, which holds `pay.py` and `tests/data.py` with made-up secrets. In `console` blocks a line that begins with
`$ ` is a command; what follows is what it says. Fingerprints, previews' tails, days, numbers of rules, paths and
versions may differ; a line `...` stands for any lines.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dce_guard._version import __version__
from dce_guard.cli.demo import planted
from dce_guard.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "baselines").glob("*.md")])
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
LOOSE = (
    (r"\b[0-9a-f]{12,64}\b", "<id>"),
    (r"\b20\d\d-\d\d-\d\d\b", "<day>"),
    (r"(\*{5})[A-Za-z0-9_+/-]{4}\b", r"\1<tail>"),
    (r"\b\d+ rules\b", "<n> rules"),
    (r"\b\d+ of \d+ made-up", "<n> made-up"),
    (r"\d+ files, [\d.]+ MB in \S+;", "<cache>"),
    (r"\b\d[\d.,]* (B|kB|MB)\b", "<size>"),
    (r"(/[^\s:]+)+/repository", "~/repository"),
    (r"\b\d+\.\d+\.\d+\S* at \S+", "<version>"),
    (r"hyperscan [\d.]+|dce-guard \d+\.\d+\.\d+", "<version>"),
)


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of a page's blocks that are run."""
    found = FENCE.findall(page.read_text("utf-8"))
    return [(language, text) for language, info, text in found if info.split() == ["run"]]


RUN = [page for page in PAGES if blocks(page)]


def loosely(text: str) -> list[str]:
    for pattern, word in LOOSE:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    root, tools = tmp_path / "repository", tmp_path / "tools"
    (root / "tests").mkdir(parents=True)
    tools.mkdir()
    (root / "pay.py").write_text(f'import shop\n\nshop.connect("{planted("stripe-secret-key")}")\n')
    (root / "tests/data.py").write_text(f'TOKEN = "{planted("github-pat", 7)}"\n')
    program = tools / "dce-guard"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m dce_guard "$@"\n')
    program.chmod(0o755)
    people = {f"GIT_{who}_{what}": "ann" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {
        **os.environ, **people, "PYTHONPATH": str(ROOT), "PATH": f"{tools}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    subprocess.run(["git", "init", "-q", "-b", "main", "."], cwd=root, env=env, check=True)
    return root, env


def ran(command: str, world: tuple[Path, dict[str, str]]) -> tuple[str, int]:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=world[0],
        env=world[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.decode("utf-8"), done.returncode


def said(text: str) -> Iterator[tuple[str, str]]:
    """Commands of a console block, each with the output it shows."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def agrees(shown: list[str], real: list[str]) -> bool:
    """Whether the lines are the same, where `...` stands for any number of them."""
    if not shown or not real:
        return not [line for line in shown if line != "..."] and (not real or bool(shown))
    if shown[0] == "...":
        return agrees(shown[1:], real) or agrees(shown, real[1:])
    return shown[0] == real[0] and agrees(shown[1:], real[1:])


@pytest.mark.skipif(os.name == "nt", reason="examples are for a POSIX shell")
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_run_and_say_what_is_shown(page: Path, world: tuple[Path, dict[str, str]]) -> None:
    for language, text in blocks(page):
        if language == "console":
            for command, shown in said(text):
                output, _ = ran(command, world)
                assert agrees(loosely(shown), loosely(output)), f"$ {command}\n{output}"
        elif language == "python":
            (world[0].parent / "example.py").write_text(text)
            output, code = ran(f"'{sys.executable}' -P ../example.py", world)
            assert code == 0, output
        else:
            assert language in ("sh", "bash"), f"a {language} block cannot be run"
            output, code = ran(f"set -eu\n{text}", world)
            assert code == 0, output


def test_wildcards_do_not_hide_a_difference() -> None:
    assert agrees(["a", "...", "d"], ["a", "b", "c", "d"]) and agrees(["..."], ["a"]) and agrees([], [])
    assert not agrees(["a"], ["b"]) and not agrees(["a", "..."], ["b"]) and not agrees([], ["a"])
    assert not agrees(["a", "...", "d"], ["a", "b"]) and not agrees(["a"], [])


def test_readme_and_guides_are_run() -> None:
    names = {page.relative_to(ROOT).as_posix() for page in RUN}
    assert {"README.md", "docs/first-minute.md", "docs/history.md", "docs/library.md"} <= names


def anchors(page: Path) -> set[str]:
    """What a heading is called in a link, as GitHub makes it."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(re.sub(r"`[^`]*`", "", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_can_be_found_from_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text("utf-8")
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in LINK.findall(index)}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.name != "index.md"}
    missing = pages - linked
    assert {page.name for page in missing if page.parent.name != "decisions"} == set()


def test_the_command_lines_page_is_what_the_program_says() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import make_cli_reference
    finally:
        sys.path.pop(0)
    text = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert text == make_cli_reference.page(), "run: python docs/make_cli_reference.py"
    for name in COMMANDS:
        assert f"## `dce-guard {name}`" in text


def test_every_command_is_used_in_a_guide() -> None:
    guides = "".join(page.read_text("utf-8") for page in PAGES if "reference" not in page.parts)
    assert [name for name in COMMANDS if not re.search(rf"dce-guard {name}\b", guides)] == []


def test_commands_in_the_pages_exist() -> None:
    """A command line in a page that names no command of ours is a promise nobody keeps."""
    used = set()
    for page in PAGES:
        text = page.read_text("utf-8")
        used |= set(re.findall(r"^ {4}(?:\$ )?dce-guard ([a-z]+)\b", text, re.MULTILINE))
        used |= set(re.findall(r"^\$ dce-guard ([a-z]+)\b", text, re.MULTILINE))
    assert used - set(COMMANDS) == set()


def test_the_changelog_names_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased" and versions[1] == __version__


def test_the_readme_holds_the_two_lines() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"^    (python3 -m venv .*)$", text, re.MULTILINE)
    assert len(lines) == 2
    assert lines[0].endswith("dce-guard") and "'.[test]'" in lines[1] and "pytest" in lines[1]


def test_the_readme_tells_every_exit_code_and_format() -> None:
    from dce_guard.errors import Exit
    from dce_guard.report import FORMATS

    text = (ROOT / "README.md").read_text("utf-8")
    assert [int(code) for code in Exit if f"\n| {int(code)} | " not in text] == []
    assert [name for name in FORMATS if f"`{name}`" not in text] == []
