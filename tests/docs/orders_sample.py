"""The ERP's side of the sample books, behind ``docs/analysts.md``: a web shop, purchases, stock and its history.

Read: ``tests/builders.py``. Written: the ERP's tables of the sample's books, and the forecasting tables made of them by
the product's own SQL. The orders of the tills are those that were read back.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from bp_assets.forecasting import places, statuses, stock, supply
from bp_assets.forecasting.demand import COMPUTED, compute_all
from bp_assets.lake.forecasting_tables import MACROS
from tests.builders import FREE_TEXT, NOW, PRODUCTS, Books

WEB, CENTRAL, LEEDS = 21, 9, 2
NEW, CANCELLED, NEW_PURCHASE, CANCELLED_PURCHASE = 2, 5, 6, 15
POTTERS = 501


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def with_orders(books: Books) -> None:
    """Add all of it to books that already hold the tills' receipts."""
    _lists(books)
    _till_orders(books)
    for order_id, day, sku, quantity, net, listed in (
        (9001, 16, "MUG", 3, "30.00", "10.00"),
        (9002, 17, "MUG", 2, "16.00", "10.00"),
        (9003, 18, "TEA", 4, "20.00", "5.00"),
        (9004, 19, "MUG", 1, "10.00", "10.00"),
        (9005, 19, "COAT", 1, "50.00", "50.00"),
    ):
        _order(books, order_id, "SO", at(day), sku, quantity, net, listed=listed)
    _order(books, 9006, "SC", at(20, 9), "MUG", 1, "10.00", parent=9001)
    _order(books, 9007, "SO", at(19), "COAT", 5, "250.00", status=CANCELLED)
    _order(books, 8001, "PO", at(2), "MUG", 100, "400.00", status=NEW_PURCHASE, stock_status="POA", due=at(12))
    _order(books, 8002, "PO", at(9), "MUG", 60, "240.00", status=NEW_PURCHASE, stock_status="POP", due=at(23))
    _order(books, 8003, "PO", at(16), "TEA", 50, "100.00", status=NEW_PURCHASE, stock_status="PON", due=at(27))
    _order(books, 8004, "PO", at(16), "COAT", 9, "180.00", status=CANCELLED_PURCHASE, stock_status="PON", due=at(27))
    for note, order_id, quantity, day in ((701, 8001, 100, 10), (702, 8002, 40, 16)):
        books.put("goods_ins", goods_note_id=note, order_id=order_id, goods_movement_count=1, received_on=at(day),
                  goods_note_status="CLOSED", transfer=False, as_of=NOW)  # fmt: skip
        books.put("goods_in_movements", goods_note_id=note, position=1, product_id=PRODUCTS["MUG"],
                  purchase_order_row_id=order_id * 10, quantity=quantity, warehouse_id=CENTRAL, as_of=NOW)  # fmt: skip
    _stock(books)
    _forecasting(books)


def _lists(books: Books) -> None:
    for channel, name in ((11, "Leeds"), (12, "Auckland"), (WEB, "Web shop")):
        books.put("channels", channel_id=channel, name=name, as_of=NOW)
    for status, name, kind in (
        (NEW, "New web order", "SO"), (CANCELLED, "Cancelled SO", "SO"), (NEW_PURCHASE, "Placed with supplier", "PO"),
        (CANCELLED_PURCHASE, "Cancelled PO", "PO"),
    ):  # fmt: skip
        books.put("order_statuses", status_id=status, name=name, order_type=kind, as_of=NOW)
    books.put("suppliers", supplier_id=POTTERS, name="Potters Ltd", as_of=NOW)


def _till_orders(books: Books) -> None:
    """What was read back of the tills' receipts, as the extraction would hold it."""
    books.sql(
        f"insert into orders by name select order_id, document as order_type, parent_order_id, reference, "
        f"{NEW} as status_id, 'Invoiced' as status, placed_on, channel_id, warehouse_id, 'INC' as price_mode, "
        "currency, net as net_total, tax as tax_total, total, false as is_drop_ship, as_of from posted_orders"
    )
    books.sql(
        "insert into order_rows by name select order_row_id, order_id, sequence, product_id, name as product_name, "
        "sku as product_sku, quantity, net, tax, currency, tax_code, case when name = 'Offer' then '4009' end "
        "as nominal_code, false as bundle_parent, false as bundle_child, as_of from posted_order_rows"
    )


def _order(
    books: Books, order_id: int, kind: str, placed: datetime, sku: str, quantity: int, net: str, *, listed: str = "",
    status: int = NEW, stock_status: str = "SOA", due: datetime | None = None, parent: int | None = None,
) -> None:  # fmt: skip
    name = books.sql("select name from order_statuses where status_id = ?", status)[0][0]
    purchase = kind in ("PO", "PC")
    books.put(
        "orders", order_id=order_id, order_type=kind, parent_order_id=parent, status_id=status, status=name,
        stock_status=stock_status, placed_on=placed, delivery_date=due, channel_id=None if purchase else WEB,
        warehouse_id=CENTRAL, price_mode="EXC", currency="GBP", net_total=Decimal(net), tax_total=0, total=Decimal(net),
        is_drop_ship=False, supplier_contact_id=POTTERS if purchase else None, as_of=NOW,
    )  # fmt: skip
    books.put(
        "order_rows", order_row_id=order_id * 10, order_id=order_id, product_id=PRODUCTS.get(sku, FREE_TEXT),
        product_name=sku.title(), product_sku=sku, quantity=quantity, net=Decimal(net), tax=0, currency="GBP",
        list_price=Decimal(listed) if listed else None, bundle_parent=False, bundle_child=False, as_of=NOW,
    )  # fmt: skip


def _stock(books: Books) -> None:
    """Levels now, and their history since Monday: mugs ran out at Central on Wednesday, coats in Leeds on Thursday."""
    history = (
        ("MUG", CENTRAL, (at(16, 0), 7), (at(18, 6), 0), (at(18, 18), 40), (at(19, 13), 39)),
        ("TEA", CENTRAL, (at(16, 0), 30), (at(18, 13), 26)),
        ("COAT", CENTRAL, (at(16, 0), 4), (at(19, 13), 3)),
        ("MUG", LEEDS, (at(16, 0), 8), (at(16, 10), 6)),
        ("COAT", LEEDS, (at(16, 0), 2), (at(17, 11), 1), (at(19, 12), 0)),
    )
    for sku, warehouse, *changes in history:
        ends = [since for since, _ in changes[1:]] + [None]
        for (since, on_hand), until in zip(changes, ends, strict=True):
            books.put("availability_history", product_id=PRODUCTS[sku], warehouse_id=warehouse, from_instant=since,
                      to_instant=until, in_stock=on_hand, allocated=0, on_hand=on_hand, as_of=NOW)  # fmt: skip
    books.sql(
        "insert into stock_levels by name select product_id, warehouse_id, in_stock, allocated, on_hand, "
        "0 as in_transit, as_of from availability_history where to_instant is null"
    )


def _forecasting(books: Books) -> None:
    connection, shops = books.connection, books.shops
    for macro in MACROS:
        connection.execute(macro)
    told = {"as_of": NOW}
    zone = {"zone": places.account_zone(shops)}

    def fill(table: str, query: str, **parameters: object) -> None:
        connection.execute(f"insert into {table} by name {query}", told | parameters)

    fill("cancelled_statuses", statuses.CANCELLED, **statuses.parameters(shops))
    with places.lent(connection, shops):
        compute_all(connection, places.parameters(shops) | told | {"until": NOW})
    connection.execute(f"insert into demand_daily by name select * from {COMPUTED}")
    fill("stock_on_order", stock.STOCK_ON_ORDER)
    fill("stock_position", stock.STOCK_POSITION)
    fill("partial_fulfillments", stock.PARTIAL_FULFILLMENTS)
    fill("lead_times", supply.LEAD_TIMES)
    fill("sell_through", supply.SELL_THROUGH, **zone)
    fill("weeks_of_cover", supply.WEEKS_OF_COVER, today=date(2026, 11, 20))
