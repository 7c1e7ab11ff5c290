"""The assets of forecasting, run by Dagster on a real lake: they fill their tables and write only what changed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import dagster as dg

from bp_assets import jobs
from bp_assets.forecasting import store
from bp_assets.forecasting.assets import FORECASTING
from bp_assets.forecasting.supply import LEAD_TIMES
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Change, Writer
from bp_assets.lake.maintain import maintain
from bp_assets.resources import LakeResource, ShopsResource
from tests.builders import NOW, SHOPS_TOML
from tests.forecasting.order_book import START, Order, OrderBook, Row, written


def materialised(tmp_path: Path, *names: str) -> dict[str, dict[str, object]]:
    """Metadata by table of one run of the assets named, or of all."""
    file = tmp_path / "shops.toml"
    file.write_text(SHOPS_TOML)
    resources = {"lake": LakeResource(), "shops": ShopsResource(path=str(file))}
    result = dg.materialize(list(FORECASTING), resources=resources, selection=list(names) or None)
    return {
        event.asset_key.to_user_string(): {key: value.value for key, value in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def put_orders(book: OrderBook, writer: Writer) -> None:
    written("orders", [book.order_row(key, one) for key, one in book.orders.items()], writer)
    written("order_rows", [row for key, one in book.orders.items() for row in book.order_rows(key, one)], writer)


def test_the_assets_fill_their_tables_and_write_only_what_changed(lake: Lake, tmp_path: Path) -> None:
    book = OrderBook(seed=1)
    book.orders[1] = Order("SO", START, 9, 20, rows=[Row(1001, 2, Decimal("20.00"))])
    with lake.transaction() as writer:
        put_orders(book, writer)
        written("products", [{"product_id": 1001, "sku": "MUG", "stock_tracked": True, "as_of": NOW}], writer)
        levels = [{"product_id": 1001, "warehouse_id": 9, "in_stock": 5, "on_hand": 5, "as_of": NOW}]
        written("stock_levels", levels, writer)
        writer.set_mark("stock_levels", {}, NOW)
        statuses = [{"status_id": 5, "name": "Cancelled", "order_type": "SO", "as_of": NOW}]
        written("order_statuses", statuses, writer)
    first = materialised(tmp_path)
    assert set(first) == {"availability_history", *jobs.FORECASTING_TABLES}
    assert (first["demand_daily"]["days_computed"], first["demand_daily"]["dagster/row_count"]) == ("all", 1)
    assert first["cancelled_statuses"]["dagster/row_count"] == first["stock_position"]["rows_written"] == 1
    assert "dagster/column_lineage" in first["weeks_of_cover"]
    maintain(lake)  # files merged and rewritten: what changed since is still known

    book.orders[2] = Order("SC", START + timedelta(days=3), 9, 20, parent=1, rows=[Row(1001, 1, Decimal("10.00"))])
    with lake.transaction() as writer:
        book.orders[1].placed_on = START + timedelta(days=1)
        put_orders(book, writer)
    second = materialised(tmp_path, "availability_history", "cancelled_statuses", "demand_daily")
    told = {table: (one["rows_written"], one["rows_deleted"]) for table, one in second.items()}
    assert told.pop("demand_daily") == (2, 1)
    assert told == {"availability_history": (0, 0), "cancelled_statuses": (0, 0)}
    days = "select day, units_sold, units_returned_of_this_day from demand_daily order by day"
    assert [(str(day)[8:], *units) for day, *units in lake.read(days).rows()] == [("21", 2, 1), ("23", 0, 0)]
    marks = {row[0] for row in lake.read("select table_name from lake_marks").rows()}
    assert {"availability_history", *jobs.FORECASTING_TABLES} <= marks


def test_an_account_that_sells_and_never_buys_has_no_lead_times(lake: Lake) -> None:
    """A few sales and nothing else: with as few rows DuckDB 1.5 lost columns of a join (its issue 26000)."""
    book = OrderBook(seed=1)
    for number in range(1, 7):
        book.orders[number] = Order("SO", START, 9, 20, rows=[Row(1001, 1, Decimal("10.00"))] * 2)
    with lake.transaction() as writer:
        put_orders(book, writer)
        statuses = [{"status_id": n, "name": "Cancelled", "order_type": "SO", "as_of": NOW} for n in (5, 8, 13)]
        written("cancelled_statuses", statuses, writer)
    change = lake.write(lambda writer: store.replace(writer, "lead_times", LEAD_TIMES, {"as_of": NOW}))
    assert change == Change(0, 0)
    assert lake.read("select count(*), sum(signed_net) from sales").rows() == [(12, Decimal("120.00"))]
