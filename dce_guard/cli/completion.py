"""`dce-guard completion`: click's completion scripts."""

import click
from click.shell_completion import ShellComplete, get_completion_class

SHELLS = ("bash", "zsh", "fish")
_WHERE = {
    "bash": 'eval "$(dce-guard completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(dce-guard completion zsh)"   in ~/.zshrc, after compinit',
    "fish": "dce-guard completion fish > ~/.config/fish/completions/dce-guard.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    bash  eval "$(dce-guard completion bash)"   in ~/.bashrc (bash 4.4 or newer)
    zsh   eval "$(dce-guard completion zsh)"    in ~/.zshrc, after compinit
    fish  dce-guard completion fish > ~/.config/fish/completions/dce-guard.fish
    """
    from dce_guard.cli.main import cli

    made = get_completion_class(shell)
    assert made
    script = made(cli, {}, "dce-guard", "_DCE_GUARD_COMPLETE")
    # The base class's method: bash's own asks a bash for its version first, and none need be here.
    click.echo(f"# {_WHERE[shell]}\n{ShellComplete.source(script)}")
