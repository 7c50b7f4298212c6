"""dce-guard: finds a leaked secret anywhere in a git repository and does not let go until it is dealt with.

The public names are loaded when they are first asked for, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING

from dce_guard._version import __version__

if TYPE_CHECKING:
    from dce_guard.cli.scanner import SecretScanner
    from dce_guard.errors import GuardError
    from dce_guard.model.finding import Finding, Location, Report

__all__ = ["Finding", "GuardError", "Location", "Report", "SecretScanner", "__version__"]

_HOMES = {
    "Finding": "dce_guard.model.finding",
    "GuardError": "dce_guard.errors",
    "Location": "dce_guard.model.finding",
    "Report": "dce_guard.model.finding",
    "SecretScanner": "dce_guard.cli.scanner",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'dce_guard' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
