"""``/sandbox/*``: health, books, reset, faults, the clock, and edits as a person in the ERP would make them.

None of these counts against the cap and none needs a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import edits, record_edits
from sandbox.books import books, order_entry
from sandbox.erp.codes import ApiError
from sandbox.erp.contacts import Contact, forget
from sandbox.erp.contacts import view as contact_view
from sandbox.erp.envelope import decode, encode
from sandbox.erp.order_model import Order, settle_closes
from sandbox.erp.order_read import sales_view
from sandbox.erp.product_read import view as product_view

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
        return {
            "ready": True,
            "seed": world.seed,
            "products": len(world.items),
            "orders": len(world.orders.by_id),
            "crashes": world.crashes,
            "requests": world.requests,
            "refused": world.throttle.refused,
        }

    def show_requests(request: Request, body: dict[str, Any]) -> Any:
        return world.throttle.log.view()

    def show_books(request: Request, body: dict[str, Any]) -> Any:
        query = request.query_params
        return books(world, query.get("history") != "false", query.get("opening") != "false")

    def reset(request: Request, body: dict[str, Any]) -> Any:
        world.reset()
        return {"reset": True}

    def add_faults(request: Request, body: dict[str, Any]) -> Any:
        entries = [body] if "kind" in body else body.get("faults")  # one fault needs no list around it
        if not isinstance(entries, list):
            raise ValueError('the body is {"faults": [{"kind": ...}]} or one fault by itself')
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

    def product(request: Request, body: dict[str, Any]) -> Any:
        return product_view(world, record_edits.put_product(world, body), set())

    def stock(request: Request, body: dict[str, Any]) -> Any:
        return {"noteId": edits.move_stock(world, body)}

    def order_of(request: Request) -> Order:
        return world.orders.by_id[int(request.path_params["order"])]

    def edit_order(request: Request, body: dict[str, Any]) -> Any:
        edits.edit_order(world, order_of(request), body)
        return show_order(request, body)

    def drop_order(request: Request, body: dict[str, Any]) -> Any:
        world.orders.forget(order_of(request))
        return {"dropped": int(request.path_params["order"])}

    def new_row(request: Request, body: dict[str, Any]) -> Any:
        return {"rowId": edits.add_row(world, order_of(request), body).id}

    def edit_row(request: Request, body: dict[str, Any]) -> Any:
        order = order_of(request)
        edits.edit_row(world, order, order.rows[int(request.path_params["row"])], body)
        return show_order(request, body)

    def drop_row(request: Request, body: dict[str, Any]) -> Any:
        order = order_of(request)
        edits.drop_row(world, order, order.rows[int(request.path_params["row"])])
        return show_order(request, body)

    def cancel_order(request: Request, body: dict[str, Any]) -> Any:
        edits.cancel_order(world, order_of(request))
        return show_order(request, body)

    def change(request: Request, body: dict[str, Any]) -> Any:
        return {"changed": edits.change(world, body)}

    def drop_product(request: Request, body: dict[str, Any]) -> Any:
        record_edits.delete_product(world, world.products[int(request.path_params["product"])])
        return {"dropped": int(request.path_params["product"])}

    def contact_of(request: Request) -> Contact:
        return world.contacts[int(request.path_params["contact"])]

    def edit_contact(request: Request, body: dict[str, Any]) -> Any:
        record_edits.edit_contact(world, contact_of(request), body)
        return contact_view(world, contact_of(request), {"postalAddresses"})

    def forget_contact(request: Request, body: dict[str, Any]) -> Any:
        forget(world, contact_of(request), bool(body.get("touch", True)))
        return contact_view(world, contact_of(request), set())

    def drop_contact(request: Request, body: dict[str, Any]) -> Any:
        record_edits.delete_contact(world, contact_of(request))
        return {"dropped": int(request.path_params["contact"])}

    def deliveries(request: Request, body: dict[str, Any]) -> Any:
        return {"deliveries": list(world.webhooks.deliveries)}

    return [
        Route("/sandbox/health", guarded(health), methods=["GET"]),
        Route("/sandbox/requests", guarded(show_requests), methods=["GET"]),
        Route("/sandbox/books", guarded(show_books), methods=["GET"]),
        Route("/sandbox/reset", guarded(reset), methods=["POST"]),
        Route("/sandbox/faults", guarded(add_faults), methods=["POST"]),
        Route("/sandbox/faults", guarded(show_faults), methods=["GET"]),
        Route("/sandbox/faults", guarded(clear_faults), methods=["DELETE"]),
        Route("/sandbox/clock", guarded(clock), methods=["POST"]),
        Route("/sandbox/switches", guarded(switches), methods=["POST"]),
        Route("/sandbox/orders/{order:int}", guarded(show_order), methods=["GET"]),
        Route("/sandbox/orders/{order:int}", guarded(edit_order), methods=["POST"]),
        Route("/sandbox/orders/{order:int}", guarded(drop_order), methods=["DELETE"]),
        Route("/sandbox/orders/{order:int}/cancel", guarded(cancel_order), methods=["POST"]),
        Route("/sandbox/orders/{order:int}/rows", guarded(new_row), methods=["POST"]),
        Route("/sandbox/orders/{order:int}/rows/{row:int}", guarded(edit_row), methods=["POST"]),
        Route("/sandbox/orders/{order:int}/rows/{row:int}", guarded(drop_row), methods=["DELETE"]),
        Route("/sandbox/products", guarded(product), methods=["POST"]),
        Route("/sandbox/products/{product:int}", guarded(drop_product), methods=["DELETE"]),
        Route("/sandbox/contacts/{contact:int}", guarded(edit_contact), methods=["POST"]),
        Route("/sandbox/contacts/{contact:int}", guarded(drop_contact), methods=["DELETE"]),
        Route("/sandbox/contacts/{contact:int}/forget", guarded(forget_contact), methods=["POST"]),
        Route("/sandbox/changes", guarded(change), methods=["POST"]),
        Route("/sandbox/stock", guarded(stock), methods=["POST"]),
        Route("/sandbox/deliveries", guarded(deliveries), methods=["GET"]),
    ]
