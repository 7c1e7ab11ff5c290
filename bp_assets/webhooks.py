"""Where webhooks arrive: ``POST /{secret}/{source}``, kept as hints in the ledger. Read: HTTP. Written: ``webhooks``.

Brightpearl signs nothing, so the secret stands in the path (``TILLBRIDGE_WEBHOOK_SECRET``). A webhook is only a hint
that something changed: the sensor ``erp_changes`` turns it into reading, and the sweeps find what webhooks miss. So a
repeated hint, or a hint about nothing, does no harm.

Accepted: JSON with ``fullEvent`` and ``id``, or the same as query parameters; the names are those given to Brightpearl
in the subscription's body template (``${full-event}``, ``${resource-id}``), so common spellings are understood. The id
may be an ID set such as ``1-5,99``. Answers: 200 kept, 400 not a hint, 404 wrong address or secret, 413 too long, 503
the ledger is away (the ERP sends it again).

    python -m bp_assets.webhooks --port 8500
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bp_assets.config.home import home
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerError
from bp_assets.ledger.webhooks import hear

SECRET_ENV = "TILLBRIDGE_WEBHOOK_SECRET"  # noqa: S105  # the name of a variable, not a secret
SOURCES = ("brightpearl", "square")
MAX_BYTES = 64 * 1024  # a hint is a few hundred bytes
_EVENT_NAMES = ("fullEvent", "full-event", "full_event", "event", "type")
_ID_NAMES = ("id", "resourceId", "resource-id", "resource_id", "event_id")


def hint(body: bytes, query: dict[str, str]) -> tuple[str, str, Any] | None:
    """Event, resource id and payload of one webhook; ``None`` where it names no event."""
    payload: Any = dict(query)
    if body.strip():
        try:
            payload = json.loads(body)
        except ValueError:  # includes text that is not UTF-8
            return None
    named = {**query, **payload} if isinstance(payload, dict) else query
    event = next((str(named[name]) for name in _EVENT_NAMES if named.get(name)), "")
    resource = next((str(named[name]) for name in _ID_NAMES if named.get(name) not in (None, "")), "")
    return (event[:200], resource[:2000], payload) if event else None


def app(ledger: Ledger, secret: str) -> Starlette:
    """The receiver as an ASGI application. ``secret`` must not be empty."""
    if not secret:
        raise ValueError("the receiver needs a secret: without one anybody could write hints")

    async def receive(request: Request) -> Response:
        known = hmac.compare_digest(request.path_params["secret"].encode(), secret.encode())
        source = request.path_params["source"]
        if not known or source not in SOURCES:
            return JSONResponse({"error": "not found"}, 404)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BYTES:
                return JSONResponse({"error": f"more than {MAX_BYTES} bytes"}, 413)
        found = hint(body, dict(request.query_params))
        if found is None:
            return JSONResponse({"error": "no event: send fullEvent and id as JSON or in the query"}, 400)
        try:
            await run_in_threadpool(hear, ledger, source, *found)
        except LedgerError as error:
            print(f"webhook not kept: {error}", file=sys.stderr)  # noqa: T201  # the receiver's log is its stderr
            return JSONResponse({"error": "not kept, send it again"}, 503)
        return JSONResponse({})

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            Route("/{secret}/{source}", receive, methods=["POST", "PUT"]),
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the port that was taken is printed as ``webhooks: http://host:port``."""
    parser = argparse.ArgumentParser(prog="python -m bp_assets.webhooks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8500, help="port; 0 takes a free one (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    secret = os.environ.get(SECRET_ENV, "")
    if not secret:
        advice = f"{SECRET_ENV} is not set: choose a long random word and put it into the webhook's address."
        print(advice, file=sys.stderr)  # noqa: T201  # for the person who starts it
        return 2
    with Ledger.open(home()) as ledger:
        _serve(app(ledger, secret), chosen.host, chosen.port)
    return 0


def _serve(application: Starlette, host: str, port: int) -> None:
    listener = socket.create_server((host, port))
    where = f"http://{host}:{listener.getsockname()[1]}"
    print(f"webhooks: {where}", flush=True)  # noqa: T201  # whoever started us waits for this line
    # No access log: the path holds the secret.
    config = uvicorn.Config(application, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
