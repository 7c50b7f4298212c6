"""Lists of organisations and groups, from a stand-in on loopback that keeps state and misbehaves on order."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("httpx")

from dce_guard.adapters.forges import GITHUB, GITLAB, Asked, repositories
from dce_guard.errors import GuardError, UsageError

TOKEN = "t0ken-" + "for-tests"
CLOCK = 1_800_000_000.0


def row(number, **changes):
    """A repository as both forges would list it."""
    name = f"acme/r{number}"
    both = {"full_name": name, "path_with_namespace": name, "id": number, "fork": False, "archived": False}
    url = f"https://git.example.org/{name}.git"
    return both | {"clone_url": url, "http_url_to_repo": url} | changes


class Stand:
    """A forge: pages of two, a token it wants or not, and faults, each of which happens a number of times."""

    def __init__(self):
        self.rows = [row(number) for number in range(5)]
        self.faults = Counter()
        self.wanted = ""
        self.asked, self.tokens = [], []
        self.links = True
        stand = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stand.answer(self)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def due(self, fault):
        if self.faults[fault]:
            self.faults[fault] -= 1
            return True
        return False

    def answer(self, to):
        self.asked.append(to.path)
        self.tokens.append(to.headers.get("Authorization"))
        if self.wanted and to.headers.get("Authorization") != f"Bearer {self.wanted}":
            return self.send(to, 401, {"message": "Bad credentials"})
        if self.due("500"):
            return self.send(to, 500, {})
        if self.due("retry-after"):
            return self.send(to, 429, {}, {"retry-after": "7"})
        if self.due("github-limit"):
            limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(CLOCK) + 90)}
            return self.send(to, 403, {"message": "API rate limit exceeded"}, limit)
        if self.due("gitlab-limit"):
            return self.send(
                to, 429, {}, {"ratelimit-remaining": "0", "ratelimit-reset": str(int(CLOCK) + 30)}
            )
        if self.due("secondary"):
            return self.send(to, 403, {"message": "You have exceeded a secondary rate limit"})
        if self.due("far-limit"):
            limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(CLOCK) + 90_000)}
            return self.send(to, 403, {}, limit)
        if self.due("forbidden"):
            return self.send(to, 403, {"message": "Resource not accessible"}, {"x-ratelimit-remaining": "59"})
        if self.due("404"):
            return self.send(to, 404, {"message": "Not Found"})
        if self.due("moved"):
            return self.send(to, 301, {}, {"location": to.path + "&moved=1"})
        if self.due("stolen"):
            return self.send(to, 302, {}, {"location": f"http://localhost:{self.server.server_port}/x"})
        self.page(to)

    def page(self, to):
        parts = urlsplit(to.path)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        start = 2 * (number - 1)
        headers = {}
        if start + 2 < len(self.rows) or self.faults["loop"]:
            following = 1 if self.faults["loop"] else number + 1
            kept = "&".join(part for part in parts.query.split("&") if not part.startswith("page="))
            host = "http://localhost:1" if self.faults["foreign"] else self.url
            link = f'<{host}{parts.path}?{kept}&page={following}>; rel="next"'
            headers = {"Link": link} if self.links else {"x-next-page": str(following)}
        self.send(to, 200, self.rows[start : start + 2], headers)

    def send(self, to, status, document, headers=None):
        body = json.dumps(document).encode()
        to.send_response(status)
        for key, value in (headers or {}).items():
            to.send_header(key, value)
        cut = status == 200 and self.due("truncated")
        half = status == 200 and self.due("half")
        to.send_header("content-length", str(len(body[: len(body) // 2] if half else body)))
        to.end_headers()
        to.wfile.write(body[: len(body) // 2] if cut or half else body)
        if cut:
            to.close_connection = True


@pytest.fixture
def stand():
    made = Stand()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Listed:
    def __init__(self, stand, kind=GITHUB, environ=None, **options):
        self.slept, self.told = [], []
        asked = Asked(kind, options.pop("owner", "acme"), stand.url, **options)
        found = repositories(
            asked, environ or {}, self.told.append, sleep=self.slept.append, now=lambda: CLOCK
        )
        self.names = [target.name for target in found]


ALL = [f"acme/r{number}" for number in range(5)]


@pytest.mark.parametrize("kind", [GITHUB, GITLAB])
def test_all_pages_are_read(stand, kind):
    assert Listed(stand, kind).names == ALL
    assert len(stand.asked) == 3
    if kind is GITHUB:
        assert stand.asked[0].startswith("/api/v3/orgs/acme/repos?type=all")
    else:
        assert stand.asked[0].startswith("/api/v4/groups/acme/projects?include_subgroups=true")
    assert "per_page=100" in stand.asked[0]


def test_gitlabs_own_header_does_where_a_proxy_drops_the_link(stand):
    stand.links = False
    assert Listed(stand, GITLAB).names == ALL


def test_a_subgroup_is_named_as_a_whole(stand):
    Listed(stand, GITLAB, owner="acme/sub group")
    assert stand.asked[0].startswith("/api/v4/groups/acme%2Fsub%20group/projects")


@pytest.mark.parametrize("kind", [GITHUB, GITLAB])
def test_forks_and_archived_ones_can_be_left_out(stand, kind):
    stand.rows[1] |= {"fork": True, "forked_from_project": {"id": 9}}
    stand.rows[3]["archived"] = True
    assert Listed(stand, kind).names == ALL
    assert Listed(stand, kind, forks=False).names == [ALL[0], *ALL[2:]]
    assert Listed(stand, kind, forks=False, archived=False).names == [ALL[0], ALL[2], ALL[4]]


def test_one_that_moves_between_pages_is_taken_once(stand):
    stand.rows[2] = stand.rows[1]
    assert Listed(stand).names == [*ALL[:2], *ALL[3:]]


def test_the_token_is_sent_and_never_told(stand):
    stand.wanted = TOKEN
    assert Listed(stand, environ={"GH_TOKEN": TOKEN}).names == ALL
    assert Listed(stand, GITLAB, environ={"GITLAB_TOKEN": f" {TOKEN}\n"}).names == ALL
    assert not any(TOKEN in path for path in stand.asked)


@pytest.mark.parametrize("environ", [{}, {"GITHUB_TOKEN": "another"}, {"GITLAB_TOKEN": TOKEN}])
def test_a_wrong_token_is_an_error_at_once(stand, environ):
    stand.wanted = TOKEN
    with pytest.raises(GuardError, match="HTTP 401; no repository was listed") as refused:
        Listed(stand, environ=environ)
    assert len(stand.asked) == 1 and "token" in refused.value.hint
    assert not {"another", TOKEN} & set(f"{refused.value.message} {refused.value.hint}".split())


@pytest.mark.parametrize("token", ["two words", "caf\u00e9", "line\nbreak"])
def test_a_token_that_no_header_holds_is_refused(stand, token):
    with pytest.raises(UsageError, match="GITHUB_TOKEN is no token") as refused:
        Listed(stand, environ={"GITHUB_TOKEN": token})
    assert token not in refused.value.message and stand.asked == []


def test_a_token_does_not_travel_in_the_clear(stand):
    stand.url = "http://git.example.org"
    with pytest.raises(GuardError, match="https only"):
        Listed(stand, environ={"GITHUB_TOKEN": TOKEN})


@pytest.mark.parametrize(
    ("fault", "slept"),
    [("500", [1.0]), ("truncated", [1.0]), ("half", [1.0]), ("retry-after", [7.0, 1.0]),
     ("github-limit", [91.0, 1.0]), ("gitlab-limit", [31.0, 1.0]), ("secondary", [60, 1.0])],
)  # fmt: skip
def test_what_may_pass_is_waited_for(stand, fault, slept):
    stand.faults[fault] = 1
    listed = Listed(stand)
    assert listed.names == ALL and listed.slept == slept
    assert bool(listed.told) is (len(slept) == 2)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("500", "HTTP 500"), ("truncated", "ProtocolError"), ("half", "no list"), ("secondary", "its rate limit"),
     ("far-limit", "ends in 9000"), ("forbidden", "HTTP 403"), ("404", "HTTP 404"), ("loop", "round in a circle"),
     ("foreign", "another host, localhost"), ("stolen", "another host, localhost"), ("moved", "redirects without end")],
)  # fmt: skip
def test_what_does_not_pass_gives_no_list_at_all(stand, fault, said):
    stand.faults[fault] = 99
    with pytest.raises(GuardError, match="nothing was swept") as refused:
        Listed(stand, environ={"GITHUB_TOKEN": TOKEN})
    assert said in refused.value.message and TOKEN not in refused.value.message


def test_a_redirect_on_the_same_host_is_followed_and_another_gets_no_token(stand):
    stand.faults["moved"] = 1
    assert Listed(stand, environ={"GITHUB_TOKEN": TOKEN}).names == ALL
    thief = Stand()
    stand.faults["stolen"] = 1
    stand.server.server_port = thief.server.server_port  # where the location points
    with pytest.raises(GuardError, match="another host"):
        Listed(stand, environ={"GITHUB_TOKEN": TOKEN})
    thief.server.shutdown()
    thief.server.server_close()
    assert thief.asked == []


def test_an_empty_organisation_is_no_clean_one(stand):
    stand.rows = []
    with pytest.raises(GuardError, match="has no repositories that may be seen"):
        Listed(stand)


@pytest.mark.parametrize(
    "change",
    [{"clone_url": None}, {"full_name": 3}, {"clone_url": "ext::sh -c x"}, {"clone_url": "file:///etc"},
     {"clone_url": "https://u:p@git.example.org/x"}, {"clone_url": "https://git.example.org/\n"},
     {"clone_url": "--upload-pack=x"}, {"clone_url": "ssh://git.example.org/x"}],
)  # fmt: skip
def test_an_address_that_git_must_not_get_is_refused(stand, change):
    stand.rows[2] |= change
    with pytest.raises(GuardError, match="nothing was swept"):
        Listed(stand)


def test_where_apis_and_clones_are():
    assert (Asked(GITHUB, "x").base, Asked(GITHUB, "x").host) == (
        "https://api.github.com",
        "https://github.com",
    )
    assert (Asked(GITLAB, "x").base, Asked(GITLAB, "x").host) == (
        "https://gitlab.com/api/v4",
        "https://gitlab.com",
    )
    own = Asked(GITHUB, "x", "https://git.example.org:8443/")
    assert (own.base, own.host) == ("https://git.example.org:8443/api/v3", "https://git.example.org:8443")
    assert Asked(GITLAB, "x", "https://api.git.example.org/api/v4").host == "https://api.git.example.org"
