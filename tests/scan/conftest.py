"""What the rule tests share: the shipped packs, read once."""

from collections import namedtuple
from pathlib import Path

import pytest

from dce_guard.scan.rules import load

RULES = Path(__file__).parents[2] / "rules"
Packs = namedtuple("Packs", "rules texts known")


@pytest.fixture(scope="session")
def packs():
    """Rules, their texts, and the text of the published examples."""
    files = sorted(path for path in RULES.glob("*.toml") if path.stem != "known")
    texts = [(path.stem, path.read_text(encoding="utf-8")) for path in files]
    return Packs(load(texts), texts, (RULES / "known.toml").read_text(encoding="utf-8"))
