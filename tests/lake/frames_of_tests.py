"""Small frames for the tests of the lake, in the shapes of real tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from bp_assets.lake.erp_catalogue import STOCK_LEVELS
from bp_assets.lake.fit import schema_of
from bp_assets.lake.till_tables import POS_TENDERS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def stock(*rows: tuple[int, int, int], as_of: datetime = NOON) -> pl.DataFrame:
    """``stock_levels`` from (product, warehouse, in stock)."""
    full = [(p, w, n, 0, n, 0, as_of) for p, w, n in rows]
    return pl.DataFrame(full, schema=schema_of(STOCK_LEVELS), orient="row")


def tenders(sale_id: str, *amounts: str) -> pl.DataFrame:
    """``pos_tenders`` of one sale in cash."""
    zero, day = Decimal(0), date(2026, 3, 2)
    rows = [
        (sale_id, str(number), "leeds", day, "cash", "CASH", Decimal(amount), zero, zero, "GBP", None, None)
        for number, amount in enumerate(amounts, 1)
    ]
    return pl.DataFrame(rows, schema=schema_of(POS_TENDERS), orient="row")
