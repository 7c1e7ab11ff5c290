"""The HTTP face of the simulated Square seller at ``/square/v2/...``: Bearer token, Square's error bodies, faults on
request.

Read: a :class:`SquareSeller`. Written: nothing but the seller's own "after serving" changes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.tills.faults import Faults
from sandbox.tills.square_search import BadQuery, instant, orders_page, page
from sandbox.tills.square_seller import LOCATIONS, MAIN_LOCATION, SquareSeller

TOKEN = "square-sandbox-token"
Handler = Callable[[Request], Awaitable[Response]]
_PAGE = 100


def error(status: int, category: str, code: str, detail: str, field: str = "") -> JSONResponse:
    """Square's error body."""
    one = {"category": category, "code": code, "detail": detail} | ({"field": field} if field else {})
    return JSONResponse({"errors": [one]}, status_code=status)


_FAULT_ANSWERS = {
    "offline": (503, "API_ERROR", "SERVICE_UNAVAILABLE", "Service unavailable."),
    "error": (500, "API_ERROR", "INTERNAL_SERVER_ERROR", "An internal error has occurred."),
    "throttle": (429, "RATE_LIMIT_ERROR", "RATE_LIMITED", "Too many requests; wait and try again."),
    "expired_token": (401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED", "The access token has expired."),
}


class SquareApi:
    """One seller behind one token. ``seller`` is asked for at each request, since a reset replaces it."""

    def __init__(self, seller: Callable[[], SquareSeller], faults: Faults) -> None:
        self.seller, self.faults = seller, faults
        self.requests: dict[str, int] = {}

    def routes(self) -> list[Route]:
        """All routes, each behind the same guard."""
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/orders/search", self.search_orders),
            ("POST", "/orders/batch-retrieve", self.batch_orders),
            ("GET", "/orders/{id}", self.one_order),
            ("GET", "/payments", self.list_payments),
            ("GET", "/payments/{id}", self.one_payment),
            ("GET", "/refunds", self.list_refunds),
            ("GET", "/refunds/{id}", self.one_refund),
            ("GET", "/locations", self.list_locations),
            ("POST", "/catalog/search", self.search_catalogue),
            ("POST", "/catalog/batch-retrieve", self.batch_catalogue),
            ("GET", "/catalog/list", self.list_catalogue),
            ("GET", "/customers/{id}", self.one_customer),
        ]
        return [Route("/square/v2" + path, self.guarded(path, do), methods=[verb]) for verb, path, do in table]

    def guarded(self, path: str, do: Handler) -> Handler:
        """Faults first, then the token, then the request itself; a bad query becomes Square's 400."""

        async def guard(request: Request) -> Response:
            self.requests[path] = self.requests.get(path, 0) + 1
            fault = self.faults.take("square", path)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            elif fault is not None:
                return error(*_FAULT_ANSWERS[fault.kind])
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                detail = "This request could not be authorized."
                return error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", detail)
            try:
                return await do(request)
            except BadQuery as bad:
                return error(400, "INVALID_REQUEST_ERROR", bad.code, bad.detail, bad.field)

        return guard

    # -- orders -------------------------------------------------------------------------------------------------------

    async def search_orders(self, request: Request) -> Response:
        body, seller = await _body(request), self.seller()
        found, cursor = orders_page([kept.body for kept in seller.orders.values()], body)
        if body.get("return_entries"):
            keys = ("location_id", "version")
            rows = [{"order_id": order["id"]} | {key: order[key] for key in keys} for order in found]
            return _listing("order_entries", rows, cursor)
        return _listing("orders", [seller.serve(order["id"]) for order in found], cursor)

    async def batch_orders(self, request: Request) -> Response:
        body, seller = await _body(request), self.seller()
        wanted = body.get("order_ids")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
            raise BadQuery("INVALID_VALUE", "`order_ids` must hold 1 to 100 ids.", "order_ids")
        found = [seller.serve(uid) for uid in wanted]
        return _listing("orders", [order for order in found if order is not None], None)

    async def one_order(self, request: Request) -> Response:
        return _one("order", self.seller().serve(request.path_params["id"]), request)

    # -- payments and refunds -----------------------------------------------------------------------------------------

    async def list_payments(self, request: Request) -> Response:
        # Square's own trap: without a location only the seller's main location is listed.
        place = request.query_params.get("location_id", MAIN_LOCATION)
        rows = [row for row in self.seller().payments.values() if row["location_id"] == place]
        return self._by_time("payments", rows, request)

    async def list_refunds(self, request: Request) -> Response:
        place = request.query_params.get("location_id")
        rows = [row for row in self.seller().refunds.values() if place is None or row["location_id"] == place]
        return self._by_time("refunds", rows, request)

    async def one_payment(self, request: Request) -> Response:
        return _one("payment", self.seller().payments.get(request.path_params["id"]), request)

    async def one_refund(self, request: Request) -> Response:
        return _one("refund", self.seller().refunds.get(request.path_params["id"]), request)

    def _by_time(self, name: str, rows: list[dict[str, Any]], request: Request) -> Response:
        asked = request.query_params
        for prefix, field in (("", "created_at"), ("updated_at_", "updated_at")):
            for edge, keep in (("begin", True), ("end", False)):
                text = asked.get(f"{prefix}{edge}_time")
                if text:
                    limit = instant(text, f"{prefix}{edge}_time")
                    rows = [row for row in rows if (datetime.fromisoformat(row[field]) >= limit) == keep]
        field = asked.get("sort_field", "CREATED_AT").lower()
        ascending = asked.get("sort_order", "DESC") == "ASC"
        query = {key: value for key, value in asked.items() if key not in ("cursor", "limit")}
        found, cursor = page(rows, query, asked.get("cursor"), _limit(request, _PAGE), field, ascending)
        return _listing(name, found, cursor)

    # -- locations, catalogue, customers ------------------------------------------------------------------------------

    async def list_locations(self, request: Request) -> Response:
        zone = {"timezone": "Europe/London", "currency": "GBP", "country": "GB", "status": "ACTIVE", "type": "PHYSICAL"}
        return _listing("locations", [{"id": shop.place, "name": shop.code.title()} | zone for shop in LOCATIONS], None)

    async def search_catalogue(self, request: Request) -> Response:
        body = await _body(request)
        limit = body.get("limit", 1000)
        return self._variations("objects", body.get("object_types"), body, body.get("cursor"), limit)

    async def list_catalogue(self, request: Request) -> Response:
        types = request.query_params.get("types")
        asked = {"types": types}
        return self._variations(
            "objects", types.split(",") if types else None, asked, request.query_params.get("cursor"), _PAGE
        )

    def _variations(
        self, name: str, types: list[str] | None, query: dict[str, Any], cursor: str | None, limit: int
    ) -> Response:
        rows = [] if types and "ITEM_VARIATION" not in types else list(self.seller().variations.values())
        identity = {key: value for key, value in query.items() if key not in ("cursor", "limit")}
        found, more = page(rows, identity, cursor, max(1, min(limit, 1000)), "type", ascending=True)
        return _listing(name, found, more)

    async def batch_catalogue(self, request: Request) -> Response:
        body, variations = await _body(request), self.seller().variations
        wanted = body.get("object_ids")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= 1000:
            raise BadQuery("INVALID_VALUE", "`object_ids` must hold 1 to 1000 ids.", "object_ids")
        return _listing("objects", [variations[uid] for uid in wanted if uid in variations], None)

    async def one_customer(self, request: Request) -> Response:
        return _one("customer", self.seller().customers.get(request.path_params["id"]), request)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BadQuery("BAD_REQUEST", "The request body is not a JSON object.")
    return body


def _limit(request: Request, most: int) -> int:
    text = request.query_params.get("limit", str(most))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise BadQuery("INVALID_VALUE", f"`limit` must be between 1 and {most}.", "limit")
    return int(text)


def _listing(name: str, rows: list[Any], cursor: str | None) -> JSONResponse:
    """Square leaves empty lists and absent cursors out."""
    return JSONResponse(({name: rows} if rows else {}) | ({"cursor": cursor} if cursor else {}))


def _one(name: str, row: dict[str, Any] | None, request: Request) -> Response:
    if row is None:
        uid = request.path_params["id"]
        return error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"Could not find {name} `{uid}`.")
    return JSONResponse({name: row})
