"""action.yml and the recipes of docs/ci.md: valid by schema, and the action's script run on real clones."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hook_world import PROJECT, World, leak, make, script

ACTION = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
GUIDE = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts need bash and its paths")


def schema(name: str, file: Path) -> None:
    """Checks a file; `nonunicode` because Azure's schema has patterns that are none in unicode mode."""
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", name, str(file)]
    words += ["--regex-variant", "nonunicode"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def recipes() -> dict[str, str]:
    """The fenced blocks of the guide by the file name in their first line."""
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)
    assert len(blocks) == 4
    return dict(blocks)


@pytest.mark.parametrize(
    ("name", "schema_name"),
    [
        (".github/workflows/secrets.yml", "vendor.github-workflows"),
        (".gitlab-ci.yml", "vendor.gitlab-ci"),
        ("azure-pipelines.yml", "vendor.azure-pipelines"),
    ],
)
def test_recipes_fit_their_schemas(name: str, schema_name: str, tmp_path: Path) -> None:
    path = tmp_path / Path(name).name
    path.write_text(recipes()[name], encoding="utf-8")
    schema(schema_name, path)


def test_pre_commit_recipe_is_accepted_and_ours(tmp_path: Path) -> None:
    from dce_guard.adapters.framework import STAGES

    path = tmp_path / ".pre-commit-config.yaml"
    path.write_text(recipes()[".pre-commit-config.yaml"], encoding="utf-8")
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", str(path)], check=True)
    hooks = yaml.safe_load(path.read_text())["repos"][0]["hooks"]
    assert {hook["id"]: (hook["entry"], tuple(hook["stages"])) for hook in hooks} == {
        name: (f"dce-guard {entry}", stages) for name, (entry, stages) in STAGES.items()
    }


def test_action_fits_its_schema() -> None:
    schema("vendor.github-actions", PROJECT / "action.yml")


def test_no_expression_stands_in_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert re.fullmatch(r"\S+@[0-9a-f]{40}", step.get("uses", "x@" + "0" * 40))


def test_the_guide_lists_every_input_and_output() -> None:
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", GUIDE, re.MULTILINE))
    assert set(listed) == set(ACTION["inputs"])
    for name, told in ACTION["inputs"].items():
        assert listed[name] == f"`{told['default']}`" or told["default"] == ""
    assert all(f"`{name}`" in GUIDE for name in ACTION["outputs"])


def test_workflow_recipe_is_careful() -> None:
    workflow = yaml.safe_load(recipes()[".github/workflows/secrets.yml"])
    job = workflow["jobs"]["dce-guard"]
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "security-events": "write"}
    assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}


# -- the action's script


STUB = """#!/bin/sh
printf '%s\\n' "$@" >>"$STUB_LOG"
while [ $# -gt 0 ]; do [ "$1" = -o ] && report=$2; shift; done
[ -z "$STUB_REPORT" ] || cp "$STUB_REPORT" "$report"
exit "${STUB_EXIT-0}"
"""


class Runner:
    """The scan step as a runner starts it, on a clone of a remote; the scanner is a stub unless asked."""

    def __init__(self, tmp_path: Path) -> None:
        self.origin = make(tmp_path, "origin")
        self.first = self.origin.commit("a.txt", "a\n")
        self.origin.git("switch", "-q", "-c", "feature")
        self.feature = self.origin.commit("b.txt", "b\n")
        self.origin.git("switch", "-q", "main")
        self.main = self.origin.commit("c.txt", "c\n")
        self.clone = World(tmp_path / "clone", tmp_path / "home")
        self.tmp = tmp_path / "runner"
        self.bin = tmp_path / "bin"
        script(self.bin / "dce-guard", STUB)
        (self.bin / "python").symlink_to(sys.executable)
        self.fetch()

    def fetch(self, *words: str) -> None:
        self.origin.git("clone", "-q", *words, f"file://{self.origin.root}", str(self.clone.root))

    def scan(self, **event: str) -> dict[str, str]:
        self.tmp.mkdir(exist_ok=True)
        (self.tmp / "output").write_text("")
        (self.tmp / "summary").write_text("")
        empty = dict.fromkeys(STEPS["Scan"]["env"], "")
        env = empty | {
            "BIN": str(self.bin),
            "RUNNER_TEMP": str(self.tmp),
            "GITHUB_OUTPUT": str(self.tmp / "output"),
            "GITHUB_STEP_SUMMARY": str(self.tmp / "summary"),
            "DEFAULT_BRANCH": "main",
        }
        words = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS["Scan"]["run"])
        done = self.clone.run(*words, **(env | event))
        assert done.returncode == 0, done.stdout + done.stderr
        self.printed = done.stdout + done.stderr
        return dict(line.split("=", 1) for line in (self.tmp / "output").read_text().splitlines())

    def range(self, **event: str) -> str:
        """The commits in the range the scanner was asked for."""
        assert self.scan(**event)["exit-code"] == "0", self.printed
        words = self.words()
        assert words[:2] == ["scan", "--range"] and "--trust-head" not in words
        return self.clone.git("log", "--format=%H", words[2])

    def words(self) -> list[str]:
        """What the scanner was started with."""
        words = self.clone.log().splitlines()
        (self.clone.home / "stub.log").unlink()
        return words

    @property
    def summary(self) -> str:
        return (self.tmp / "summary").read_text()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


ZERO = "0" * 40


def test_pull_request(runner: Runner) -> None:
    """The head is brought up to date with main, which the event's base is older than."""
    runner.origin.git("switch", "-q", "feature")
    runner.origin.git("merge", "-q", "--no-edit", "main")
    head = runner.origin.git("rev-parse", "HEAD")
    runner.clone.git("fetch", "-q", "origin")
    event = {"EVENT": "pull_request", "PR_BASE": runner.first, "PR_HEAD": head}
    assert runner.range(**event, BASE_REF="main").split() == [head, runner.feature]


def test_pull_request_whose_head_was_not_fetched(runner: Runner) -> None:
    runner.origin.git("switch", "-q", "--detach", "feature")
    head = runner.origin.commit("d.txt", "d\n")
    runner.origin.git("update-ref", "refs/pull/1/head", head)
    runner.origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    event = {"EVENT": "pull_request_target", "PR_BASE": runner.main, "PR_HEAD": head, "BASE_REF": "main"}
    assert runner.range(**event).split() == [head, runner.feature]
    assert runner.clone.git("rev-parse", "HEAD") == runner.main


def test_push_merge_queue_and_own_range(runner: Runner) -> None:
    assert runner.range(EVENT="push", BEFORE=runner.first, AFTER=runner.main) == runner.main
    assert runner.range(EVENT="merge_group", QUEUE_BASE=runner.first, QUEUE_HEAD=runner.main) == runner.main
    assert runner.range(EVENT="push", RANGE=f"{runner.first}..{runner.feature}") == runner.feature


def test_nothing_new_is_no_error(runner: Runner) -> None:
    assert runner.range(EVENT="push", BEFORE=runner.main, AFTER=runner.main) == ""


def test_new_branch_and_force_push(runner: Runner) -> None:
    event = {"EVENT": "push", "AFTER": runner.feature, "GITHUB_REF": "refs/heads/feature"}
    assert runner.range(**event, BEFORE=ZERO) == runner.feature
    assert runner.range(**event, BEFORE="1" * 40) == runner.feature


def test_first_push_of_the_default_branch_is_all_of_it(runner: Runner) -> None:
    event = {"EVENT": "push", "BEFORE": ZERO, "AFTER": runner.main, "GITHUB_REF": "refs/heads/main"}
    assert runner.scan(**event)["exit-code"] == "0"
    assert runner.words()[:3] == ["history", "--branch", runner.main]


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch"])
def test_other_events_are_the_whole_history(runner: Runner, event: str) -> None:
    assert runner.scan(EVENT=event)["exit-code"] == "0"
    assert runner.words()[:2] == ["history", "--reachable-only"]


def test_deleted_branch(runner: Runner) -> None:
    assert runner.scan(EVENT="push", BEFORE=runner.main, AFTER=ZERO) == {"exit-code": "0"}
    assert "deleted" in runner.summary


def test_what_is_not_here_is_not_clean(runner: Runner, tmp_path: Path) -> None:
    event = {"EVENT": "pull_request", "PR_BASE": runner.main, "PR_HEAD": "1" * 40, "BASE_REF": "main"}
    assert runner.scan(**event) == {"exit-code": "3"}
    assert "Nothing was scanned" in runner.printed and "did not look" in runner.summary
    runner.clone = World(tmp_path / "shallow", tmp_path / "home")
    runner.fetch("--depth", "1")
    assert runner.scan(EVENT="push", BEFORE=runner.first, AFTER=runner.main) == {"exit-code": "3"}
    assert "fetch-depth: 0" in runner.printed


def test_names_are_never_code(runner: Runner, tmp_path: Path) -> None:
    evil = f"$(touch {tmp_path}/ran);`touch {tmp_path}/ran`"
    runner.scan(EVENT="push", BEFORE=evil, AFTER=runner.main, DEFAULT_BRANCH=evil, BASE_REF=evil)
    runner.scan(EVENT="push", RANGE=evil)
    assert not (tmp_path / "ran").exists()


def test_findings_reach_outputs_and_summary(runner: Runner, tmp_path: Path) -> None:
    result = {
        "ruleId": "aws",
        "level": "error",
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": "a|<b>`.py"}, "region": {"startLine": 3}}}
        ],
    }
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"runs": [{"results": [result] * 60}]}))
    event = {"EVENT": "push", "BEFORE": runner.first, "AFTER": runner.main}
    found = runner.scan(**event, STUB_EXIT="1", STUB_REPORT=str(report))
    assert (found["exit-code"], found["findings"]) == ("1", "60")
    assert Path(found["sarif-file"]).is_file()
    assert "| error | aws | <code>a&#124;&lt;b>&#96;.py:3</code> |" in runner.summary
    assert "10 more" in runner.summary


def test_a_module_in_the_checkout_is_not_imported(runner: Runner, tmp_path: Path) -> None:
    runner.clone.write("json.py", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"runs": [{"results": []}]}))
    runner.scan(EVENT="push", BEFORE=runner.first, AFTER=runner.main, STUB_REPORT=str(report))
    assert not (tmp_path / "ran").exists()
    for step in ("Install dce-guard", "Scan"):
        assert re.findall(r"python\" (-\S+)", STEPS[step]["run"], re.IGNORECASE) == ["-I"] * (
            2 if step != "Scan" else 1
        )


@pytest.mark.parametrize(
    ("code", "fail", "expected"),
    [("0", "true", 0), ("1", "true", 1), ("1", "false", 0), ("3", "false", 3), ("", "false", 3)],
)
def test_verdict(code: str, fail: str, expected: int) -> None:
    env = {**os.environ, "CODE": code, "FAIL": fail}
    done = subprocess.run(["bash", "-e", "-c", STEPS["Verdict"]["run"]], env=env, check=False)
    assert done.returncode == expected


def test_with_the_real_scanner(runner: Runner) -> None:
    code = "import sys; from dce_guard.cli.main import main; sys.argv[0] = 'dce-guard'; sys.exit(main())"
    (runner.bin / "dce-guard").write_text(f'#!/bin/sh\nexec \'{sys.executable}\' -P -c "{code}" "$@"\n')
    event = {"EVENT": "push", "BEFORE": runner.first, "GITHUB_REF": "refs/heads/main"}
    assert runner.scan(**event, AFTER=runner.main)["exit-code"] == "0"
    runner.origin.commit("leak.py", leak())
    head = runner.origin.commit("leak.py", "gone\n")
    runner.clone.git("pull", "-q")
    found = runner.scan(**event, AFTER=head)
    assert found["exit-code"] == "1" and int(found["findings"]) >= 1
    assert "leak.py" in runner.summary
    assert not any(value in runner.summary + runner.printed for value in leak().split('"')[1::2])
    runner.clone.git("reset", "-q", "--hard", runner.main)
    runner.clone.write("token.py", leak())  # the checkout's own files are no history
    found = runner.scan(EVENT="schedule")
    assert found["exit-code"] == "1" and "leak.py" in runner.summary and "token.py" not in runner.summary
    assert (
        runner.scan(EVENT="push", BEFORE=ZERO, AFTER=head, GITHUB_REF="refs/heads/main")["exit-code"] == "1"
    )
    assert (
        runner.scan(EVENT="push", BEFORE=ZERO, AFTER=runner.main, GITHUB_REF="refs/heads/main")["exit-code"]
        == "0"
    )


# -- on the server


def test_pre_receive_recipe(tmp_path: Path) -> None:
    text = re.search(r"```sh\n(#!/bin/sh\n# hooks/pre-receive\n.*?)```", GUIDE, re.DOTALL)
    assert text
    world = make(tmp_path)
    bare = world.home / "server.git"
    world.git("init", "--quiet", "--bare", str(bare))
    script(bare / "hooks" / "pre-receive", text[1])
    code = "import sys; from dce_guard.cli.main import main; sys.argv[0] = 'dce-guard'; sys.exit(main())"
    script(world.home / "bin" / "dce-guard", f'#!/bin/sh\nexec \'{sys.executable}\' -P -c "{code}" "$@"\n')
    world.env["PATH"] = f"{world.home / 'bin'}:{world.env['PATH']}"
    world.git("remote", "add", "origin", str(bare))
    world.commit("a.txt", "a\n")
    assert world.run("git", "push", "-q", "origin", "main").returncode == 0
    world.commit("leak.py", leak())
    done = world.run("git", "push", "-q", "origin", "main", "main:other")
    assert done.returncode == 1
    assert "GL-HOOK-ERR" in done.stderr and "leak.py" in done.stderr
    assert not any(value in done.stderr for value in leak().split('"')[1::2])
    assert world.git("for-each-ref", "--format=%(refname)", cwd=bare) == "refs/heads/main"
    assert world.run("git", "push", "-q", "origin", "--delete", "main").returncode in (0, 1)
