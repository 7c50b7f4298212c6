"""`dce-guard baseline`: what has been accepted, by whom and why."""

import click

from dce_guard.cli.lazy import LazyGroup

_HOME = "dce_guard.cli.baseline_"


class _Commands(LazyGroup):
    table = {
        "create": (_HOME + "create", "Accept all that is found today, with one reason."),
        "accept": (_HOME + "accept", "Accept single findings."),
        "review": (_HOME + "review", "Look at what is open, one by one."),
        "prune": (_HOME + "prune", "Take out entries that are no longer found."),
        "import": (_HOME + "import", "Take over a .secrets.baseline or a gitleaks report."),
        "export": (_HOME + "export", "Write a .secrets.baseline for detect-secrets."),
    }


@click.command("baseline", cls=_Commands, short_help="Accepted findings.")
def command() -> None:
    """Keep accepted findings in one small file of the repository.

    An entry accepts a value, not a place: moving code or renaming files never changes the file, and another
    value on an accepted line is a new finding.
    """
