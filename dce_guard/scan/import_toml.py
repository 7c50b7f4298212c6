"""Writes a rule pack as TOML: Python reads TOML and does not write it."""

from collections.abc import Mapping, Sequence
from typing import Any

_LEFT_OUT = (False, 0.0, None)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def pack_text(name: str, tables: Sequence[Mapping[str, Any]]) -> str:
    """The text of a pack with these rules; values that are what a rule has by default are left out."""
    head = [
        f"# Rules imported as pack '{name}'. [pack] holds for all of them; a rule may say otherwise.",
        "[pack]",
        'category = "EXTERNAL_API"',
        'sensitivity = "HIGH"',
        f"references = [{_string(f'imported as {name}')}]",
        'remediation = "Revoke it where it was issued, and put a new one where it was used."',
    ]
    return "\n".join(head + [line for table in tables for line in _table(table)]) + "\n"


def _table(table: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{key} = {_value(value)}" for key, value in table.items() if value not in _LEFT_OUT and value != []
    ]
    return ["", "[[rule]]", *lines]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    """A TOML string, without escapes where that can be: patterns are full of backslashes."""
    plain = all(char == "\t" or (char.isprintable() and not "\ud800" <= char <= "\udfff") for char in text)
    if plain and ("\\" in text or '"' in text) and "'" not in text:
        return f"'{text}'"
    if plain and "\\" in text and "'''" not in text and not text.endswith("'"):
        return f"'''{text}'''"
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char.isprintable() else f"\\U{ord(char):08x}"
