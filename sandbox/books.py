"""The sandbox's own books: what really happened, taken from the records, for an auditor to hold against the lake.

Read: the world. Written: nothing. Amounts are decimal text in the order's currency, credits positive as in the ERP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp.amounts import plain
from sandbox.erp.order_model import Order

if TYPE_CHECKING:
    from sandbox.world import World


def order_entry(order: Order) -> dict[str, Any]:
    """``rows`` is a count; ``shipped``: all stock-tracked units have left (a sale) or come back (a credit)."""
    taxes: dict[str, int] = {}
    for row in order.rows.values():
        taxes[row.tax_code] = taxes.get(row.tax_code, 0) + row.tax
    moved = order.shipped if order.type == "SO" else order.fulfilled
    return {
        "externalRef": order.external_ref or None,
        "orderId": order.id,
        "type": order.type,
        "channelId": order.channel_id,
        "warehouseId": order.warehouse_id,
        "parentId": order.parent_id or None,
        "net": plain(order.net, 2),
        "tax": plain(order.tax, 2),
        "total": plain(order.total, 2),
        "taxByCode": {code: plain(tax, 2) for code, tax in sorted(taxes.items())},
        "paid": plain(order.paid, 2),
        "rows": len(order.rows),
        "shipped": bool(order.tracked) and moved >= order.tracked,
        "invoiced": order.invoiced,
    }


def books(world: World, history: bool = True, opening: bool = True) -> dict[str, Any]:
    """``history`` and ``opening`` leave out what was there before the first request, for big worlds."""
    stock = world.stock
    moves = stock.all_movements() if opening else iter(stock.movements)
    return {
        "orders": [order_entry(order) for order in world.orders.by_id.values() if history or not order.past],
        "stockMoves": [
            {
                "productId": move.product_id,
                "warehouseId": move.warehouse_id,
                "locationId": move.location_id,
                "quantity": move.quantity,
                "reason": move.reason,
                "detail": move.detail or None,
                "orderId": move.order_id or None,
            }
            for move in moves
        ],
        "payments": [
            {
                "orderId": payment.order_id,
                "type": payment.type,
                "method": payment.method,
                "amount": plain(payment.paid, 2),
                "transactionRef": payment.ref or None,
            }
            for payment in world.payments.values()
        ],
        "requests": dict(sorted(world.requests.items())),
        "messages": dict(sorted(world.messages.items())),
        "refused": world.throttle.refused,
    }
