"""What the commands below `dce-guard rules` share: which rules there are, and finding one by its name."""

import os
from collections.abc import Sequence
from pathlib import Path

from dce_guard.adapters.config import load as load_policy
from dce_guard.adapters.config import read_packs as read_added
from dce_guard.adapters.git import discover
from dce_guard.adapters.packs import read_packs
from dce_guard.errors import GuardError, UsageError
from dce_guard.model.rule import Rule
from dce_guard.scan.policy import Policy
from dce_guard.scan.rules import load, parse_pack
from dce_guard.scan.suggest import meant

_LIMIT = 2**24  # bytes of a pack or of a file to import; gitleaks' own has 107 kB, betterleaks' 620 kB


def here() -> tuple[Policy, tuple[Rule, ...]]:
    """The policy of the repository we are in, and all rules it knows, also those it turns off.

    Raises what reading settings and packs raises.
    """
    repository = discover(Path.cwd())
    root = repository.root if repository else None
    policy = load_policy(root, os.environ)
    return policy, load([*read_packs(), *read_added(policy, root)])


def find(rules: Sequence[Rule], name: str) -> Rule:
    """The rule of that id. Raises UsageError with the nearest id."""
    for rule in rules:
        if rule.id == name:
            return rule
    close = meant(name, (rule.id for rule in rules))
    raise UsageError(f"no rule is named '{name}'{close}", "dce-guard rules list shows all of them")


def read_file(name: str) -> bytes:
    """The bytes of a file named on the command line. Raises GuardError, UsageError when it is too large."""
    path = Path(name)
    try:
        if path.stat().st_size > _LIMIT:
            raise UsageError(f"{name}: more than {_LIMIT} bytes; nothing was read")
        return path.read_bytes()
    except OSError as error:
        raise GuardError(f"{name}: {error.strerror or 'cannot be read'}; nothing was done") from None


def read_pack(name: str) -> list[Rule]:
    """The rules of a pack file. Raises RulesError, GuardError, UsageError for what is no text."""
    try:
        return parse_pack(Path(name).stem, read_file(name).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: byte {error.start} is not UTF-8; nothing was done") from None
