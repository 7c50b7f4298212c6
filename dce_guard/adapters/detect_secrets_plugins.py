"""Running detect-secrets plugins from files that the user named."""

import importlib.util
import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect_secrets.plugins.base import BasePlugin

from dce_guard.errors import GuardError, UsageError
from dce_guard.model.sensitive import Sensitive


@dataclass(frozen=True, slots=True)
class PluginHit:
    """What a plugin took for a secret, where, and the plugin's name for its kind."""

    path: str
    line: int
    secret: Sensitive
    kind: str


class Plugins:
    """Plugins of files that the user named, ready to be run line by line."""

    def __init__(self, plugins: Sequence[Any]) -> None:
        self._plugins = tuple(plugins)

    def line(self, path: str, number: int, text: str) -> Iterator[PluginHit]:
        """What the plugins find in line `number` (1-based) of `path`.

        Raises GuardError when a plugin fails: its traceback could hold the line, so only its name is told.
        """
        for plugin in self._plugins:
            try:
                values = [each.secret_value for each in plugin.analyze_line(path, text, number) or ()]
            except Exception as error:
                name, kind = type(plugin).__name__, type(error).__name__
                raise GuardError(f"detect-secrets plugin {name} failed at {path}:{number} ({kind})") from None
            for value in sorted(value for value in values if value):
                yield PluginHit(
                    path, number, Sensitive(value.encode("utf-8", "surrogateescape")), plugin.secret_type
                )


def load_plugins(files: Iterable[Path], tree: Path | None) -> Plugins:
    """The plugins in `files`. This runs the files' code, so each must be named by the user.

    Raises UsageError for a file inside `tree` (what is scanned must not run), for one that is not there, and
    for one that holds no plugin or fails.
    """
    loaded: list[Any] = []
    for file in files:
        place = file.resolve()
        if tree is not None and place.is_relative_to(tree.resolve()):
            raise UsageError(
                f"detect-secrets plugin {file} is part of what is scanned; it was not run",
                "keep plugins outside the repository: a pull request could change this one",
            )
        loaded += (kind() for kind in _classes(place))
    return Plugins(loaded)


def _classes(file: Path) -> list[Any]:
    spec = importlib.util.spec_from_file_location(f"dce_guard_plugin_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise UsageError(f"detect-secrets plugin {file} is no Python file; nothing was scanned")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise UsageError(f"detect-secrets plugin {file} does not load ({told})") from None
    found = [each for _, each in sorted(vars(module).items()) if _is_plugin(each, spec.name)]
    if not found:
        raise UsageError(f"detect-secrets plugin {file} holds no plugin class; nothing was scanned")
    return found


def _is_plugin(each: object, module: str) -> bool:
    """Whether it is a plugin that can be made, and the file's own rather than one that it imports."""
    if not inspect.isclass(each) or each.__module__ != module:
        return False
    return issubclass(each, BasePlugin) and not inspect.isabstract(each)
