"""Sharing a source between processes: the same report, and no answer is never a clean one."""

import os
import random
import signal
import sys
from pathlib import Path

import pytest
from scan_tools import chunk, engine, rule

from dce_guard.cli import scanning
from dce_guard.cli.analyst import Analyst
from dce_guard.cli.scanning import WORTH_A_PROCESS, Scanner, Seen, processes, scan_shared
from dce_guard.cli.tables import Tables
from dce_guard.errors import GitError, GuardError, UsageError
from dce_guard.model.item import Skip
from dce_guard.model.rule import Confidence
from dce_guard.scan.fold import fold
from dce_guard.scan.identity import Identity
from dce_guard.scan.stage import stage
from dce_guard.scan.templates import expand

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are shared on Linux only")
RULES = (rule(pattern="(?P<secret>tk_[0-9A-Za-z]{40})", anchors=("tk_[0-9A-Za-z]{40}",)),)
# Random ones: names of values that could be guessed cost a twentieth of a second each.
VALUES = [b"tk_" + expand("{base62:40}", random.Random(at)) for at in range(7)]
TABLES = Tables(RULES, frozenset(), stage(RULES))


class Source:
    """Chunks and skips, parted between shards; `act` is called with each shard's number first."""

    def __init__(self, count=40, act=None):
        self.count, self.act = count, act

    def chunks(self, shard=0, shards=1):
        if self.act:
            self.act(shard)
        for at in range(self.count):
            if at % shards == shard:
                yield chunk(b"k = " + VALUES[at % 7] + b"\n", b"nothing", names=[f"f{at}", f"g{at}"])
                if at % 5 == 0:
                    yield Skip(f"s{at}", "unreadable", fatal=False)


def scanner():
    identity = Identity(b"k" * 32, shared=True)
    return Scanner(engine(RULES, fallback=True), lambda: Analyst(TABLES, identity, Confidence.LOW))


def told(seen: Seen):
    return fold(seen.sightings, Confidence.LOW), sorted(seen.skips, key=repr), seen.items, seen.bytes


@pytest.mark.parametrize("shares", [2, 3, 7])
def test_several_processes_see_what_one_sees(shares):
    one = told(scanner().scan(Source()))
    assert len(one[0]) == 7
    assert sum(len(finding.locations) for finding in one[0]) == 40
    assert one[2] == 80
    assert told(scan_shared(Source(), scanner, shares)) == one
    assert told(scan_shared(Source(), scanner, 1)) == one


def test_more_than_a_pipe_holds_comes_back():
    one = told(scanner().scan(Source(600)))
    assert told(scan_shared(Source(600), scanner, 2)) == one


def in_child(action):
    parent = os.getpid()
    return lambda _shard: None if os.getpid() == parent else action()


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def crashed():
    raise RuntimeError("nobody hears this")


def left():
    os._exit(0)


@pytest.mark.parametrize("action", [killed, crashed, left])
def test_a_process_without_an_answer_is_an_error_never_a_clean_scan(action):
    with pytest.raises(GuardError) as refused:
        scan_shared(Source(act=in_child(action)), scanner, 3)
    assert "not complete" in refused.value.message
    assert refused.value.exit_code == 3
    assert refused.value.hint


@pytest.mark.parametrize("kind", [GuardError, GitError, UsageError])
def test_a_childs_error_is_raised_here_with_its_hint(kind):
    def action():
        raise kind("git ended", "try again")

    with pytest.raises(kind) as refused:
        scan_shared(Source(act=in_child(action)), scanner, 2)
    assert (refused.value.message, refused.value.hint) == ("git ended", "try again")
    assert refused.value.exit_code == kind.exit_code


def children() -> set[str]:
    """Processes of this one, zombies too; other tests' helpers may be among them."""
    return set(Path("/proc/self/task", str(os.getpid()), "children").read_text("ascii").split())


def test_the_parents_own_error_leaves_no_process_behind():
    parent = os.getpid()

    def act(_shard):
        if os.getpid() == parent:
            raise GitError("here")

    before = children()
    with pytest.raises(GitError, match="here"):
        scan_shared(Source(act=act), scanner, 3)
    assert children() == before


def test_no_process_and_no_pipe_is_left():
    before = len(os.listdir("/proc/self/fd")), children()
    scan_shared(Source(), scanner, 4)
    assert (len(os.listdir("/proc/self/fd")), children()) == before


def test_where_no_more_processes_can_be_made_this_one_does_their_share(monkeypatch):
    calls = []
    real = os.fork

    def fork():
        calls.append(1)
        if len(calls) > 1:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return real()

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fork", fork)
    one = told(scanner().scan(Source()))
    assert told(scan_shared(Source(), scanner, 3)) == one
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_a_child_prints_is_not_printed_twice(capfd):
    print("waiting in the buffer", end="")
    scan_shared(Source(), scanner, 3)
    sys.stdout.flush()
    assert capfd.readouterr().out.count("waiting in the buffer") <= 1


@pytest.mark.parametrize(
    ("size", "most"), [(0, 1), (WORTH_A_PROCESS - 1, 1), (WORTH_A_PROCESS, 2), (1 << 40, 1 << 20)]
)
def test_small_sources_are_not_shared(size, most):
    assert 1 <= processes(size) <= min(most, len(os.sched_getaffinity(0)))


def test_elsewhere_one_process_does_it_all(monkeypatch):
    monkeypatch.setattr(scanning.sys, "platform", "darwin")
    assert processes(1 << 40) == 1


def test_items_are_counted_once_however_many_pieces_they_come_in():
    class Pieces:
        def chunks(self, shard=0, shards=1):
            for offset in (0, 100, 200):
                part = chunk(b"x" * 100)
                part.offset, part.last = offset, offset == 200
                yield part

    assert scanner().scan(Pieces()).items == 1
