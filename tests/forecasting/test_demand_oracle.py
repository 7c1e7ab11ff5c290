"""Demand of random order books is what plain Python makes of them, and day by day the same as all at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bp_assets.forecasting import demand
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Change
from tests.forecasting.expected import Expected
from tests.forecasting.order_book import OrderBook

_STORED = """
select product_id, warehouse_id, channel_id, day, sales_channel_kind, currency, in_erp, units_sold,
       units_returned_on_return_day, units_returned_of_this_day, net_value, net_returned, promo, out_of_stock,
       out_of_stock_share
from demand_daily
"""


def differences(lake: Lake, book: OrderBook) -> list[str]:
    """Rows of the table that the book does not explain, and the reverse."""
    expected = {
        key: (one.sold, one.returned, one.undone, one.net, one.net_returned, one.promo,
              None if one.share is None else one.share > 0, one.share)
        for key, one in Expected(book).figures.items()
    }  # fmt: skip
    stored = {row[:7]: row[7:] for row in lake.read(_STORED).rows()}
    return [
        f"{key}: {stored.get(key)} stands, {expected.get(key)} is expected"
        for key in sorted(stored.keys() | expected.keys(), key=str)
        if not _alike(stored.get(key), expected.get(key))
    ]


def _alike(stored, expected) -> bool:  # type: ignore[no-untyped-def]  # rows of mixed types
    if stored is None or expected is None:
        return False
    share, wanted = stored[-1], expected[-1]
    close = share == wanted or (share is not None and wanted is not None and abs(share - wanted) <= 0.000001)
    return stored[:-1] == expected[:-1] and close


@pytest.mark.parametrize("seed", [3])
def test_demand_of_a_random_order_book_is_that_of_plain_python_and_increments_lose_nothing(
    lake: Lake, seed: int
) -> None:
    book = OrderBook(seed)
    computed = []
    for number in range(3):
        book.step(acts=60 if number == 0 else 8)
        now = book.until + timedelta(minutes=1)
        with lake.transaction() as writer:
            book.write(writer)
        computed.append(lake.write(lambda writer, now=now: demand.refresh(writer, book.shops, now)).days)
        assert differences(lake, book) == [], f"seed {seed}, step {number}"
    assert computed[0] is None
    assert all(days is not None for days in computed[1:])
    whole = lake.write(lambda writer: demand.refresh(writer, book.shops, now, all_days=True))
    assert (whole.days, whole.change) == (None, Change(0, 0))
