"""The day's takings: tenders by ERP payment method and tax by ERP code, till beside ERP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.finance.takings import takings
from bp_assets.lake.finance_tables import DAILY_TAKINGS
from tests.builders import NOW, Books

DAY = date(2026, 11, 20)


@pytest.fixture
def books() -> Books:
    return Books()


def taken(books: Books, since: date | None = None) -> dict[tuple[str, str], tuple[Any, ...]]:
    """``(kind, code)`` -> till count, till amount, till net, ERP amount, difference."""
    frame = takings(books.connection, books.shops, NOW, since)
    return {
        (row["kind"], row["code"]): (
            row["till_count"], row["till_amount"], row["till_net"], row["erp_amount"], row["difference"],
        )
        for row in frame.to_dicts()
    }  # fmt: skip


def test_a_posted_day_agrees_per_tender_and_per_tax(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\n1 TEA 10.50 5%\ncash 10.00\ncard 12.50")
    books.post("1001")
    books.receipt("leeds 1002 2026-11-20\n-1 MUG -6.00 20% of 1001\ncash -6.00")
    books.post("1002")
    assert taken(books) == {
        ("tender", "CARD"): (1, Decimal("12.50"), None, Decimal("12.50"), 0),
        ("tender", "CASH"): (2, Decimal("4.00"), None, Decimal("4.00"), 0),
        ("tax", "T20"): (2, Decimal("1.00"), Decimal("5.00"), Decimal("1.00"), 0),
        ("tax", "T5"): (1, Decimal("0.50"), Decimal("10.00"), Decimal("0.50"), 0),
    }
    frame = takings(books.connection, books.shops, NOW)
    assert frame.columns == [column.name for column in DAILY_TAKINGS.columns]
    assert set(frame["shop"]) == {"leeds"}
    assert set(frame["business_date"]) == {DAY}


def test_what_is_not_mapped_stands_under_the_tills_own_name(books: Books) -> None:
    books.receipt(
        "leeds 1001 2026-11-20\n1 MUG 11.75 17.5%\n1 TEA 2.00 15% called VAT15\nvoucher 13.75", state="rejected"
    )
    assert taken(books) == {
        ("tender", "[voucher]"): (1, Decimal("13.75"), None, 0, Decimal("13.75")),
        ("tax", "[17.5%]"): (1, Decimal("1.75"), Decimal("10.00"), 0, Decimal("1.75")),
        ("tax", "[VAT15]"): (1, Decimal("0.26"), Decimal("1.74"), 0, Decimal("0.26")),
    }


def test_the_clearing_of_an_exchange_nets_to_nothing_and_shows_only_where_it_does_not(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n3 MUG 18.00 20%\n-1 TEA -6.00 0%\ncard 12.00")
    books.post("1001")
    assert ("tender", "EXCHANGE") not in taken(books)
    assert books.sql("select count(*) from posted_payments where method = 'EXCHANGE'") == [(2,)]
    books.sql("delete from posted_payments where method = 'EXCHANGE' and signed_amount < 0")
    assert taken(books)["tender", "EXCHANGE"] == (0, 0, None, Decimal("6.00"), Decimal("-6.00"))


def test_a_tender_on_account_stands_beside_what_the_erp_is_owed(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncash 2.00\naccount 10.00")
    books.post("1001")
    assert taken(books)["tender", "unpaid"] == (1, Decimal("10.00"), None, Decimal("10.00"), 0)
    books.payment(books.sql("select order_id from posted_orders")[0][0], "CASH", Decimal("4.00"))
    assert taken(books)["tender", "unpaid"] == (1, Decimal("10.00"), None, Decimal("6.00"), Decimal("4.00"))
    assert taken(books)["tender", "CASH"] == (1, Decimal("2.00"), None, Decimal("6.00"), Decimal("-4.00"))


def test_a_void_is_no_taking(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00", state="excluded", reason_code="void")
    assert taken(books) == {}


def test_money_in_the_drawer_that_is_not_posted_yet_is_a_difference(books: Books) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00")
    assert taken(books)["tender", "CARD"] == (1, Decimal("12.00"), None, 0, Decimal("12.00"))


def test_since_leaves_out_earlier_days(books: Books) -> None:
    books.receipt("leeds 1000 2026-11-19\n2 MUG 12.00 20%\ncash 12.00")
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00")
    assert set(taken(books, DAY)) == {("tender", "CARD"), ("tax", "T20")}
