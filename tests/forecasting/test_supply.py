"""Lead times, sell-through and weeks of cover, from orders, arrivals and demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.forecasting import store, supply
from bp_assets.lake.frames import Writer
from tests.builders import NOW, Books
from tests.forecasting.books import CENTRAL, LEEDS, MUG, TEA, at, order

POTTERS = 501


@pytest.fixture
def books() -> Iterator[Books]:
    made = Books()
    yield made
    made.connection.close()


def filled(books: Books, table: str, query: str, **parameters: Any) -> None:
    store.replace(Writer(books.connection), table, query, {"as_of": NOW} | parameters)


def purchase(books: Books, order_id: int, placed: int, **columns: Any) -> None:
    told = {"channel_id": None, "supplier_contact_id": POTTERS, "stock_status": "POA"} | columns
    order(books, order_id, (MUG, 10, "20.00"), kind="PO", placed_on=at(placed), **told)


def arrival(books: Books, number: int, order_id: int, day: int, quantity: int = 5, **columns: Any) -> None:
    told = {"transfer": False, "goods_note_status": "CLOSED", "received_on": at(day), "as_of": NOW} | columns
    books.put("goods_ins", goods_note_id=number, order_id=order_id, goods_movement_count=1, **told)
    books.put("goods_in_movements", goods_note_id=number, position=1, product_id=MUG, quantity=quantity,
              purchase_order_row_id=order_id * 10, warehouse_id=CENTRAL, as_of=NOW)  # fmt: skip


def sold(books: Books, day: date, units: int, *, back: int = 0, missing: str = "0", product: int = MUG) -> None:
    books.put(
        "demand_daily", product_id=product, warehouse_id=CENTRAL, channel_id=21, day=day, sales_channel_kind="web",
        currency="GBP", in_erp=True, units_sold=units, units_returned_on_return_day=back, units_returned_of_this_day=0,
        net_value=0, net_returned=0, promo=False, out_of_stock_share=Decimal(missing), as_of=NOW,
    )  # fmt: skip


def test_a_lead_time_is_measured_from_the_order_to_every_arrival(books: Books) -> None:
    books.put("cancelled_statuses", status_id=15, name="Cancelled PO", order_type="PO", as_of=NOW)
    for order_id, placed, columns in (
        (1, 1, {}), (2, 2, {}), (3, 1, {"status_id": 15}), (4, 1, {"is_drop_ship": True}), (5, 12, {}),
    ):  # fmt: skip
        purchase(books, order_id, placed, **columns)
    for number, (order_id, day) in enumerate(((1, 5), (1, 9), (2, 12), (3, 2), (4, 2), (5, 11)), 70):
        arrival(books, number, order_id, day)
    arrival(books, 90, 1, 19, goods_note_status="CANCELLED")
    filled(books, "lead_times", supply.LEAD_TIMES)
    columns = "supplier_id, product_id, orders, arrivals, days_mean, days_p50, days_p90, days_spread, last_received_on"
    assert books.sql(f"select {columns} from lead_times") == [
        (POTTERS, MUG, 2, 3, Decimal("7.33"), 8, 10, Decimal("3.06"), at(12)),
    ]


def test_sell_through_sets_what_was_sold_against_what_came_in_by_month(books: Books) -> None:
    purchase(books, 1, 1)
    arrival(books, 70, 1, 5, quantity=40)
    books.put("goods_outs", goods_out_id=1, order_id=0, warehouse_id=LEEDS, target_warehouse_id=CENTRAL, transfer=True,
              shipped=True, shipped_on=at(6), as_of=NOW)  # fmt: skip
    books.put("goods_out_order_rows", goods_out_id=1, order_row_id=0, position=1, product_id=MUG, quantity=10,
              location_id=1, as_of=NOW)  # fmt: skip
    sold(books, date(2026, 10, 31), 5)
    sold(books, date(2026, 11, 7), 12, back=2)
    filled(books, "sell_through", supply.SELL_THROUGH, zone="Europe/London")
    columns = "month, received, sold, share, received_to_date, sold_to_date"
    assert books.sql(f"select {columns} from sell_through order by 1") == [
        (date(2026, 10, 1), 0, 5, None, 0, 5),
        (date(2026, 11, 1), 50, 10, Decimal("0.2"), 50, 15),
    ]


def test_weeks_of_cover_do_not_count_the_time_without_stock(books: Books) -> None:
    for product, on_hand in ((MUG, 30), (TEA, 4)):
        books.put("stock_position", product_id=product, warehouse_id=CENTRAL, on_hand=on_hand, as_of=NOW)
    sold(books, date(2026, 7, 1), 900)  # long ago
    sold(books, date(2026, 11, 2), 10, back=2)
    sold(books, date(2026, 11, 3), 0, missing="1")
    sold(books, date(2026, 11, 4), 18, missing="0.5")
    sold(books, date(2026, 11, 20), 500)  # today is not over
    filled(books, "weeks_of_cover", supply.WEEKS_OF_COVER, today=date(2026, 11, 20))
    columns = "product_id, on_hand, days_on_sale, weekly_demand, weeks"
    # 26 units in 91 days less 1.5 without stock
    assert books.sql(f"select {columns} from weeks_of_cover order by 1") == [
        (MUG, 30, Decimal("89.50"), Decimal("2.0335"), Decimal("14.75")),
        (TEA, 4, 0, 0, None),
    ]


def test_a_product_sold_for_two_weeks_is_paced_by_these_two_weeks(books: Books) -> None:
    books.put("stock_position", product_id=MUG, warehouse_id=CENTRAL, on_hand=20, as_of=NOW)
    sold(books, date(2026, 11, 6), 20)
    filled(books, "weeks_of_cover", supply.WEEKS_OF_COVER, today=date(2026, 11, 20))
    assert books.sql("select days_on_sale, weekly_demand, weeks from weeks_of_cover") == [(14, 10, 2)]
