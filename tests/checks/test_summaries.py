"""Receipts within a summary: checks and finance see them as if each had its own order, and see what was edited."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.finance.reconciliation import reconciliation
from bp_assets.finance.takings import takings
from checks.conservation import conservation
from checks.context import CheckContext
from checks.return_drift import return_drift
from checks.stock_drift import stock_drift
from checks.tax_mismatches import tax_mismatches
from checks.unposted_sales import unposted_sales
from tests.builders import NOW, PRODUCTS, Books, sale_id

DAY = date(2026, 11, 19)
SUMMARY = "summary-leeds-20261119-12345678-1"


def summed_up(books: Books) -> Books:
    """Two sales and a return of one day, summed up to an order and a credit, as a faultless close leaves them."""
    for text in (
        f"leeds 1 {DAY}\n2 MUG 24.00 20%\ncard 24.00",
        f"leeds 2 {DAY}\n1 COAT 60.00 20%\ncard 60.00",
        f"leeds 3 {DAY}\n-1 MUG -12.00 20% of 1 quarantine\ncard -12.00",
    ):
        books.receipt(text, state="verified", posted_as="summary", summary_id=SUMMARY)
    placed = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
    for order_id, document, net, tax in ((900, "SO", "70.00", "14.00"), (901, "SC", "10.00", "2.00")):
        money: dict[str, Any] = {"net": Decimal(net), "tax": Decimal(tax), "currency": "GBP", "as_of": NOW}
        books.put(
            "posted_orders", order_id=order_id, document=document, sale_id=SUMMARY,
            external_ref=f"{document}-{SUMMARY}", channel_id=11, warehouse_id=2,
            total=Decimal(net) + Decimal(tax), placed_on=placed, invoice_reference="SI-1", reference="2026-11-19",
            **money,
        )  # fmt: skip
        books.put(
            "posted_order_rows", order_id=order_id, order_row_id=order_id * 10, sequence=10, product_id=1000,
            name="Goods T20, 2 receipts", quantity=Decimal(1), tax_code="T20", nominal_code="4000", **money,
        )  # fmt: skip
        kind, sign = ("RECEIPT", 1) if document == "SO" else ("PAYMENT", -1)
        amount = Decimal(net) + Decimal(tax)
        books.put(
            "posted_payments", payment_id=order_id, order_id=order_id, transaction_ref=f"{document}-{SUMMARY}-p1",
            method="CARD", type=kind, amount=amount, signed_amount=sign * amount, currency="GBP", as_of=NOW,
        )  # fmt: skip
    parts = (("1", "SO", "20.00", "4.00", -2), ("2", "SO", "50.00", "10.00", -1), ("3", "SC", "10.00", "2.00", 1))
    for number, document, net, tax, quantity in parts:
        gross = Decimal(net) + Decimal(tax)
        common: dict[str, Any] = {
            "summary_id": SUMMARY, "document": document, "shop": "leeds", "business_date": DAY,
            "sale_id": sale_id(number), "receipt_number": number, "currency": "GBP",
        }  # fmt: skip
        books.put(
            "summary_lines", row_sequence=10, line_id="1", line_type="item", tax_code="T20", nominal_code="4000",
            net=Decimal(net), tax=Decimal(tax), gross=gross, **common,
        )  # fmt: skip
        kind, sign = ("RECEIPT", 1) if document == "SO" else ("PAYMENT", -1)
        books.put(
            "summary_tenders", transaction_ref=f"{document}-{SUMMARY}-p1", position=1, method="CARD", type=kind,
            amount=gross, signed_amount=sign * gross, **common,
        )  # fmt: skip
        books.put(
            "stock_corrections", note_id=int(number), product_id=PRODUCTS["COAT" if number == "2" else "MUG"],
            location_id=5 if number == "3" else 4, warehouse_id=2, quantity=Decimal(quantity),
            quarantined=number == "3", sale_id=sale_id(number), reason=f"{document}-{sale_id(number)}/10", as_of=NOW,
        )  # fmt: skip
    return books


def every_check(books: Books, context: CheckContext) -> list[str]:
    checks = (unposted_sales, conservation, tax_mismatches, return_drift, stock_drift)
    found = [one for check in checks for one in check(books.connection, context)]
    return [f"{one.check}.{one.kind} {one.difference_minor}" for one in found]


def test_a_summed_up_day_is_as_silent_as_one_of_single_orders(books: Books, context: CheckContext) -> None:
    assert every_check(summed_up(books), context) == []


def test_reconciliation_counts_each_receipt_of_a_summary_with_its_own_share(books: Books) -> None:
    summed_up(books)
    (day,) = reconciliation(books.connection, books.shops, NOW).to_dicts()
    names = ("till_count", "erp_count", "till_gross", "erp_gross", "erp_net", "erp_tax", "verified_count")
    assert [str(day[name]) for name in names] == ["3", "3", "72.0000", "72.0000", "60.0000", "12.0000", "3"]
    assert (day["difference_gross"], day["unexplained_gross"]) == (0, 0)


def test_takings_put_the_money_of_a_summary_on_its_shop_and_day(books: Books) -> None:
    summed_up(books)
    rows = takings(books.connection, books.shops, NOW).to_dicts()
    assert [(row["business_date"], row["kind"], row["code"], row["difference"]) for row in rows] == [
        (DAY, "tender", "CARD", 0), (DAY, "tax", "T20", 0)
    ]  # fmt: skip
    assert [row["erp_amount"] for row in rows] == [Decimal(72), Decimal(12)]


def test_an_edited_summary_shows_what_no_receipt_explains(books: Books, context: CheckContext) -> None:
    summed_up(books)
    books.sql("update posted_orders set net = net + 5, tax = tax + 1, total = total + 6 where order_id = 900")
    books.sql("update posted_order_rows set net = net + 5, tax = tax + 1 where order_id = 900")
    (day,) = reconciliation(books.connection, books.shops, NOW).to_dicts()
    assert (day["till_gross"], day["erp_gross"], day["difference_gross"]) == (72, 78, -6)
    assert every_check(books, context) == ["conservation.erp_only -600", "tax_mismatches.order_tax -100"]


def test_a_correction_that_is_gone_from_the_erp_is_a_drift_of_its_receipt(books: Books, context: CheckContext) -> None:
    summed_up(books)
    books.sql("delete from stock_corrections where note_id in (2, 3)")
    assert every_check(books, context) == [
        "return_drift.not_restocked None", "stock_drift.unexplained None", "stock_drift.unexplained None"
    ]  # fmt: skip


@pytest.mark.parametrize(("hours", "found"), [(8.9, []), (9.3, ["pending"])])
def test_a_receipt_for_a_summary_is_promised_from_the_close_of_its_day(
    books: Books, hours: float, found: list[str]
) -> None:
    """NOW is 18:00 of the day; it is closed at 03:00, and what is due is promised within a quarter of an hour."""
    books.receipt("leeds 9 2026-11-20\n1 MUG 12.00 20%\ncard 12.00", state="pending", posted_as="summary")
    context = CheckContext(books.shops, NOW + timedelta(hours=hours))
    assert [one.kind for one in unposted_sales(books.connection, context)] == found
