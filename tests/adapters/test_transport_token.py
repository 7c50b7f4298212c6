"""The token of a sweep of a forge: whom it goes to, whom never, against git's own server."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from repos import PLANTED, Repo, clone

from dce_guard.adapters import history_process, transport
from dce_guard.adapters.cloning import mirror
from dce_guard.errors import GitError

TOKEN = "no" + "body-shall-see-this"
SENT = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
BACKEND = Path(
    subprocess.run(["git", "--exec-path"], capture_output=True, check=True).stdout.decode().strip(),
    "git-http-backend",
)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not BACKEND.exists(), reason="git http-backend is not installed"
)


class Server(ThreadingHTTPServer):
    """The repositories of a folder to whoever has the token, and a list of them as GitHub tells it."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.wanted = SENT
        self.elsewhere = ""
        self.told: list[str] = []

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        said = self.headers.get("Authorization", "")
        if self.path.startswith("/api/v3/orgs/acme/repos"):
            row = {"id": 1, "full_name": "acme/shop", "clone_url": f"{self.server.site}/shop.git"}
            self._answer(200 if said == f"Bearer {TOKEN}" else 401, json.dumps([row]).encode())
            return
        self.server.told.append(said)
        if self.server.elsewhere:
            self._answer(302, b"", Location=self.server.elsewhere + self.path)
        elif said == self.server.wanted:
            self._git()
        else:
            self._answer(401, b"", **{"WWW-Authenticate": 'Basic realm="x"'})

    do_POST = do_GET

    def _git(self) -> None:
        path, _, query = self.path.partition("?")
        names = {
            "GIT_PROJECT_ROOT": str(self.server.folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            # The repositories are the test's own; a server's git wants to be told so.
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }  # fmt: skip
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = subprocess.run(
            [BACKEND], input=body, capture_output=True, env={**os.environ, **names}, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        told = dict(line.split(": ", 1) for line in head.decode("ascii").splitlines())
        self._answer(int(told.pop("Status", "200 OK").split()[0]), content, **told)

    def _answer(self, code: int, content: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serving(folder: Path) -> Server:
    server = Server(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose credential helper writes down the environment it gets, and knows nothing."""
    home = tmp_path / "own"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[credential]\n\thelper = "!env >> {tmp_path}/helped; :"\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in (transport.HANDED_TOKEN, transport.HANDED_SITE):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def server(tmp_path: Path, home: Path) -> Iterator[Server]:
    repo = Repo(tmp_path / "repo")
    repo.commit_file("a.txt")
    clone(repo, tmp_path / "served" / "shop.git", "--mirror")
    server = serving(tmp_path / "served")
    yield server
    server.shutdown()
    server.server_close()


def hand(monkeypatch: pytest.MonkeyPatch, site: str, token: str = TOKEN) -> None:
    monkeypatch.setenv(transport.HANDED_TOKEN, token)
    monkeypatch.setenv(transport.HANDED_SITE, site)


def test_both_sides_use_the_same_names() -> None:
    assert transport.HANDED_TOKEN == history_process.GIT_TOKEN
    assert transport.HANDED_SITE == history_process.GIT_HOST
    told = history_process.secrets(
        b"k", {"https://git.example.org:8443": TOKEN}, "https://git.example.org:8443/a/b"
    )
    site = transport.parse("https://git.example.org:8443/a/b").site
    assert (told[transport.HANDED_TOKEN], told[transport.HANDED_SITE]) == (TOKEN, site)


def test_it_opens_a_private_repository(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hand(monkeypatch, server.site)
    with mirror(f"{server.site}/shop.git") as found:
        assert found.run(["cat-file", "blob", "HEAD:a.txt"]) == PLANTED
        kept = [path.read_bytes() for path in found.git_dir.rglob("*") if path.is_file()]
        assert not any(TOKEN.encode() in content for content in kept)
    assert SENT in server.told


@pytest.mark.parametrize(
    "site", ["https://{}", "http://{}/", "http://{}.evil.example", "http://127.0.0.1", ""]
)
def test_another_site_does_not_get_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, site: str
) -> None:
    hand(monkeypatch, site.format(server.site.removeprefix("http://")))
    with pytest.raises(GitError) as error, mirror(f"{server.site}/shop.git"):
        pass
    assert SENT not in server.told and TOKEN not in error.value.message + error.value.hint
    helped = (tmp_path / "helped").read_text()  # the user's own helper is asked instead, without it
    assert "GIT_CONFIG" in helped and TOKEN not in helped and "DCE_GUARD_GIT" not in helped


def test_a_site_it_is_sent_to_does_not_get_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = serving(tmp_path / "served")
    server.elsewhere = other.site
    hand(monkeypatch, server.site)
    with pytest.raises(GitError), mirror(f"{server.site}/shop.git"):
        pass
    assert other.told and SENT not in other.told
    other.shutdown()
    other.server_close()


def test_what_the_address_says_comes_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hand(monkeypatch, server.site)
    server.wanted = "Basic " + base64.b64encode(b"ann:her-own-password").decode()
    with mirror(server.site.replace("//", "//ann:her-own-password@") + "/shop.git"):
        pass
    assert server.wanted in server.told and SENT not in server.told


def test_a_wrong_one_is_told_without_being_shown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hand(monkeypatch, server.site, f"not-{TOKEN}")
    with pytest.raises(GitError, match="clone of http://127") as error, mirror(f"{server.site}/shop.git"):
        pass
    assert TOKEN not in error.value.message + error.value.hint and error.value.hint


@pytest.mark.parametrize("token", [TOKEN, f"not-{TOKEN}"])
def test_a_sweep_of_a_forge_clones_with_its_token(server: Server, tmp_path: Path, token: str) -> None:
    pytest.importorskip("httpx")
    command = [
        *(
            sys.executable,
            "-P",
            "-m",
            "dce_guard",
            "sweep",
            "--github-org",
            "acme",
            "--forge-url",
            server.site,
        ),
        *("--results", str(tmp_path / "r.jsonl"), "--retries", "0", "--format", "json"),
    ]
    env = {**os.environ, "GITHUB_TOKEN": token, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
    assert token.encode() not in done.stdout + done.stderr
    if token != TOKEN:
        assert done.returncode == 3 and SENT not in server.told
        return
    assert done.returncode == 0, done.stderr.decode()
    stats = json.loads(done.stdout)["stats"]
    assert (stats["repositories"], stats["done"], stats["objects"]) == (1, 1, 2)
    assert token not in (tmp_path / "r.jsonl").read_text() and SENT in server.told
