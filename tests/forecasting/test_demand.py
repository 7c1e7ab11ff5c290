"""What counts as demand, on which day, once: orders, receipts, returns, exchanges, promotions, days without stock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.builders import NOW, Books
from tests.forecasting.books import (
    AUCKLAND,
    CENTRAL,
    COAT,
    LEEDS,
    MUG,
    TEA,
    WEB,
    at,
    available,
    demand,
    extracted,
    order,
)

FRIDAY = date(2026, 11, 20)
SOLD = "product_id, warehouse_id, channel_id, day, sales_channel_kind, in_erp, units_sold, net_value"
RETURNED = "day, units_sold, units_returned_on_return_day, units_returned_of_this_day, net_value, net_returned"


@pytest.fixture
def books() -> Iterator[Books]:
    made = Books()
    yield made
    made.connection.close()


def test_a_web_order_counts_on_the_day_of_its_warehouse_and_a_cancelled_one_not_at_all(books: Books) -> None:
    order(books, 1, (MUG, 2, "20.00"), (1000, 1, "4.00"), placed_on=at(19, 23, 30))
    order(books, 2, (MUG, 7, "70.00"), warehouse_id=AUCKLAND, placed_on=at(19, 23, 30))
    order(books, 3, (MUG, 9, "90.00"), status_id=5)
    books.put("cancelled_statuses", status_id=5, name="Cancelled SO", order_type="SO", as_of=NOW)
    assert demand(books, SOLD) == [
        (MUG, CENTRAL, WEB, date(2026, 11, 19), "web", True, 2, Decimal("20.00")),
        (MUG, AUCKLAND, WEB, FRIDAY, "web", True, 7, Decimal("70.00")),
    ]


def test_a_till_sale_counts_before_the_erp_has_it_and_once_when_it_has(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\n1 NOVELTY 3.00 20%\ncard 15.00")
    till = (MUG, LEEDS, 11, FRIDAY, "till")
    assert demand(books, SOLD) == [(*till, False, 2, Decimal("10.00"))]
    books.post("1001", state="posted")
    assert demand(books, SOLD) == [(*till, True, 2, Decimal("10.00"))]  # read back, its order not extracted yet
    extracted(books)
    assert demand(books, SOLD) == [(*till, True, 2, Decimal("10.00"))]
    books.sql("delete from posted_orders")  # extracted before it was read back: known by number, shop and second
    assert demand(books, SOLD) == [(*till, True, 2, Decimal("10.00"))]


def test_receipts_that_are_excluded_or_not_understood_are_no_demand(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 6.00 20%\ncard 6.00", state="excluded")
    books.receipt("leeds 1002 2026-11-20\n1 MUG 6.00 20%\ncard 6.00", state="quarantined")
    books.receipt("leeds 1003 2026-11-20\n1 MUG 6.00 20%\ncard 6.00", state="rejected")
    assert demand(books, "units_sold, in_erp") == [(1, False)]


def test_a_sku_that_two_products_share_is_not_guessed_at(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 6.00 20%\n1 TEA 5.25 5%\ncard 11.25")
    books.put("products", product_id=2001, sku="MUG", name="Mug", status="LIVE", as_of=NOW)
    assert demand(books, "product_id, units_sold") == [(TEA, 1)]


def test_an_online_order_of_a_till_system_is_web(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 6.00 20%\ncard 6.00", channel="online")
    assert demand(books, "sales_channel_kind, channel_id, warehouse_id") == [("web", 11, LEEDS)]


def test_a_day_summed_up_counts_by_its_receipts_and_its_summary_order_counts_for_nothing(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00", posted_as="summary", summary_id="day-1")
    books.receipt("leeds 1002 2026-11-20\n1 MUG 6.00 20%\ncard 6.00", posted_as="summary", summary_id="day-1")
    assert demand(books, "units_sold, in_erp") == [(3, False)]
    order(books, 1, (1000, 1, "15.00"), channel_id=11, warehouse_id=LEEDS)
    books.put("posted_orders", order_id=1, document="SO", sale_id="day-1", currency="GBP", as_of=NOW)
    assert demand(books, "units_sold, in_erp, net_value") == [(3, True, Decimal("15.00"))]


def test_a_return_counts_on_its_own_day_and_on_the_day_of_its_sale(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-16\n3 MUG 18.00 20%\ncard 18.00")
    books.post("1001")
    extracted(books)
    order(books, 50, (MUG, 2, "10.00"), kind="SC", channel_id=11, warehouse_id=LEEDS, parent_order_id=1)
    books.receipt("auckland 2001 2026-11-20\n-1 MUG -6.00 20% of 1001\ncash -6.00")
    assert demand(books, f"warehouse_id, in_erp, {RETURNED}") == [
        (LEEDS, False, date(2026, 11, 16), 0, 0, 1, 0, 0),
        (LEEDS, True, date(2026, 11, 16), 3, 0, 2, Decimal("15.00"), 0),
        (LEEDS, True, FRIDAY, 0, 2, 0, Decimal("-10.00"), Decimal("10.00")),
        (AUCKLAND, False, FRIDAY, 0, 1, 0, Decimal("-5.00"), Decimal("5.00")),
    ]


def test_a_return_whose_sale_nobody_knows_counts_on_its_own_day_alone(books: Books) -> None:
    order(books, 1, (MUG, 2, "10.00"), kind="SC")
    books.receipt("leeds 1001 2026-11-20\n-1 MUG -6.00 20%\ncash -6.00")
    assert demand(books, "units_returned_on_return_day, units_returned_of_this_day") == [(1, 0), (2, 0)]


@pytest.mark.parametrize("posted", [False, True])
def test_an_exchange_is_netted_once(books: Books, posted: bool) -> None:
    books.receipt("leeds 1001 2026-11-16\n4 MUG 24.00 20%\ncard 24.00")
    books.post("1001")
    # Two mugs back, one whole mug and a coat out: of the mugs one was returned, none was sold.
    books.receipt("leeds 1002 2026-11-20\n-2 MUG -12.00 20% of 1001\n1 MUG 6.00 20%\n1 COAT 60.00 20%\ncard 54.00")
    if posted:
        books.post("1002")
        books.sql("update posted_orders set parent_order_id = 1 where document = 'SC'")
    extracted(books)
    assert demand(books, f"product_id, {RETURNED}", "day = '2026-11-20' or units_returned_of_this_day > 0") == [
        *([] if posted else [(MUG, date(2026, 11, 16), 0, 0, 1, 0, 0)]),
        *([(MUG, date(2026, 11, 16), 4, 0, 1, Decimal("20.00"), 0)] if posted else []),
        (MUG, FRIDAY, 0, 1, 0, Decimal("-5.00"), Decimal("10.00")),
        (COAT, FRIDAY, 1, 0, 0, Decimal("50.00"), 0),
    ]


def test_a_faulty_mug_for_a_whole_one_is_neither_sold_nor_returned(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-16\n1 MUG 6.00 20%\ncard 6.00")
    books.receipt("leeds 1002 2026-11-20\n-1 MUG -6.00 20% of 1001\n1 MUG 6.00 20%\ncard 0.00")
    assert demand(books, RETURNED) == [
        (date(2026, 11, 16), 1, 0, 0, Decimal("5.00"), 0),
        (FRIDAY, 0, 0, 0, 0, Decimal("5.00")),
    ]


@pytest.mark.parametrize(
    ("net", "columns", "promo"),
    [
        ("20.00", {"list_price": Decimal("10.00")}, False),
        ("19.98", {"list_price": Decimal("10.00")}, False),  # a penny a unit is rounding
        ("19.00", {"list_price": Decimal("10.00")}, True),
        ("16.67", {"list_price": Decimal("10.00"), "tax": Decimal("3.33")}, True),
        ("19.00", {}, False),
        ("0.00", {"list_price": Decimal("10.00"), "bundle_child": True}, False),
    ],
    ids=["at list", "rounded", "below", "net below", "no list price", "part of a bundle"],
)
def test_sold_below_its_list_price_is_a_promotion(
    books: Books, net: str, columns: dict[str, object], promo: bool
) -> None:
    order(books, 1, (MUG, 2, net))
    for name, value in columns.items():
        books.sql(f"update order_rows set {name} = ?", value)
    assert demand(books, "promo") == [(promo,)]


def test_where_prices_contain_tax_the_gross_is_compared_with_the_list_price(books: Books) -> None:
    order(books, 1, (MUG, 2, "16.67"), price_mode="INC")
    books.sql("update order_rows set list_price = 10, tax = 3.33")
    assert demand(books, "promo") == [(False,)]


def test_a_discount_on_the_whole_order_makes_all_of_it_a_promotion_and_rounding_does_not(books: Books) -> None:
    order(books, 1, (MUG, 1, "10.00"), (1000, 1, "-2.00"))
    order(books, 2, (TEA, 1, "10.00"), (1000, 1, "-0.02"))
    books.sql("update order_rows set nominal_code = case when net = -2 then '4009' when net < 0 then '8000' end")
    books.receipt("leeds 1001 2026-11-20\n1 COAT 60.00 20%\n1 OFFER -6.00 20% type discount\ncard 54.00")
    assert demand(books, "product_id, promo") == [(MUG, True), (TEA, False), (COAT, True)]


def test_a_day_out_of_stock_is_marked_with_its_share_and_has_a_row_where_nothing_was_sold(books: Books) -> None:
    order(books, 1, (MUG, 3, "30.00"), placed_on=at(17))
    available(books, MUG, CENTRAL, (at(17, 0), 3), (at(17, 18), 0), (at(19, 6), 5))
    marked = "day, channel_id, units_sold, out_of_stock, out_of_stock_share"
    assert demand(books, marked) == [
        (date(2026, 11, 17), WEB, 3, True, Decimal("0.25")),
        (date(2026, 11, 18), WEB, 0, True, Decimal(1)),
        (date(2026, 11, 19), WEB, 0, True, Decimal("0.25")),
    ]
    books.sql("update orders set placed_on = ?", at(20))
    assert demand(books, marked) == [(FRIDAY, WEB, 3, False, Decimal(0))]  # first sold after it: no demand before


def test_where_nobody_watched_the_stock_nothing_is_said_of_it(books: Books) -> None:
    order(books, 1, (MUG, 3, "30.00"), placed_on=at(17))
    order(books, 2, (TEA, 1, "30.00"), placed_on=at(17))
    available(books, MUG, CENTRAL, (at(18), 0))
    assert demand(books, "out_of_stock, out_of_stock_share", "day = '2026-11-17'") == [(None, None), (None, None)]
    # Of the 18th it was watched from noon on, of the 20th until six.
    assert demand(books, "out_of_stock_share", "day > '2026-11-17'") == [(1,), (1,), (1,)]


def test_the_day_a_clock_goes_back_has_25_hours(books: Books) -> None:
    placed = at(1) - timedelta(days=7)
    order(books, 1, (MUG, 1, "10.00"), placed_on=placed)
    available(books, MUG, CENTRAL, (placed - timedelta(days=2), 5), (placed, 0), (placed + timedelta(days=1), 5))
    assert demand(books, "day, out_of_stock_share", "units_sold > 0") == [(date(2026, 10, 25), Decimal("0.48"))]


def test_days_without_stock_end_ninety_days_after_the_product_ran_out(books: Books) -> None:
    order(books, 1, (MUG, 1, "10.00"), placed_on=at(1))
    available(books, MUG, CENTRAL, (at(1, 0), 1), (at(1, 13), 0), (at(5), 0))  # another look changes nothing
    days = demand(books, "day", until=at(1) + timedelta(days=400))
    # The last day begins within ninety days after noon of the first.
    assert (len(days), days[-1]) == (91, (date(2026, 11, 1) + timedelta(days=90),))
