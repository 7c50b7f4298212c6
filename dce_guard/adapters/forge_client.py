"""Asks a forge's API page by page: patient with limits, one host only, the whole of a list or an error."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from dce_guard.errors import GuardError
from dce_guard.model.sensitive import Sensitive

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TIMEOUT = 60.0  # seconds for one answer
_ATTEMPTS = 5  # for one page, where it fails in a way that may pass
_PAGES = 10_000  # of 100 repositories each
_REDIRECTS = 5
_LONGEST_WAIT = 3660  # seconds: GitHub's limit is reset each hour
_SECONDARY = 60  # seconds to wait where a limit does not say how long ("at least one minute", GitHub's docs)
_BODY = 32 << 20  # bytes of one page; a hundred repositories are some 600 kB

Sleep = Callable[[float], object]


class Forge:
    """One API: its address, its token (sent to that address only), and how a waiting person is told."""

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        token: Sensitive | None = None,
        told: Callable[[str], None] = lambda _: None,
        sleep: Sleep = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises GuardError when a token would travel in the clear."""
        parts = urlsplit(base)
        if parts.scheme != "https" and (
            parts.scheme != "http" or (token and parts.hostname not in _LOOPBACK)
        ):
            raise GuardError(
                f"{base}: a token is sent over https only; no repository was listed", "use https"
            )
        self._base, self._headers, self._token = base.rstrip("/"), dict(headers), token
        self._told, self._sleep, self._now = told, sleep, now

    def pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list, by its `Link: rel="next"` (RFC 8288), which GitHub and GitLab both send.

        Raises GuardError when one of them cannot be had: a list is whole or not there.
        """
        url: str | None = self._base + path
        seen: set[str] = set()
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as client:
            while url:
                if url in seen or len(seen) >= _PAGES:
                    raise _failed(url, "its pages lead round in a circle")
                seen.add(url)
                rows, following = self._page(client, url)
                yield rows
                url = urljoin(url, following) if following else None

    def _page(self, client: httpx.Client, url: str) -> tuple[list[dict[str, Any]], str]:
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(2.0 ** (attempt - 1))
            try:
                answer = self._answer(client, url)
            except httpx.TransportError as error:  # also a page that was cut short
                why = type(error).__name__
                continue
            if answer.status_code == 200:
                rows = _rows(answer)
                if rows is not None:
                    return rows, _next(answer)
                why = "an answer that is no list of repositories"
            elif self._limited(answer):
                why = "its rate limit"
            elif answer.status_code >= 500:
                why = f"HTTP {answer.status_code}"
            else:
                raise _refused(url, answer.status_code, bool(self._token))
        raise _failed(url, why)

    def _answer(self, client: httpx.Client, url: str) -> httpx.Response:
        """The answer behind redirects of the API's own host."""
        for _ in range(_REDIRECTS):
            self._check(url)
            with client.stream("GET", url, headers=self._all_headers()) as answer:
                if not answer.is_redirect:
                    return _whole(answer, url)
                url = urljoin(url, answer.headers["location"])
        raise _failed(url, "it redirects without end")

    def _all_headers(self) -> dict[str, str]:
        if not self._token:
            return self._headers
        return {**self._headers, "Authorization": f"Bearer {self._token.reveal().decode('ascii')}"}

    def _check(self, url: str) -> None:
        if _origin(url) != _origin(self._base):
            raise _failed(self._base, f"it leads to another host, {urlsplit(url).hostname}")

    def _limited(self, answer: httpx.Response) -> bool:
        """Whether a limit was hit; if so, it has been waited for. Raises GuardError when that takes too long."""
        if answer.status_code not in (403, 429):
            return False
        wait = _wait(answer, self._now())
        if wait is None:
            return False
        if wait > _LONGEST_WAIT:
            raise _failed(self._base, f"its rate limit ends in {wait:.0f} s only")
        self._told(f"rate limit of {urlsplit(self._base).hostname}: waiting {wait:.0f} s")
        self._sleep(wait)
        return True


def _wait(answer: httpx.Response, now: float) -> float | None:
    """Seconds to wait for a limit, None where none was hit.

    GitHub's and GitLab's documentation: `retry-after` first, then the time of reset if nothing remains; a 403
    without either is a refusal unless it speaks of a limit.
    """
    headers = answer.headers
    after = headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    for prefix in ("x-ratelimit", "ratelimit"):
        reset = headers.get(f"{prefix}-reset", "")
        if headers.get(f"{prefix}-remaining") == "0" and reset.isdigit():
            return max(1.0, float(reset) - now + 1)
    spoken = answer.status_code == 429 or "rate limit" in answer.text.lower()
    return _SECONDARY if spoken else None


def _whole(answer: httpx.Response, url: str) -> httpx.Response:
    """The answer with its body read, which httpx refuses when it ends before its length."""
    size = 0
    parts = []
    for part in answer.iter_bytes():
        size += len(part)
        if size > _BODY:
            raise _failed(url, f"a page of more than {_BODY >> 20} MB")
        parts.append(part)
    headers = [(key, value) for key, value in answer.headers.multi_items() if key != "content-encoding"]
    return httpx.Response(
        answer.status_code, headers=headers, content=b"".join(parts), request=answer.request
    )


def _rows(answer: httpx.Response) -> list[dict[str, Any]] | None:
    try:
        rows = answer.json()
    except (ValueError, RecursionError):
        return None
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def _next(answer: httpx.Response) -> str:
    """Where the next page is; by GitLab's own header where a proxy has dropped the long `Link`."""
    number = answer.headers.get("x-next-page", "").strip()
    numbered = str(answer.request.url.copy_set_param("page", number)) if number.isdigit() else ""
    return answer.links.get("next", {}).get("url", numbered)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default


def _failed(url: str, why: str) -> GuardError:
    """Without the query: the path is enough to find the fault."""
    place = f"{urlsplit(url).hostname}{urlsplit(url).path}"
    return GuardError(f"{place}: {why}; no repository was listed, so nothing was swept", "try again later")


def _refused(url: str, status: int, token: bool) -> GuardError:
    error = _failed(url, f"HTTP {status}")
    meant = {401: "the token is wrong or has run out", 403: "the token may not do this", 404: "no such name"}
    error.hint = meant.get(status, "look at the address") + (
        "" if token else ", or a token is needed: set GITHUB_TOKEN or GITLAB_TOKEN"
    )
    return error
