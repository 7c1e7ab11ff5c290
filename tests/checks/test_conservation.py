"""conservation proves from the till's own totals that nothing is lost, and names what is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bp_assets.domain.findings import Finding
from bp_assets.finance.reconciliation import reconciliation
from checks.conservation import conservation
from checks.context import CheckContext
from tests.builders import NOW, Books

DAY = date(2026, 11, 20)


def sold(books: Books, *numbers: int, day: str = "2026-11-20", state: str = "verified", **columns: object) -> None:
    for number in numbers:
        books.receipt(f"leeds {number} {day}\n2 MUG 12.00 20%\ncard 12.00", state=state, **columns)
        if state == "verified":
            books.post(str(number))


def told(books: Books, transactions: int, gross: str | None, **columns: object) -> None:
    row = {
        "shop": "leeds", "business_date": DAY, "transactions": transactions,
        "gross": None if gross is None else Decimal(gross), "currency": "GBP", "observed_at": NOW,
    } | columns  # fmt: skip
    books.put("till_totals", **row)


def finding(kind: str, **fields: object) -> Finding:
    whole = {
        "check": "conservation", "kind": kind, "shop": "leeds", "receipt_number": "", "sale_id": "",
        "business_date": DAY, "place": "till totals",
    } | fields  # fmt: skip
    return Finding(**whole)  # type: ignore[arg-type]  # fields are named by the tests


def test_a_day_that_the_till_confirms_is_not_found(books: Books, context: CheckContext) -> None:
    sold(books, 1001, 1002)
    sold(books, 1003, state="rejected", reason_code="erp_refused")
    sold(books, 1004, state="excluded", reason_code="void")
    sold(books, 1005, state="pending")
    told(books, 4, "48.00")
    frame = reconciliation(books.connection, books.shops, NOW)
    books.connection.register("reckoned", frame)
    books.sql("insert into sales_reconciliation select * from reckoned")
    assert conservation(books.connection, context) == []


def test_a_receipt_that_never_reached_us_is_named_by_shop_day_and_numbers(books: Books, context: CheckContext) -> None:
    sold(books, 1001, 1002)
    told(books, 3, "36.00")
    assert conservation(books.connection, context) == [
        finding(
            "missing_receipts", expected="3 transactions, 36.00 GBP", actual="2 transactions, 24.00 GBP",
            difference_minor=1200, currency="GBP", owner="data",
            message="leeds, 2026-11-20: the till counts 3 transactions, we hold 2: 1 missing. "
            "Fetch that day from the till again; name the numbers to the shop if they stay away.",
        )
    ]  # fmt: skip


def test_a_day_of_which_nothing_arrived_is_found(books: Books, context: CheckContext) -> None:
    told(books, 1, None)
    (missing,) = conservation(books.connection, context)
    assert (missing.kind, missing.expected, missing.actual, missing.difference_minor) == (
        "missing_receipts", "1 transaction", "0 transactions, 0.00 GBP", None,
    )  # fmt: skip


def test_one_receipt_too_many_is_found_unless_it_reached_us_after_the_till_was_asked(
    books: Books, context: CheckContext
) -> None:
    sold(books, 1001, 1002)
    told(books, 1, "12.00")
    (surplus,) = conservation(books.connection, context)
    assert (surplus.kind, surplus.actual, surplus.difference_minor) == (
        "surplus_receipts", "2 transactions, 24.00 GBP", -1200,
    )  # fmt: skip
    books.sql(
        "update pos_transactions set captured_at = ?::timestamptz + interval 1 minute where receipt_number = '1002'",
        NOW,
    )
    assert conservation(books.connection, context) == []


def test_money_that_differs_though_the_count_agrees(books: Books, context: CheckContext) -> None:
    sold(books, 1001, 1002)
    told(books, 2, "25.00")
    assert conservation(books.connection, context) == [
        finding(
            "till_money", expected="25.00 GBP", actual="24.00 GBP", difference_minor=100, currency="GBP",
            owner="finance",
            message="leeds, 2026-11-20: the till says 25.00 GBP, its 2 transactions that we hold say 24.00 GBP. "
            "Compare the till's day report with pos_transactions; a receipt is missing or was changed.",
        )
    ]  # fmt: skip


def test_money_that_could_not_be_read_is_told_apart_from_money_that_differs(
    books: Books, context: CheckContext
) -> None:
    sold(books, 1001)
    sold(books, 1002, state="quarantined", gross=None, net=None, tax=None)
    told(books, 2, "24.00")
    (unread,) = conservation(books.connection, context)
    assert (unread.kind, unread.difference_minor) == ("unread_money", 1200)
    assert "1 of them could not be read" in unread.message


def test_an_unreadable_receipt_counts_on_the_day_it_arrived_in_its_shops_zone(
    books: Books, context: CheckContext
) -> None:
    books.put(
        "pos_transactions", sale_id="sale-7", shop="auckland", receipt_number="7", state="quarantined",
        reason_code="malformed", message="", currency="GBP", captured_at="2026-11-19 12:30:00+00",
    )  # fmt: skip
    told(books, 1, None, shop="auckland")
    assert conservation(books.connection, context) == []


def test_an_order_deleted_in_the_erp_is_unexplained_money(books: Books, context: CheckContext) -> None:
    sold(books, 1001)
    books.sql("delete from posted_orders")
    assert conservation(books.connection, context) == [
        finding(
            "unexplained_money", receipt_number="1001", sale_id="sale-1001", place="", expected="12.00 GBP",
            actual="nothing in the ERP", difference_minor=1200, currency="GBP", owner="finance",
            message="Receipt 1001 of leeds is verified: 12.00 GBP at the till, nothing in the ERP. "
            "Compare the order in the ERP with the receipt; somebody may have changed or deleted it.",
        )
    ]  # fmt: skip


def test_an_order_that_no_receipt_explains_is_found_at_its_shop(books: Books, context: CheckContext) -> None:
    sold(books, 1001)
    for table in ("pos_transactions", "pos_lines", "pos_tenders"):
        books.sql(f"delete from {table}")
    (stray,) = conservation(books.connection, context)
    assert (stray.kind, stray.shop, stray.business_date, stray.actual, stray.difference_minor) == (
        "erp_only", "leeds", DAY, "12.00 GBP", -1200,
    )  # fmt: skip


def test_a_voided_receipt_that_was_posted_all_the_same_is_unexplained(books: Books, context: CheckContext) -> None:
    sold(books, 1001)
    books.sql("update pos_transactions set state = 'excluded', reason_code = 'void'")
    (posted,) = conservation(books.connection, context)
    assert (posted.kind, posted.expected, posted.actual, posted.difference_minor) == (
        "unexplained_money", "nothing in the ERP", "12.00 GBP in the ERP", -1200,
    )  # fmt: skip


def test_a_reconciliation_whose_states_do_not_add_up_is_a_leak(books: Books, context: CheckContext) -> None:
    sold(books, 1001, 1002)
    books.connection.register("reckoned", reconciliation(books.connection, books.shops, NOW))
    books.sql("insert into sales_reconciliation select * from reckoned")
    books.sql("update sales_reconciliation set verified_count = 1, verified_gross = 12.00")
    (leak,) = conservation(books.connection, context)
    assert (leak.kind, leak.expected, leak.actual, leak.difference_minor) == (
        "states_leak", "2 transactions, 24.00 GBP", "1 transaction, 12.00 GBP", 1200,
    )  # fmt: skip


def test_missing_receipt_numbers_are_named(books: Books, context: CheckContext) -> None:
    sold(books, 1001, 1002, 1003, 1004, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1015)
    first, second = conservation(books.connection, context)
    assert first == finding(
        "number_gap", place="register 1, 1006", expected="receipt 1006", actual="not received", owner="shop",
        message="leeds, register 1: no receipt 1006 between 1005 and 1007. "
        "Look the numbers up at the till: sold, voided or never printed. Send what was sold.",
    )  # fmt: skip
    assert second.place == "register 1, 1013 to 1014"


@pytest.mark.parametrize("numbers", [(1001, 1003), (17, 911, 12345, 40000, 99999, 123456)])
def test_numbers_that_are_not_plainly_consecutive_are_left_alone(
    books: Books, context: CheckContext, numbers: tuple[int, ...]
) -> None:
    sold(books, *numbers)
    assert conservation(books.connection, context) == []


def test_a_register_that_starts_anew_each_day_is_looked_at_day_by_day(books: Books, context: CheckContext) -> None:
    for day, numbers in (("2026-11-19", (1, 2, 3, 4, 5, 6)), ("2026-11-20", (1, 2, 3, 4, 6))):
        for number in numbers:
            books.receipt(f"leeds {day}-{number} {day}\n1 TEA 1.00 0%\ncard 1.00")
    assert [(f.business_date, f.place) for f in conservation(books.connection, context)] == [(DAY, "register 1, 5")]
