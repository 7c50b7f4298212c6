"""Options that scanning commands share, and what they mean as settings."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from dce_guard.report import FORMATS

F = TypeVar("F", bound=Callable[..., Any])

_LISTS = ("exclude", "enable", "disable", "rules", "detect_secrets_plugins")


def policy_options(function: F) -> F:
    """Adds what the configuration can say too; the command gets `policy` (what was said) and `baseline_off`."""

    @click.option(
        "--confidence",
        type=click.Choice(["low", "medium", "high"]),
        help="Report findings from this confidence up.",
    )
    @click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out paths (gitignore patterns).")
    @click.option("--enable", multiple=True, metavar="RULE", help="Turn a rule or pack on.")
    @click.option("--disable", multiple=True, metavar="RULE", help="Turn a rule or pack off.")
    @click.option("--rules", multiple=True, metavar="FILE", help="Use one more rule pack.")
    @click.option("--max-file-size", metavar="SIZE", help="Leave out larger files and say so (10MB).")
    @click.option("--baseline", metavar="FILE", help="Accepted findings (baselines/dce-guard.json).")
    @click.option("--no-baseline", "baseline_off", is_flag=True, help="As if nothing were accepted.")
    @click.option(
        "--no-inline-markers",
        "inline_markers",
        flag_value=False,
        default=None,
        help="Honour no allow marker.",
    )
    @click.option(
        "--trust-head", is_flag=True, default=None, help="With --range: take policy from the change itself."
    )
    @click.option(
        "--detect-secrets-plugin", "detect_secrets_plugins", multiple=True, metavar="FILE",
        help="Run a detect-secrets plugin of yours as well.",
    )  # fmt: skip
    @wraps(function)
    def wrapped(baseline_off: bool, **values: Any) -> Any:
        names = ("confidence", "max_file_size", "baseline", "inline_markers", "trust_head", *_LISTS)
        said = {name: values.pop(name) for name in names}
        policy = {
            name.replace("_", "-"): list(value) if name in _LISTS else value
            for name, value in said.items()
            if value not in (None, ())
        }
        return function(policy=policy, baseline_off=baseline_off, **values)

    return wrapped  # type: ignore[return-value]


def output_options(function: F) -> F:
    """Adds format, file and exit code options; the command gets `output` and `reveal` (how often it was said)."""

    @click.option(
        "-f", "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True
    )
    @click.option(
        "-o",
        "--output",
        "file",
        type=click.Path(path_type=Path),
        help="Write the report to a file, whole or not at all.",
    )
    @click.option("-q", "--quiet", is_flag=True, help="One line a finding, nothing when clean.")
    @click.option("--strict", is_flag=True, help="Exit 3 when anything at all was not looked at.")
    @click.option("--exit-zero", is_flag=True, help="Exit 0 on findings, for pipelines that upload first.")
    @click.option("--reveal", count=True, help="Add the secrets themselves to text, JSON and JSON Lines.")
    @wraps(function)
    def wrapped(
        format_: str,
        file: Path | None,
        quiet: bool,
        strict: bool,
        exit_zero: bool,
        reveal: int,
        **values: Any,
    ) -> Any:
        from dce_guard.cli.output import Output

        if reveal and format_ not in ("text", "json", "jsonl"):
            raise click.UsageError(f"--reveal works with text, json and jsonl, not with {format_}.")
        return function(output=Output(format_, file, quiet, strict, exit_zero), reveal=reveal, **values)

    return wrapped  # type: ignore[return-value]
