"""How a shop stands: the gravest state, since when, and every cause in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bp_assets.ledger.marks import Mark
from bp_assets.ledger.piles import Pile
from bp_assets.operations.health import Health, ShopState, assess
from tests.builders import shops_file

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PROMISE = timedelta(minutes=15)
LEEDS = shops_file().shop("leeds")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def till(state: str = "ok", **values: Any) -> Mark:
    usual = {
        "shop": "leeds", "mark": 1, "moved_at": ago(1), "asked_at": ago(0.1), "error": "", "failures": 0,
        "next_ask_at": None, "state": state, "state_since": ago(300), "last_success_at": ago(0.1), "error_kind": "",
    }  # fmt: skip
    return Mark(**{**usual, **values})


def pile(state: str, count: int = 1, code: str = "", minutes: float = 1, **values: Any) -> Pile:
    usual = {
        "shop": "leeds", "currency": "GBP", "state": state, "reason_code": code, "count": count,
        "gross_minor": 1200 * count, "oldest_at": ago(minutes), "retrying": 0, "next_attempt_at": None,
        "most_attempts": 1, "message": "",
    }  # fmt: skip
    return Pile(**{**usual, **values})


def health(mark: Mark | None = till(), *piles: Pile, in_file: bool = True) -> Health:  # noqa: B008  # frozen, never changed
    return assess(mark, piles, shop=LEEDS if in_file else None, now=NOW, promise=PROMISE)


def test_a_shop_whose_sales_are_on_their_way_within_the_promise_is_healthy() -> None:
    assert health() == Health(ShopState.HEALTHY, None, "")
    assert health(till(), pile("pending", 40, minutes=15), pile("posted", minutes=14)).state == "healthy"


def test_a_till_that_fails_names_its_error_and_when_it_is_asked_again() -> None:
    failed = {"error": "connection refused.", "state_since": ago(7), "next_ask_at": NOW + timedelta(minutes=2)}
    assert health(till("failing", failures=1, **failed)) == Health(
        ShopState.TILL_FAILING, ago(7),
        "Its till can't be read (once): connection refused. It is asked again at 2026-11-20 12:02:00 UTC.",
    )  # fmt: skip
    assert health(till("resting", failures=8, **failed)) == Health(
        ShopState.TILL_RESTING, ago(7),
        "Its till can't be read (8 times in a row): connection refused. It is asked again at 2026-11-20 12:02:00 UTC.",
    )  # fmt: skip


def test_a_till_that_nobody_asks_is_told_from_one_that_rests() -> None:
    assert health(None) == Health(ShopState.NOT_ASKED, None, "Its till was never asked.")
    asked = ago(16)
    assert health(till(asked_at=asked)) == Health(
        ShopState.NOT_ASKED, asked, "Nobody has asked its till since 2026-11-20 11:44:00 UTC."
    )
    assert health(till(asked_at=ago(15))).state == "healthy"
    resting = till("resting", asked_at=asked, next_ask_at=NOW + timedelta(minutes=1), failures=9, error="away")
    assert health(resting).state == "till_resting"


def test_sales_later_than_the_promise_are_late_since_it_was_broken_with_the_next_attempt() -> None:
    waiting = pile("pending", 2, minutes=25, message="the ERP is down.", next_attempt_at=NOW + timedelta(minutes=3))
    assert health(till(), waiting, pile("posted", 1)) == Health(
        ShopState.POSTING_LATE, ago(10),
        "3 receipts (36.00 GBP) are not verified in the ERP, the oldest came 2026-11-20 11:35:00 UTC and is pending: "
        "the ERP is down. Next attempt 2026-11-20 12:03:00 UTC.",
    )  # fmt: skip
    assert health(till(), pile("posted", minutes=16)).state == "posting_late"


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("rejected", "tax_not_mapped", ShopState.MAP_INCOMPLETE),
        ("rejected", "tender_not_mapped", ShopState.MAP_INCOMPLETE),
        ("rejected", "unknown_location", ShopState.ERP_REFUSING),
        ("rejected", "not_enough_stock", ShopState.ERP_REFUSING),
        ("quarantined", "bad_number", ShopState.UNREADABLE),
    ],
)
def test_what_is_set_aside_tells_map_erp_and_export_apart(state: str, code: str, expected: ShopState) -> None:
    found = health(till(), pile(state, 2, code, 90), pile("pending"))
    words = f"2 receipts (24.00 GBP) are {state}: {code} 2."
    assert found == Health(expected, ago(90), words, code)


def test_of_several_states_the_gravest_is_shown_and_all_are_told() -> None:
    found = health(
        till("failing", failures=2, error="away", next_ask_at=ago(1)),
        pile("rejected", 1, "tax_not_mapped", 50), pile("rejected", 4, "unknown_sku", 20),
        pile("quarantined", 1, "malformed", gross_minor=0, currency=""),
    )  # fmt: skip
    assert (found.state, found.reason_code) == (ShopState.TILL_FAILING, "")
    assert found.reason == (
        "Its till can't be read (2 times in a row): away. "
        "4 receipts (48.00 GBP) are rejected: unknown_sku 4. "
        "1 receipt (12.00 GBP) is rejected: tax_not_mapped 1. "
        "1 receipt is quarantined: malformed 1."
    )


def test_receipts_that_gather_for_the_close_of_their_day_are_late_when_that_is_over() -> None:
    assert health(till(), pile("gathering", 9, minutes=600, oldest_day=date(2026, 11, 20))).state == "healthy"
    yesterday = pile("gathering", 2, minutes=900, oldest_day=date(2026, 11, 19))
    assert health(till(), yesterday) == Health(
        ShopState.POSTING_LATE, datetime(2026, 11, 20, 3, 15, tzinfo=UTC),
        "2 receipts (24.00 GBP) wait for the close of their trading day: 2026-11-19 was to be closed "
        "2026-11-20 03:00:00 UTC.",
    )  # fmt: skip


def test_a_shop_that_left_the_file_is_shown_while_something_of_it_is_open() -> None:
    found = health(till(asked_at=ago(900)), pile("pending", 2, minutes=900), in_file=False)
    assert found == Health(
        ShopState.NOT_IN_FILE, ago(900), "The shop is not in the shops file, and 2 receipts of it are open."
    )
    assert health(None, in_file=False).state == "healthy"
