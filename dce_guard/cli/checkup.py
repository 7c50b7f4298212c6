"""What `dce-guard doctor` looks at: one function a part, each tells what it found."""

import os
import platform
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dce_guard.adapters.git import Repository, discover
from dce_guard.adapters.git_command import executable
from dce_guard.cli.session import Session, open_session
from dce_guard.errors import GuardError
from dce_guard.scan.settings import KEYS

if TYPE_CHECKING:
    from dce_guard.model.rule import Rule

OK, NOTE, BAD = "ok", "note", "bad"
_OLDEST = (2, 31)  # has rev-parse --path-format
# What a scan asks of a repository, in a short form.
_VERBS = (
    ("rev-list", "--max-count=1", "--all"),
    ("for-each-ref", "--count=1"),
    ("ls-files", "-s", "-z"),
    ("cat-file", "--batch-check"),
    ("config", "--list", "-z"),
)


class Check(NamedTuple):
    """One thing looked at: `ok`, `note` (worth knowing), `bad` (keeps a scan from looking)."""

    name: str
    state: str
    text: str
    hint: str = ""


def checks(where: Path) -> Iterator[Check]:
    """Everything, in the order people ask: the program, the repository, its settings, its hooks."""
    yield Check("python", OK, f"{platform.python_version()} at {sys.executable}")
    yield from (git := list(_tried("git", _git)))
    if git[0].state == BAD:
        return
    repository: list[Repository | None] = []
    yield from _tried("repository", lambda: _repository(where, repository))
    session: list[Session] = []
    yield from _tried("settings", lambda: _settings(where, session))
    if session:
        yield from _tried("rules", lambda: _rules(session[0]))
        yield from _tried("engine", lambda: _engine(session[0]))
        yield from _tried("cache", lambda: _cache(session[0]))
        yield from _tried("baseline", lambda: _baseline(session[0]))
        yield from _tried("key", lambda: _key(session[0]))
    if repository and repository[0]:
        common = repository[0].common_dir
        yield from _tried("remotes", lambda: _remotes(common))
    if repository and repository[0] and repository[0].root:
        root = repository[0].root
        yield from _tried("hooks", lambda: _hooks(root))


def _tried(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except GuardError as error:
        yield Check(name, BAD, error.message, error.hint)


def _git() -> Iterator[Check]:
    program = executable(os.environ)
    done = subprocess.run([program, "--version"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    told = done.stdout.decode("utf-8", "replace").strip().removeprefix("git version ")
    parts = told.split(".")
    version = tuple(int(part) for part in parts[:2] if part.isdigit())
    old = version < _OLDEST
    hint = "install git 2.31 or newer" if old else ""
    yield Check("git", BAD if old else OK, f"{told} at {program}", hint)


def _repository(where: Path, found: list[Repository | None]) -> Iterator[Check]:
    repository = discover(where)
    found.append(repository)
    if repository is None:
        yield Check("repository", NOTE, f"none around {where}: files are scanned as they are")
        return
    for verb, *rest in _VERBS:
        repository.run([verb, *rest], b"HEAD\n" if verb == "cat-file" else None)
    kind = "" if repository.root else ", bare"
    yield Check(
        "repository",
        OK,
        f"{repository.root or repository.git_dir} ({repository.object_format}{kind}); git answers",
    )
    yield from _lacking(repository)


def _lacking(repository: Repository) -> Iterator[Check]:
    """What a clone has less of than its origin."""
    if repository.shallow:
        text = "this clone is shallow: commits it lacks cannot be scanned"
        yield Check("shallow", NOTE, text, "git fetch --unshallow; in CI, fetch-depth: 0 or GIT_DEPTH: 0")
    promised, _, _ = repository.ask(["config", "--get-regexp", r"^remote\..*\.promisor$"])
    if b"true" in promised:
        text = "this is a partial clone: contents it lacks are not fetched, and a scan says which"
        yield Check("partial", NOTE, text, "git fetch --refetch --no-filter")
    listed = repository.run(["ls-files", "-s", "-z"]) if repository.root else b""
    modules = sum(entry.startswith(b"160000 ") for entry in listed.split(b"\0"))
    if modules:
        text = f"{modules} in this repository; their files are scanned with --submodules only"
        yield Check("submodules", NOTE, text)


def _remotes(common_dir: Path) -> Iterator[Check]:
    from dce_guard.adapters.remotes import remotes

    for remote in remotes(common_dir):
        if remote.credentials:
            text = f"the address of {remote.name} ({remote.place}) holds credentials, in .git/config for all to read"
            yield Check(
                "remote",
                NOTE,
                text,
                f"git remote set-url {remote.name} {remote.place}, and a credential helper",
            )
        else:
            yield Check("remote", OK, f"{remote.name} at {remote.place}")


def _settings(where: Path, opened: list[Session]) -> Iterator[Check]:
    session = open_session(where, {})
    opened.append(session)
    names = ("DCE_GUARD_" + key.upper().replace("-", "_") for key in KEYS)
    sources = [*session.policy.sources, *sorted(name for name in names if os.environ.get(name))]
    yield Check("settings", OK, f"from {', '.join(sources)}" if sources else "the defaults")


def _rules(session: Session) -> Iterator[Check]:
    tables = session.kit.tables
    on = {number for numbers in tables.stage.owners for number in numbers}
    off = len(tables.rules) - len(on)
    told = f", {off} of them off" if off else ""
    yield Check("rules", OK, f"{len(tables.rules)} rules{told}, digest {session.kit.digest[:16]}")


def _engine(session: Session) -> Iterator[Check]:
    try:
        import hyperscan  # noqa: F401  # as the scan does: installed is not yet usable

        name, hint = f"hyperscan {version('hyperscan')}", ""
    except ImportError:
        name, hint = "regex (hyperscan is not installed): the same findings, slower", "pip install hyperscan"
    wanted, missed = _self_test(session)
    if missed:
        some = ", ".join(missed[:3])
        text = f"{name}: {len(missed)} of {wanted} made-up secrets were not found ({some})"
        yield Check("engine", BAD, text, "reinstall dce-guard, and report it")
        return
    told = f"{wanted} of {wanted} made-up secrets found" if wanted else "no rule has an example to try"
    yield Check("engine", NOTE if hint else OK, f"{name}; {told}", hint)


def _self_test(session: Session) -> tuple[int, list[str]]:
    """How many rules in force were tried on an example of theirs, and which of them found nothing in it."""
    from dce_guard.adapters.packs import read_packs
    from dce_guard.scan.rules import load

    stage = session.kit.tables.stage
    on = {stage.rules[number].id for numbers in stage.owners for number in numbers}
    tried = [rule for rule in load(read_packs()) if rule.id in on and rule.examples and not rule.needs_pair]
    engine = session.kit.engine()
    return len(tried), [rule.id for rule in tried if not _found(engine.scan, rule)]


def _found(scan: Callable[..., Iterator[object]], rule: "Rule") -> bool:
    from dce_guard.model.item import Chunk, Item, Kind
    from dce_guard.model.match import Match
    from dce_guard.scan.templates import expand

    text = expand(rule.examples[0], random.Random(1))  # noqa: S311  # made up, and the same each time
    chunk = Chunk(text, [Item(Kind.STDIN, "example", len(text))], [0], [len(text)])
    return any(isinstance(found, Match) and found.rule.id == rule.id for found in scan(chunk))


def _cache(session: Session) -> Iterator[Check]:
    from dce_guard.adapters import matcher_cache

    folder = matcher_cache.cache_folder(session.environ)
    if folder is None:
        yield Check("cache", NOTE, "no home folder: rules are compiled anew in each run (about a second)")
        return
    kept = [path for path in folder.glob("[!.]*") if path.is_file()] if folder.is_dir() else []
    if matcher_cache.read(folder, f"{session.kit.digest}.json") is None:
        text = f"{folder} cannot be used: rules are compiled anew in each run (about a second)"
        yield Check("cache", NOTE, text, "it must be yours and writable; deleting it is safe")
        return
    size = sum(path.stat().st_size for path in kept)
    yield Check("cache", OK, f"{len(kept)} files, {size / 1e6:.1f} MB in {folder}; deleting it is safe")


def _baseline(session: Session) -> Iterator[Check]:
    if session.root is None:
        return
    if session.baseline is None:
        yield Check("baseline", OK, f"none at {session.policy.baseline}: every finding counts")
        return
    number = len(session.baseline.entries)
    many = "entry" if number == 1 else "entries"
    yield Check("baseline", OK, f"{session.policy.baseline}: {number} {many}")


_SOURCES = {
    "organisation": "the organisation's (settings or DCE_GUARD_KEY)",
    "baseline": "the baseline's salt",
    "repository": "a file in the git directory",
    "user": "a file in your state directory",
    "none": "one for each run",
}


def _key(session: Session) -> Iterator[Check]:
    """Where the key comes from that values are named under; the key itself is nobody's to see."""
    key = session.key
    state = NOTE if key.notice else OK
    yield Check("key", state, f"{_SOURCES[key.source]}{'; ' if key.notice else ''}{key.notice}")


def _hooks(root: Path) -> Iterator[Check]:
    from dce_guard.adapters.hook_script import Owner
    from dce_guard.adapters.hooks import HOOKS, find_ours, find_site, whose
    from dce_guard.adapters.husky import find_block

    site = find_site(root)
    for hook in HOOKS:
        path = find_ours(site.folder, hook)
        owner = whose(path)
        script = site.husky / hook if site.husky else None
        if script and script.is_file() and find_block(script.read_text("utf-8", "replace"))[0] >= 0:
            yield Check(hook, OK, f"through husky: {script}")
        elif owner is Owner.NOBODY or owner is Owner.STRANGER:
            there = "another hook is there" if owner is Owner.STRANGER else "none"
            option = " --pre-push" if hook == "pre-push" else ""
            yield Check(hook, NOTE, f"{there}: {path}", f"dce-guard install{option}")
        else:
            yield _runnable(hook, path, owner is Owner.EDITED)


def _runnable(hook: str, path: Path, edited: bool) -> Check:
    """Whether git can run our hook, and the hook can run us."""
    if os.name != "nt" and not os.access(path, os.X_OK):
        return Check(hook, BAD, f"{path} is not executable: git passes over it", f"chmod +x {path}")
    if f"python={sys.executable}" not in path.read_text("utf-8", "replace").replace("'", ""):
        text = f"{path} runs another installation of dce-guard than this one"
        return Check(hook, NOTE, text, "dce-guard install")
    return Check(hook, NOTE if edited else OK, f"{path}{' (changed since it was written)' if edited else ''}")
