"""A repository, found and asked without trusting anything in it."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dce_guard.adapters.git_command import (
    OPTIONS,
    VERBS,
    cause,
    environment,
    environment_settings,
    executable,
    users_environment,
)
from dce_guard.errors import GitError

_DISCOVERY_SECONDS = 60
_ANSWER_SECONDS = (
    600  # listing the largest repositories takes a tenth; a fifo as .gitignore or index takes for ever
)

_QUESTIONS = (
    "rev-parse",
    "--path-format=absolute",  # unknown before git 2.31, which then echoes it
    "--show-object-format=storage",
    "--is-shallow-repository",
    "--is-bare-repository",
    "--git-dir",
    "--git-common-dir",
    "--show-toplevel",  # fails, after the others have answered, where there is no work tree
)


class Repository:
    """One repository. `root` is its work tree, None where it has none; `env` names it to git.

    A plain class: making a frozen dataclass costs a millisecond at each start of the hook.
    """

    __slots__ = ("common_dir", "env", "git_dir", "object_format", "program", "root", "shallow")

    def __init__(
        self,
        root: Path | None,
        git_dir: Path,
        common_dir: Path,
        object_format: str,
        shallow: bool,
        program: str,
        env: Mapping[str, str],
    ) -> None:
        self.root = root
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.object_format = object_format
        self.shallow = shallow
        self.program = program
        self.env = env

    def __repr__(self) -> str:
        return f"Repository({str(self.git_dir)!r})"  # the environment stays out of tracebacks

    @property
    def id_length(self) -> int:
        """Hex digits in an object id: 40 for SHA-1, 64 for SHA-256."""
        return 64 if self.object_format == "sha256" else 40

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries, which git knows without having it."""
        if self.object_format == "sha256":
            return "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
        return "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

    def popen(self, args: Sequence[str], stdin: bool = False) -> "subprocess.Popen[bytes]":
        """Start git with piped output (and input if asked). The caller reads, waits and judges the exit."""
        if args[0] not in VERBS:
            raise ValueError(f"git {args[0]} is not safe on a repository that is not trusted")
        return subprocess.Popen(
            [self.program, *OPTIONS, *args],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.root or self.git_dir,
            env=dict(self.env),
            bufsize=1 << 18,
        )

    def run(self, args: Sequence[str], data: bytes | None = None) -> bytes:
        """All that git says. Raises GitError when it fails."""
        out, stderr, code = self.ask(args, data)
        if code:
            raise failure(args[0], stderr)
        return out

    def ask(self, args: Sequence[str], data: bytes | None = None) -> tuple[bytes, bytes, int]:
        """What git says, what it complains of, and its exit code: for verbs whose failure is an answer."""
        return finish(self.popen(args, stdin=data is not None), args[0], data)


def finish(
    process: "subprocess.Popen[bytes]", verb: str, data: bytes | None = None
) -> tuple[bytes, bytes, int]:
    """Output, complaints and exit code of a started git. Raises GitError when it does not come to an end."""
    try:
        out, stderr = process.communicate(data, timeout=_ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise GitError(
            f"git {verb} did not end within {_ANSWER_SECONDS} s and was stopped.",
            "Look for a fifo or a dead network mount among the repository's files and settings.",
        ) from None
    return out, stderr, process.returncode


def failure(verb: str, stderr: bytes) -> GitError:
    """What to tell of a failed git command."""
    return GitError(
        f"git {verb} failed: {cause(stderr)}.", "`git fsck` may tell more; nothing was left unsaid."
    )


def discover(start: Path, named: bool = False) -> Repository | None:
    """The repository around `start`, None where there is none.

    `named`: a person named the target, so a hook's GIT_DIR and its kind do not count. Raises GitError when
    git is missing, too old or refuses (other owner), and when the repository is broken, hidden in another
    one's work tree, or points its work tree or its git directory somewhere else.
    """
    env = environment(named, os.environ)
    program = executable(os.environ)
    folder = start if start.is_dir() else start.parent
    out, stderr, code = _ask(program, OPTIONS, env, folder)
    if b"dubious ownership" in stderr or b"unsafe repository" in stderr:
        trusted = [part for value in _trusted(program) for part in ("-c", f"safe.directory={value}")]
        out, stderr, code = _ask(program, (*OPTIONS, *trusted), env, folder)
    bare = b"cannot use bare repository" in stderr
    if bare:
        env["GIT_DIR"] = str(_bare(folder))
        out, stderr, code = _ask(program, OPTIONS, env, folder)
    answers = os.fsdecode(out).split("\n")[:-1][
        : 5 if bare else None
    ]  # a bare one's core.worktree says nothing
    if code and len(answers) < 5:
        _refuse_unreadable(folder, stderr, env)
        return None
    return _checked(answers, folder, env, program)


def _ask(
    program: str, options: Sequence[str], env: Mapping[str, str], folder: Path
) -> tuple[bytes, bytes, int]:
    try:
        done = subprocess.run(
            [program, *options, *_QUESTIONS],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DISCOVERY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git did not answer within {_DISCOVERY_SECONDS} s in {folder}; nothing was read."
        ) from None
    except OSError as error:
        raise GitError(f"git could not be run in {folder}: {error.strerror}.") from None
    return done.stdout, done.stderr, done.returncode


def _trusted(program: str) -> list[str]:
    """The user's own safe.directory values, which our masked configuration hides from git."""
    values: list[str] = []
    for scope in ("--system", "--global"):
        done = subprocess.run(
            [program, "config", scope, "--includes", "--null", "--get-all", "safe.directory"],
            cwd=os.path.abspath(os.sep),  # noqa: PTH100
            env=users_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        values += os.fsdecode(done.stdout).split("\0")[:-1]
    return values + environment_settings(os.environ, "safe.directory")


def _refuse_unreadable(folder: Path, stderr: bytes, env: Mapping[str, str]) -> None:
    """Raises GitError where there is a repository that is refused or broken."""
    place = _dot_git(folder)
    if b"dubious ownership" in stderr or b"unsafe repository" in stderr:
        raise GitError(
            f"The repository at {place or folder} belongs to another user, so git refuses it.",
            f"If you trust it: git config --global --add safe.directory {place or folder}",
        )
    if place is None and "GIT_DIR" not in env and b"not a git repository" in stderr:
        return
    raise GitError(
        f"The repository at {place or env.get('GIT_DIR', folder)} cannot be read: {cause(stderr)}.",
        "Repair or clone it again; to scan a plain folder, remove its .git.",
    )


def _dot_git(folder: Path) -> Path | None:
    """The nearest folder upwards that holds a `.git`, of whatever kind."""
    here = folder.resolve()
    return next((place for place in (here, *here.parents) if os.path.lexists(place / ".git")), None)


def _bare(folder: Path) -> Path:
    """The bare repository around `folder`, if it stands alone: one inside a work tree came with its files."""
    here = folder.resolve()
    place = next(
        (up for up in (here, *here.parents) if (up / "HEAD").exists() and (up / "objects").is_dir()), here
    )
    if place.name == ".git":
        raise GitError(f"{folder} is inside a git directory, not a work tree.", "Run it from the work tree.")
    if _dot_git(place.parent) is not None:
        raise GitError(
            f"{place} is a bare repository inside another one's files; its settings could run programs, "
            "so it was not opened.",
            "Scan the outer repository from its root; if this one is yours, set GIT_DIR to it.",
        )
    return place


def _checked(answers: list[str], folder: Path, env: dict[str, str], program: str) -> Repository:
    if answers[:1] == ["--path-format=absolute"]:
        raise GitError("This git is too old; nothing was scanned.", "Install git 2.31 or newer.")
    if len(answers) not in (5, 6) or {answers[1], answers[2]} - {"true", "false"}:
        raise GitError("git's answer about this repository makes no sense (a line break in its path?).")
    root = Path(answers[5]) if len(answers) == 6 else None
    git_dir, common = Path(answers[3]), Path(answers[4])
    if "GIT_DIR" not in env:  # found, not told
        _refuse_escapes(root, git_dir, common, folder, env, program)
    named = {"GIT_DIR": str(git_dir)} | ({"GIT_WORK_TREE": str(root)} if root else {})
    return Repository(root, git_dir, common, answers[0], answers[1] == "true", program, env | named)


def _refuse_escapes(
    root: Path | None, git_dir: Path, common: Path, folder: Path, env: Mapping[str, str], program: str
) -> None:
    """Raises GitError unless work tree and git directory belong together.

    A work tree that came from elsewhere can name any folder as its git directory (`.git` as a file), or any
    folder as its work tree (core.worktree): a scan would then read and report a neighbour's files.
    """
    if root is None:
        raise GitError(f"{folder} is inside a git directory, not a work tree.", "Run it from the work tree.")
    place = _dot_git(folder)
    if place is None or not root.samefile(place):
        raise GitError(
            f"The repository at {place or folder} is broken or has its work tree at {root}: not read.",
            "If that is meant, scan that folder itself, or set GIT_DIR and GIT_WORK_TREE.",
        )
    dot = place / ".git"
    if not dot.is_symlink() and dot.is_dir() and git_dir == common and git_dir.samefile(dot):
        return
    if not _points_back(dot, git_dir, common, env, program):
        raise GitError(
            f"{dot} points to {common}, which does not point back; a neighbour's repository was not opened.",
            "If that is meant, set GIT_DIR to it.",
        )


def _points_back(dot: Path, git_dir: Path, common: Path, env: Mapping[str, str], program: str) -> bool:
    """Whether the git directory that a `.git` file names knows this work tree.

    A linked work tree's holds the address of our `.git` file. A submodule's names its work tree in its
    settings (git then reports that one, and it is the one we are in); a repository of its own names none.
    """
    if git_dir != common:
        try:
            back = os.fsdecode((git_dir / "gitdir").read_bytes()).rstrip("\n")
            return dot.is_file() and (git_dir / back).samefile(dot)
        except OSError:
            return False
    done = subprocess.run(
        [program, *OPTIONS, "config", "--get", "core.worktree"],
        cwd=git_dir,
        env={**env, "GIT_DIR": str(git_dir)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0 and bool(done.stdout.strip())
