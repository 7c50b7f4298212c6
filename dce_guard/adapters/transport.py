"""Git commands that talk to another repository: what may be reached, as whom, and what they may run.

They run with nothing of any repository's settings, in a repository made for them. Of the user's settings only
credential.* is used, so that helpers answer as they do for the user's own clones. Neither a user name nor a
password is on a command line: git hands an address to its helper programs as an argument, which every user of
the machine can read (measured on git 2.39: `git remote-https NAME URL`).
"""

import ipaddress
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from dce_guard.adapters.git_command import OPTIONS, cause, environment, executable, users_environment
from dce_guard.errors import GitError, UsageError
from dce_guard.model.sensitive import Sensitive

HOUR = 3600.0  # seconds: longer than the largest repositories take
_TOKEN = 20  # characters from which on a lone user name is a token
_SCP = re.compile(r"(?:(?P<user>\w[\w.+-]*)@)?(?P<host>\w[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?!//)(?P<path>[^-:].*)")
_USER, _PASSWORD = "DCE_GUARD_REMOTE_USER", "DCE_GUARD_REMOTE_PASSWORD"
# A sweep of a forge gives its token to each process, and names the only site that it is good for.
HANDED_TOKEN, HANDED_SITE = "DCE_GUARD_GIT_TOKEN", "DCE_GUARD_GIT_HOST"
# docs.github.com "Authenticating as a GitHub App installation" wants this user for its tokens; those of people,
# and GitLab's personal, group and project tokens, go with any user that is not empty (docs.gitlab.com).
_TOKENS_USER = "x-access-token"
# A cleaning up in the wake of a fetch would take what the repository made for it has no refs to.
_FIXED = [("gc.auto", "0"), ("maintenance.auto", "false"), ("fetch.unpackLimit", "1")]
_HELPER = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${_USER}" "${_PASSWORD}"; }}; f'


class Address(NamedTuple):
    """Where a repository is. `url` holds no password; `user` is empty where git may ask its helpers."""

    url: str
    scheme: str
    site: str = ""  # scheme and host, which credentials are good for
    user: Sensitive | None = None
    password: Sensitive | None = None


def is_address(text: str) -> bool:
    """Whether a word means a repository elsewhere, not a folder: an URL, or `host:path` that is no file here."""
    return "://" in text or (bool(_SCP.fullmatch(text)) and not os.path.lexists(text))


def parse(text: str) -> Address:
    """An address that may be reached: https, ssh (also as host:path), file, and http on this machine.

    Raises UsageError for every other, without saying what it holds.
    """
    if not text.isprintable() or text.startswith("-") or " " in text:
        raise _refused("it is no address")
    if "://" not in text:
        if not _SCP.fullmatch(text):
            raise _refused("it is no address")
        return Address(text, "ssh")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises ValueError where it is no number
    except ValueError:
        raise _refused("it is no address") from None
    if parts.query or parts.fragment:
        raise _refused("it has a query or a fragment")
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise _refused("a file is on this machine")
        return Address(text, "file")
    return _remote(parts, parts.hostname or "")


def _remote(parts: SplitResult, host: str) -> Address:
    """An address on a host, and who asks. With ssh that is the user who logs in, and nobody wants a password."""
    if parts.scheme not in ("https", "http", "ssh") or not host or host.startswith("-"):
        raise _refused("only https, ssh and file addresses are reached")
    if parts.scheme == "http" and not _is_here(host):
        raise _refused("http is not encrypted")
    place = parts.netloc.rpartition("@")[2]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not f"x{user}{password}".isprintable() or user.startswith("-"):
        raise _refused("it is no address")
    alone = bool(user) and (parts.scheme == "ssh" or (len(user) < _TOKEN and not password))
    url = f"{parts.scheme}://{parts.username}@{place}" if alone else f"{parts.scheme}://{place}"
    site = f"{parts.scheme}://{place}"
    if alone or not (user or password):
        return Address(url + parts.path, parts.scheme, site)
    return Address(
        url + parts.path, parts.scheme, site, Sensitive(user.encode()), Sensitive(password.encode())
    )


def run(
    args: Sequence[str],
    address: Address,
    folder: Path,
    seconds: float = HOUR,
    data: bytes = b"",
    names: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Runs one git command that reaches `address`, in `folder`, with `data` to read. `names` are for its environment.

    Raises GitError when it fails or takes longer than `seconds`; then, and when the wait is interrupted, it
    and all it started are ended.
    """
    process = subprocess.Popen(
        [executable(os.environ), *OPTIONS, *args],
        cwd=folder,
        env=_environment(address) | dict(names),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # it cannot ask at the terminal, and its helpers end with it
    )
    try:
        _, complaint = process.communicate(data, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git {args[0]} of {address.url} did not end within {seconds:.0f} s and was stopped.",
            "Try again, or clone it yourself and name the folder.",
        ) from None
    finally:
        if process.poll() is None:
            _end(process)
    if process.returncode:
        raise GitError(
            f"git {args[0]} of {address.url} failed: {cause(complaint).rstrip('.')}.",
            "Check the address and your credentials with `git ls-remote`; git's credential helpers and the ssh "
            "agent were asked, nobody was prompted.",
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.communicate()


def _environment(address: Address) -> dict[str, str]:
    secrets = _secrets(address)
    helper = [("credential.helper", ""), (f"credential.{address.site}.helper", _HELPER)]
    settings = [*(helper if secrets else _users_credentials()), *_FIXED]
    configured = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        configured |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    reaching = {
        "GIT_ALLOW_PROTOCOL": address.scheme,  # also where a server sends us elsewhere
        "GIT_ASKPASS": "",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_SSH_VARIANT": "ssh",
    }
    kept = {key: os.environ[key] for key in ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH") if key in os.environ}
    return environment(True, _without_token()) | reaching | kept | configured | secrets


def _secrets(address: Address) -> dict[str, str]:
    """What `_HELPER` answers with: what the address came with, else a token that was handed on for its site."""
    if address.user is not None and address.password is not None:
        return {_USER: address.user.reveal().decode(), _PASSWORD: address.password.reveal().decode()}
    token = os.environ.get(HANDED_TOKEN, "")
    if token and address.site and address.scheme != "ssh" and os.environ.get(HANDED_SITE) == address.site:
        return {_USER: _TOKENS_USER, _PASSWORD: token}
    return {}


def _without_token() -> dict[str, str]:
    """Our environment for git and what it starts: a token for one site is nothing for the helpers of others."""
    return {key: value for key, value in os.environ.items() if key not in (HANDED_TOKEN, HANDED_SITE)}


def _users_credentials() -> list[tuple[str, str]]:
    """The user's own credential.* settings, in git's order."""
    found: list[tuple[str, str]] = []
    for scope in ("--system", "--global"):
        done = subprocess.run(
            [
                executable(os.environ),
                "config",
                scope,
                "--includes",
                "--null",
                "--get-regexp",
                r"^credential\.",
            ],
            cwd=os.path.abspath(os.sep),  # noqa: PTH100
            env=users_environment(_without_token()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        for entry in os.fsdecode(done.stdout).split("\0")[:-1]:
            key, _, value = entry.partition("\n")
            found.append((key, value))
    return found


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(why: str) -> UsageError:
    return UsageError(
        f"The repository's address was refused: {why}; nothing was fetched.",
        "Use https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH.",
    )
