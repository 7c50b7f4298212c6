"""Finds the settings of a run: command line > environment > repository > user > defaults.

A repository without settings costs two look-ups, one for each file it could have, and loads no TOML reader.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dce_guard.adapters.config_files import Home, Origin, ReadAt, Tree, absolute, parse_toml
from dce_guard.errors import UsageError
from dce_guard.scan.policy import Layer, Policy, Trust, Where, merge
from dce_guard.scan.settings import FLAGS, KEYS, parse
from dce_guard.scan.suggest import meant

OWN_FILE = ".dce-guard.toml"
PROJECT_FILE = "pyproject.toml"
_TABLE = "tool.dce-guard"
# Every spelling of our table: [tool.dce-guard], [tool."dce-guard"], [tool] with dce-guard.x = … below it.
_MENTIONED = re.compile(
    rb"(?m)^[ \t]*\[?[ \t]*([\"']?tool[\"']?[ \t]*\.[ \t]*)?[\"']?dce-guard[\"']?[ \t]*[].=]"
)
_PREFIX = "DCE_GUARD_"
_ENVIRONMENT = tuple(key for key in KEYS if key not in ("extends", "detect-secrets-plugins"))
_SEPARATED = ("exclude", "enable", "disable", "rules")
_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_DEPTH = 8  # of extends; people use one or two
_FILES = 64  # that one run may read through extends: breadth times depth would be without end


def load(
    root: Path | None,
    environ: Mapping[str, str],
    read_at: ReadAt | None = None,
    options: Mapping[str, Any] | None = None,
) -> Policy:
    """The policy of a run over the repository at `root` (None: no repository).

    With `read_at` the repository's settings come from the revision it reads, not from the work tree.
    `options` holds what the command line says, under the keys that a file uses. Raises UsageError for
    settings that are not understood or not allowed where they stand, GuardError if a file cannot be read.
    """
    sources: list[str] = []
    layers: list[Layer] = []
    user = user_file(environ)
    if user is not None:
        layers += _Files(Home(), sources).start(str(user))
    if root is not None:
        layers += _from_tree(Tree(root, read_at), sources)
    here = _Here(root)
    layers += here.layer(_environment(environ), Where("environment", Trust.ENVIRONMENT))
    layers += here.layer(options or {}, Where("command line", Trust.COMMAND))
    policy = merge(layers, sources)
    _refuse_plugins_inside(policy, root)
    return policy


def user_file(environ: Mapping[str, str]) -> Path | None:
    """Where the user's own settings would be; None if the environment names no home."""
    if environ.get("XDG_CONFIG_HOME", "").strip():
        return Path(environ["XDG_CONFIG_HOME"], "dce-guard", "config.toml")
    if sys.platform == "win32":
        return Path(environ["APPDATA"], "dce-guard", "config.toml") if environ.get("APPDATA") else None
    return Path(environ["HOME"], ".config", "dce-guard", "config.toml") if environ.get("HOME") else None


def read(path: str, root: Path | None, read_at: ReadAt | None = None) -> bytes | None:
    """The bytes of a file that a policy names (baseline, rule pack), None if there is none.

    A relative path is read from the tree, or its revision; an absolute one from the disk. Raises as `load`.
    """
    if root is None or Path(path).is_absolute():
        return Home().read(str(absolute(path)))
    return Tree(root, read_at).read(path)


def read_packs(policy: Policy, root: Path | None, read_at: ReadAt | None = None) -> list[tuple[str, str]]:
    """(name, text) of the rule packs that the policy adds. Raises UsageError if one is missing or no text."""
    packs = []
    for path in policy.rules:
        data = read(path, root, read_at)
        if data is None:
            raise UsageError(
                f"rule pack {path}: no such file; nothing was scanned", "correct 'rules' or --rules"
            )
        try:
            packs.append((Path(path).stem, data.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise UsageError(f"rule pack {path}: byte {error.start} is not UTF-8") from error
    return packs


def policy_paths(policy: Policy) -> set[str]:
    """Paths from the root of all files whose change is a change of policy."""
    named = {*policy.sources, policy.baseline, *policy.rules}
    return {OWN_FILE, PROJECT_FILE} | {path for path in named if not Path(path).is_absolute()}


def same_policy(path: str, before: bytes | None, after: bytes | None) -> bool:
    """Whether a changed file of `policy_paths` says the same as before.

    In pyproject.toml only our table counts: a new dependency is no change of policy. One that cannot be read
    counts as a change.
    """
    if path != PROJECT_FILE:
        return before == after
    try:
        return _project_table(before)[0] == _project_table(after)[0]
    except UsageError:
        return False


def _from_tree(tree: Tree, sources: list[str]) -> list[Layer]:
    files = _Files(tree, sources)
    table, text = _project_table(tree.read(PROJECT_FILE))
    own = tree.read(OWN_FILE)
    if own is not None and table is not None:
        raise UsageError(
            f"{OWN_FILE} and [{_TABLE}] in {PROJECT_FILE} both hold settings; nothing was scanned",
            "keep one of them, and let it name the other's content with 'extends' if you need both",
        )
    if own is not None:
        return list(files.of(OWN_FILE, *parse_toml(own, OWN_FILE)))
    return [] if table is None else list(files.of(PROJECT_FILE, table, text, table_name=_TABLE))


def _project_table(data: bytes | None) -> tuple[dict[str, Any] | None, str]:
    if data is None or b"dce-guard" not in data or not _MENTIONED.search(data):
        return None, ""
    document, text = parse_toml(data, PROJECT_FILE)
    tool = document.get("tool", {})
    table = tool.get("dce-guard") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{PROJECT_FILE}: [{_TABLE}] must be a table")
    return table, text


class _Files:
    """Reads files of one origin with those they extend: those come first, so that the file itself wins."""

    def __init__(self, origin: Origin, sources: list[str]) -> None:
        self._origin = origin
        self._sources = sources
        self._left = _FILES

    def start(self, path: str) -> Iterator[Layer]:
        data = self._origin.read(path)
        if data is not None:
            yield from self.of(path, *parse_toml(data, path))

    def of(
        self,
        path: str,
        table: Mapping[str, Any],
        text: str,
        table_name: str = "",
        chain: tuple[str, ...] = (),
    ) -> Iterator[Layer]:
        layer = parse(table, Where(path, self._origin.trust, text, table_name))
        chain = (*chain, path)
        for name in layer.values.get("extends", ()):
            yield from self._extended(self._origin.place(path, name, layer.where.at("extends")), chain, layer)
        self._sources.append(path)
        yield _placed(layer, lambda key, name: self._origin.place(path, name, layer.where.at(key)))

    def _extended(self, path: str, chain: tuple[str, ...], layer: Layer) -> Iterator[Layer]:
        at = layer.where.at("extends")
        self._left -= 1
        if path in chain:
            raise UsageError(f"{at}: 'extends' goes in a circle: {' → '.join((*chain, path))}")
        if len(chain) > _DEPTH or self._left < 0:
            raise UsageError(f"{at}: 'extends' is deeper than {_DEPTH} files or names more than {_FILES}")
        data = self._origin.read(path)
        if data is None:
            raise UsageError(f"{at}: 'extends' names {path}, and there is no such file; nothing was scanned")
        yield from self.of(path, *parse_toml(data, path), chain=chain)


def _placed(layer: Layer, place: Callable[[str, str], str]) -> Layer:
    """The layer with its file names made what they mean from the file that holds them."""
    values = dict(layer.values)
    for key in ("rules", "detect-secrets-plugins"):
        if key in values:
            values[key] = tuple(place(key, name) for name in values[key])
    # The user's baseline is one name for all repositories, unless it says where it is.
    if "baseline" in values and (layer.where.trust is not Trust.USER or values["baseline"].startswith("~/")):
        values["baseline"] = place("baseline", values["baseline"])
    return Layer(layer.where, values)


class _Here:
    """What the environment and the command line say: names count from the working directory.

    A file inside the repository becomes a path from its root, so that `--range` reads it at the base
    revision: `--baseline baselines/x.json` in a pipeline must not take the one that the change brings along.
    """

    def __init__(self, root: Path | None) -> None:
        self._roots = () if root is None else (absolute(str(root)), root.resolve())

    def layer(self, table: Mapping[str, Any], where: Where) -> list[Layer]:
        return [_placed(parse(table, where), self._place)] if table else []

    def _place(self, key: str, name: str) -> str:
        path = absolute(name)
        for root in self._roots:
            if key != "detect-secrets-plugins" and path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return str(path)


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith(_PREFIX) or not value.strip():
            continue
        key = name.removeprefix(_PREFIX).lower().replace("_", "-")
        if key in _ENVIRONMENT:
            table[key] = _environment_value(key, name, value)
        else:
            _unknown_variable(key, name)
    return table


def _environment_value(key: str, name: str, value: str) -> Any:
    if key in _SEPARATED:
        return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]
    if key not in FLAGS:
        return value.strip()
    if value.strip().lower() not in _WORDS:
        raise UsageError(f"{name} must be 1 or 0 (true, yes, on; false, no, off)")
    return _WORDS[value.strip().lower()]


def _unknown_variable(key: str, name: str) -> None:
    """Other parts of the program have variables too, so only a likely slip of the pen is an error."""
    if key == "detect-secrets-plugins":
        raise UsageError(
            f"{name} is not taken from the environment: a repository can set that, and plugins are code",
            "use --detect-secrets-plugin, or detect-secrets-plugins in your own configuration",
        )
    close = meant(name, (_PREFIX + known.upper().replace("-", "_") for known in _ENVIRONMENT), 0.9)
    if close:
        raise UsageError(f"{name}: no such setting{close}")


def _refuse_plugins_inside(policy: Policy, root: Path | None) -> None:
    if root is None:
        return
    for plugin in policy.detect_secrets_plugins:
        if Path(plugin).resolve().is_relative_to(root.resolve()):
            raise UsageError(
                f"the detect-secrets plugin {plugin} lies in the scanned tree, whose code is never run",
                "copy it to a place outside of the repository and name it there",
            )
