"""A sweep on a real Dask cluster: a scheduler and two workers, processes of their own on loopback.

One worker has a `git` that never answers, so that it is certainly at work when it is killed.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from test_sweep import World, hanging_git

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
    pytest.mark.filterwarnings("ignore"),  # distributed's own
]
MANY = 8


class Cluster:
    """A scheduler, and workers that join it."""

    def __init__(self, world):
        self.world, self.started = world, []
        place = world.path / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(place))
        while not place.exists() or not place.read_text().strip():
            assert self.scheduler.poll() is None
            os.sched_yield()
        self.address = json.loads(place.read_text())["address"]

    def _start(self, kind, *options, **env):
        command = [sys.executable, "-P", "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1"]
        process = subprocess.Popen(
            [*command, "--no-dashboard", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.world.path, env=self.world.env(**env),
        )  # fmt: skip
        self.started.append(process)
        return process

    def worker(self, **env):
        return self._start("worker", self.address, "--no-nanny", "--nthreads", "1", **env)

    def joined(self, number):
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=60)

    def end(self):
        for process in self.started:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    made = World(tmp_path, monkeypatch, capsys)
    for number in range(MANY - 3):
        made.repo(f"more/{number}").commit_file("x", b"x")
    return made


@pytest.fixture
def cluster(world):
    made = Cluster(world)
    yield made
    made.end()
    if (world.path / "bin" / "pids").exists():
        end_hanging(world)


def end_hanging(world):
    for pid in (world.path / "bin" / "pids").read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def start(world, cluster, *options):
    return subprocess.Popen(
        world.command("--dask", cluster.address, "--format", "json", *options),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=world.env(),
    )  # fmt: skip


def until(process, condition):
    while not condition():
        assert process.poll() is None, process.communicate()
        os.sched_yield()


def test_a_worker_that_is_killed_loses_and_doubles_nothing(world, cluster):
    cluster.worker()
    doomed = cluster.worker(PATH=hanging_git(world.path / "bin"))
    cluster.joined(2)
    process = start(world, cluster)
    until(process, lambda: world.results.exists() and world.results.stat().st_size)
    until(process, (world.path / "bin" / "pids").exists)
    doomed.send_signal(signal.SIGKILL)
    out, complaint = process.communicate(timeout=120)
    assert process.returncode == 1, complaint
    told = json.loads(out)
    assert told["complete"] and told["stats"]["done"] == MANY and len(told["findings"]) == 1
    names = [line["repository"] for line in world.lines()]
    assert len(names) == len(set(names)) == MANY
    assert {line["status"] for line in world.lines()} == {"done"}


def test_what_is_done_outlives_the_coordinator_and_the_scheduler(world, cluster):
    cluster.worker()
    cluster.worker(PATH=hanging_git(world.path / "bin"))
    cluster.joined(2)
    process = start(world, cluster)
    until(process, lambda: world.results.exists() and world.results.stat().st_size)
    until(process, (world.path / "bin" / "pids").exists)
    process.kill()
    process.communicate()
    before = len(world.lines())
    assert 0 < before < MANY
    hung = (world.path / "bin" / "pids").read_text()
    end_hanging(world)  # so that the worker is free for the next
    process = start(world, cluster)
    until(process, lambda: (world.path / "bin" / "pids").read_text() != hung)
    cluster.scheduler.kill()
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 3 and "scheduler was lost" in complaint
    assert len(world.lines()) >= before
    told = world.report()  # here, without a cluster
    assert told["stats"]["done"] == MANY and len(world.lines()) == MANY


def test_no_scheduler_no_sweep(world, monkeypatch):
    from dce_guard.adapters import dask_engine

    monkeypatch.setattr(dask_engine, "_CONNECT", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        done = world.sweep("--dask", address)
        assert done.returncode == 3 and f"no Dask scheduler answers at {address}" in done.stderr
        assert done.stdout == "" and not world.results.exists()
