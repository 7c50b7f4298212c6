"""Lists and folders of repositories: which are taken, what they are called, and what is refused."""

import os
import sys

import pytest
from repos import Repo

from dce_guard.adapters.repositories import Target, targets
from dce_guard.errors import GuardError, UsageError


def called(*sources, more=()):
    return {target.name: target.address for target in targets(sources, more)}


def listed(tmp_path, text, name="list.txt"):
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


def test_a_folder_gives_work_trees_and_bare_ones_at_every_depth(tmp_path):
    Repo(tmp_path / "all" / "one", home=tmp_path / "home")
    Repo(tmp_path / "all" / "team" / "deep" / "two", home=tmp_path / "home")
    Repo(tmp_path / "all" / "bare.git", "--bare", home=tmp_path / "home")
    (tmp_path / "all" / "plain").mkdir()
    assert called(tmp_path / "all") == {
        "one": str(tmp_path / "all/one"),
        "team/deep/two": str(tmp_path / "all/team/deep/two"),
        "bare": str(tmp_path / "all/bare.git"),
    }


def test_a_found_repository_is_not_entered(tmp_path):
    Repo(tmp_path / "all" / "outer", home=tmp_path / "home")
    Repo(tmp_path / "all" / "outer" / "inner", home=tmp_path / "home")
    assert set(called(tmp_path / "all")) == {"outer"}
    assert called(tmp_path / "all" / "outer") == {"outer": str(tmp_path / "all/outer")}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_are_not_followed(tmp_path):
    Repo(tmp_path / "elsewhere", home=tmp_path / "home")
    Repo(tmp_path / "all" / "one", home=tmp_path / "home")
    (tmp_path / "all" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "all" / "loop").symlink_to(tmp_path / "all")
    assert set(called(tmp_path / "all")) == {"one"}


def test_a_folder_without_any_is_refused(tmp_path):
    (tmp_path / "all" / "plain").mkdir(parents=True)
    with pytest.raises(UsageError, match="no repository below"):
        targets([tmp_path / "all"])


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path):
    Repo(tmp_path / "all" / "one", home=tmp_path / "home")
    (tmp_path / "all" / "shut").mkdir(mode=0)
    with pytest.raises(GuardError, match="would be missed"):
        targets([tmp_path / "all"])


def test_a_list_with_comments_paths_and_urls(tmp_path):
    source = listed(
        tmp_path,
        "\ufeff# ours\n\n  ./one  \nhttps://git.example.org/team/two.git\nssh://git@git.example.org/three\n"
        "git@git.example.org:team/four.git\r\n",
    )
    assert called(source) == {
        "one": str(tmp_path / "one"),
        "team/two": "https://git.example.org/team/two.git",
        "three": "ssh://git@git.example.org/three",
        "team/four": "git@git.example.org:team/four.git",
    }


def test_one_repository_is_taken_once_and_equal_names_are_told_apart(tmp_path):
    source = listed(tmp_path, "a/app\nb/app\n./a/app\n")
    assert called(source, source) == {
        str(tmp_path / name): str(tmp_path / name) for name in ("a/app", "b/app")
    }
    found = Target("https://git.example.org/x/one", "x/one")
    assert called(source, more=[found])["x/one"] == found.address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no repository"),
        ("# nothing\n\n", "names no repository"),
        ("--upload-pack=x\n", "list.txt:1: neither a path nor a URL"),
        ("a\nb\x1b[2J\n", "list.txt:2: neither"),
        ("https://\n", "list.txt:1: The repository's address was refused"),
        ("ftp://git.example.org/x\n", "only https, ssh and file"),
        ("http://git.example.org/x\n", "not encrypted"),
        ("https://[::1/x\n", "no address"),
        ("ext::sh -c x\next://sh\n", "list.txt:2: The repository"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_a_list_may_not_say(tmp_path, text, said):
    with pytest.raises(UsageError, match=r"nothing was (swept|fetched)") as refused:
        targets([listed(tmp_path, text)])
    assert said in refused.value.message


@pytest.mark.parametrize("user", ["me:pa55-word", "pa55-word" * 3, ":pa55-word"])
def test_a_password_in_a_url_is_refused_and_not_shown(tmp_path, user):
    with pytest.raises(UsageError, match="token or password") as refused:
        targets([listed(tmp_path, f"https://{user}@git.example.org/x\n")])
    assert "pa55" not in refused.value.message + refused.value.hint


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="neither a list nor a folder"):
        targets([tmp_path / "none.txt"])


def test_what_has_to_be_fetched():
    assert Target("https://a.example/x", "x").remote and Target("git@a.example:x", "x").remote
    assert not Target("/srv/x", "x").remote and not Target("C:\\x", "x").remote
