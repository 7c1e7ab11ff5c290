"""posting_latency: exact percentiles per shop and hour, whatever the tills' clocks say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from bp_assets.lake.finance_tables import POSTING_LATENCY
from bp_assets.lake.fit import fit
from bp_assets.operations.latency import latency
from tests.builders import NOW, Books

TEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
_NUMBERS = iter(range(1, 10_000))


def after(start: datetime | None, seconds: float | None) -> datetime | None:
    return None if start is None or seconds is None else start + timedelta(seconds=seconds)


def sold(
    books: Books, captured: datetime, *, shop: str = "leeds", sold: float | None = -2, sent: float | None = None,
    posted: float | None = None, verified: float | None = None, state: str = "verified", posted_as: str = "order",
) -> None:  # fmt: skip
    """One sale; every instant in seconds from its arrival."""
    number = next(_NUMBERS)
    books.put(
        "pos_transactions", sale_id=f"s{number}", shop=shop, receipt_number=str(number), state=state, reason_code="",
        message="", currency="GBP", source="file_drop", source_id=str(number), attempts=1, captured_at=captured,
        sold_at=after(captured, sold), sent_at=after(captured, sent), posted_at=after(captured, posted),
        verified_at=after(captured, verified), posted_as=posted_as,
    )  # fmt: skip


def rows(books: Books, hours: pl.DataFrame | None = None) -> list[dict[str, Any]]:
    return fit(POSTING_LATENCY, latency(books.connection, books.shops, NOW, hours)).to_dicts()


def test_an_hour_of_twenty_sales_has_the_tenth_the_nineteenth_and_the_slowest(books: Books) -> None:
    for number in range(1, 21):
        sold(books, TEN + timedelta(minutes=number), sent=0.1 * number, posted=number, verified=number + 60)
    (row,) = rows(books)
    assert row == {
        "shop": "leeds", "hour_start": TEN, "local_date": date(2026, 11, 20), "local_hour": 10,
        "sales": 20, "sent": 20, "posted": 20, "verified": 20, "sold_after_captured": 0,
        "sold_to_captured_p50_seconds": Decimal(2), "sold_to_captured_p95_seconds": Decimal(2),
        "sold_to_captured_max_seconds": Decimal(2),
        "captured_to_sent_p50_seconds": Decimal(1), "captured_to_sent_p95_seconds": Decimal("1.9"),
        "captured_to_sent_max_seconds": Decimal(2),
        "captured_to_posted_p50_seconds": Decimal(10), "captured_to_posted_p95_seconds": Decimal(19),
        "captured_to_posted_max_seconds": Decimal(20),
        "sold_to_posted_p50_seconds": Decimal(12), "sold_to_posted_p95_seconds": Decimal(21),
        "sold_to_posted_max_seconds": Decimal(22),
        "posted_to_verified_p50_seconds": Decimal(60), "posted_to_verified_p95_seconds": Decimal(60),
        "posted_to_verified_max_seconds": Decimal(60),
        "as_of": NOW,
    }  # fmt: skip


def test_a_sale_that_is_not_posted_yet_counts_and_has_no_span(books: Books) -> None:
    sold(books, TEN, sent=1, posted=3)
    sold(books, TEN, sent=2, state="sending")
    sold(books, TEN, state="rejected")
    (row,) = rows(books)
    assert (row["sales"], row["sent"], row["posted"], row["verified"]) == (3, 2, 1, 0)
    assert (row["captured_to_sent_max_seconds"], row["captured_to_posted_max_seconds"]) == (2, 3)
    assert row["posted_to_verified_max_seconds"] is None


def test_what_was_never_meant_for_the_erp_or_waits_for_the_close_of_its_day_is_left_out(books: Books) -> None:
    sold(books, TEN, state="excluded")
    sold(books, TEN, state="quarantined")
    sold(books, TEN, posted=50_000, posted_as="summary")
    assert rows(books) == []


def test_tills_with_wrong_clocks_are_shown_and_spoil_no_other_span(books: Books) -> None:
    sold(books, TEN, sold=90, posted=1)
    sold(books, TEN, sold=-1, posted=1)
    sold(books, TEN, sold=-1_766_000_000, posted=1)
    sold(books, TEN, sold=None, posted=1)
    (row,) = rows(books)
    assert (row["sales"], row["sold_after_captured"]) == (4, 1)
    assert (row["sold_to_captured_p50_seconds"], row["sold_to_captured_max_seconds"]) == (1, 1_766_000_000)
    assert (row["sold_to_posted_p50_seconds"], row["captured_to_posted_max_seconds"]) == (2, 1)
    books.sql("delete from pos_transactions where sold_at is null or sold_at < captured_at")
    (row,) = rows(books)
    assert (row["sold_to_captured_p95_seconds"], row["sold_to_posted_p95_seconds"]) == (-90, -89)


def test_hours_are_those_of_the_shops_clock_where_its_zone_is_off_by_half_an_hour(books: Books) -> None:
    books.shops = books.shops.model_copy(
        update={"shops": tuple(s.model_copy(update={"time_zone": "Asia/Kolkata"}) for s in books.shops.shops)}
    )
    sold(books, TEN, posted=1)  # 15:30 in Kolkata
    (row,) = rows(books)
    assert (row["hour_start"], row["local_hour"]) == (TEN - timedelta(minutes=30), 15)


def test_the_hour_that_clocks_repeat_is_two_rows_and_another_day_begins_at_the_shops_midnight(books: Books) -> None:
    repeated = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 01:30 in London, and 01:30 again an hour later
    sold(books, repeated)
    sold(books, repeated + timedelta(hours=1))
    sold(books, TEN + timedelta(hours=1), shop="auckland")  # 00:00 there, of the next day
    sold(books, TEN, shop="gone")
    assert [(row["shop"], row["local_date"].day, row["local_hour"], row["sales"]) for row in rows(books)] == [
        ("auckland", 21, 0, 1), ("gone", 20, 10, 1), ("leeds", 25, 1, 1), ("leeds", 25, 1, 1),
    ]  # fmt: skip


def test_only_the_hours_asked_for_are_computed_and_those_are_whole(books: Books) -> None:
    for minute in (0, 59):
        sold(books, TEN + timedelta(minutes=minute), posted=minute)
    sold(books, TEN + timedelta(hours=1), posted=7)
    sold(books, TEN, shop="auckland", posted=7)
    hours = pl.DataFrame({"shop": ["leeds"], "hour_start": [TEN]}).cast({"hour_start": pl.Datetime("us", "UTC")})
    (row,) = rows(books, hours)
    assert (row["shop"], row["sales"], row["captured_to_posted_max_seconds"]) == ("leeds", 2, 59)
    assert rows(books, hours.clear()) == []
