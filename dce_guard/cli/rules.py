"""`dce-guard rules`: look at rules, write them, take them over from other tools."""

from importlib import import_module

import click

_COMMANDS = {name: f"dce_guard.cli.rules_{name}" for name in ("list", "show", "check", "test", "import")}


class _Lazy(click.Group):
    """Imports a command when it is asked for: `rules list` has no use for the importer."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(_COMMANDS[cmd_name]).command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from dce_guard.scan.suggest import meant

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no such command '{args[0]}'{meant(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.command("rules", cls=_Lazy, short_help="List, show, check, try and import rules.")
def command() -> None:
    """Look at the rules, try your own, and take over those of gitleaks or betterleaks."""
