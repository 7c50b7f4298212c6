"""The cache of compiled rules: kept, and never trusted when others could have written it."""

import os
import stat
import sys
from pathlib import Path

import pytest

from dce_guard.adapters import matcher_cache
from dce_guard.adapters.matcher_cache import cache_folder, read, write

NAME = "abc.hs"
POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "dce-guard"


def test_what_is_written_is_read(folder):
    for payload in (b"", b"x", os.urandom(1 << 20)):
        write(folder, NAME, payload)
        assert read(folder, NAME) == payload
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_nothing_is_read_where_nothing_is(folder):
    assert read(folder, NAME) is None
    assert read(None, NAME) is None
    write(None, NAME, b"x")


@POSIX
def test_only_the_owner_may_read_and_write(folder):
    write(folder, NAME, b"x")
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@POSIX
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_not_trusted(folder, mode):
    write(folder, NAME, b"x")
    (folder / NAME).chmod(mode)
    assert read(folder, NAME) is None


@POSIX
def test_somebody_elses_file_is_not_trusted(folder, monkeypatch):
    write(folder, NAME, b"x")
    if os.getuid():
        monkeypatch.setattr(os, "getuid", lambda: os.stat(folder).st_uid + 1)
    else:
        os.chown(folder / NAME, 12345, 12345)
    assert read(folder, NAME) is None


def test_damage_is_noticed_at_every_byte(folder):
    write(folder, NAME, b"payload")
    path = folder / NAME
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        assert read(folder, NAME) is None
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert read(folder, NAME) is None
    path.write_bytes(whole + b"x")
    assert read(folder, NAME) is None
    path.write_bytes(whole)
    assert read(folder, NAME) == b"payload"


def test_a_good_file_under_another_name_is_not_what_was_kept_there(folder):
    write(folder, NAME, b"x")
    (folder / NAME).rename(folder / "other.hs")
    assert read(folder, "other.hs") is None


@POSIX
def test_links_are_not_followed(folder, tmp_path):
    write(tmp_path, NAME, b"x")
    folder.mkdir(parents=True)
    (folder / NAME).symlink_to(tmp_path / NAME)
    assert read(tmp_path, NAME) == b"x"
    assert read(folder, NAME) is None
    write(folder, NAME, b"new")
    assert not (folder / NAME).is_symlink()
    assert (read(folder, NAME), read(tmp_path, NAME)) == (b"new", b"x")


@POSIX
def test_a_named_pipe_does_not_hang_and_a_folder_is_no_error(folder):
    folder.mkdir(parents=True)
    os.mkfifo(folder / NAME, 0o600)
    assert read(folder, NAME) is None
    (folder / "d.hs").mkdir()
    assert read(folder, "d.hs") is None
    write(folder, "d.hs", b"x")
    assert (folder / "d.hs").is_dir()
    assert sorted(path.name for path in folder.iterdir()) == [NAME, "d.hs"]


@POSIX
def test_a_folder_that_cannot_be_written_is_no_error(folder):
    if not os.getuid():
        pytest.skip("root may write everywhere")
    folder.mkdir(parents=True, mode=0o500)
    write(folder, NAME, b"x")
    assert read(folder, NAME) is None


def test_a_file_in_the_folders_place_is_no_error(tmp_path):
    (tmp_path / "cache").write_text("x", encoding="utf-8")
    write(tmp_path / "cache", NAME, b"x")
    write(tmp_path / "cache" / "dce-guard", NAME, b"x")
    assert read(tmp_path / "cache", NAME) is None
    assert (tmp_path / "cache").read_text(encoding="utf-8") == "x"


def test_a_full_disk_leaves_no_half_file(folder, monkeypatch):
    write(folder, NAME, b"old")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    write(folder, NAME, b"new")
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert read(folder, NAME) == b"old"


def test_a_draft_that_was_left_behind_stops_nothing_but_itself(folder):
    folder.mkdir(parents=True)
    (folder / f".{NAME}.{os.getpid()}").write_bytes(b"half")
    write(folder, NAME, b"x")
    assert read(folder, NAME) in (None, b"x")


def test_old_files_of_a_kind_are_dropped(folder):
    for at in range(matcher_cache._KEPT + 3):
        write(folder, f"{at}.hs", b"x")
        os.utime(folder / f"{at}.hs", (at, at))
        write(folder, "one.json", b"y")
    write(folder, "last.hs", b"x")
    kept = {path.name for path in folder.glob("*.hs")}
    assert len(kept) == matcher_cache._KEPT
    assert "last.hs" in kept
    assert "0.hs" not in kept
    assert read(folder, "one.json") == b"y"


@pytest.mark.parametrize(
    ("platform", "environ", "parts"),
    [
        ("linux", {"HOME": "/h"}, ("/h", ".cache", "dce-guard")),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/c"}, ("/c", "dce-guard")),
        ("darwin", {"HOME": "/h"}, ("/h", "Library", "Caches", "dce-guard")),
        ("win32", {"LOCALAPPDATA": "/l"}, ("/l", "dce-guard", "Cache")),
    ],
)
def test_the_folder_is_the_platforms(monkeypatch, platform, environ, parts):
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder(environ) == Path(*parts)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_without_a_home_there_is_no_cache(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder({}) is None
