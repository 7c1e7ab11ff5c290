"""contracts on the ERP's whole account: every row is held, the first rows that break a rule are named by their keys."""

from __future__ import annotations

import time

import pytest

from bp_assets.lake.tables import TABLES
from checks.context import CheckContext
from checks.contracts import contracts
from checks.whole_tables import is_whole
from tests.builders import Books

ORDERS, ROWS = 243_000, 561_000


@pytest.fixture(scope="module")
def account() -> Books:
    """An account of the size the numbers are stated for. Each test leaves it as it was."""
    books = Books()
    books.sql(
        f"""insert into orders by name
        select i as order_id, 'SO' as order_type, 4 as status_id, 'Invoiced' as status, 'PAID' as payment_status,
            'SOA' as stock_status, 'AAA' as allocation_status, 'ASS' as shipping_status, 'GBP' as currency,
            10 as net_total, 2 as tax_total, 12 as total, false as is_drop_ship, now() as as_of
        from range({ORDERS}) t(i)"""
    )
    books.sql(
        f"""insert into order_rows by name
        select i as order_row_id, i % {ORDERS} as order_id, 1000 + i % 57000 as product_id, 'Mug' as product_name,
            1 as quantity, 10 as net, 2 as tax, 'GBP' as currency, false as bundle_parent, false as bundle_child,
            now() as as_of
        from range({ROWS}) t(i)"""
    )
    return books


def broken(books: Books, context: CheckContext, *tables: str) -> list[tuple[str, str, str]]:
    return [(item.kind, item.place, item.actual) for item in contracts(books.connection, context, tables)]


def test_a_sound_account_breaks_nothing_although_its_products_are_gone_and_is_judged_quickly(
    account: Books, context: CheckContext
) -> None:
    started = time.monotonic()
    assert broken(account, context, "orders", "order_rows") == []
    assert time.monotonic() - started < 3
    assert account.sql("select count(*) from products where product_id = 1000") == [(0,)]


@pytest.mark.parametrize(
    ("defect", "expected"),
    [
        ("update order_rows set order_id = 999999 where order_row_id in (5, 17, 23, 99)",
         ("reference", "order_rows.order_id", "4 of 561000 rows not: order_row_id 5, 17, 23")),
        ("update order_rows set product_name = null where order_row_id = 560999",
         ("empty", "order_rows.product_name", "1 of 561000 rows not: order_row_id 560999")),
        ("update order_rows set currency = 'pounds' where order_row_id = 9",
         ("value", "order_rows.currency", "1 of 561000 rows not: order_row_id 9")),
        ("update order_rows set order_row_id = 8 where order_row_id = 7",
         ("duplicate_key", "order_rows.order_row_id", "2 of 561000 rows not: order_row_id 8")),
    ],
)  # fmt: skip
def test_each_breach_is_found_wherever_it_is_and_names_its_rows(
    account: Books, context: CheckContext, defect: str, expected: tuple[str, str, str]
) -> None:
    account.sql("begin")
    try:
        account.sql(defect)
        assert broken(account, context, "order_rows") == [expected]
    finally:
        account.sql("rollback")


def test_amounts_and_allowed_values_are_held(books: Books, context: CheckContext) -> None:
    books.put("orders", order_id=3, order_type="XX", status_id=4, status="New", stock_status="POR", currency="GBP",
              net_total=10, tax_total=2, total=11, is_drop_ship=False, as_of="2026-11-20")  # fmt: skip
    assert broken(books, context, "orders") == [
        ("value", "orders.order_type", "1 of 1 rows not: order_id 3"),
        ("value", "orders.stock_status", "1 of 1 rows not: order_id 3"),
        ("sum", "orders.net_total + tax_total = total", "1 of 1 rows not: order_id 3"),
    ]


def test_a_row_with_a_key_of_several_columns_is_named_by_all_of_them(books: Books, context: CheckContext) -> None:
    for _ in range(2):
        books.put("goods_out_events", goods_out_id=7, position=1, event_code="SHW", occurred_on="2026-11-20",
                  as_of="2026-11-20")  # fmt: skip
    assert broken(books, context, "goods_out_events") == [
        ("reference", "goods_out_events.goods_out_id",
         "2 of 2 rows not: (goods_out_id, position) (7, 1), (7, 1)"),
        ("duplicate_key", "goods_out_events.goods_out_id+position",
         "2 of 2 rows not: (goods_out_id, position) (7, 1)"),
    ]  # fmt: skip


def test_a_finding_shows_nothing_of_a_person_but_the_key(books: Books, context: CheckContext) -> None:
    books.sql("alter table personal.contacts alter is_staff type varchar")
    books.put("personal.contacts", contact_id=7, email="jo.doe@example.com", first_name="Jo")
    found = contracts(books.connection, context, ["contacts"])
    assert [(item.kind, item.place) for item in found] == [
        ("columns", "contacts.is_staff"),
        ("empty", "contacts.as_of"),
    ]
    assert "jo.doe" not in repr(found)
    assert found[1].message.startswith("contacts.as_of: expected a value in every row; 1 of 1 rows break that, first "
                                       "contact_id 7.")  # fmt: skip


def test_the_tables_of_the_account_are_held_row_by_row_and_those_of_the_tills_by_their_newest_rows() -> None:
    whole = {table.name for table in TABLES if is_whole(table)}
    assert {"orders", "goods_outs", "contacts", "demand_daily", "brands", "table_dictionary"} <= whole
    assert {"pos_transactions", "posted_orders", "products", "stock_levels", "findings"} - whole == {
        "pos_transactions", "posted_orders", "products", "stock_levels",
    }  # fmt: skip
