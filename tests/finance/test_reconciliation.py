"""The reconciliation shows till, ERP, difference and what is beside it, and calls only the rest unexplained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from bp_assets.finance.reconciliation import reconciliation
from bp_assets.lake.finance_tables import SALES_RECONCILIATION
from tests.builders import NOW, Books

DAY = date(2026, 11, 20)


@pytest.fixture
def books() -> Books:
    return Books()


def sell(books: Books, number: int, state: str = "pending", lines: str = "2 MUG 12.00 20%", **columns: Any) -> None:
    books.receipt(f"leeds {number} 2026-11-20\n{lines}\ncard 12.00", state=state, **columns)


def reckoned(books: Books, since: date | None = None) -> list[dict[str, Any]]:
    return reconciliation(books.connection, books.shops, NOW, since).to_dicts()


def only(books: Books) -> dict[str, Any]:
    (row,) = reckoned(books)
    return row


def test_the_frame_has_exactly_the_tables_columns_and_types(books: Books) -> None:
    sell(books, 1001)
    frame = reconciliation(books.connection, books.shops, NOW)
    assert frame.columns == [column.name for column in SALES_RECONCILIATION.columns]
    assert frame.schema["till_gross"] == pl.Decimal(18, 4)
    assert frame.schema["till_count"] == pl.Int64
    assert frame.schema["as_of"] == pl.Datetime("us", "UTC")


def test_a_day_with_every_state_stands_beside_the_erp_to_the_penny(books: Books) -> None:
    sell(books, 1001)
    books.post("1001")
    for number, state in enumerate(("pending", "sending", "unknown", "posted"), 1002):
        sell(books, number, state)
    sell(books, 1006, "rejected")
    sell(books, 1007, "excluded", reason_code="void")
    sell(books, 1008, "quarantined", net=None, tax=None, gross=None)
    books.receipt("leeds 1009 2026-11-20\n-1 MUG -6.00 20% of 1001\ncard -6.00")
    books.post("1009")
    books.put("till_totals", shop="leeds", business_date=DAY, transactions=8, gross=Decimal("78.00"), currency="GBP")
    assert only(books) == {
        "shop": "leeds", "business_date": DAY, "currency": "GBP",
        "till_count": 9, "till_net": Decimal(65), "till_tax": Decimal(13), "till_gross": Decimal(78),
        "till_says_count": 8, "till_says_gross": Decimal(78),
        "erp_count": 2, "erp_net": Decimal(5), "erp_tax": Decimal(1), "erp_gross": Decimal(6),
        "difference_net": Decimal(60), "difference_gross": Decimal(72),
        "verified_count": 2, "verified_gross": Decimal(6), "rejected_count": 1, "rejected_gross": Decimal(12),
        "quarantined_count": 1, "quarantined_gross": Decimal(0), "excluded_count": 1, "excluded_gross": Decimal(12),
        "unsettled_count": 4, "unsettled_gross": Decimal(48), "unexplained_gross": Decimal(0), "as_of": NOW,
    }  # fmt: skip


def test_a_rejected_sale_whose_order_already_stands_is_not_counted_twice(books: Books) -> None:
    sell(books, 1001)
    books.post("1001", state="rejected")
    row = only(books)
    assert (row["difference_gross"], row["rejected_gross"], row["unexplained_gross"]) == (0, 12, 0)


def test_an_exchange_cut_short_between_order_and_credit_is_explained(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n3 MUG 18.00 20%\n-1 TEA -6.00 0%\ncard 12.00")
    books.post("1001", state="unknown")
    books.sql("delete from posted_orders where document = 'SC'")
    row = only(books)
    assert (row["erp_gross"], row["difference_gross"], row["unexplained_gross"]) == (18, -6, 0)


def test_a_half_posted_sale_with_a_wrong_order_is_unexplained_by_the_wrong_part_only(books: Books) -> None:
    sell(books, 1001)
    books.post("1001", state="rejected")
    books.sql("update posted_orders set total = 15")
    assert only(books)["unexplained_gross"] == -3


@pytest.mark.parametrize(
    ("defect", "unexplained"),
    [
        ("update posted_orders set total = 11.99", Decimal("0.01")),
        ("delete from posted_orders", Decimal(12)),
        ("insert into posted_orders select * replace (77 as order_id) from posted_orders", Decimal(-12)),
        ("update pos_transactions set state = 'excluded'", Decimal(-12)),
        ("update pos_transactions set state = 'quarantined'", Decimal(-12)),
    ],
)
def test_what_no_state_explains_is_unexplained(books: Books, defect: str, unexplained: Decimal) -> None:
    sell(books, 1001)
    books.post("1001")
    books.sql(defect)
    assert only(books)["unexplained_gross"] == unexplained


def test_an_order_in_another_currency_gets_its_own_row_and_is_never_added_up(books: Books) -> None:
    sell(books, 1001)
    books.post("1001")
    books.sql("update posted_orders set currency = 'EUR'")
    eur, gbp = reckoned(books)
    assert (eur["currency"], eur["till_count"], eur["erp_gross"], eur["unexplained_gross"]) == ("EUR", 0, 12, -12)
    assert (gbp["currency"], gbp["till_count"], gbp["erp_gross"], gbp["unexplained_gross"]) == ("GBP", 1, 0, 12)
    assert {eur["shop"], gbp["shop"], eur["business_date"], gbp["business_date"]} == {"leeds", DAY}


def test_an_order_without_a_receipt_stands_at_the_shop_of_its_warehouse_and_day(books: Books) -> None:
    books.receipt("auckland 1001 2026-11-20 at 09:00\n2 MUG 12.00 20%\ncard 12.00")
    books.post("1001")
    for table in ("pos_transactions", "pos_lines", "pos_tenders"):
        books.sql(f"delete from {table}")
    row = only(books)
    assert (row["shop"], row["business_date"], row["till_count"], row["erp_count"]) == ("auckland", DAY, 0, 1)
    assert row["unexplained_gross"] == -12


def test_an_unreadable_receipt_stands_on_the_day_it_arrived_in_its_shops_zone(books: Books) -> None:
    books.put(
        "pos_transactions", sale_id="sale-7", shop="auckland", receipt_number="", state="quarantined",
        currency="NZD", captured_at="2026-11-19 12:30:00+00",
    )  # fmt: skip
    row = only(books)
    assert (row["business_date"], row["currency"], row["quarantined_count"], row["till_gross"]) == (DAY, "NZD", 1, 0)


def test_a_day_that_only_the_till_knows_is_shown_with_nothing_received(books: Books) -> None:
    books.put("till_totals", shop="leeds", business_date=DAY, transactions=5, gross=Decimal(60), currency="GBP")
    row = only(books)
    assert (row["till_count"], row["till_says_count"], row["till_gross"], row["unexplained_gross"]) == (0, 5, 0, 0)


def test_since_leaves_out_earlier_days_and_keeps_the_others_whole(books: Books) -> None:
    sell(books, 1001)
    books.post("1001")
    books.receipt("leeds 1000 2026-11-19\n2 MUG 12.00 20%\ncard 12.00")
    assert [row["business_date"] for row in reckoned(books)] == [date(2026, 11, 19), DAY]
    assert reckoned(books, DAY) == reckoned(books)[1:]


def test_the_lent_maps_are_taken_back(books: Books) -> None:
    sell(books, 1001)
    before = books.sql("select view_name from duckdb_views() where not internal order by 1")
    reckoned(books)
    assert books.sql("select view_name from duckdb_views() where not internal order by 1") == before
