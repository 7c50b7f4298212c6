"""A clone for the time of a scan: what it brings, what it refuses, what nobody gets to see of it."""

import base64
import os
import socket
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from repos import PLANTED, Repo, Seen, clone

from dce_guard.adapters.cloning import mirror
from dce_guard.adapters.gitdir import GitFiles
from dce_guard.adapters.transport import is_address, parse
from dce_guard.errors import GitError, GuardError, UsageError

WORD = "no" + "body-shall-see+this"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder for temporary files, and an own home."""
    for name in ("tmp", "home"):
        (tmp_path / name).mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return tmp_path / "tmp"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit_file("a.txt")
    repo.git("update-ref", "refs/pull/1/head", "HEAD")
    return repo


def arguments() -> bytes:
    """The command lines of all processes, as any user can read them."""
    found = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes()
        except OSError:
            continue
    return found


class Server(ThreadingHTTPServer):
    """Files over HTTP, to who has the password."""

    daemon_threads = True

    def __init__(self, folder: Path, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.told: list[str] = []
        self.arguments = b""

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.arguments += arguments()
        said = self.headers.get("Authorization", "")
        self.server.told.append(said)
        if said == self.server.wanted:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(repo: Repo, tmp_path: Path) -> Iterator[Server]:
    bare = clone(repo, tmp_path / "served" / "x.git", "--mirror")
    bare.git("update-server-info")
    server = Server(tmp_path / "served", "some one", WORD)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class TestMirror:
    def test_all_refs_for_a_while_and_for_this_user(self, repo: Repo, place: Path) -> None:
        with mirror(f"file://{repo.path}") as found:
            assert found.root is None
            refs = found.run(["for-each-ref", "--format=%(refname)"]).decode().split()
            assert refs == ["refs/heads/main", "refs/pull/1/head"]
            assert found.run(["cat-file", "blob", "HEAD:a.txt"]) == PLANTED
            (folder,) = place.iterdir()
            assert folder in found.git_dir.parents
            if os.name != "nt":
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not list(place.iterdir())

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_removed_whatever_happens(self, repo: Repo, place: Path, error: type[BaseException]) -> None:
        with pytest.raises(error), mirror(f"file://{repo.path}"):
            raise error
        assert not list(place.iterdir())

    def test_an_empty_one(self, tmp_path: Path) -> None:
        Repo(tmp_path / "empty")
        with mirror(f"file://{tmp_path}/empty") as found:
            assert not found.run(["for-each-ref"])

    def test_nothing_there(self, tmp_path: Path, place: Path) -> None:
        with pytest.raises(GitError, match=r"clone of file:///.* failed") as error, mirror("file:///no/such"):
            pass
        assert error.value.hint and not list(place.iterdir())

    @pytest.mark.skipif(os.name == "nt", reason="the fixtures are shell scripts")
    def test_no_settings_hooks_or_templates_count(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        canary, script = tmp_path / "canary", tmp_path / "payload.sh"
        script.write_text(f"#!/bin/sh\ntouch '{canary}'\nexec cat\n")
        script.chmod(0o755)
        hooks = tmp_path / "template" / "hooks"
        hooks.mkdir(parents=True)
        for name in ("post-checkout", "reference-transaction"):
            (hooks / name).write_bytes(script.read_bytes())
            (hooks / name).chmod(0o755)
        settings = (
            f"[init]\n\ttemplateDir = {hooks.parent}\n[core]\n\tsshCommand = {script}\n\thooksPath = {hooks}\n"
            f'\tfsmonitor = {script}\n[url "ext::{script} "]\n\tinsteadOf = file://\n[protocol]\n\tallow = always\n'
            f'[remote "origin"]\n\tuploadpack = {script}\n[credential]\n\thelper = !{script}\n'
        )
        (tmp_path / "home" / ".gitconfig").write_text(settings)
        (repo.path / ".git" / "config").open("a").write(settings)
        for key, value in {
            "GIT_TEMPLATE_DIR": hooks.parent,
            "GIT_SSH_COMMAND": script,
            "GIT_ASKPASS": script,
        }.items():
            monkeypatch.setenv(key, str(value))
        with mirror(f"file://{repo.path}") as found:
            assert not (found.git_dir / "hooks").exists()
        with pytest.raises(GitError), mirror("https://127.0.0.1:1/x"):
            pass
        assert not canary.exists()

    def test_a_malformed_object_comes_too(self, repo: Repo) -> None:
        blob = bytes.fromhex(repo.git("rev-parse", "HEAD:a.txt"))
        data = b"100644 b\0" + blob + b"100644 a\0" + blob  # out of order, which git's own check refuses
        tree = repo.git("hash-object", "-w", "-t", "tree", "--stdin", "--literally", data=data)
        repo.git("update-ref", "refs/heads/odd", repo.git("commit-tree", tree, "-m", "x"))
        with mirror(f"file://{repo.path}") as found:
            assert found.run(["cat-file", "-t", tree]) == b"tree\n"

    def test_a_server_that_does_not_answer(self, place: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(GitError, match="did not end within 1 s") as error:
                with mirror(f"http://user:{WORD}@127.0.0.1:{port}/x", seconds=1):
                    pass
        assert error.value.hint and WORD not in error.value.message
        assert not list(place.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="command lines are read from /proc")
class TestCredentials:
    def test_from_the_address_and_on_no_command_line(self, server: Server) -> None:
        with mirror(f"http://some%20one:{WORD}@{server.place}/x.git") as found:
            assert found.run(["cat-file", "blob", "HEAD:a.txt"]) == PLANTED
            kept = Seen(GitFiles(found).chunks())
            assert not [
                path for path, content in ((p, c) for _, p, c in kept.items) if WORD.encode() in content
            ]
        assert server.wanted in server.told
        assert b"remote-http" in server.arguments  # it was looked while git was at work
        assert WORD.encode() not in server.arguments

    def test_a_lone_token(self, server: Server) -> None:
        token = "token" * 5
        server.wanted = "Basic " + base64.b64encode(f"{token}:".encode()).decode()
        with mirror(f"http://{token}@{server.place}/x.git"):
            assert server.wanted in server.told
        assert token.encode() not in server.arguments

    def test_wrong_ones_are_not_told_and_not_kept(self, server: Server, tmp_path: Path) -> None:
        (tmp_path / "home/.gitconfig").write_text(f"[credential]\n\thelper = store --file={tmp_path}/kept\n")
        with pytest.raises(GuardError) as error, mirror(f"http://user:x{WORD}@{server.place}/x.git"):
            pass
        assert WORD not in error.value.message + error.value.hint + repr(parse(f"https://u:{WORD}@h/x"))
        with mirror(f"http://some%20one:{WORD}@{server.place}/x.git"):
            pass
        assert not (tmp_path / "kept").exists()

    def test_the_users_own_helper(self, server: Server, tmp_path: Path) -> None:
        helper = f'!f() {{ echo "username=some one"; echo password={WORD}; }}; f'
        (tmp_path / "home/.gitconfig").write_text(
            "[credential]\n\thelper = " + '"' + helper.replace('"', '\\"') + '"\n'
        )
        with mirror(f"http://{server.place}/x.git"):
            assert server.wanted in server.told

    def test_another_site_gets_none(self, server: Server, repo: Repo, tmp_path: Path) -> None:
        other = Server(tmp_path / "served", "some one", WORD)
        threading.Thread(target=other.serve_forever, daemon=True).start()

        class Elsewhere(Handler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", f"http://{other.place}{self.path}")
                self.send_header("Content-Length", "0")
                self.end_headers()

        server.RequestHandlerClass = Elsewhere
        with pytest.raises(GitError), mirror(f"http://some%20one:{WORD}@{server.place}/x.git"):
            pass
        assert other.told and other.wanted not in other.told
        other.shutdown()
        other.server_close()


class TestSsh:
    @pytest.mark.skipif(os.name == "nt", reason="the ssh is a shell script")
    @pytest.mark.parametrize("url", ["git@host.invalid:x/y", "ssh://git:{}@host.invalid:22/x/y"])
    def test_as_whom_and_without_asking(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        fake = tmp_path / "bin" / "ssh"
        fake.parent.mkdir()
        fake.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\nexit 255\n')
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(GitError) as error, mirror(url.format(WORD)):
            pass
        said = (tmp_path / "said").read_text()
        assert "-oBatchMode=yes" in said and "git@host.invalid" in said
        assert WORD not in said + error.value.message


class TestAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "-u/tmp/x",
            "--upload-pack=x",
            "ext::sh -c x",
            "ext::x",
            "fd::7",
            "http://example.org/x",
            "git://example.org/x",
            "ftp://example.org/x",
            "https://",
            "https:///x",
            "https://-oProxyCommand=x/y",
            "ssh://-oProxyCommand=x/y",
            "-oProxyCommand=x:y",
            "git@-oProxyCommand=x:y",
            "host:-x",
            "ssh://-lx@host/y",
            "https://host:port/x",
            "https://host/x\ny",
            "https://u%0a:p@host/x",
            "https://host/x?token=y",
            "https://[::1/x",
            "file://elsewhere/x",
            "C:\\x",
            "x",
            "transport::https://host/x",
        ],
    )
    def test_refused(self, text: str) -> None:
        with pytest.raises(UsageError) as error:
            parse(text)
        assert error.value.hint and (not text or text not in error.value.message)
        with pytest.raises(UsageError), mirror(text):
            pass

    def test_taken_apart(self) -> None:
        found = parse(f"https://me:{WORD}@host:8443/x.git")
        assert (found.url, found.site) == ("https://host:8443/x.git", "https://host:8443")
        assert found.password and found.password.reveal().decode() == WORD
        assert parse("https://me@host/x").url == "https://me@host/x"  # its password is the helper's to know
        assert parse("https://me@host/x").user is None
        assert parse("http://localhost:80/x").scheme == parse("http://[::1]/x").scheme == "http"
        assert parse("host.example:/abs/x").scheme == "ssh"
        assert parse("git@host.example:x/y.git") == ("git@host.example:x/y.git", "ssh", "", None, None)

    def test_which_words_are_addresses(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert is_address("https://host/x") and is_address("git@host:x") and is_address("ext::x://y")
        assert not is_address("folder") and not is_address("C:\\x") and not is_address("./a:b")
        (tmp_path / "host:x").mkdir()
        assert not is_address("host:x")
