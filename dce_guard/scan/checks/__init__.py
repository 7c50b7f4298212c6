"""Offline checks of structure: what a value itself tells, without asking anybody.

A check takes a `Match` and returns a `Verdict`. Rules name checks by the keys of CHECKS.
"""

from collections.abc import Callable

from dce_guard.model.match import Match, Verdict

Check = Callable[[Match], Verdict]

CHECKS: dict[str, Check] = {}
