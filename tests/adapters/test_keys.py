"""Where the key comes from, and every key file that is refused."""

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dce_guard.adapters import keys
from dce_guard.adapters.keys import KEY_BYTES, find_key, state_directory
from dce_guard.errors import GuardError, UsageError
from dce_guard.model.sensitive import Sensitive
from dce_guard.scan.baseline import Baseline, Entry

SALT = bytes(range(16))
ENTRY = Entry("ab" * 16, "r", "p", "why", "ann")
HEX = "0123456789abcdef" * 4

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits and links")


def home(tmp_path: Path) -> dict[str, str]:
    place = str(tmp_path / "home")
    return {"HOME": place, "USERPROFILE": place, "LOCALAPPDATA": place + "/Local"}


def test_the_organisations_key_comes_first(tmp_path):
    key = find_key(Sensitive(b"o" * 32), Baseline(SALT), tmp_path, {keys.VARIABLE: HEX})
    assert (key.value, key.shared, key.source) == (Sensitive(b"o" * 32), True, "organisation")
    assert not (tmp_path / "dce-guard").exists()


def test_then_the_environments(tmp_path):
    key = find_key(None, Baseline(SALT), tmp_path, {keys.VARIABLE: f" {HEX}\n"})
    assert (key.value, key.shared) == (Sensitive(bytes.fromhex(HEX)), True)


def test_then_the_baselines_salt(tmp_path):
    key = find_key(None, Baseline(SALT), tmp_path, {})
    assert (key.value, key.shared, key.source) == (Sensitive(SALT), True, "baseline")
    assert not (tmp_path / "dce-guard").exists()


def test_then_a_file_below_the_git_directory_that_stays(tmp_path):
    first, second = (find_key(None, None, tmp_path, home(tmp_path)) for _ in range(2))
    assert first.value == second.value
    assert (first.shared, first.source, first.notice) == (False, "repository", "")
    assert (tmp_path / "dce-guard" / "key").read_bytes() == first.value.reveal()
    assert [each.name for each in (tmp_path / "dce-guard").iterdir()] == ["key"]


@posix
def test_only_its_owner_may_read_it(tmp_path):
    old = os.umask(0)
    try:
        find_key(None, None, tmp_path, {})
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "dce-guard" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "dce-guard").stat().st_mode) == 0o700


def test_without_a_repository_it_is_the_users(tmp_path):
    key = find_key(None, None, None, home(tmp_path))
    assert (key.shared, key.source) == (False, "user")
    place = state_directory(home(tmp_path))
    assert place is not None
    assert (place / "dce-guard" / "key").stat().st_size == KEY_BYTES


def test_where_nothing_is_writable_it_is_for_one_run_and_says_so(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("x", "utf-8")
    nowhere = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA"), str(blocked))
    key = find_key(None, None, blocked, nowhere)
    assert (key.shared, key.source) == (False, "none")
    assert "this run only" in key.notice
    assert find_key(None, None, blocked, {}).value != key.value


def test_the_users_key_is_another_one_in_each_folder(tmp_path):
    one, two = (find_key(None, None, None, home(tmp_path), tmp_path / name) for name in ("one", "two"))
    assert one.value != two.value
    assert find_key(None, None, None, home(tmp_path), tmp_path / "one").value == one.value
    place = state_directory(home(tmp_path))
    assert place is not None
    assert (place / "dce-guard" / "key").read_bytes() != one.value.reveal()


def test_a_private_key_never_becomes_the_salt_that_all_can_read(tmp_path):
    private = find_key(None, None, tmp_path, {})
    salts = {private.salt() for _ in range(3)}
    assert len(salts) == 3
    assert private.value.reveal() not in salts
    assert {len(salt) for salt in salts} == {16}


def test_an_organisations_key_never_becomes_a_salt():
    key = find_key(Sensitive(b"o" * 16), None, None, {})
    assert len(key.salt()) == 16
    assert key.salt() != b"o" * 16


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_repository_does_not_stop_it(tmp_path):
    git = tmp_path / "git"
    git.mkdir(mode=0o500)
    assert find_key(None, None, git, home(tmp_path)).source == "user"


def test_a_disk_that_refuses_falls_back(tmp_path, monkeypatch):
    def refuse(*_args: object, **_kinds: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert find_key(None, None, tmp_path, home(tmp_path)).source == "none"


@pytest.mark.parametrize("size", [0, 1, KEY_BYTES - 1, KEY_BYTES + 1, 4096])
def test_a_file_of_another_length_is_refused(tmp_path, size):
    (tmp_path / "dce-guard").mkdir()
    (tmp_path / "dce-guard" / "key").write_bytes(b"k" * size)
    with pytest.raises(GuardError, match="does not hold 16 bytes"):
        find_key(None, None, tmp_path, {})


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_its_place_is_refused(tmp_path, there):
    target = tmp_path / "target"
    if there:
        target.write_bytes(b"k" * KEY_BYTES)
    (tmp_path / "dce-guard").mkdir()
    (tmp_path / "dce-guard" / "key").symlink_to(target)
    with pytest.raises(GuardError, match="symbolic link"):
        find_key(None, None, tmp_path, {})
    assert target.exists() == there


@posix
def test_a_link_in_the_place_of_its_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dce-guard").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GuardError, match="symbolic link"):
        find_key(None, None, tmp_path, {})
    assert list((tmp_path / "elsewhere").iterdir()) == []


@posix
def test_a_pipe_in_its_place_is_refused_and_does_not_hang(tmp_path):
    (tmp_path / "dce-guard").mkdir()
    os.mkfifo(tmp_path / "dce-guard" / "key")
    with pytest.raises(GuardError, match="no regular file"):
        find_key(None, None, tmp_path, {})


def test_many_at_once_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: find_key(None, None, tmp_path, {}).value.reveal(), range(64)))
    assert len(set(found)) == 1
    assert [each.name for each in (tmp_path / "dce-guard").iterdir()] == ["key"]


@pytest.mark.parametrize("bad", ["xyz", "0123", HEX[:31], HEX[:-1], "0" * 30])
def test_a_variable_that_is_no_key_is_refused_without_showing_it(bad):
    with pytest.raises(UsageError) as refused:
        find_key(None, None, None, {keys.VARIABLE: bad})
    assert refused.value.message.startswith(f"{keys.VARIABLE} is not a key (its value is not shown)")
    assert bad not in refused.value.message + refused.value.hint
    assert refused.value.__context__ is None


def test_a_key_does_not_show_itself(tmp_path):
    key = find_key(None, None, tmp_path, {})
    assert key.value.reveal().hex() not in repr(key)
    assert repr(key.value.reveal()) not in repr(key)


def test_a_baseline_written_under_another_key_is_told():
    theirs = Baseline(SALT, (ENTRY,), key_id="0123456789abcdef")
    plain = Baseline(SALT, (ENTRY,))
    assert "1 entries match nothing" in find_key(None, theirs, None, {}).notice
    assert "1 entries match nothing" in find_key(Sensitive(b"o" * 32), theirs, None, {}).notice
    assert "1 entries match nothing" in find_key(Sensitive(b"o" * 32), plain, None, {}).notice
    assert find_key(None, plain, None, {}).notice == ""
    assert find_key(Sensitive(b"o" * 32), Baseline(SALT), None, {}).notice == ""


def test_a_baseline_written_under_this_organisations_key_is_fine():
    key = find_key(Sensitive(b"o" * 32), None, None, {})
    assert len(key.key_id()) == 16
    assert find_key(Sensitive(b"o" * 32), Baseline(SALT, (ENTRY,), key.key_id()), None, {}).notice == ""
    assert find_key(None, Baseline(SALT), None, {}).key_id() == ""


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="XDG directories")
def test_state_directories_follow_the_conventions():
    assert state_directory({"HOME": "/h"}) == Path("/h/.local/state")
    assert state_directory({"HOME": "/h", "XDG_STATE_HOME": "/s"}) == Path("/s")
    assert state_directory({"HOME": "/h", "XDG_STATE_HOME": "relative"}) == Path("/h/.local/state")
    assert state_directory({"XDG_STATE_HOME": "relative"}) is None
    assert state_directory({}) is None
