"""The HTTP face of the simulated ERP: one ASGI endpoint that meters, breaks on request, lets in, and answers.

Read: the request. Written: the world, through the handlers; and the counts that the books show.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import Receive, Scope, Send

from sandbox.erp import auth
from sandbox.erp.codes import ApiError
from sandbox.erp.dispatch import Router
from sandbox.erp.envelope import Reply, decode, encode, failed, refused
from sandbox.erp.oddities import bent, odd_headers, with_lie, with_odd_field
from sandbox.erp.order_model import settle_closes
from sandbox.erp.search import PAGE_LIMIT
from sandbox.faults import IN_DATA
from sandbox.throttle import TOO_MANY
from sandbox.unrest import first_of, move, vanish

if TYPE_CHECKING:
    from sandbox.world import World

JSON = b"application/json;charset=UTF-8"


class ErpEndpoint:
    """Serves ``/public-api/{account}/...`` and the OAuth paths; repeated and trailing slashes do not matter."""

    def __init__(self, world: World, router: Router) -> None:
        self._world = world
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = await _body(receive)
        parts = [part for part in scope["path"].split("/") if part]
        query = scope["query_string"].decode("latin-1")
        if parts[:1] == ["public-api"] and len(parts) > 2:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            await self._api(scope["method"], parts, query, raw, headers, receive, send)
        elif "token" in parts or parts[:1] == ["authorize"]:
            await self._oauth(scope["method"], parts, query, raw, send)
        else:
            await _send(
                send, 404, encode({"errors": [{"code": "CMNC-404", "message": f"No resource {scope['path']}"}]}), []
            )

    async def _api(
        self,
        method: str,
        parts: list[str],
        query: str,
        raw: bytes,
        headers: dict[str, str],
        receive: Receive,
        send: Send,
    ) -> None:
        world = self._world
        path = "/" + "/".join(parts[2:])
        call = f"{method} {path}"
        found = self._router.find(method, parts[2:])
        world.count_request(f"{method} {found[0]}" if found else f"{method} unknown")
        message_type = found[2] if found else "api-proxy"
        if 0 < world.switches.url_limit < len(path) + len(query) + 1:
            await self._answer(send, Reply(414, {"response": "Request-URI Too Long"}), "api-proxy", known=False)
            return
        try:
            body = decode(raw)
            broken = None
        except ApiError as error:
            body, broken = None, refused(error)

        def shops() -> set[int]:
            return world.shops_of(path, body)

        def text() -> str:
            return f"{path}?{query}\n{raw.decode('utf-8', 'replace')}"

        if world.faults.active:
            slow = world.faults.fires("slow", call, shops, text)
            if slow:
                await asyncio.sleep(slow.seconds)
            if world.faults.fires("expire_token", call, shops, text):
                world.oauth.expire_all()
                world.throttle.take(world.now_ms())
                await self._answer(send, Reply(401, {"response": auth.EXPIRED}), "api-proxy", known=False)
                return
            if world.faults.fires("throttle", call, shops, text):
                world.throttle.exhaust(world.now_ms())
                world.throttle.refused += 1
                await self._answer(send, Reply(503, {"response": TOO_MANY}), "api-proxy", known=False)
                return
        world.throttle.rolling = world.switches.rolling_window
        if not world.throttle.take(world.now_ms()):
            await self._answer(send, Reply(503, {"response": TOO_MANY}), "api-proxy", known=False)
            return
        why = auth.refusal(world, parts[1], headers)
        if why is not None:
            self._uncount(401)
            await self._answer(send, Reply(401, {"response": why}), "api-proxy", known=False)
            return
        failure = world.faults.fires("error", call, shops, text) if world.faults.active else None
        if failure and not failure.committed:
            await self._answer(send, failed(failure.status), message_type)
            return
        settle_closes(world)
        reply = broken
        if reply is None:
            reply, _, message_type = self._router.handle(world, method, f"{path}?{query}", body, headers)
        self._uncount(reply.status)
        if failure:
            reply = failed(failure.status)
        if world.faults.active and world.faults.fires("lost_reply", call, shops, text):
            await _abort(receive)
            return
        how = ""
        if world.faults.active:
            odd = world.faults.fires("odd_reply", call, shops, text)
            how = odd.how if odd else ""
            reply = self._disturbed(reply, call, shops, text)
        await self._answer(send, reply, message_type, how=how)

    def _disturbed(self, reply: Reply, call: str, shops: Callable[[], set[int]], text: Callable[[], str]) -> Reply:
        """The answer with the faults that sit in its data; and what other people do once it has been read."""
        faults = self._world.faults
        if not any(fault.kind in IN_DATA for fault in faults.active):
            return reply
        body, odd = reply.whole(), False
        for fault in faults.striking("odd_field", call, shops, text):
            body, odd = with_odd_field(body, fault.path, fault.how, fault.value, fault.id_named), True
        for fault in faults.striking("lying_count", call, shops, text):
            body, odd = with_lie(body, int(fault.value or PAGE_LIMIT)), True
        first = first_of(body)
        if first is not None and faults.fires("moving_rows", call, shops, text):
            move(self._world, call, first)
        if first is not None and faults.fires("vanishing_rows", call, shops, text):
            vanish(self._world, call, first)
        return Reply(reply.status, body) if odd else reply

    def _uncount(self, status: int) -> None:
        if 400 <= status < 500 and not self._world.switches.refusals_cost_quota:
            self._world.throttle.give_back()

    async def _answer(self, send: Send, reply: Reply, message_type: str, known: bool = True, how: str = "") -> None:
        world = self._world
        left, period = world.throttle.headers(world.now_ms())
        headers = [
            (b"message-type", message_type.encode()),
            (b"ruid", str(uuid.uuid4()).encode()),
            (b"cache-control", b"no-cache"),
            (b"brightpearl-requests-remaining", str(left).encode()),
            (b"brightpearl-next-throttle-period", str(period).encode()),
        ]
        if known:
            headers.append((b"brightpearl-installed-integration-instance-id", str(world.config.instance_id).encode()))
        if how:
            reply = reply._replace(body=bent(reply.body, how))
        payload = b"<html>" if how == "not_json" else reply.payload()
        await _send(send, reply.status, payload, odd_headers(headers, how))

    async def _oauth(self, method: str, parts: list[str], query: str, raw: bytes, send: Send) -> None:
        """``/oauth/token``, ``/{account}/oauth/token``, ``/token/{account}``; and consent given at once."""
        if parts[0] == "authorize":
            asked = dict(parse_qsl(query))
            target = asked.get("redirect_uri") or self._world.config.redirect_uri
            code = self._world.oauth.consent(target)
            again = urlencode({"code": code, **({"state": asked["state"]} if "state" in asked else {})})
            location = f"{target}{'&' if '?' in target else '?'}{again}"
            await _send(send, 302, b"{}", [(b"location", location.encode())])
            return
        status, body = self._world.oauth.token(dict(parse_qsl(raw.decode("latin-1"))))
        if method != "POST":
            status, body = 405, {"error": "invalid_request"}
        await _send(send, status, encode(body), [])


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(chunks)


async def _send(send: Send, status: int, payload: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    start = [(b"content-type", JSON), (b"content-length", str(len(payload)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": payload})


async def _abort(receive: Receive) -> None:
    """Cut the connection without a byte of an answer: the caller cannot know that the work was done."""
    cycle: Any = getattr(receive, "__self__", None)  # uvicorn's request cycle holds the transport
    cycle.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
