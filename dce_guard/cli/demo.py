"""`dce-guard demo`: find, block, accept, clean, in a repository of its own that is gone afterwards."""

import os
import random
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from dce_guard.errors import GuardError

_SECONDS = 30  # for each command
_SEED = 20260101  # the same made-up values for everybody, so that pages can show them
_MAIN = "import sys; from dce_guard.cli.main import main; sys.argv[0] = 'dce-guard'; sys.exit(main())"
_AUTHOR = {"NAME": "Demo", "EMAIL": "demo@example.org"}


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the repository there, to try more in it.")
def command(keep: bool) -> int:
    """See it find, block and accept: made-up secrets in a temporary repository.

    Prints the very commands it runs. Uses no network, none of your settings, and removes what it made.
    """
    place = Path(tempfile.mkdtemp(prefix="dce-guard-demo-")).resolve()
    try:
        return _walk(Stage(place))
    finally:
        _end(place, keep)


def _end(place: Path, keep: bool) -> None:
    if keep:
        click.echo(f"\nkept: {place / 'shop'}")
        return
    import shutil

    def writable(function: object, path: str, _: object) -> None:
        Path(path).chmod(0o700)  # git's objects are read-only, which stops Windows
        Path(path).unlink()

    shutil.rmtree(place, onerror=writable)
    click.echo(f"\nremoved {place}")


class Stage:
    """A temporary repository and the commands that are run and shown in it."""

    def __init__(self, place: Path) -> None:
        self.root = place / "shop"
        self.root.mkdir()
        self._env = environment(place)

    def say(self, text: str) -> None:
        """A heading."""
        click.secho(f"\n{text}", bold=True)

    def write(self, name: str, text: str) -> None:
        """A file; what is in it is shown by the scan, masked."""
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"(writes {name})")

    def run(self, line: str, expected: int = 0) -> None:
        """Runs a command line and shows both it and what it says. Raises GuardError on another exit code."""
        click.secho(f"$ {line}", fg="cyan")
        words = shlex.split(line)
        if words[0] == "dce-guard":
            words = [sys.executable, "-P", "-c", _MAIN, *words[1:]]
        try:
            done = subprocess.run(
                words, cwd=self.root, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GuardError(
                f"the demo stopped: `{line}` could not be run ({type(error).__name__})", "dce-guard doctor"
            ) from None
        click.echo(done.stdout.decode("utf-8", "replace"), nl=False)
        if done.returncode != expected:
            raise GuardError(
                f"the demo stopped: `{line}` ended with {done.returncode}, not {expected}", "dce-guard doctor"
            )


def environment(place: Path) -> dict[str, str]:
    """The user's, without settings: a global core.hooksPath, for one, would put the hook into all repositories."""
    dropped = ("GIT_", "DCE_GUARD_", "PRE_COMMIT")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    people = {f"GIT_{who}_{what}": _AUTHOR[what] for who in ("AUTHOR", "COMMITTER") for what in _AUTHOR}
    terminal = sys.stdout.isatty() and not kept.get("NO_COLOR")
    package = str(Path(__file__).parents[2])
    return kept | people | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TEMPLATE_DIR": "",
        "XDG_CONFIG_HOME": str(place / "config"),
        "PYTHONPATH": os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH", "")))),
        "PYTHONIOENCODING": "utf-8",
        "LC_ALL": "C.UTF-8",
    } | ({"FORCE_COLOR": "1"} if terminal else {})  # fmt: skip


def planted(rule: str, seed: int = _SEED) -> str:
    """A made-up secret as the rule's own first example has it, alone. Raises GuardError without the rule."""
    from dce_guard.adapters.packs import read_packs
    from dce_guard.scan.rules import load
    from dce_guard.scan.templates import expand

    rules = {one.id: one for one in load(read_packs())}
    if rule not in rules or not rules[rule].examples:
        raise GuardError(f"the demo needs the rule '{rule}' with an example", "reinstall dce-guard")
    import regex

    text = expand(rules[rule].examples[0], random.Random(seed))  # noqa: S311  # made up, and the same each time
    found = regex.search(rules[rule].pattern.encode(), text)
    if not found:
        raise GuardError(f"the example of rule '{rule}' is not found by it", "dce-guard rules check")
    return str(found["secret"].decode("ascii"))


def _walk(stage: Stage) -> int:
    click.echo(f"A repository of its own, with made-up secrets: {stage.root}")
    stage.run("git init -q -b main .")
    stage.say("1. Find: a key in the code, and one in a test")
    stage.write("pay.py", f'import shop\n\nshop.connect("{planted("stripe-secret-key")}")\n')
    stage.write("tests/data.py", f'TOKEN = "{planted("github-pat", 7)}"\n')
    stage.run("dce-guard scan", 1)
    stage.say("2. Block: git will not commit it")
    stage.run("dce-guard install")
    stage.run("git add .")
    stage.run('git commit -q -m "Take payments"', 1)
    stage.say("3. Take the real one out, accept the made-up one")
    stage.write("pay.py", 'import os\n\nimport shop\n\nshop.connect(os.environ["STRIPE_KEY"])\n')
    stage.run('dce-guard baseline accept tests/data.py:1 --reason "made up, for a test"')
    stage.run("git add .")
    stage.run('git commit -q -m "Take payments"')
    stage.say("4. Clean, and it stays accepted when it moves")
    stage.run("git mv tests/data.py tests/tokens.py")
    stage.run("dce-guard scan")
    stage.say("In a repository of yours: dce-guard, then dce-guard init and dce-guard install")
    return 0
