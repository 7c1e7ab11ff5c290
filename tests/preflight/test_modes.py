"""Preflight of modes: days that have begun can't be changed, and goods that come back need a worth."""

from __future__ import annotations

from datetime import date

import pytest

from bp_assets.config import ShopsFile
from bp_assets.ledger.trading_days import TradingDay
from bp_assets.preflight.modes import begun
from tests.posting.receipts import in_mode, shops_file
from tests.preflight.conftest import House

FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)
KEY = 'name = "Leeds"'


def day(on: date, mode: str) -> TradingDay:
    return TradingDay("leeds", on, mode, None, None)


def told(shops: ShopsFile, *days: TradingDay) -> list[tuple[str, str]]:
    return [(one.place, one.message) for one in begun(shops, days)]


def test_a_day_that_was_begun_in_another_mode_is_named_with_what_to_do() -> None:
    (found,) = begun(in_mode(shops_file(), "end_of_day"), [day(FIRST, "realtime")])
    assert (found.place, found.message) == (
        "shops[leeds].mode", "2026-11-20 was begun as realtime; the file makes it end_of_day"
    )  # fmt: skip
    assert 'mode = [..., { from = "2026-11-21", mode = "end_of_day" }]' in found.advice


def test_several_days_are_one_fault() -> None:
    days = [day(FIRST, "realtime"), day(SECOND, "realtime")]
    assert told(in_mode(shops_file(), "end_of_day"), *days) == [
        ("shops[leeds].mode", "2 days from 2026-11-20 to 2026-11-21 were begun in another mode")
    ]


def test_a_change_from_a_day_on_that_has_not_begun_is_no_fault() -> None:
    shops = in_mode(shops_file(), [{"from": SECOND, "mode": "end_of_day"}])
    assert told(shops, day(FIRST, "realtime")) == []
    assert told(shops, day(FIRST, "realtime"), day(SECOND, "end_of_day")) == []


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1, None),
        (2, "price list 2 (Retail) is one that goods are sold by, not what they cost"),
        (99, "the ERP has no price list 99"),
    ],
)
def test_the_cost_price_list_of_end_of_day_shops_is_looked_at(house: House, number: int, message: str | None) -> None:
    changes = (
        (KEY, f'{KEY}\nmode = "end_of_day"'),
        ('currency = "GBP"', f'currency = "GBP"\ncost_price_list_id = {number}'),
    )
    found = [(one.place, one.message) for one in house.faults(*changes) if "cost" in one.place]
    assert found == ([("erp.cost_price_list_id", message)] if message else [])
