"""Groups whose commands are imported one by one: importing all of them would cost more than a scan."""

from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """A group that knows its commands by name, and suggests the one that was meant."""

    table: Mapping[str, tuple[str, str]] = {}
    """Name -> module that has the command as `command`, and what the list says of it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in self.table:
            return None
        from importlib import import_module

        command: click.Command = import_module(self.table[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion where there is no such command."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from dce_guard.scan.suggest import meant

            ctx.fail(f"No such command '{args[0]}'{meant(args[0], self.table) or '.'}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in self.table.items()])
