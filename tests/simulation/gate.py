"""A gate between the wire and the ERP, for what has to happen while a request is under way.

``arrived``: the request has left its sender and is here, the ERP has not seen it yet. ``handled``: the ERP has done it,
not a byte of the answer has left. In both cases the blow falls, then the request goes its way; whoever sent it will not
hear of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ARRIVED, HANDLED = "arrived", "handled"


class Gate:
    """``aim`` at the n-th write from now on; ``struck`` tells which request it was, once it came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._moment = ""
        self._left = 0
        self._strike: Callable[[], None] = lambda: None
        self.struck = ""

    def aim(self, moment: str, number: int, strike: Callable[[], None]) -> None:
        self._moment, self._left, self._strike, self.struck = moment, number, strike, ""

    def rest(self) -> None:
        self._left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._left or scope["type"] != "http" or not _is_write(scope):
            await self._app(scope, receive, send)
            return
        self._left -= 1
        if self._left:
            await self._app(scope, receive, send)
            return
        self.struck = f"{scope['method']} {scope['path'].partition('/public-api/')[2].partition('/')[2]}"
        letter = _Letter(receive)
        await letter.read()
        if self._moment == ARRIVED:
            self._strike()
        await self._app(scope, letter.receive, _Unheard(self._strike if self._moment == HANDLED else None).send)
        letter.transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _is_write(scope: Scope) -> bool:
    return scope["method"] != "GET" and scope["path"].startswith("/public-api/")


class _Letter:
    """A request read to its end, to be handed on whatever became of its sender."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._body, self._given = receive, b"", False

    @property
    def transport(self) -> Any:
        """The connection, for a sandbox that is asked to cut it."""
        return getattr(self._receive, "__self__").transport  # noqa: B009  # uvicorn's own attribute, not in the type

    async def read(self) -> None:
        while True:
            message = await self._receive()
            self._body += message.get("body", b"")
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    async def receive(self) -> Message:
        if self._given:
            return await self._receive()
        self._given = True
        return {"type": "http.request", "body": self._body, "more_body": False}


class _Unheard:
    """The answer nobody hears: the blow falls before its first byte, and nothing is sent."""

    def __init__(self, strike: Callable[[], None] | None) -> None:
        self._strike = strike

    async def send(self, message: Message) -> None:
        if self._strike is not None:
            strike, self._strike = self._strike, None
            strike()
