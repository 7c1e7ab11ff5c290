"""Calls to Square's API: token from the environment, time-outs, a limited number of repeats, errors in plain words.

Read: Square over HTTP. Written: nothing. Only reading calls are made, so repeating one is always safe.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import stamina

from bp_assets.config import SquareFeed
from bp_assets.tills.protocol import TillError

ATTEMPTS = 4
MOST_PAGES = 2000  # a paging that does not end is a fault of the other side
MOST_BYTES = 64 << 20  # of one answer; a page of a thousand orders has some megabytes
_LONGEST_WAIT = 30.0


class _Again(Exception):
    """Worth repeating: no connection, 429 or 5xx. ``wait`` is what the server asked for, if it did."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def _back_off(error: Exception) -> bool | float:
    if not isinstance(error, _Again):
        return False
    return True if error.wait is None else min(error.wait, _LONGEST_WAIT)


class SquareClient:
    """One Square account. The token is read from the environment at each call and kept nowhere."""

    def __init__(self, feed: SquareFeed, *, wait_seconds: float = 0.5) -> None:
        self.feed, self.wait_seconds = feed, wait_seconds
        self.http = httpx.Client(timeout=httpx.Timeout(feed.timeout_seconds, connect=min(feed.timeout_seconds, 10)))

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **params: str | int) -> dict[str, Any]:
        """``GET /v2{path}``. Raises :class:`TillError`."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """``POST /v2{path}`` of a reading call. Raises :class:`TillError`."""
        return self._call("POST", path, json=body)

    def find(self, path: str) -> dict[str, Any] | None:
        """``GET`` of one object; ``None`` when Square has no such object."""
        try:
            return self._call("GET", path)
        except _NotFound:
            return None

    def pages(self, path: str, body: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
        """Every row of a ``POST`` search, page by page, with the identical query as Square demands."""
        yield from self._paged(lambda cursor: self.post(path, body | cursor), name, path)

    def listed(self, path: str, params: dict[str, str | int], name: str) -> Iterator[dict[str, Any]]:
        """Every row of a ``GET`` list, page by page."""
        yield from self._paged(lambda cursor: self.get(path, **(params | cursor)), name, path)

    def _paged(self, page: Any, name: str, path: str) -> Iterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = page(cursor)
            rows = answer.get(name, [])
            if not isinstance(rows, list):
                raise TillError("bad_answer", f"{self._place(path)}: {name!r} is no list")
            yield from rows
            if not answer.get("cursor"):
                return
            cursor = {"cursor": answer["cursor"]}
        raise TillError("bad_answer", f"{self._place(path)}: more than {MOST_PAGES} pages")

    def _place(self, path: str) -> str:
        return f"Square at {self.feed.url}/v2{path}"

    def _call(self, verb: str, path: str, **kw: Any) -> dict[str, Any]:
        token = os.environ.get(self.feed.token_env)
        if not token:
            raise TillError(
                "no_access", f"{self._place(path)}: set {self.feed.token_env} to the account's access token"
            )
        headers = {"Authorization": f"Bearer {token}", "Square-Version": self.feed.version}
        attempts = 0
        try:
            for attempt in stamina.retry_context(
                on=_back_off,
                attempts=ATTEMPTS,
                timeout=self.feed.timeout_seconds * 1.5,  # a till that hangs is hung up on twice, not four times
                wait_initial=self.wait_seconds,
                wait_max=_LONGEST_WAIT,
                wait_jitter=self.wait_seconds,
            ):
                attempts = attempt.num
                with attempt:
                    return self._once(verb, path, headers, **kw)
        except _Again as last:
            raise TillError("unreachable", f"{last} ({attempts} attempts); it is asked again later") from None
        raise AssertionError("the retry loop ends by return or raise")

    def _once(self, verb: str, path: str, headers: dict[str, str], **kw: Any) -> dict[str, Any]:
        place = self._place(path)
        try:
            answer = self._whole(verb, f"{self.feed.url}/v2{path}", headers, **kw)
        except (httpx.TransportError, httpx.DecodingError) as problem:
            raise _Again(f"{place}: {type(problem).__name__}: {problem}") from problem
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Again(f"{place}: {_words(answer)}", _seconds(answer.headers.get("retry-after")))
        if answer.status_code in (401, 403):
            raise TillError("no_access", f"{place}: {_words(answer)}; renew the token in {self.feed.token_env}")
        if answer.status_code == 404:
            raise _NotFound("bad_answer", f"{place}: {_words(answer)}")
        body = answer.json()
        if answer.status_code >= 400 or not isinstance(body, dict):
            raise TillError("bad_answer", f"{place}: {_words(answer)}")
        return body

    def _whole(self, verb: str, url: str, headers: dict[str, str], **kw: Any) -> _Answer:
        """The whole answer within the feed's time. httpx bounds each wait, which a trickle of bytes never reaches."""
        end = time.monotonic() + self.feed.timeout_seconds
        content = bytearray()
        with self.http.stream(verb, url, headers=headers, **kw) as answer:
            for part in answer.iter_bytes():
                content += part
                if time.monotonic() > end:
                    raise httpx.ReadTimeout(f"not complete after {self.feed.timeout_seconds:g} s")
                if len(content) > MOST_BYTES:
                    raise TillError("bad_answer", f"{url}: an answer of more than {MOST_BYTES} bytes")
            return _Answer(answer.status_code, answer.headers, bytes(content))


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that has come whole."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """What it says, or ``None`` where it is no JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


class _NotFound(TillError):
    pass


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() else None


def _words(answer: _Answer) -> str:
    """``401 UNAUTHORIZED: This request …`` from Square's error body, or the beginning of whatever came."""
    try:
        error = answer.json()["errors"][0]
        return f"{answer.status_code} {error['code']}: {error.get('detail', '')}"
    except (KeyError, IndexError, TypeError, AttributeError):
        return f"{answer.status_code} {answer.content[:200].decode(errors='replace')!r}"
