"""The HTTP client of the ERP: one method per verb, answers understood, requests paced, reads repeated, writes never.

Read: the ERP over HTTP. Written: what the caller posts. Tokens never appear in messages, reprs or counts.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import httpx
import stamina

from bp_assets.brightpearl import wire
from bp_assets.brightpearl.addresses import Params, asked_for_token, prefix, query, route
from bp_assets.brightpearl.answer import Answer, classify
from bp_assets.brightpearl.auth import AccountToken, OAuth, TokenStore, account_token, auth_from_env
from bp_assets.brightpearl.errors import READS, ErpUnavailable, from_transport
from bp_assets.brightpearl.pacing import Lane, RequestBudget, shared_budget
from bp_assets.brightpearl.patience import Patience
from bp_assets.config import Erp

# The ERP closes idle connections at a moment of its own; a write that runs into that is needlessly unknown.
_IDLE_SECONDS = 3.0


class ErpClient:
    """Thread-safe; several workers may share one. Use as a context manager or call :meth:`close`.

    ``lane`` decides who goes first for the request cap; ``budget`` is what all who use the account share (default: one
    of this process alone). ``token`` is the account token of a private app; without it (and without ``auth``) the
    credentials come from the environment. ``counts`` maps (lane, "GET /order-service/order/{}") to requests sent,
    repetitions and token renewals included; ``minutes`` maps (minute in UTC, lane) to the same.
    """

    def __init__(
        self,
        erp: Erp,
        token: str | None = None,
        *,
        lane: Lane = "changes",
        budget: RequestBudget | None = None,
        auth: AccountToken | OAuth | None = None,
        store: TokenStore | None = None,
    ) -> None:
        self.erp, self.lane = erp, lane
        self.budget = budget or shared_budget(erp)
        self.auth = auth or (account_token(erp, token) if token else auth_from_env(erp, store))
        self.counts: Counter[tuple[str, str]] = Counter()
        self.minutes: Counter[tuple[datetime, Lane]] = Counter()
        self.traits: dict[str, Any] = {}  # what was learnt about this account, for example whether a filter works
        self._before_write: Callable[[], object] = lambda: None
        self._lock = threading.Lock()
        self._prefix = prefix(erp)
        self._http = httpx.Client(
            auth=self.auth,
            timeout=httpx.Timeout(erp.timeout_seconds, connect=min(10.0, erp.timeout_seconds)),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=_IDLE_SECONDS),
            event_hooks={"request": [self._count]},
            headers={"accept": "application/json", "user-agent": "tillbridge"},
        )

    def __repr__(self) -> str:
        return f"ErpClient(account={self.erp.account!r}, lane={self.lane!r})"

    def __enter__(self) -> ErpClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        self.budget.settle()

    def guarded(self, check: Callable[[], object]) -> ErpClient:
        """This client, but ``check`` is asked at the last moment before each write goes out, after any wait for the
        cap. What it raises is raised; that write was not sent.
        """
        guarded = copy.copy(self)
        guarded._before_write = check
        return guarded

    def get(self, path: str, params: Params | None = None) -> Answer:
        """Read. ``path`` begins with the service: ``/order-service/order/1-5``. Nothing found is an empty answer.

        Raises:
            ErpRefused, Unauthorised, Throttled, ErpUnavailable, BadAnswer: see :mod:`errors`.
        """
        return self.request("GET", path, params=params)

    def options(self, path: str) -> Answer:
        """The ERP's own list of GET URIs (``response.getUris``). Raises as :meth:`get`."""
        return self.request("OPTIONS", path)

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Write once.

        Raises:
            ErpRefused, Unauthorised, Throttled, ErpUnavailable: nothing was done.
            UnknownOutcome: it may have been done; look it up before sending again.
        """
        return self.request("POST", path, body=body, headers=headers)

    def put(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Write once. Raises as :meth:`post`."""
        return self.request("PUT", path, body=body, headers=headers)

    def patch(self, path: str, body: object) -> Answer:
        """Write once; ``body`` is a bare list of JSON Patch operations. Raises as :meth:`post`."""
        return self.request("PATCH", path, body=body)

    def delete(self, path: str) -> Answer:
        """Write once. Raises as :meth:`post`."""
        return self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call with its waiting and repeating; :class:`Patience` decides what may be repeated."""
        patience = Patience(method)
        for attempt in stamina.retry_context(on=patience, attempts=patience.most, timeout=None):
            with attempt:
                return self._send(method, path, params, body, headers)
        raise AssertionError("unreachable: the last attempt raises")

    def _send(
        self, method: str, path: str, params: Params | None, body: object, headers: Mapping[str, str] | None
    ) -> Answer:
        url = f"{self._prefix}{path}{query(params)}"
        content = None if body is None else wire.dumps(body)
        extra = dict(headers or {})
        if content is not None:
            extra["content-type"] = "application/json"
        taken = self.budget.take(self.lane)
        answer: Answer | None = None
        try:
            if method not in READS:
                self._before_write()
            answer = self._answer(method, url, content, extra)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            if asked_for_token(error):
                raise ErpUnavailable(f"the ERP's token service: {type(error).__name__}; nothing was sent") from error
            raise from_transport(method, path, error) from error
        finally:
            self.budget.landed(taken, answer)
        refusal = answer.error(method, path, self.auth.advice)
        if refusal is not None:
            raise refusal
        return answer

    def _answer(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """The answer, if it is whole in time: httpx bounds each wait alone, and bytes that trickle never reach that."""
        with self._http.stream(method, url, content=content, headers=headers) as reply:
            end = time.monotonic() + self.erp.timeout_seconds
            body = bytearray()
            for part in reply.iter_bytes():
                body += part
                if time.monotonic() > end:
                    raise httpx.ReadTimeout(f"the answer was not whole after {self.erp.timeout_seconds:g} s")
            return classify(reply.status_code, reply.headers, bytes(body))

    def _count(self, request: httpx.Request) -> None:
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        with self._lock:
            self.counts[self.lane, route(request, self.erp.account)] += 1
            self.minutes[minute, self.lane] += 1
