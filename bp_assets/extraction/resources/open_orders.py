"""What only an order by itself can be asked: how far it is fulfilled, what is reserved. Open sales orders only. Pure.

Read: fulfilment-status and reservation GET, one order a request. Written: ``order_fulfillments``,
``order_fulfillment_locations``, ``reservations``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, entries, exact, items, may, need, quantity, whole
from bp_assets.extraction.resource import Chosen, Context, Decoded, Get, Resource, Rows, Unclear

ZERO = Decimal(0)
PROGRESS = Fields(
    need("quantity", quantity, "quantity"),
    may("fulfilled", quantity, "fulfilled", default=ZERO),
    may("shipped", quantity, "shipped", default=ZERO),
    given=("order_row_id", "order_id"),
)
LOCATION = ("order_row_id", "location_id", "order_id", "quantity", "fulfilled", "shipped")
WAREHOUSE = Fields(need("warehouse_id", whole, "warehouseId"))
RESERVED = Fields(
    need("product_id", whole, "productId"),
    need("quantity", exact, "quantity"),
    given=("order_row_id", "warehouse_id", "order_id"),
)

# An order of which nothing is fulfilled, or all shipped, says so by its status: only those in between are asked. The
# rows of the others change with the orders, so these statements run after orders were written, too: for those orders.
PARTLY = """
select order_id as id, as_of as touched_on from orders
where stock_status = 'SOP' or (stock_status = 'SOA' and shipping_status in ('SNS', 'SPS'))
"""
_TOUCHED = "(select object_id from temp.main.changed union all select object_id from temp.main.gone)"
_LEFT = f"order_id in {_TOUCHED} and order_id not in (select id from ({PARTLY}))"
KNOWN_BY_STATUS = (
    f"delete from order_fulfillments where {_LEFT}",
    f"delete from order_fulfillment_locations where {_LEFT}",
    f"""
insert into order_fulfillments (order_row_id, order_id, quantity, fulfilled, shipped, as_of)
select order_row_id, order_id, quantity, 0, 0, as_of from order_rows
where order_id in {_TOUCHED} and order_id in (select order_id from orders where stock_status = 'SON')
""",
)
ALLOCATED = """
select order_id as id, as_of as touched_on from orders
where order_type = 'SO' and allocation_status in ('APA', 'AAA') and coalesce(shipping_status, '') <> 'ASS'
"""


def decode_fulfilment(order_id: int, raw: Any, context: Context) -> Decoded:
    rows, places = [], []
    for row_id, one in entries({"rows": raw}, "rows"):
        progress = PROGRESS.of(one, row_id, order_id)
        rows.append(progress)
        for place, held in entries(one, "fulfilmentLocations"):
            places.append((row_id, place, order_id, _units(held), *progress[3:]))
    return {"order_fulfillments": rows, "order_fulfillment_locations": places}


def _units(value: Any) -> Decimal:
    try:
        return exact(value)
    except (ValueError, TypeError, ArithmeticError) as why:
        raise Unclear(f"fulfilmentLocations: {why}") from None


def decode_reservation(order_id: int, raw: Any, context: Context) -> Decoded:
    """One record an order, as a list; a row reserved twice in one warehouse adds up."""
    found: dict[tuple[int, int], tuple[Any, ...]] = {}
    for row in _reserved(order_id, raw):
        held = found.get(row[:2])
        found[row[:2]] = row if held is None else (*held[:-1], held[-1] + row[-1])
    return {"reservations": list(found.values())}


def _reserved(order_id: int, raw: Any) -> Iterator[tuple[Any, ...]]:
    for one in items({"records": raw}, "records"):
        (warehouse,) = WAREHOUSE.of(one)
        for row_id, held in entries(one, "orderRows"):
            yield RESERVED.of(held, row_id, warehouse, order_id)


RESOURCES = (
    Resource(
        name="order_fulfillments",
        title="How far open orders are fulfilled",
        tables={
            "order_fulfillments": Rows("order_id", PROGRESS.names),
            "order_fulfillment_locations": Rows("order_id", LOCATION),
        },
        listing=Chosen(PARTLY),
        get=Get("/warehouse-service/order/{ids}/fulfilment-status", splits.answered, limit=1),
        decode=decode_fulfilment,
        absent_is_gone=False,
        rotate=timedelta(hours=24),
        afterwards=KNOWN_BY_STATUS,
        after=("orders",),
        traps="One request an order, so only open sales orders stand here, and of them only those are asked of which "
        "something is fulfilled and not all is shipped: the rows of an order of which nothing is (SON, quotes and "
        "cancelled ones too) are taken from the order. An order that is done leaves the table; what it shipped stands "
        "in `goods_out_order_rows`. An order is asked again when it changed, and within a day. Rows of products that "
        "are not stock-tracked never become fulfilled. Locations are told only where location management is on; their "
        "figure is what is fulfilled from there.",
    ),
    Resource(
        name="reservations",
        title="Reservations of open orders",
        tables={"reservations": Rows("order_id", RESERVED.names)},
        listing=Chosen(ALLOCATED),
        get=Get("/warehouse-service/order/{ids}/reservation", splits.answered, limit=1),
        decode=decode_reservation,
        absent_is_gone=False,
        rotate=timedelta(hours=24),
        after=("orders",),
        traps="One request an order, so only orders that say they hold stock: allocation APA or AAA and not all "
        "shipped (a shipped order goes on saying AAA). What stands on a goods-out note is no reservation any more. "
        "Reservations raise no event: an order is asked again when it changed, and within a day.",
    ),
)
