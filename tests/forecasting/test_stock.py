"""Where stock is and what is coming, what was cancelled, and the checks on both."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.config import loads
from bp_assets.forecasting import availability, statuses, stock, store
from bp_assets.lake.forecasting_tables import MACROS
from bp_assets.lake.frames import Change, Writer
from checks.cancelled_statuses import cancelled_statuses
from checks.context import CheckContext
from checks.stock_position import stock_position
from tests.builders import NOW, SHOPS_TOML, Books
from tests.forecasting.books import AUCKLAND, CENTRAL, COAT, LEEDS, MUG, TEA, at, order

PURCHASE = {"kind": "PO", "stock_status": "PON", "channel_id": None, "supplier_contact_id": 501}


@pytest.fixture
def books() -> Iterator[Books]:
    made = Books()
    for status, name, kind in (
        (2, "New", "SO"),
        (5, "Canceled SO", "SO"),
        (6, "Placed", "PO"),
        (15, "CANCELLED", "PO"),
    ):
        made.put("order_statuses", status_id=status, name=name, order_type=kind, as_of=NOW)
    yield made
    made.connection.close()


def filled(books: Books, table: str, query: str, **parameters: Any) -> Change:
    return store.replace(Writer(books.connection), table, query, {"as_of": NOW} | parameters)


def received(books: Books, note: int, order_id: int, row: int, quantity: int, **columns: Any) -> None:
    told = {"received_on": at(10), "transfer": False, "goods_note_status": "CLOSED", "as_of": NOW} | columns
    books.put("goods_ins", goods_note_id=note, order_id=order_id, goods_movement_count=1, **told)
    books.put("goods_in_movements", goods_note_id=note, position=1, product_id=MUG, purchase_order_row_id=row,
              quantity=quantity, warehouse_id=CENTRAL, as_of=NOW)  # fmt: skip


def test_statuses_that_are_called_cancelled_are_found_whatever_their_spelling(books: Books) -> None:
    order(books, 1, status_id=99, status="cancelled by phone")  # no longer in the account's list
    filled(books, "cancelled_statuses", statuses.CANCELLED, **statuses.parameters(books.shops))
    assert books.sql("select status_id, order_type from cancelled_statuses order by 1") == [
        (5, "SO"), (15, "PO"), (99, "SO"),
    ]  # fmt: skip
    assert cancelled_statuses(books.connection, CheckContext(books.shops, NOW)) == []


def test_statuses_named_in_the_shops_file_are_the_only_ones_of_their_side(books: Books) -> None:
    named = loads(SHOPS_TOML + '\n[forecasting]\ncancelled_sales_statuses = ["New", "Dead"]\n')
    filled(books, "cancelled_statuses", statuses.CANCELLED, **statuses.parameters(named))
    assert books.sql("select status_id from cancelled_statuses order by 1") == [(2,), (15,)]
    (finding,) = cancelled_statuses(books.connection, CheckContext(named, NOW))
    assert (finding.kind, finding.expected, finding.actual) == (
        "status_missing", "a status named 'Dead'", "Canceled SO, New",
    )  # fmt: skip


def test_an_account_without_a_cancelled_status_is_told_so_per_side(books: Books) -> None:
    books.sql("delete from order_statuses where status_id = 15")
    filled(books, "cancelled_statuses", statuses.CANCELLED, **statuses.parameters(books.shops))
    (finding,) = cancelled_statuses(books.connection, CheckContext(books.shops, NOW))
    assert (finding.kind, finding.place) == ("none_cancelled", "cancelled_purchase_statuses")


def test_the_views_of_sales_and_purchases_leave_out_what_was_cancelled_and_sign_credits(books: Books) -> None:
    filled(books, "cancelled_statuses", statuses.CANCELLED, **statuses.parameters(books.shops))
    order(books, 1, (MUG, 2, "10.00"))
    order(books, 2, (MUG, 1, "5.00"), kind="SC", parent_order_id=1)
    order(books, 3, (MUG, 9, "45.00"), status_id=5)
    order(books, 4, (MUG, 30, "60.00"), **PURCHASE)
    order(books, 5, (MUG, 10, "20.00"), kind="PC", channel_id=None)
    order(books, 6, (MUG, 70, "90.00"), **PURCHASE, status_id=15)
    signed = "select order_id, signed_quantity, signed_net from {} order by 1"
    assert books.sql(signed.format("sales")) == [(1, 2, 10), (2, -1, -5)]
    assert books.sql(signed.format("purchases")) == [(4, 30, 60), (5, -10, -20)]


def test_on_order_is_what_open_purchases_have_not_brought_yet(books: Books) -> None:
    filled(books, "cancelled_statuses", statuses.CANCELLED, **statuses.parameters(books.shops))
    books.sql("update products set stock_tracked = false where product_id = ?", COAT)
    order(books, 1, (MUG, 60, "60.00"), (COAT, 1, "9.00"), (1000, 1, "2.00"), **PURCHASE, delivery_date=at(27))
    order(books, 2, (MUG, 40, "40.00"), (TEA, 5, "5.00"), **PURCHASE | {"stock_status": "POP"}, delivery_date=at(23))
    received(books, 71, 2, 20, 25)
    received(books, 72, 2, 20, 5, goods_note_status="OPEN")
    received(books, 73, 2, 20, 10, goods_note_status="CANCELLED")
    order(books, 3, (MUG, 1000, "1.00"), **PURCHASE | {"stock_status": "POA"})
    order(books, 4, (MUG, 1000, "1.00"), **PURCHASE, is_drop_ship=True)
    order(books, 5, (MUG, 1000, "1.00"), **PURCHASE, status_id=15)
    order(books, 6, (MUG, 1000, "1.00"), stock_status="PON")  # no purchase
    order(books, 7, (TEA, 4, "1.00"), **PURCHASE | {"stock_status": "POP"}, warehouse_id=LEEDS)
    received(books, 74, 7, 70, 9)  # more came than was ordered
    filled(books, "stock_on_order", stock.STOCK_ON_ORDER)
    assert books.sql("select product_id, warehouse_id, quantity, orders, next_due from stock_on_order order by 1") == [
        (MUG, CENTRAL, 70, 2, at(23)), (TEA, CENTRAL, 5, 1, at(23)),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_on_order_of_random_purchases_is_that_of_plain_python(books: Books, seed: int) -> None:
    chance, expected = random.Random(seed), defaultdict[tuple[int, int], int](int)
    filled(books, "cancelled_statuses", statuses.CANCELLED, **statuses.parameters(books.shops))
    notes = iter(range(1, 1000))
    for number in range(1, 41):
        status, stock_status = chance.choice((6, 6, 15)), chance.choice(("PON", "POP", "POP", "POA"))
        drop_ship, warehouse = chance.random() < 0.2, chance.choice((LEEDS, CENTRAL))
        rows = [(chance.choice((MUG, TEA)), chance.randint(1, 20), "1.00") for _ in range(chance.randint(1, 3))]
        told = PURCHASE | {"stock_status": stock_status, "status_id": status, "is_drop_ship": drop_ship}
        order(books, number, *rows, **told, warehouse_id=warehouse)
        for position, (product, ordered, _) in enumerate(rows):
            came = 0
            for _ in range(0 if stock_status == "PON" else chance.randint(0, 3)):
                quantity, cancelled = chance.randint(1, 9), chance.random() < 0.2
                state = "CANCELLED" if cancelled else "CLOSED"
                received(books, next(notes), number, number * 10 + position, quantity, goods_note_status=state)
                came += 0 if cancelled else quantity
            if status != 15 and stock_status in ("PON", "POP") and not drop_ship:
                expected[product, warehouse] += max(0, ordered - came)
    filled(books, "stock_on_order", stock.STOCK_ON_ORDER)
    found = {row[:2]: row[2] for row in books.sql("select product_id, warehouse_id, quantity from stock_on_order")}
    assert found == {key: quantity for key, quantity in expected.items() if quantity}


def note(books: Books, number: int, quantity: int, *, row: int = 0, order_id: int = 0, shipped: bool = False,
         warehouse: int = CENTRAL, target: int | None = None) -> None:  # fmt: skip
    books.put("goods_outs", goods_out_id=number, order_id=order_id, warehouse_id=warehouse, shipped=shipped,
              transfer=target is not None, target_warehouse_id=target, shipped_on=at(19) if shipped else None,
              as_of=NOW)  # fmt: skip
    books.put("goods_out_order_rows", goods_out_id=number, order_row_id=row, position=1, product_id=MUG,
              quantity=quantity, location_id=1, as_of=NOW)  # fmt: skip


def test_a_stock_position_adds_up_to_the_four_figures_of_the_erp(books: Books) -> None:
    for warehouse, in_stock, allocated, in_transit in ((CENTRAL, 20, 9, 0), (LEEDS, 5, 0, 3)):
        books.put("stock_levels", product_id=MUG, warehouse_id=warehouse, in_stock=in_stock, allocated=allocated,
                  on_hand=in_stock - allocated, in_transit=in_transit, as_of=NOW)  # fmt: skip
    books.put("reservations", order_row_id=10, warehouse_id=CENTRAL, order_id=1, product_id=MUG, quantity=2, as_of=NOW)
    note(books, 1, 3, row=20, order_id=2)
    note(books, 2, 4, target=LEEDS)
    note(books, 3, 8, target=LEEDS, shipped=True)
    books.put("stock_on_order", product_id=MUG, warehouse_id=CENTRAL, quantity=50, orders=1, as_of=NOW)
    books.put("stock_on_order", product_id=TEA, warehouse_id=AUCKLAND, quantity=7, orders=1, as_of=NOW)
    for table in ("reservations", "goods_outs"):
        books.put("lake_marks", table_name=table, mark="{}", as_of=NOW, rows=1)
    filled(books, "stock_position", stock.STOCK_POSITION)
    columns = "product_id, warehouse_id, in_stock, allocated, on_hand, in_transit, reserved, outbound, on_order, "
    assert books.sql(f"select {columns} inbound_transfer, available from stock_position order by 1, 2") == [
        (MUG, LEEDS, 5, 0, 5, 3, 0, 0, 0, 7, 12),
        (MUG, CENTRAL, 20, 9, 11, 0, 2, 7, 50, 0, 61),
        (TEA, AUCKLAND, 0, 0, 0, 0, 0, 0, 7, 0, 7),
    ]
    assert stock_position(books.connection, CheckContext(books.shops, NOW)) == []
    books.sql("update stock_position set allocated = 8 where warehouse_id = ?", CENTRAL)
    found = stock_position(books.connection, CheckContext(books.shops, NOW))
    assert [(one.kind, one.expected, one.actual) for one in found] == [
        ("on_hand", "on hand 12", "on hand 11"), ("allocated", "allocated 9", "allocated 8"),
    ]  # fmt: skip


def test_partial_fulfilments_are_the_unshipped_notes_of_orders_fulfilled_in_part(books: Books) -> None:
    order(books, 1, (MUG, 9, "90.00"), stock_status="SOP")
    order(books, 2, (MUG, 9, "90.00"), stock_status="SOA")
    note(books, 1, 2, row=10, order_id=1)
    note(books, 2, 3, row=10, order_id=1)
    note(books, 3, 1, row=10, order_id=1, warehouse=LEEDS)
    note(books, 4, 1, row=10, order_id=1, shipped=True)
    note(books, 5, 9, row=20, order_id=2)
    filled(books, "partial_fulfillments", stock.PARTIAL_FULFILLMENTS)
    found = books.sql("select order_row_id, warehouse_id, order_id, product_id, quantity from partial_fulfillments")
    assert sorted(found) == [(10, LEEDS, 1, MUG, 1), (10, CENTRAL, 1, MUG, 5)]


def level(books: Books, product: int, on_hand: int, seen: int) -> None:
    books.sql("delete from stock_levels where product_id = ?", product)
    books.put("stock_levels", product_id=product, warehouse_id=CENTRAL, in_stock=on_hand, allocated=0, on_hand=on_hand,
              in_transit=0, as_of=at(20, seen))  # fmt: skip


def test_availability_keeps_changes_alone_and_answers_for_any_instant(books: Books) -> None:
    writer = Writer(books.connection)
    for macro in MACROS:
        books.connection.execute(macro)
    level(books, MUG, 5, 8)
    level(books, TEA, 3, 8)
    assert availability.note_changes(writer, at(20, 8)) == Change(2, 0)
    assert availability.note_changes(writer, at(20, 9)) == Change(0, 0)  # looked, and nothing had changed
    level(books, MUG, 0, 10)
    books.sql("delete from stock_levels where product_id = ?", TEA)
    assert availability.note_changes(writer, at(20, 11)) == Change(1, 0)
    history = "select product_id, from_instant, to_instant, on_hand from availability_history order by 1, 2"
    assert books.sql(history) == [
        (MUG, at(20, 8), at(20, 10), 5),
        (MUG, at(20, 10), None, 0),
        (TEA, at(20, 8), at(20, 11), 3),
    ]
    asked = "select product_id, on_hand from availability_at(?::timestamptz) order by 1"
    assert books.sql(asked, at(20, 7)) == []
    assert books.sql(asked, at(20, 10) - timedelta(seconds=1)) == [(MUG, 5), (TEA, 3)]
    assert books.sql(asked, at(20, 10)) == [(MUG, 0), (TEA, 3)]
    assert books.sql(asked, at(20, 12)) == [(MUG, 0)]


def test_a_table_computed_again_rewrites_only_the_rows_that_differ(books: Books) -> None:
    query = "select product_id, 9 as warehouse_id, {}::DECIMAL(18,4) as quantity, 1 as orders, null::timestamptz "
    query += "as next_due, $as_of as as_of from products where product_id <> 1004"
    assert filled(books, "stock_on_order", query.format("1")) == Change(3, 0)
    assert filled(books, "stock_on_order", query.format("1"), as_of=NOW + timedelta(hours=1)) == Change(0, 0)
    other = query.format("product_id - 1001").replace("<> 1004", "in (1002, 1003)")
    assert filled(books, "stock_on_order", other, as_of=NOW + timedelta(hours=2)) == Change(1, 2)
    assert books.sql("select product_id, quantity, as_of from stock_on_order order by 1") == [
        (TEA, Decimal(1), NOW), (COAT, Decimal(2), NOW + timedelta(hours=2)),
    ]  # fmt: skip
