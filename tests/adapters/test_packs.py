"""The shipped packs on disk: found, and missed with words."""

import pytest
from scan_tools import PACKS

from dce_guard.adapters import packs
from dce_guard.errors import RulesError
from dce_guard.scan.known import load_known
from dce_guard.scan.rules import load


def test_every_pack_is_read_and_the_published_examples_are_none_of_them():
    found = packs.read_packs()
    assert [name for name, _ in found] == sorted(
        path.stem for path in PACKS.glob("*.toml") if path.stem != "known"
    )
    assert len(load(found)) > 100
    assert load_known(packs.read_known())


def test_the_packs_of_an_installed_wheel_go_first(tmp_path, monkeypatch):
    (tmp_path / "_rules").mkdir()
    (tmp_path / "_rules" / "one.toml").write_text("# one", encoding="utf-8")
    monkeypatch.setattr(packs, "_PACKAGE", tmp_path)
    assert packs.read_packs() == [("one", "# one")]


@pytest.mark.parametrize("what", ["no folder", "empty", "not text", "a folder"])
def test_without_rules_there_is_no_verdict(tmp_path, monkeypatch, what):
    folder = tmp_path / "pkg" / "_rules"
    if what != "no folder":
        folder.mkdir(parents=True)
    if what == "not text":
        (folder / "a.toml").write_bytes(b"\xff\xfe\x00")
    if what == "a folder":
        (folder / "a.toml").mkdir()
    monkeypatch.setattr(packs, "_PACKAGE", tmp_path / "pkg")
    with pytest.raises(RulesError) as refused:
        packs.read_packs()
    assert "nothing was scanned" in refused.value.message
    assert refused.value.hint
    with pytest.raises(RulesError, match=r"known\.toml"):
        packs.read_known()


TABLE, LINE = "[[known]]\n", 'sha256 = "{}"\n'


@pytest.mark.parametrize(
    "text",
    ["", TABLE, TABLE + LINE.format("12"), TABLE + LINE.format("a" * 64) + TABLE, TABLE + LINE.format("G" * 64),
     TABLE + LINE.format("a" * 64) + LINE.format("b" * 64)],
)  # fmt: skip
def test_a_damaged_list_of_published_examples_is_refused(text):
    with pytest.raises(RulesError, match=r"known\.toml"):
        load_known(text)
