"""One run's surroundings: repository, policy, baseline, key, rules. Put together once, asked by every command."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dce_guard.adapters import config
from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.packs import read_known, read_packs
from dce_guard.cli.kit import Kit
from dce_guard.errors import UsageError
from dce_guard.scan.policy import Policy

if TYPE_CHECKING:
    from dce_guard.adapters.keys import Key
    from dce_guard.cli.analyst import Analyst
    from dce_guard.scan.baseline import Baseline

ReadAt = Callable[[str], bytes | None]


@dataclass
class Session:
    """What a run scans with. `read_at` reads policy files from the base of a range instead of the work tree."""

    repository: Repository | None
    policy: Policy
    environ: Mapping[str, str]
    read_at: ReadAt | None = None
    use_baseline: bool = True
    assumed: "Baseline | None" = None  # a baseline that is about to be written
    notices: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path | None:
        """The repository's work tree, its git directory where it is bare, None outside one."""
        return (self.repository.root or self.repository.git_dir) if self.repository else None

    @cached_property
    def kit(self) -> Kit:
        """Rules made ready: the shipped packs and those that the policy adds."""
        packs = read_packs()
        extra = config.read_packs(self.policy, self.root, self.read_at) if self.policy.rules else []
        known = read_known()
        select = self.policy.select if self.policy.switches else None
        return Kit([*packs, *extra], known, self.environ, select, [name for name, _ in extra])

    @cached_property
    def baseline(self) -> "Baseline | None":
        """The accepted findings; None where there is no such file. Raises UsageError when it is not understood."""
        if self.assumed or not self.use_baseline or self.root is None:
            return self.assumed
        data = config.read(self.policy.baseline, self.root, self.read_at)
        if data is None:
            return None
        from dce_guard.scan.baseline import parse

        try:
            return parse(data.decode("utf-8-sig"), self.policy.baseline)
        except UnicodeDecodeError:
            raise UsageError(f"{self.policy.baseline}: not UTF-8; no exception was read") from None

    @cached_property
    def key(self) -> "Key":
        """The key that values are named under."""
        from dce_guard.adapters.keys import find_key

        common = self.repository.common_dir if self.repository else None
        key = find_key(self.policy.key, self.baseline, common, self.environ, self.root)
        if key.notice:
            self.notices.append(key.notice)
        return key

    @cached_property
    def analyst(self) -> "Analyst":
        """Judges and names. The first to ask pays for its imports."""
        from dce_guard.cli.analyst import Analyst

        return Analyst(self.kit.tables, self.key.identity(), self.policy.min_confidence)


def open_session(
    where: Path,
    options: Mapping[str, Any],
    *,
    named: bool = False,
    use_baseline: bool = True,
    base: Callable[[Repository], ReadAt | None] | None = None,
    assumed: "Baseline | None" = None,
) -> Session:
    """The session for what is at `where`; `named` when a person named it.

    `base` gives a reader of the revision that policy is taken from. Raises GuardError as discovery,
    configuration and baseline do.
    """
    repository = discover(where, named=named)
    read_at = base(repository) if base and repository else None
    root = (repository.root or repository.git_dir) if repository else None
    try:
        policy = config.load(root, os.environ, read_at, options)
    except UsageError as error:
        error.hint = error.hint or "Nothing was scanned. All settings: docs/configuration.md"
        raise
    return Session(repository, policy, os.environ, read_at, use_baseline, assumed)


def target(paths: Sequence[Path]) -> tuple[Path, bool]:
    """Where to look for the repository, and whether a person named it: the first path, else here."""
    return (paths[0], True) if paths else (Path.cwd(), False)
