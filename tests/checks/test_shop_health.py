"""shop_health tells each shop that does not stand well, who acts and what to do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bp_assets.domain.findings import Finding
from bp_assets.operations.health import ShopState
from checks.context import CheckContext
from checks.playbook import BY_NAME, Severity
from checks.report import severity
from checks.shop_health import shop_health
from tests.builders import NOW, Books, minutes_ago


def stands(books: Books, shop: str, state: str, **values: Any) -> None:
    usual = {
        "currency": "GBP", "since": minutes_ago(75), "reason": "", "reason_code": "", "till_failures": 0,
        "till_error": "", "waiting_count": 0, "waiting_gross": 0, "retrying_count": 0, "most_attempts": 0,
        "unverified_count": 0, "unverified_gross": 0, "gathering_count": 0, "gathering_gross": 0,
        "rejected_count": 0, "rejected_gross": 0,
        "quarantined_count": 0, "quarantined_gross": 0, "parked_because": "", "as_of": NOW,
    }  # fmt: skip
    books.put("shop_health", shop=shop, state=state, **{**usual, **values})


def test_healthy_shops_are_no_finding(books: Books, context: CheckContext) -> None:
    stands(books, "leeds", "healthy", waiting_count=3, waiting_gross=Decimal(36))
    assert shop_health(books.connection, context) == []


def test_a_shop_whose_till_rests_is_found_with_all_that_is_open(books: Books, context: CheckContext) -> None:
    stands(books, "leeds", "till_resting", reason="Its till can't be read (9 times in a row): away.",
           waiting_count=1, waiting_gross=Decimal(12), rejected_count=2, rejected_gross=Decimal("3.50"))  # fmt: skip
    assert shop_health(books.connection, context) == [
        Finding(
            check="shop_health", kind="till_resting", shop="leeds", receipt_number="", sale_id="", business_date=None,
            expected="healthy", actual="till_resting; 3 open, 15.50 GBP", difference_minor=1550, currency="GBP",
            place="GBP", owner="data",
            message="Shop leeds has been till_resting for 1 hour 15 minutes: Its till can't be read (9 times in a "
            "row): away. Mend what the error names: token, network or folder. It is asked again by itself.",
        )
    ]  # fmt: skip


def test_where_receipts_are_set_aside_the_reason_says_who_acts(books: Books, context: CheckContext) -> None:
    stands(books, "leeds", "erp_refusing", reason="2 receipts are rejected: not_enough_stock 2.",
           reason_code="not_enough_stock", rejected_count=2, rejected_gross=Decimal(24))  # fmt: skip
    (finding,) = shop_health(books.connection, context)
    assert finding.owner == "warehouse"
    assert finding.message.endswith("not_enough_stock 2. Count and correct the stock in the ERP, then retry.")


def test_every_unhealthy_state_has_its_kind_in_the_order_of_gravity() -> None:
    kinds = BY_NAME["shop_health"].kinds
    assert [kind.name for kind in kinds] == [state.value for state in ShopState if state is not ShopState.HEALTHY]


@pytest.mark.parametrize(("state", "grave"), [("posting_late", Severity.ERROR), ("unreadable", Severity.WARN)])
def test_the_checks_severity_is_that_of_the_gravest_shop(
    books: Books, context: CheckContext, state: str, grave: Severity
) -> None:
    stands(books, "leeds", state)
    stands(books, "auckland", "map_incomplete")
    assert severity("shop_health", shop_health(books.connection, context)) == grave
