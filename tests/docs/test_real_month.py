"""``docs/real-month.md``: its figures are those of the real file. What becomes of it is held by ``tests/e2e``.

Read: the page, the real month where it is there. Written: nothing.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest

from bp_assets.config import load
from bp_assets.config.feeds import FileDropFeed
from tests.e2e.test_replay import EXAMPLE, SHARED

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "real-month.md").read_text(encoding="utf-8").split())


def test_every_odd_code_of_the_shops_file_is_explained() -> None:
    feed = load(EXAMPLE).shops[0].feed
    assert isinstance(feed, FileDropFeed)
    codes = {"gift_0001_…" if code.startswith("gift_0001") else code for code in feed.line_types}
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


@pytest.mark.skipif(not SHARED.is_file(), reason="the real month 2010-12.parquet is not there")
def test_the_figures_are_those_of_the_file() -> None:
    lines = pl.read_parquet(SHARED)
    money = [
        (Decimal(quantity) * Decimal(repr(price))).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        for quantity, price in lines.select("Quantity", "UnitPrice").iter_rows()
    ]
    lines = lines.with_columns(pl.Series("money", money))
    worth = lines.filter(pl.col("UnitPrice").ne(0).any().over("InvoiceNo"))
    nothing = lines.filter(pl.col("UnitPrice").eq(0).all().over("InvoiceNo"))
    back = worth.filter(pl.col("InvoiceNo").str.starts_with("C"))
    invoices = pl.col("InvoiceNo").n_unique()
    count = {name: frame.select(invoices).item() for name, frame in (("worth", worth), ("back", back))}
    assert nothing.height == nothing.select(invoices).item() == 140
    assert nothing["CustomerID"].null_count() == 140
    out, given = nothing.filter(pl.col("Quantity") < 0), nothing.filter(pl.col("Quantity") > 0)
    unknown = worth.filter(pl.col("CustomerID").is_null()).select(invoices).item()
    for words in (
        f"{lines.select(invoices).item():,} invoices, {lines.height:,} lines",
        f"| verified | {count['worth']:,} | {worth['money'].sum():,} |",
        f"{count['worth'] - count['back']:,} sales and {count['back']} cancellations",
        f"together {back['money'].sum():,}",
        f"{out.height} take goods out ({-out['Quantity'].sum():,} pieces)",
        f"{given.height} put goods in ({given['Quantity'].sum():,} pieces)",
        f"{nothing['Description'].null_count()} have no description",
        f"worth something ({worth.filter(pl.col('UnitPrice') == 0).height} lines)",
        f"No customer number ({unknown} invoices",
    ):
        assert words in PAGE, words
