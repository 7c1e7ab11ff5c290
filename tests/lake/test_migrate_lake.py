"""The lake's tables follow ``tables.py``, and a newer lake is left alone."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from bp_assets.lake.columns import col
from bp_assets.lake.connect import Lake
from bp_assets.lake.erp_catalogue import STOCK_LEVELS
from bp_assets.lake.errors import LakeNewer, LakeSchemaError
from bp_assets.lake.migrate import migrate
from bp_assets.lake.tables import TABLES
from tests.lake.frames_of_tests import stock


def with_columns(*columns: object) -> list[object]:
    changed = dataclasses.replace(STOCK_LEVELS, columns=columns)
    return [changed if table is STOCK_LEVELS else table for table in TABLES]


def test_every_table_and_column_stands_in_the_lake_with_its_words(lake: Lake) -> None:
    found = lake.read(
        "SELECT schema_name, table_name, column_name, is_nullable, comment FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND table_name NOT IN ('lake_version', 'lake_marks') "
        "AND table_name NOT IN (SELECT view_name FROM duckdb_views() WHERE database_name = 'lake')"
    ).rows()
    expected = [
        (table.schema, table.name, c.name, c.nullable, c.description)
        for table in TABLES
        for c in table.columns
        if not table.view
    ]
    assert sorted(found) == sorted(expected)
    comments = lake.read(
        "SELECT table_name, comment FROM duckdb_tables() WHERE database_name = 'lake' "
        "UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'lake'"
    ).rows()
    assert dict(comments).items() >= {table.name: table.description for table in TABLES}.items()


def test_a_migrated_lake_is_left_alone(lake: Lake) -> None:
    before = lake.read("SELECT id FROM lake.current_snapshot()").item()
    assert migrate(lake) == []
    assert lake.read("SELECT id FROM lake.current_snapshot()").item() == before


def test_a_new_column_is_added_and_null_in_rows_written_before(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    wider = with_columns(*STOCK_LEVELS.columns, col("bin", "VARCHAR", "Where it lies; it's new.", nullable=True))
    assert migrate(lake, wider) == ["added column stock_levels.bin"]
    assert lake.read("SELECT in_stock, bin FROM stock_levels").rows() == [(5, None)]
    words = "SELECT comment FROM duckdb_columns() WHERE column_name = 'bin'"
    assert lake.read(words).item() == "Where it lies; it's new."
    assert migrate(lake, wider) == []


def test_a_column_that_may_now_be_null_may_be_null(lake: Lake) -> None:
    looser = with_columns(*(dataclasses.replace(c, nullable=c.name == "in_transit") for c in STOCK_LEVELS.columns))
    assert migrate(lake, looser) == []
    with lake.transaction() as writer:
        writer.connection.execute("INSERT INTO stock_levels VALUES (1, 1, 1, 1, 1, NULL, now())")
    assert lake.read("SELECT in_transit FROM stock_levels").rows() == [(None,)]


def test_another_type_without_a_step_is_refused_and_nothing_is_changed(lake: Lake) -> None:
    other = with_columns(
        *(dataclasses.replace(c, type="VARCHAR") if c.name == "in_stock" else c for c in STOCK_LEVELS.columns),
        col("bin", "VARCHAR", "New.", nullable=True),
    )
    with pytest.raises(LakeSchemaError, match="'in_stock' of table stock_levels is BIGINT in the lake and VARCHAR"):
        migrate(lake, other)
    assert "bin" not in lake.read("FROM stock_levels").columns
    assert migrate(lake) == []


def test_a_lake_of_the_first_version_keeps_its_rows_and_writes_small_changes_without_files(lake: Lake) -> None:
    with lake.writing(), lake.open(read_only=False) as old:
        for table in ("posted_order_rows", "posted_goods"):
            old.execute(f"CALL ducklake_set_option('lake', 'data_inlining_row_limit', 0, table_name => '{table}')")
            old.execute(f"ALTER TABLE {table} RENAME COLUMN order_row_id TO row_id")
        columns = "order_id, row_id, product_id, sku, name, quantity, tax_code, net, tax, currency, as_of"
        values = "1, 11, 1007, 'MUG', 'Mug', 1, 'T20', 10, 2, 'GBP', now()"
        old.execute(f"INSERT INTO posted_order_rows ({columns}) VALUES ({values})")
        for column in ("high_water", "oldest"):
            old.execute("CALL ducklake_set_option('lake', 'data_inlining_row_limit', 0, table_name => 'lake_marks')")
            old.execute(f"ALTER TABLE lake_marks DROP COLUMN {column}")
        old.execute("UPDATE lake_version SET version = 1")
    assert [step for step in migrate(lake) if step.startswith("step 2")] == [
        f"step 2: ALTER TABLE {table} RENAME COLUMN row_id TO order_row_id"
        for table in ("posted_order_rows", "posted_goods")
    ]
    held = lake.read("SELECT * FROM posted_order_rows")
    assert (held["order_row_id"].to_list(), held["sku"].to_list()) == ([11], ["MUG"])
    files = sorted(lake.home.lake.rglob("*.parquet"))
    more = held.with_columns(order_row_id=pl.lit(12, pl.Int64()))
    lake.write(lambda writer: writer.upsert("posted_order_rows", more))
    assert lake.read("SELECT order_row_id FROM posted_order_rows ORDER BY 1").rows() == [(11,), (12,)]
    lake.write(lambda writer: writer.upsert("posted_order_rows", held.with_columns(sku=pl.lit("CUP"))))
    assert lake.read("SELECT order_row_id, sku FROM posted_order_rows ORDER BY 1").rows() == [(11, "CUP"), (12, "MUG")]
    assert [file for file in lake.home.lake.rglob("*.parquet") if file not in files and "delete" not in file.name] == []
    assert migrate(lake) == []


def test_a_lake_from_a_newer_version_is_left_alone_with_a_clear_word(lake: Lake) -> None:
    with lake.transaction() as writer:
        writer.connection.execute("UPDATE lake_version SET version = 999")
    with pytest.raises(LakeNewer, match="The lake is at version 999, this tillbridge knows up to 3"):
        migrate(lake)
