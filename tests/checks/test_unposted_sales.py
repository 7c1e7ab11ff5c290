"""unposted_sales names every receipt that is not verified in time, with its stage and reason."""

from __future__ import annotations

from datetime import date

import pytest

from bp_assets.domain.findings import Finding
from checks.context import CheckContext
from checks.playbook import Severity
from checks.report import severity
from checks.unposted_sales import unposted_sales
from tests.builders import NOW, Books, minutes_ago

RECEIPT = """
    leeds 1001 2026-11-20
    2 MUG 12.00 20%
    card 12.00
"""
DAY = date(2026, 11, 20)


def test_a_receipt_waiting_longer_than_the_promise_is_found_with_the_money_that_waits(
    books: Books, context: CheckContext
) -> None:
    books.receipt(RECEIPT, captured_at=minutes_ago(45))
    findings = unposted_sales(books.connection, context)
    assert findings == [
        Finding(
            check="unposted_sales", kind="pending", shop="leeds", receipt_number="1001", sale_id="sale-1001",
            business_date=DAY, expected="verified within 15 minutes", actual="pending; nothing was sent yet",
            difference_minor=1200, currency="GBP", place="", owner="data",
            message="Receipt 1001 of leeds (12.00 GBP) has waited 45 minutes as pending; nothing was sent yet. "
            "Look whether the posting run is alive and the ERP answers; it is sent by the next run.",
        )
    ]  # fmt: skip
    assert severity("unposted_sales", findings) is Severity.ERROR


@pytest.mark.parametrize("state", ["pending", "sending", "unknown", "posted"])
def test_a_receipt_within_the_promise_is_not_found(books: Books, context: CheckContext, state: str) -> None:
    books.receipt(RECEIPT, state=state, captured_at=minutes_ago(14), posted_at=minutes_ago(14))
    assert unposted_sales(books.connection, context) == []


def test_a_verified_or_excluded_receipt_is_never_found(books: Books, context: CheckContext) -> None:
    books.receipt(RECEIPT, state="excluded", reason_code="void")
    books.receipt(RECEIPT.replace("1001", "1002"), state="verified")
    assert unposted_sales(books.connection, context) == []


def test_an_old_sale_that_only_just_arrived_is_not_blamed_on_posting(books: Books, context: CheckContext) -> None:
    books.receipt(RECEIPT.replace("2026-11-20", "2026-11-01"), captured_at=minutes_ago(1))
    assert unposted_sales(books.connection, context) == []


def test_a_lost_answer_names_the_call_that_was_lost(books: Books, context: CheckContext) -> None:
    books.receipt(RECEIPT, state="unknown", captured_at=minutes_ago(20))
    books.step("1001", "order", "success", status=200)
    books.step("1001", "payment:1", "unknown", attempt=2)
    (finding,) = unposted_sales(books.connection, context)
    assert (finding.kind, finding.actual) == ("unknown", "unknown; last step SO payment:1, try 2: unknown")


def test_a_posted_receipt_that_nobody_read_back_is_unverified(books: Books, context: CheckContext) -> None:
    books.receipt(RECEIPT, state="posted", captured_at=minutes_ago(200), posted_at=minutes_ago(130))
    books.step("1001", "close", "success", status=200)
    (finding,) = unposted_sales(books.connection, context)
    assert finding.kind == "unverified"
    assert finding.message == (
        "Receipt 1001 of leeds (12.00 GBP) has waited 2 hours 10 minutes as posted; "
        "last step SO close, try 1: success 200. "
        "Run read_back; if it stays, compare the order in the ERP with the receipt."
    )


def test_a_posted_receipt_whose_order_differs_is_found_at_once_with_every_field(
    books: Books, context: CheckContext
) -> None:
    said = "SO 7 row 10 tax code: expected T20, the ERP has T0"
    books.receipt(RECEIPT, state="posted", message=said, captured_at=minutes_ago(2), posted_at=minutes_ago(1))
    (finding,) = unposted_sales(books.connection, context)
    assert (finding.kind, finding.owner, finding.actual) == ("differing", "finance", said)
    assert finding.message == (
        f"Receipt 1001 of leeds (12.00 GBP) was posted and differs in the ERP. {said}. "
        "Put the order right in the ERP; it is read back again by the next read_back."
    )


def test_a_rejected_receipt_names_its_reason_its_owner_and_what_is_already_in_the_erp(
    books: Books, context: CheckContext
) -> None:
    books.receipt(
        RECEIPT, state="rejected", reason_code="not_enough_stock", message="2 of MUG sold, 1 on hand.",
        captured_at=minutes_ago(1),
    )  # fmt: skip
    books.step("1001", "order", "success", status=200)
    books.step("1001", "goods_out:1", "failure", status=400, error="not enough stock")
    findings = unposted_sales(books.connection, context)
    assert findings == [
        Finding(
            check="unposted_sales", kind="rejected", shop="leeds", receipt_number="1001", sale_id="sale-1001",
            business_date=DAY, expected="verified",
            actual="rejected (not_enough_stock); last step SO goods_out:1, try 1: failure 400 (not enough stock)",
            difference_minor=1200, currency="GBP", place="", owner="warehouse",
            message="Receipt 1001 of leeds (12.00 GBP) is rejected: the ERP has less on hand than the till sold. "
            "2 of MUG sold, 1 on hand. 1 of its steps already stand in the ERP. "
            "Count and correct the stock in the ERP, then retry.",
        )
    ]  # fmt: skip
    assert severity("unposted_sales", findings) is Severity.WARN


def test_a_quarantined_receipt_without_readable_money_is_found_without_a_difference(
    books: Books, context: CheckContext
) -> None:
    books.put(
        "pos_transactions", sale_id="sale-9", shop="leeds", receipt_number="9", state="quarantined",
        reason_code="malformed", message="Row 3: not JSON.", currency="GBP", source="file_drop", source_id="9",
        captured_at=minutes_ago(1), attempts=0,
    )  # fmt: skip
    (finding,) = unposted_sales(books.connection, context)
    assert (finding.kind, finding.difference_minor, finding.currency, finding.owner) == (
        "quarantined",
        None,
        "",
        "data",
    )
    assert finding.message.startswith(
        "Receipt 9 of leeds (an unread amount) is quarantined: the receipt can't be read. Row 3: not JSON."
    )


def test_a_sale_that_backs_off_says_how_often_it_was_tried_and_when_it_is_next(
    books: Books, context: CheckContext
) -> None:
    books.receipt(RECEIPT, captured_at=minutes_ago(45), attempts=3, next_attempt_at=NOW)
    books.receipt(RECEIPT.replace("1001", "1002"), captured_at=minutes_ago(45), attempts=1)
    backs_off, due = unposted_sales(books.connection, context)
    assert backs_off.actual == "pending; nothing was sent yet; tried 3 times, next at 2026-11-20 18:00:00 UTC"
    assert due.actual == "pending; nothing was sent yet"
