"""The tills' routes: Square at ``/square/v2/...``, and the sandbox's own switches at ``/sandbox/tills/...``.

Read: the sandbox's world (items, seed, drop folder). Written: see ``floor.py``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.tills import planted
from sandbox.tills.books import books
from sandbox.tills.events import Transaction
from sandbox.tills.floor import Refused, TradingFloor, World
from sandbox.tills.square_api import SquareApi


def till_routes(world: World) -> list[Route]:
    """All routes of the simulated tills for ``world``; each call makes tills with empty books."""
    return TillRoutes(TradingFloor(world)).routes()


class TillRoutes:
    """The switches around one trading floor."""

    def __init__(self, floor: TradingFloor) -> None:
        self.floor = floor
        self.square = SquareApi(lambda: floor.seller, floor.faults)

    def routes(self) -> list[Route]:
        """Square's routes and the switches."""
        switches: dict[str, Callable[[dict[str, Any]], Any]] = {
            "trade": self.trade,
            "start": self.start,
            "stop": self.stop,
            "sale": self.sale,
            "faults": self.faults,
            "deliver": self.deliver,
            "reset": self.reset,
        }
        own = [Route(f"/sandbox/tills/{name}", _switch(do), methods=["POST"]) for name, do in switches.items()]
        return [*self.square.routes(), *own, Route("/sandbox/tills/books", self.books, methods=["GET"])]

    async def books(self, request: Request) -> Response:
        """``GET``: the tills' own truth; ``?business_date=`` and ``?shop=`` narrow it."""
        day, shop = request.query_params.get("business_date"), request.query_params.get("shop")
        wanted = [
            basket
            for basket in self.floor.made
            if (day is None or basket.business_date.isoformat() == day) and (shop is None or basket.shop.code == shop)
        ]
        return JSONResponse(books(wanted) | {"requests": self.square.requests})

    def trade(self, asked: dict[str, Any]) -> dict[str, Any]:
        """``{"date", "transactions"?: 300, "seed"?, "until"?, "planted"?: [names] or false}``."""
        faults = asked.get("planted", list(planted.NAMES)) or []
        unknown = set(faults) - set(planted.NAMES)
        if unknown:
            raise Refused(f"unknown planted faults {sorted(unknown)}; there are {', '.join(planted.NAMES)}")
        until = datetime.fromisoformat(asked["until"]) if asked.get("until") else None
        if until is not None and until.tzinfo is None:
            raise Refused("until needs an offset, for example 2026-11-20T12:00:00+00:00")
        count = int(asked.get("transactions", 300))
        if not 0 <= count <= 100_000:
            raise Refused("transactions must be between 0 and 100000")
        day = date.fromisoformat(str(asked["date"]))
        fresh = self.floor.trade(day, count, int(asked.get("seed", self.floor.world.seed)), until, faults)
        return {"played": len(fresh), "by_shop": _by_shop(fresh), "planted": sorted(b.fault for b in fresh if b.fault)}

    def start(self, asked: dict[str, Any]) -> dict[str, Any]:
        """``{"sales_per_minute"?: 20}``: live trading at wall-clock time."""
        pace = float(asked.get("sales_per_minute", 20))
        if not 0 < pace <= 6000:
            raise Refused("sales_per_minute must be above 0 and at most 6000")
        self.floor.start(pace)
        return {"trading": True, "sales_per_minute": pace}

    def stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        """End live trading."""
        self.floor.stop()
        return {"trading": False, "made": len(self.floor.made)}

    def sale(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One transaction now.

        ``{"shop", "lines", "tenders"?, "email"?, "original"?, "sold_at"?}``. A line is ``{"sku", "quantity"?,
        "discount_percent"?, "damaged"?}`` (a negative quantity comes back) or ``{"kind", "amount_minor"}`` for tips,
        gift cards and the like; a tender is ``{"type", "amount_minor", "tip_minor"?}``, by default what settles it.
        """
        basket = self.floor.sale(asked)
        return {
            "shop": basket.shop.code,
            "source_id": basket.source_id,
            "receipt_number": basket.receipt_number,
            "kind": basket.kind,
            "net_minor": basket.net,
            "tax_minor": basket.tax,
            "gross_minor": basket.gross,
        }

    def faults(self, asked: dict[str, Any]) -> dict[str, Any]:
        """``{"fault", "count"?, "path"?, "after"?, "shop"?, "seconds"?}`` or ``{"clear": true}``."""
        if asked.get("clear"):
            self.floor.faults.clear()
        else:
            self.floor.faults.add(asked)
        return {"active": [fault.kind for fault in self.floor.faults.active]}

    def deliver(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Hand over what late and half-written faults held back."""
        return {"delivered": self.floor.deliver_late()}

    def reset(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Back to the empty morning."""
        self.floor.reset()
        self.square.requests.clear()
        return {"reset": True}


def _by_shop(baskets: Sequence[Transaction]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for basket in baskets:
        counts[basket.shop.code] = counts.get(basket.shop.code, 0) + 1
    return counts


def _switch(do: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
    """A switch as an endpoint: JSON object in, JSON out, 400 or 409 with the reason in plain words."""

    async def endpoint(request: Request) -> Response:
        try:
            asked = json.loads(await request.body() or b"{}")
            if not isinstance(asked, dict):
                raise ValueError("the body must be a JSON object")
            return JSONResponse(do(asked))
        except Refused as reason:
            return JSONResponse({"error": str(reason)}, status_code=409)
        except (KeyError, TypeError, ValueError) as reason:
            return JSONResponse({"error": f"bad request: {reason}"}, status_code=400)

    return endpoint
