"""return_drift compares what came back at the till with credit, stock and refund, each planted defect by name."""

from __future__ import annotations

from datetime import date

import pytest

from bp_assets.domain.findings import Finding
from checks.context import CheckContext
from checks.playbook import Severity
from checks.report import severity
from checks.return_drift import return_drift
from tests.builders import Books

SOLD = """
    leeds 1000 2026-11-20
    3 MUG 18.00 20%
    card 18.00
"""
RETURNED = """
    leeds 1001 2026-11-20
    -1 MUG -6.00 20% of 1000
    card -6.00
"""
DAMAGED = RETURNED.replace("of 1000", "of 1000 quarantine")


def finding(kind: str, **fields: object) -> Finding:
    whole = {
        "check": "return_drift", "kind": kind, "shop": "leeds", "receipt_number": "1001", "sale_id": "sale-1001",
        "business_date": date(2026, 11, 20),
    } | fields  # fmt: skip
    return Finding(**whole)  # type: ignore[arg-type]  # fields are named by the tests


def traded(books: Books, returned: str = RETURNED) -> None:
    books.receipt(SOLD)
    books.post("1000")
    books.receipt(returned)
    books.post("1001")


def order_of(books: Books) -> int:
    ((order,),) = books.sql("select order_id from posted_orders where document = 'SC'")
    return order


@pytest.mark.parametrize("returned", [RETURNED, DAMAGED, RETURNED.replace("of 1000", "of 1000 none")])
def test_a_return_that_was_credited_restocked_and_refunded_is_not_found(
    books: Books, context: CheckContext, returned: str
) -> None:
    traded(books, returned)
    assert return_drift(books.connection, context) == []


def test_an_exchange_whose_halves_pay_each_other_is_not_found(books: Books, context: CheckContext) -> None:
    books.receipt(SOLD)
    books.post("1000")
    books.receipt("leeds 1001 2026-11-20\n-1 MUG -6.00 20% of 1000\n1 COAT 6.00 20%")
    books.post("1001")
    assert return_drift(books.connection, context) == []


def test_a_return_on_its_way_is_not_found(books: Books, context: CheckContext) -> None:
    books.receipt(SOLD)
    books.receipt(RETURNED)
    assert return_drift(books.connection, context) == []


def test_a_return_without_a_credit(books: Books, context: CheckContext) -> None:
    traded(books)
    order = order_of(books)
    for table in ("posted_orders", "posted_order_rows", "posted_goods"):
        books.sql(f"delete from {table} where order_id = ?", order)
    first, second = return_drift(books.connection, context)
    assert first == finding(
        "not_credited", expected="a credit of 6.00 GBP", actual="no credit", difference_minor=-600, currency="GBP",
        owner="finance",
        message="Receipt 1001 of leeds took back goods for 6.00 GBP; the ERP has no credit. "
        "Make the credit in the ERP, or look why posting ended without it.",
    )  # fmt: skip
    assert second.kind == "not_refunded"


def test_a_credit_of_another_amount(books: Books, context: CheckContext) -> None:
    traded(books)
    books.sql("update posted_orders set total = 5.00 where document = 'SC'")
    order = order_of(books)
    assert return_drift(books.connection, context) == [
        finding(
            "credited_other_amount", expected="6.00 GBP", actual="5.00 GBP", difference_minor=-100, currency="GBP",
            place=f"credit {order}", owner="finance",
            message=f"Receipt 1001 of leeds took back goods for 6.00 GBP; credit {order} is 5.00 GBP. "
            "Correct the credit in the ERP to the receipt's amount.",
        )
    ]  # fmt: skip


def test_a_credit_of_another_quantity(books: Books, context: CheckContext) -> None:
    traded(books)
    order = order_of(books)
    books.sql("update posted_order_rows set quantity = 2 where order_id = ?", order)
    assert return_drift(books.connection, context) == [
        finding(
            "credited_other_quantity", expected="1 of MUG", actual="2 of MUG", place="product MUG", owner="finance",
            message=f"Receipt 1001 of leeds took back 1 of MUG; credit {order} has 2. "
            "Correct the quantity on the credit in the ERP.",
        )
    ]  # fmt: skip


def test_goods_that_were_not_received(books: Books, context: CheckContext) -> None:
    traded(books)
    books.sql("update posted_goods set moved = false where direction = 'in'")
    assert return_drift(books.connection, context) == [
        finding(
            "not_restocked", expected="1 at Leeds", actual="nothing", place="product MUG", owner="warehouse",
            message="Receipt 1001 of leeds, MUG: expected in stock 1 at Leeds; the ERP received nothing. "
            "Receive the goods in the ERP against the credit.",
        )
    ]  # fmt: skip


def test_damaged_goods_put_back_on_the_shelf(books: Books, context: CheckContext) -> None:
    traded(books, DAMAGED)
    books.sql("update posted_goods set quarantined = false where direction = 'in'")
    assert return_drift(books.connection, context) == [
        finding(
            "restocked_other_place", expected="1 in quarantine at Leeds", actual="1 at Leeds", place="product MUG",
            owner="warehouse",
            message="Receipt 1001 of leeds, MUG: expected in stock 1 in quarantine at Leeds; the ERP received "
            "1 at Leeds. Move the goods in the ERP to the place where they are.",
        )
    ]  # fmt: skip


def test_goods_received_in_another_warehouse_or_though_none_came_back(books: Books, context: CheckContext) -> None:
    traded(books)
    books.sql("update posted_goods set warehouse_id = 9 where direction = 'in'")
    (elsewhere,) = return_drift(books.connection, context)
    assert (elsewhere.kind, elsewhere.expected, elsewhere.actual) == (
        "restocked_other_place", "1 at Leeds", "1 at Central",
    )  # fmt: skip
    books.sql("update pos_lines set restock = 'none' where returned")
    (none,) = return_drift(books.connection, context)
    assert (none.kind, none.expected, none.actual) == ("restocked_other_place", "nothing", "1 at Central")


def test_a_refund_that_the_erp_does_not_know(books: Books, context: CheckContext) -> None:
    traded(books)
    books.sql("delete from posted_payments where type = 'PAYMENT'")
    assert return_drift(books.connection, context) == [
        finding(
            "not_refunded", expected="refund of 6.00 GBP", actual="refund of 0.00 GBP", difference_minor=-600,
            currency="GBP", owner="finance",
            message="Receipt 1001 of leeds paid back 6.00 GBP; the ERP shows 0.00 GBP. "
            "Enter the refund on the credit in the ERP.",
        )
    ]  # fmt: skip


def test_a_refund_of_another_amount(books: Books, context: CheckContext) -> None:
    traded(books)
    books.sql("update posted_payments set amount = 7.50, signed_amount = -7.50 where type = 'PAYMENT'")
    (other,) = return_drift(books.connection, context)
    assert (other.kind, other.expected, other.actual, other.difference_minor) == (
        "refunded_other_amount", "refund of 6.00 GBP", "refund of 7.50 GBP", 150,
    )  # fmt: skip


def test_more_back_than_was_sold_names_all_receipts(books: Books, context: CheckContext) -> None:
    traded(books)
    books.receipt("leeds 1002 2026-11-21\n-3 MUG -18.00 20% of 1000\ncard -18.00")
    books.post("1002")
    findings = return_drift(books.connection, context)
    assert findings == [
        finding(
            "over_returned", receipt_number="1002", sale_id="sale-1002", business_date=date(2026, 11, 21),
            expected="at most 3 back", actual="4 back", place="receipt 1000 line 1 (MUG)", owner="shop",
            message="4 of MUG came back on 1001, 1002, but receipt 1000 line 1 sold 3. "
            "Look at the receipts of that line: one return was typed in twice or against the wrong sale.",
        )
    ]  # fmt: skip
    assert severity("return_drift", findings) is Severity.WARN


def test_a_return_without_a_known_sale_is_told_and_does_not_fail_the_check(books: Books, context: CheckContext) -> None:
    books.receipt(RETURNED.replace("of 1000", ""))
    books.post("1001")
    books.receipt("leeds 1002 2026-11-20\n-1 MUG -6.00 20% of 77\ncard -6.00")
    books.post("1002")
    findings = return_drift(books.connection, context)
    assert [(f.kind, f.receipt_number, f.actual) for f in findings] == [
        ("unlinked", "1001", "no original named"),
        ("unlinked", "1002", "original sale-77 is not held"),
    ]
    assert severity("return_drift", findings) is Severity.INFO
