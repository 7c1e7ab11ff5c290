"""The reading half of the ERP, for extracts: async, several requests in flight, and no way to send anything but reads.

Only GET and OPTIONS exist here: there is no method, parameter or body by which a caller could send another verb. It
waits for the same request budget as everybody, understands answers the same way, and is more patient than the client:
an extract of an hour should survive an ERP that is away for half a minute.
Read: the ERP over HTTP. Written: nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, TypeVar

import httpx
import stamina

from bp_assets.brightpearl import wire
from bp_assets.brightpearl.addresses import Params, asked_for_token, prefix, query, route
from bp_assets.brightpearl.answer import Answer, classify
from bp_assets.brightpearl.auth import AccountToken, OAuth, TokenStore, account_token, auth_from_env
from bp_assets.brightpearl.errors import READS, ErpUnavailable, from_transport
from bp_assets.brightpearl.pacing import Lane, RequestBudget, Taken, shared_budget
from bp_assets.brightpearl.patience import Patience
from bp_assets.config import Erp

# Requests at once: enough to use up a cap of three a second where an answer takes one; more would only wait in memory
# to be decoded, ten megabytes each.
IN_FLIGHT = 4
LONG = 2.0  # seconds that a request waits for the cap before people are told
ATTEMPTS = 9  # of one request, over about half a minute

Reading = Literal["GET", "OPTIONS"]
T = TypeVar("T")


@functools.cache
def _tls() -> ssl.SSLContext:
    """The usual certificates, read once: that takes longer than a small request, and each resource has a reader."""
    return httpx.create_ssl_context()


class ErpReader:
    """Use as an async context manager, within one event loop; its tasks may share it.

    ``counts`` and ``minutes`` are those of :class:`bp_assets.brightpearl.client.ErpClient`.
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
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self.erp, self.lane, self.in_flight = erp, lane, in_flight
        self.budget = budget or shared_budget(erp)
        self.auth = auth or (account_token(erp, token) if token else auth_from_env(erp, store))
        self.counts: Counter[tuple[str, str]] = Counter()
        self.minutes: Counter[tuple[datetime, Lane]] = Counter()
        self._erp_ahead: float | None = None  # seconds by which the ERP's clock is ahead of ours
        self._closed = False
        self._held: list[float] = []  # since when requests wait for the cap
        self._slots = asyncio.Semaphore(in_flight)
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="erp-reader")
        self._http = httpx.AsyncClient(
            auth=_Signed(self.auth, self._renewing),
            timeout=httpx.Timeout(erp.timeout_seconds, connect=min(10.0, erp.timeout_seconds)),
            limits=httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight, keepalive_expiry=3.0),
            verify=_tls(),
            event_hooks={"request": [self._count], "response": [self._told]},
            headers={"accept": "application/json", "user-agent": "tillbridge"},
        )

    def __repr__(self) -> str:
        return f"ErpReader(account={self.erp.account!r}, lane={self.lane!r})"

    async def __aenter__(self) -> ErpReader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._closed = True  # threads that still wait for the cap give up
        await self._http.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.budget.settle()

    @property
    def requests(self) -> int:
        """How many requests were sent so far, repetitions included."""
        return sum(self.counts.values())

    @property
    def waits(self) -> bool:
        """Whether the request cap is what holds it up."""
        return any(time.monotonic() - since > LONG for since in self._held)

    @property
    def erp_clock(self) -> datetime:
        """Now by the ERP's clock (its ``Date`` header) or by ours, whichever is behind: a mark that misses nothing."""
        now = datetime.now(UTC)
        behind = min(0.0, self._erp_ahead or 0.0)
        return datetime.fromtimestamp(now.timestamp() + behind, UTC)

    async def get(self, path: str, params: Params | None = None, *, sealed: bool = False) -> Answer:
        """Read. ``path`` begins with the service: ``/order-service/order/1-5``. Nothing found is an empty answer.

        ``sealed``: the records of ``response`` are :class:`wire.Sealed`, for answers of many.

        Raises:
            ErpRefused, Unauthorised, Throttled, ErpUnavailable, BadAnswer: see :mod:`errors`.
        """
        return await self._read("GET", path, params, wire.loads_sealed if sealed else wire.loads)

    async def options(self, path: str) -> Answer:
        """The ERP's own list of GET URIs (``response.getUris``). Raises as :meth:`get`."""
        return await self._read("OPTIONS", path, None, wire.loads)

    async def _read(self, method: Reading, path: str, params: Params | None, loads: Callable[[Any], Any]) -> Answer:
        patience = Patience(method, ATTEMPTS)
        url = f"{prefix(self.erp)}{path}{query(params)}"
        async for attempt in stamina.retry_context(on=patience, attempts=patience.most, timeout=None):
            with attempt:
                async with self._slots:
                    return await self._send(method, path, url, loads)
        raise AssertionError("unreachable: the last attempt raises")

    async def _send(self, method: Reading, path: str, url: str, loads: Callable[[Any], Any]) -> Answer:
        self._held.append(began := time.monotonic())
        try:
            taken = await self._in_thread(self._take)
        finally:
            self._held.remove(began)
        asked_on = self.erp_clock
        answer: Answer | None = None
        try:
            answer = await self._answer(method, url, loads)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            if asked_for_token(error):
                raise ErpUnavailable(f"the ERP's token service: {type(error).__name__}; nothing was sent") from error
            raise from_transport(method, path, error) from error
        finally:
            await self._in_thread(self.budget.landed, taken, answer)
        refusal = answer.error(method, path, self.auth.advice)
        if refusal is not None:
            raise refusal
        return replace(answer, asked_on=asked_on)

    async def _answer(self, method: Reading, url: str, loads: Callable[[Any], Any]) -> Answer:
        """The answer, if it is whole in time: httpx bounds each wait alone, and bytes that trickle never reach that."""
        try:
            async with asyncio.timeout(self.erp.timeout_seconds):
                reply = await self._http.request(method, url)
        except TimeoutError:
            raise httpx.ReadTimeout("the answer was not whole in time") from None
        return classify(reply.status_code, reply.headers, reply.content, loads)

    def _take(self) -> Taken:
        return self.budget.take(self.lane, lambda: self._closed)

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def _renewing(self, request: httpx.Request) -> httpx.Response:
        """Ask the token service, in a thread of its own time."""
        with httpx.Client(timeout=self.erp.timeout_seconds) as http:
            response = http.send(request)
        self._note(request)
        return response

    async def _count(self, request: httpx.Request) -> None:
        if request.method not in READS:
            raise httpx.UnsupportedProtocol(f"{request.method}: a reader sends reads alone", request=request)
        self._note(request)

    def _note(self, request: httpx.Request) -> None:
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        self.counts[self.lane, route(request, self.erp.account)] += 1
        self.minutes[minute, self.lane] += 1

    async def _told(self, response: httpx.Response) -> None:
        """Called when the headers are there: the body may take long."""
        self._tell_time(response.headers.get("date"))

    def _tell_time(self, said: str | None) -> None:
        with contextlib.suppress(TypeError, ValueError, AttributeError):  # no header, or none that tells a time
            moment = parsedate_to_datetime(said or "")
            self._erp_ahead = moment.timestamp() - datetime.now(UTC).timestamp()


class _Signed(httpx.Auth):
    """The account's credentials on each request. Renewing waits for other processes, so it is done in a thread."""

    def __init__(self, auth: AccountToken | OAuth, send: Callable[[httpx.Request], httpx.Response]) -> None:
        self._auth, self._send = auth, send

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if isinstance(self._auth, AccountToken):
            yield next(self._auth.auth_flow(request))
            return
        tokens = await asyncio.to_thread(self._auth.newest, self._send)
        self._auth.sign(request, tokens)
        response = yield request
        if response.status_code == 401:
            tokens = await asyncio.to_thread(self._auth.newest, self._send, tokens.access_token)
            self._auth.sign(request, tokens)
            yield request
