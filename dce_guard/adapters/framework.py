"""Our stanza in somebody's `.pre-commit-config.yaml`, added as text: comments and formatting stay.

PyYAML's marks say where the list of repositories ends and how it is indented; afterwards both texts are
parsed and must differ by our stanza and nothing else. Keys: pre-commit's `MANIFEST_HOOK_DICT`.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from dce_guard.errors import UsageError

STAGES = {
    "dce-guard": ("scan --staged", ("pre-commit", "pre-merge-commit", "manual")),
    "dce-guard-push": ("hook pre-push --from-pre-commit", ("pre-push",)),
}
"""Per hook id: what is run, and when. The same as in `.pre-commit-hooks.yaml`, which a test holds equal."""


def has_hooks(text: str) -> set[str]:
    """Which of our hook ids a configuration names already. Raises UsageError when it is not one."""
    repositories = _parse(text).get("repos") or []
    hooks = (hook for repository in repositories for hook in repository.get("hooks") or [])
    return {hook["id"] for hook in hooks if isinstance(hook, dict) and hook.get("id") in STAGES}


def add_stanza(text: str, hooks: Sequence[str], version: str) -> str:
    """The configuration with `hooks` added that it lacks; the text itself when it lacks none.

    Raises UsageError when it is not a configuration or its list is not written as a block.
    """
    missing = [hook for hook in hooks if hook not in has_hooks(text)]
    if not missing:
        return text
    new = _insert(text, missing, version)
    before, after = _parse(text), _parse(new)
    added = _parse("repos:\n" + stanza(missing, version, 0, 2, 2))["repos"]
    if after != {**before, "repos": [*(before.get("repos") or []), *added]}:
        raise _by_hand(missing, version)
    return new


def remove_stanza(text: str, version: str) -> str:
    """The configuration without what `add_stanza` added, where that still stands as it was written."""
    for hooks in (["dce-guard", "dce-guard-push"], ["dce-guard"], ["dce-guard-push"]):
        for dash, key, item in _indents(text):
            ours = stanza(hooks, version, dash, key, item)
            ours = ours.replace("\n", "\r\n") if "\r\n" in text else ours
            if f"\n{ours}" in text:
                text = text.replace(f"\n{ours}", "\n", 1)
    return text


def _indents(text: str) -> list[tuple[int, int, int]]:
    sequence = _repositories(text)
    if sequence is None or sequence.flow_style or not sequence.value:
        return []
    return [_style(sequence)]


def stanza(hooks: Sequence[str], version: str, dash: int, key: int, item: int) -> str:
    """The lines to add: `dash` spaces before the first, `key` more to its keys, `item` more to a hook's dash.

    A local hook with a pinned dependency: it needs nothing but the package index that pre-commit uses anyway.
    """
    rows = [(0, f"-{' ' * (key - 1)}repo: local"), (key, "hooks:")]
    for hook in hooks:
        entry, stages = STAGES[hook]
        rows += [
            (key + item, f"-{' ' * (key - 1)}id: {hook}"),
            (2 * key + item, f"name: {hook}"),
            (2 * key + item, f"entry: dce-guard {entry}"),
            (2 * key + item, "language: python"),
            (2 * key + item, f'additional_dependencies: ["dce-guard=={version}"]'),
            (2 * key + item, f"stages: [{', '.join(stages)}]"),
            (2 * key + item, "pass_filenames: false"),
            (2 * key + item, "always_run: true"),
        ]
    return "".join(f"{' ' * (dash + indent)}{row}\n" for indent, row in rows)


def _parse(text: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise UsageError(f"the pre-commit configuration is not YAML{where}; nothing was added.") from None
    if not _is_config(data):
        raise UsageError("the pre-commit configuration has no list `repos`; nothing was added.")
    result: dict[str, Any] = data
    return result


def _is_config(data: object) -> bool:
    if not isinstance(data, dict) or "repos" not in data:
        return False
    repositories = data["repos"] or []
    return isinstance(repositories, list) and all(isinstance(each, dict) for each in repositories)


def _repositories(text: str) -> yaml.SequenceNode | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for name, value in root.value if isinstance(root, yaml.MappingNode) else []:
        if name.value == "repos" and isinstance(value, yaml.SequenceNode):
            return value
    return None


def _style(sequence: yaml.SequenceNode) -> tuple[int, int, int]:
    """How the list is indented: before a dash, from there to the keys, from `hooks` to a hook's dash."""
    dash = sequence.start_mark.column
    first = sequence.value[0]
    key = first.start_mark.column - dash
    hooks = [
        v
        for k, v in first.value
        if k.value == "hooks" and isinstance(v, yaml.SequenceNode) and not v.flow_style
    ]
    item = hooks[0].start_mark.column - first.start_mark.column if hooks else 2
    return dash, max(key, 2), max(item, 0)


def _insert(text: str, hooks: Sequence[str], version: str) -> str:
    sequence = _repositories(text)
    if sequence is None or sequence.flow_style or not sequence.value:
        raise _by_hand(hooks, version)
    dash, key, item = _style(sequence)
    lines = text.splitlines(keepends=True)
    at = _after(sequence, lines, dash)
    newline = "\r\n" if "\r\n" in text else "\n"
    if not lines[at - 1].endswith(("\n", "\r")):
        lines[at - 1] += newline
    lines.insert(at, stanza(hooks, version, dash, key, item).replace("\n", newline))
    return "".join(lines)


def _after(sequence: yaml.SequenceNode, lines: list[str], dash: int) -> int:
    """The line after the list's last item, with comments that are indented into that item."""
    at = _last_line(sequence) + 1
    while at < len(lines) and lines[at].lstrip().startswith("#") and _indent(lines[at]) > dash:
        at += 1
    return at


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _last_line(node: yaml.Node) -> int:
    """The line a node ends on. A block collection's own mark is behind the blank lines that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    mark = node.end_mark
    return mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line


def _by_hand(hooks: Sequence[str], version: str) -> UsageError:
    return UsageError(
        "the list `repos` is not written as a block, one `- repo:` a line; nothing was added.",
        "Add this to it by hand:\n" + stanza(hooks, version, 2, 2, 2),
    )
