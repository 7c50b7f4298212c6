"""A sweep's results survive crashes, come once, and are nobody else's."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dce_guard.adapters.sweep_store import Result, Status, opened, sweep_key
from dce_guard.errors import GuardError, UsageError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links of POSIX")


def result(name="/srv/one", status=Status.DONE, **changes):
    values = {"repository": name, "status": status, "exit_code": 1, "report": {"findings": []}, "setup": "s"}
    return Result(**(values | changes))


def kept(path):
    with opened(path) as store:
        return [(one.repository, one.status) for one in store.results()]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sweep.jsonl"


def test_what_is_added_is_read_back(file):
    told = result(error="caf\u00e9 \x1b", finished_at="2026-01-01T00:00:00Z")
    with opened(file) as store:
        assert list(store.results()) == []
        store.add(told)
        store.add(result("/srv/two", Status.FAILED, exit_code=None, report=None))
    with opened(file) as store:
        assert next(store.results()) == told
    assert kept(file) == [("/srv/one", Status.DONE), ("/srv/two", Status.FAILED)]
    assert json.loads(file.read_bytes().splitlines()[0])["schema"] == "dce-guard/sweep/1"


@POSIX
def test_only_its_owner_may_read_it(file):
    file.write_bytes(b"")
    file.chmod(0o644)
    with opened(file) as store:
        store.add(result())
        sweep_key(file)
        store.drop({"/srv/one"})
        store.add(result())
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize("torn", [b'{"schema": "dce', b'{"schema": "dce-guard/sweep/1", "rep', b"\0\0\0\0"])
def test_a_line_that_was_cut_short_is_dropped(file, torn):
    with opened(file) as store:
        store.add(result())
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    with opened(file) as store:
        assert len(list(store.results())) == 1
        store.drop(())
        assert file.read_bytes() == whole
        store.add(result("/srv/two"))
    assert [name for name, _ in kept(file)] == ["/srv/one", "/srv/two"]


def test_a_first_line_that_was_cut_short_is_dropped_too(file):
    file.write_bytes(b'{"schema": "dce-gu')
    with opened(file) as store:
        store.drop(())
    assert file.read_bytes() == b""


def test_a_whole_last_line_without_its_end_does_not_count(file):
    with opened(file) as store:
        store.add(result())
        store.add(result("/srv/two"))
    file.write_bytes(file.read_bytes()[:-1])
    assert kept(file) == [("/srv/one", Status.DONE)]


def test_the_newest_result_of_a_repository_stays(file):
    with opened(file) as store:
        store.add(result(status=Status.FAILED))
        store.add(result("/srv/two"))
        store.add(result())
        store.drop(())
    assert kept(file) == [("/srv/one", Status.DONE), ("/srv/two", Status.DONE)]


def test_what_is_dropped_is_gone_and_the_rest_is_as_it_was(file):
    with opened(file) as store:
        for name in ("/a", "/b", "/c"):
            store.add(result(name))
        lines = file.read_bytes().splitlines()
        store.drop({"/b", "/none"})
    assert file.read_bytes().splitlines() == [lines[0], lines[2]]


@pytest.mark.parametrize(
    "text", ["notes\n", "notes", "{}\n{}\n", '{"schema": "dce-guard/sweep/2"}\n[]\n', "[[" * 9]
)
def test_another_files_content_is_refused_and_kept(file, text):
    file.write_text(text)
    with opened(file) as store, pytest.raises(UsageError, match="nothing was swept"):
        store.drop(())
    assert file.read_text() == text


@POSIX
def test_links_and_folders_are_refused(file, tmp_path):
    other = tmp_path / "other"
    other.write_text("")
    file.symlink_to(other)
    with pytest.raises(UsageError, match="a link"), opened(file):
        pass
    with pytest.raises(UsageError, match="regular file"), opened(tmp_path):
        pass
    with pytest.raises(UsageError, match="is no folder"), opened(tmp_path / "none" / "sweep.jsonl"):
        pass
    assert other.read_text() == ""


def test_one_sweep_at_a_time(file):
    program = (
        "import sys; from pathlib import Path; from dce_guard.adapters.sweep_store import opened\n"
        "with opened(Path(sys.argv[1])): pass"
    )
    command = [sys.executable, "-P", "-c", program, str(file)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with opened(file):
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        assert done.returncode and "another sweep writes to" in done.stderr
    assert subprocess.run(command, env=env).returncode == 0


def test_the_key_is_made_once(file):
    key = sweep_key(file)
    assert len(key.reveal()) == 32 and sweep_key(file) == key
    assert sweep_key(file.with_name("other.jsonl")) != key


@pytest.mark.parametrize("text", [b"", b"zz" * 32, b"ab" * 31, b"ab" * 33, b"\xff" * 64])
def test_a_broken_key_is_refused_not_replaced(file, text):
    place = file.with_name("sweep.jsonl.key")
    place.write_bytes(text)
    with pytest.raises(GuardError, match="is no key of a sweep"):
        sweep_key(file)
    assert place.read_bytes() == text


@POSIX
def test_a_key_behind_a_link_is_refused(file, tmp_path):
    (tmp_path / "theirs").write_bytes(b"ab" * 32)
    file.with_name("sweep.jsonl.key").symlink_to(tmp_path / "theirs")
    with pytest.raises(GuardError, match="nothing was swept"):
        sweep_key(file)
