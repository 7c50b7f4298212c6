"""Rules made ready to scan: from the packs, through the cache, to a matcher and its second stage."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dce_guard._version import __version__
from dce_guard.adapters import matcher_cache
from dce_guard.errors import RulesError
from dce_guard.scan.digest import digest
from dce_guard.scan.engine import Engine, SecondStage
from dce_guard.scan.prefilter import Buffer, Matcher

if TYPE_CHECKING:
    from dce_guard.cli.tables import Tables
    from dce_guard.model.rule import Rule
    from dce_guard.scan.stage import Stage

Packs = Sequence[tuple[str, str]]
Select = Callable[[Sequence["Rule"]], Sequence["Rule"]]


class Kit:
    """What one run scans with. The rules themselves are read on the first hit, or when they are asked for."""

    def __init__(
        self,
        packs: Packs,
        known: str,
        environ: Mapping[str, str],
        select: Select | None = None,
        added: Sequence[str] = (),
    ) -> None:
        self._packs, self._known, self._select, self._added = packs, known, select, added
        self._folder = matcher_cache.cache_folder(environ)
        self.digest = digest([*packs, ("known", known), ("version", __version__)])
        if select:
            self.tables  # noqa: B018  # names of rules that do not exist are told before anything is scanned

    @cached_property
    def tables(self) -> "Tables":
        """The rules, parsed or from the cache. Raises RulesError or UsageError when they are not in order."""
        from dce_guard.cli.tables import build, dump, parse

        name = f"{self.digest}.json"
        kept = matcher_cache.read(self._folder, name)
        tables = parse(kept) if kept else None
        if tables is None:
            tables = build(self._packs, self._known, self._added)
            matcher_cache.write(self._folder, name, dump(tables))
        return tables.selected(self._select(tables.rules)) if self._select else tables

    @property
    def rules(self) -> int:
        """How many rules there are, counted without parsing them."""
        return sum(text.count("\n[[rule]]") + text.startswith("[[rule]]") for _, text in self._packs)

    def engine(self) -> Engine:
        """An engine of its own for each caller: matchers hold scratch space."""
        return Engine(self.matcher(), lambda: self._second, self._is_wide)

    @cached_property
    def _second(self) -> SecondStage:
        from dce_guard.scan.second import Second

        return Second(self.tables.stage)

    def _is_wide(self, data: Buffer) -> bool:
        """What engines ask of buffers with NUL bytes; compiled, in 2 ms, for the first."""
        return self._wide(data)

    @cached_property
    def _wide(self) -> Callable[[Buffer], bool]:
        from dce_guard.scan.wide import fast_is_wide, is_wide

        try:
            import hyperscan
        except ImportError:
            return is_wide
        return fast_is_wide(hyperscan)

    def matcher(self) -> Matcher:
        """Vectorscan's, from the cache where it can be; `regex` where Vectorscan has no wheel."""
        try:
            import hyperscan
        except ImportError:
            from dce_guard.scan.prefilter_regex import RegexMatcher

            return RegexMatcher(self.tables.stage.anchors)
        from dce_guard.scan.prefilter import compile_vectorscan, load_vectorscan

        name = f"{self.digest}.hs"
        kept = matcher_cache.read(self._folder, name)
        if kept is not None:
            try:
                return load_vectorscan(hyperscan, kept)
            except hyperscan.error:
                pass  # of another version or processor: made anew
        try:
            made = compile_vectorscan(hyperscan, self.tables.stage.anchors)
        except hyperscan.error as error:
            raise _refused(hyperscan, self.tables.stage, str(error)) from None
        matcher_cache.write(self._folder, name, made)
        return load_vectorscan(hyperscan, made)


def _refused(hyperscan: Any, stage: "Stage", said: str) -> RulesError:
    """Which rule's anchor the matcher does not take."""
    from dce_guard.scan.prefilter import compile_vectorscan

    for anchor, numbers in zip(stage.anchors, stage.owners, strict=False):
        try:
            compile_vectorscan(hyperscan, [anchor])
        except hyperscan.error as error:
            rule = stage.rules[numbers[0]]
            return RulesError(
                f"rules/{rule.pack}.toml: rule '{rule.id}': anchor {anchor!r}: {error}; nothing was scanned"
            )
    return RulesError(f"the anchors of the rules cannot be compiled together: {said}; nothing was scanned")
