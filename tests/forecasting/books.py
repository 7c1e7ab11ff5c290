"""Books with the ERP's side of them, and the demand that the product's own SQL makes of both."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bp_assets.forecasting import places
from bp_assets.forecasting.demand import COMPUTED, compute_all
from tests.builders import NOW, PRODUCTS, Books

MUG, TEA, COAT = PRODUCTS["MUG"], PRODUCTS["TEA"], PRODUCTS["COAT"]
LEEDS, AUCKLAND, CENTRAL, WEB = 2, 3, 9, 21


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def extracted(books: Books) -> None:
    """The orders of all receipts that were read back, as the extraction would hold them."""
    books.sql("delete from orders where order_id in (select order_id from posted_orders)")
    books.sql("delete from order_rows where order_id in (select order_id from posted_orders)")
    books.sql(
        "insert into orders by name select order_id, document as order_type, parent_order_id, reference, "
        "2 as status_id, placed_on, channel_id, warehouse_id, 'INC' as price_mode, currency, false as is_drop_ship, "
        "as_of from posted_orders"
    )
    books.sql(
        "insert into order_rows by name select order_row_id, order_id, product_id, name as product_name, quantity, "
        "net, tax, currency, false as bundle_child, as_of from posted_order_rows"
    )


def order(books: Books, order_id: int, *rows: tuple[int, int, str], kind: str = "SO", **columns: Any) -> None:
    """An order of the ERP: rows of product, quantity, net."""
    told = {
        "order_type": kind, "status_id": 2, "status": "New", "placed_on": at(20), "channel_id": WEB,
        "warehouse_id": CENTRAL, "price_mode": "EXC", "currency": "GBP", "is_drop_ship": False, "as_of": NOW,
    } | columns  # fmt: skip
    books.put("orders", order_id=order_id, **told)
    for number, (product, quantity, net) in enumerate(rows):
        books.put(
            "order_rows", order_row_id=order_id * 10 + number, order_id=order_id, product_id=product, product_name="",
            quantity=quantity, net=Decimal(net), tax=0, currency="GBP", bundle_child=False, as_of=NOW,
        )  # fmt: skip


def available(books: Books, product: int, warehouse: int, *changes: tuple[datetime, int]) -> None:
    """What was on hand from which instant on."""
    ends = [since for since, _ in changes[1:]] + [None]
    for (since, on_hand), until in zip(changes, ends, strict=True):
        books.put("availability_history", product_id=product, warehouse_id=warehouse, from_instant=since,
                  to_instant=until, in_stock=on_hand, allocated=0, on_hand=on_hand, as_of=NOW)  # fmt: skip


def demand(books: Books, columns: str, where: str = "true", until: datetime = NOW) -> list[tuple[Any, ...]]:
    """Columns of ``demand_daily`` as it would be computed now, in the order of its key."""
    with places.lent(books.connection, books.shops):
        told = places.parameters(books.shops) | {"until": until, "as_of": NOW}
        compute_all(books.connection, told)
    return books.sql(f"select {columns} from {COMPUTED} where {where} order by day, product_id, warehouse_id, in_erp")
