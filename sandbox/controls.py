"""``/sandbox/*``: health, books, reset, faults, the clock, and edits as a person in the ERP would make them.

None of these counts against the cap and none needs a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.books import books, order_entry
from sandbox.erp.codes import ApiError
from sandbox.erp.envelope import decode, encode
from sandbox.erp.order_model import settle_closes
from sandbox.erp.order_read import sales_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.world import World


def answer(value: Any, status: int = 200) -> Response:
    return Response(encode(value), status, media_type="application/json")


def control_routes(world: World) -> list[Route]:
    """The routes; bodies are JSON objects, mistakes are answered 400 with ``{"error": text}``."""

    def guarded(act: Callable[[Request, dict[str, Any]], Any]) -> Any:
        async def endpoint(request: Request) -> Response:
            try:
                body = decode(await request.body())
                settle_closes(world)
                return answer(act(request, body if isinstance(body, dict) else {}))
            except (ValueError, KeyError, TypeError) as why:
                return answer({"error": f"{type(why).__name__}: {why}"}, 400)
            except ApiError as why:
                return answer({"error": str(why)}, 400)

        return endpoint

    def health(request: Request, body: dict[str, Any]) -> Any:
        return {"ready": True, "seed": world.seed, "products": len(world.items), "orders": len(world.orders.by_id)}

    def show_books(request: Request, body: dict[str, Any]) -> Any:
        query = request.query_params
        return books(world, query.get("history") != "false", query.get("opening") != "false")

    def reset(request: Request, body: dict[str, Any]) -> Any:
        world.reset()
        return {"reset": True}

    def add_faults(request: Request, body: dict[str, Any]) -> Any:
        entries = body.get("faults")
        if not isinstance(entries, list):
            raise ValueError('the body is {"faults": [{"kind": ...}]}')
        return {"faults": [world.faults.add(entry).view() for entry in entries]}

    def show_faults(request: Request, body: dict[str, Any]) -> Any:
        return {"faults": [fault.view() for fault in world.faults.active]}

    def clear_faults(request: Request, body: dict[str, Any]) -> Any:
        world.faults.clear()
        return {"faults": []}

    def clock(request: Request, body: dict[str, Any]) -> Any:
        world.advance(float(body["advanceSeconds"]))
        return {"now": world.now().isoformat()}

    def switches(request: Request, body: dict[str, Any]) -> Any:
        for name, value in body.items():
            world.switches.set(name, str(value))
        return {name: getattr(world.switches, name) for name in world.switches.__slots__}

    def show_order(request: Request, body: dict[str, Any]) -> Any:
        order = world.orders.by_id[int(request.path_params["order"])]
        return {**sales_view(world, order, set()), "books": order_entry(order)}

    return [
        Route("/sandbox/health", guarded(health), methods=["GET"]),
        Route("/sandbox/books", guarded(show_books), methods=["GET"]),
        Route("/sandbox/reset", guarded(reset), methods=["POST"]),
        Route("/sandbox/faults", guarded(add_faults), methods=["POST"]),
        Route("/sandbox/faults", guarded(show_faults), methods=["GET"]),
        Route("/sandbox/faults", guarded(clear_faults), methods=["DELETE"]),
        Route("/sandbox/clock", guarded(clock), methods=["POST"]),
        Route("/sandbox/switches", guarded(switches), methods=["POST"]),
        Route("/sandbox/orders/{order:int}", guarded(show_order), methods=["GET"]),
    ]
