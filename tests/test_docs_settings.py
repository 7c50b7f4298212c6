"""What the documentation shows is what the program takes."""

import re
import tomllib
from pathlib import Path

import pytest

from dce_guard.scan.policy import Trust, Where, merge
from dce_guard.scan.rule_lint import lint
from dce_guard.scan.rules import load
from dce_guard.scan.settings import KEYS, parse

DOCS = Path(__file__).parents[1] / "docs"


def blocks(name: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", blocks("configuration.md"))
def test_settings_are_taken(text: str) -> None:
    table = tomllib.loads(text)
    table = table.get("tool", {}).get("dce-guard", table)
    trust = Trust.USER if "~/.config" in text else Trust.TREE
    policy = merge([parse(table, Where("docs", trust, text))])
    assert table and policy != merge([])


def test_every_key_is_told_and_none_that_is_not() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == set(KEYS)


def test_the_pack_checks_clean() -> None:
    (text,) = blocks("rules.md")
    assert lint(load([("acme", text)])) == []
