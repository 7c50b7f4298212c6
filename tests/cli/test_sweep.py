"""`dce-guard sweep` over real repositories, with the real `dce-guard history` for each."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from repos import Repo

from dce_guard.cli import main
from dce_guard.scan.templates import expand

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def secret(seed=3):
    return expand('KEY = "sk_live_{base62:24}"\n', random.Random(seed))


class World:
    """Three repositories below a folder: one holds a secret, one held the same, one never did."""

    def __init__(self, tmp_path, monkeypatch, capsys):
        self.path, self.monkeypatch, self.capsys = tmp_path, monkeypatch, capsys
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        self.all = tmp_path / "all"
        self.one = self.repo("one")
        self.one.commit_file("pay.py", secret())
        self.two = self.repo("team/two")
        self.two.commit_file("old.py", secret(), "add")
        self.two.commit_file("old.py", b"KEY = None\n", "take it out again")
        self.clean = self.repo("clean")
        self.clean.commit_file("read.me", b"nothing here\n")
        self.results = tmp_path / "sweep.jsonl"

    def repo(self, name):
        return Repo(self.all / name, home=self.path / "home")

    def env(self, **more):
        return {**os.environ, **more}

    def command(self, *options, repos=None):
        named = ["--repos", str(repos or self.all), "--results", str(self.results)]
        return [sys.executable, "-P", "-m", "dce_guard", "sweep", *named, *options]

    def sweep(self, *options, repos=None, **env):
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            code = main.run(self.command(*options, repos=repos)[4:])
        said = self.capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=said.out, stderr=said.err)

    def report(self, *options, code=1, **more):
        done = self.sweep("--format", "json", "--quiet", *options, **more)
        assert (done.returncode, done.stderr) == (code, ""), done.stderr
        return json.loads(done.stdout)

    def lines(self):
        text = self.results.read_text("utf-8") if self.results.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    return World(tmp_path, monkeypatch, capsys)


def test_one_value_in_two_histories_is_one_finding_with_all_places(world):
    told = world.report()
    assert len(told["findings"]) == 1 and told["complete"]
    paths = {place["path"] for place in told["findings"][0]["locations"]}
    assert {"one:pay.py", "team/two:old.py"} <= paths
    assert told["source"] == {"mode": "sweep"}
    assert (told["stats"]["repositories"], told["stats"]["done"], told["stats"]["failed"]) == (3, 3, 0)


def test_results_are_kept_private_and_hold_no_value(world):
    world.report()
    lines = world.lines()
    assert sorted(line["repository"] for line in lines) == sorted(
        str(world.all / name) for name in ("one", "team/two", "clean")
    )
    assert {line["status"] for line in lines} == {"done"}
    assert sorted(line["exit_code"] for line in lines) == [0, 1, 1]
    value = secret().decode().split('"')[1]
    for path in (world.results, world.results.with_name("sweep.jsonl.key")):
        assert value not in path.read_text() and (os.name == "nt" or path.stat().st_mode & 0o77 == 0)


def test_a_second_run_looks_at_nothing_again(world):
    world.report()
    before = world.results.read_bytes()
    done = world.sweep()
    assert done.returncode == 1 and "3 of 3 repositories are done already" in done.stderr
    assert world.results.read_bytes() == before
    world.report("--again")
    assert len(world.lines()) == 3


def test_other_options_look_again_and_a_new_repository_is_added(world):
    world.report()
    fourth = world.repo("fourth")
    fourth.commit_file("x", secret(5))
    assert len(world.report()["findings"]) == 2
    assert len(world.lines()) == 4
    assert (
        world.report("--", "--disable", "stripe-secret-key", "--disable", "generic", code=0)["findings"] == []
    )
    assert len(world.lines()) == 4


def test_a_subset_reports_on_itself(world):
    world.report()
    told = world.report(repos=world.clean.path, code=0)
    assert told["findings"] == [] and told["stats"]["repositories"] == 1
    assert len(world.lines()) == 3


def test_a_torn_last_line_is_looked_at_again(world):
    world.report()
    whole = world.results.read_bytes()
    world.results.write_bytes(whole[:-20])
    assert len(world.report()["findings"]) == 1
    assert len({line["repository"] for line in world.lines()}) == len(world.lines()) == 3


def test_a_repository_that_cannot_be_looked_at_outweighs_findings(world):
    source = world.path / "list.txt"
    source.write_text("all/one\nall/none\n")
    told = world.report(repos=source, code=3)
    assert not told["complete"] and len(told["findings"]) == 1
    assert [(skip["path"], skip["reason"], skip["fatal"]) for skip in told["skips"]] == [
        ("none", "failed", True)
    ]
    assert world.sweep("--exit-zero", repos=source).returncode == 3
    world.repo("none")
    assert world.report(repos=source)["complete"]


def test_the_users_own_key_names_values_everywhere(world):
    own = os.urandom(32).hex()
    first = world.report(DCE_GUARD_KEY=own)["findings"][0]["fingerprint"]
    assert not world.results.with_name("sweep.jsonl.key").exists()
    assert own not in world.results.read_text()
    again = world.report(DCE_GUARD_KEY=own)["findings"][0]["fingerprint"]
    assert again == first
    made = world.report()["findings"][0]["fingerprint"]  # another key: all are looked at again
    assert made != first and len(world.lines()) == 3


def test_a_summary_is_of_all_repositories(world):
    done = world.sweep("--summary", "--quiet")
    assert done.returncode == 1 and "author of the first commit" in done.stdout and "A U Thor" in done.stdout
    assert "1 finding in 3 places" in done.stdout


def test_progress_is_a_line_each_and_none_with_quiet(world):
    done = world.sweep()
    lines = sorted(line.partition("] ")[2] for line in done.stderr.splitlines())
    assert lines == ["clean: nothing found", "one: 1 finding", "team/two: 1 finding"]
    assert done.stderr.splitlines()[0].startswith("[1/3] ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--reveal",), "--reveal is not for sweeps"),
        (("--dask", "tcp://127.0.0.1:1", "--jobs", "2"), "--jobs cannot be given with --dask"),
        (("--forge-url", "https://git.example.org"), "--forge-url needs"),
        (("--no-forks",), "--no-forks needs"),
        (
            ("--github-org", "a", "--gitlab-group", "b", "--forge-url", "https://x.example"),
            "both a GitHub and a GitLab",
        ),
        (("--", "--format", "json"), "--format cannot be given behind"),
        (("--", "--reveal"), "--reveal cannot be given behind"),
        (("--", "-o", "x"), "cannot be given behind"),
        (("--", "elsewhere"), "only options of"),
        (("--", "--bogus"), "No such option"),
        (("--jobs", "0"), "--jobs"),
        (("--timeout", "0"), "--timeout"),
    ],
)
def test_what_the_command_refuses(world, options, said):
    done = world.sweep(*options)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not world.results.exists() and done.stdout == ""


def test_without_repositories_or_results_nothing_starts(world):
    for options, said in ((["--results", "x"], "no repository was named"), (["--repos", "."], "--results")):
        assert main.run(["sweep", *options]) == 2
        assert said in world.capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "module", "options", "extra"),
    [
        ("httpx", "dce_guard.adapters.forge_client", ("--github-org", "acme"), "dce-guard[forge]"),
        ("distributed", "dce_guard.adapters.dask_engine", ("--dask", "tcp://127.0.0.1:1"), "dce-guard[dask]"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(world, monkeypatch, missing, module, options, extra):
    for name in (module, "dce_guard.adapters.forges"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    done = world.sweep(*options)
    assert done.returncode == 3 and extra in done.stderr and not world.lines()


class Served(BaseHTTPRequestHandler):
    """One organisation with one repository, which git reads as plain files."""

    def do_GET(self):
        path, _, _ = self.path.partition("?")
        if path == "/api/v3/orgs/acme/repos":
            url = f"http://127.0.0.1:{self.server.server_port}/acme/one.git"
            row = {"id": 1, "full_name": "acme/one", "clone_url": url, "fork": False, "archived": False}
            return self.say(json.dumps([row]).encode())
        file = self.server.bare / path.removeprefix("/acme/one.git/")
        return self.say(file.read_bytes()) if file.is_file() else self.send_error(404)

    def say(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


def test_an_organisation_is_listed_cloned_and_looked_through(world):
    bare = world.path / "one.git"
    world.one.git("clone", "-q", "--bare", str(world.one.path), str(bare))
    world.one.git("--git-dir", str(bare), "update-server-info")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    server.bare = bare
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        command = ["--github-org", "acme", "--forge-url", f"http://127.0.0.1:{server.server_port}"]
        world.monkeypatch.setenv("GITHUB_TOKEN", "t0ken-" + "for-tests")
        code = main.run(["sweep", *command, "--results", str(world.results), "--format", "json"])
    finally:
        server.shutdown()
        server.server_close()
    said = world.capsys.readouterr()
    told = json.loads(said.out)
    assert code == 1 and told["complete"] and len(told["findings"]) == 1
    assert {place["path"] for place in told["findings"][0]["locations"]} == {"acme/one:pay.py"}
    assert "for-tests" not in said.out + said.err + world.results.read_text()


def test_a_file_of_somebody_elses_is_left_alone(world):
    world.results.write_text("my notes\n")
    done = world.sweep()
    assert done.returncode == 2 and world.results.read_text() == "my notes\n"


def hanging_git(folder):
    """A folder with a `git` that never answers and writes down who it is."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\necho $$ >> '{folder}/pids'\nexec sleep 60\n")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def alive(folder):
    pids = [int(line) for line in (folder / "pids").read_text().split()]
    return [pid for pid in pids if _runs(pid)]


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc/self").exists() else True
    )


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sweep_says_what_is_left_and_goes_on(world, number):
    assert len(world.report(repos=world.one.path)["findings"]) == 1
    path = hanging_git(world.path / "bin")
    process = subprocess.Popen(
        world.command("--jobs", "1", "--format", "json"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=world.env(PATH=path),
    )  # fmt: skip
    while not (world.path / "bin" / "pids").exists():
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(number)
    out, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert "interrupted: 2 of 3 repositories are left" in complaint
    told = json.loads(out)
    assert not told["complete"] and len(told["findings"]) == 1 and told["stats"]["left"] == 2
    assert len(world.lines()) == 1
    assert world.report()["stats"]["done"] == 3 and len(world.lines()) == 3


@POSIX
def test_one_that_takes_too_long_is_stopped_and_the_rest_goes_on(world):
    path = hanging_git(world.path / "bin")
    told = world.report("--timeout", "2", "--retries", "0", repos=world.clean.path, code=3, PATH=path)
    assert told["skips"][0]["detail"].startswith("stopped after 2 s") or not told["complete"]
    assert world.lines()[0]["status"] in ("failed", "incomplete")
    assert world.report(repos=world.clean.path, code=0)["complete"]
