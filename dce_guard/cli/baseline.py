"""`dce-guard baseline`: what has been accepted, by whom and why."""

from importlib import import_module

import click

_COMMANDS = {
    "create": "Accept all that is found today, with one reason.",
    "accept": "Accept single findings.",
    "review": "Look at what is open, one by one.",
    "prune": "Take out entries that are no longer found.",
    "import": "Take over a .secrets.baseline or a gitleaks report.",
    "export": "Write a .secrets.baseline for detect-secrets.",
}


class _Lazy(click.Group):
    """Imports a command when it is asked for: `accept` has no use for detect-secrets."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(f"dce_guard.cli.baseline_{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from dce_guard.scan.suggest import meant

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no such command '{args[0]}'{meant(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command("baseline", cls=_Lazy, short_help="Accepted findings.")
def command() -> None:
    """Keep accepted findings in one small file of the repository.

    An entry accepts a value, not a place: moving code or renaming files never changes the file, and another
    value on an accepted line is a new finding.
    """
