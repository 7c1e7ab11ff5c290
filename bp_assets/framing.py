"""Rows as dictionaries into frames of a table's own types, and frames lent to DuckDB. Read: ``lake/tables.py``.

Written: nothing (views of one connection that are taken back afterwards).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets.lake.fit import schema_of
from bp_assets.lake.tables import BY_NAME


def frame_of(table: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """The rows as a frame of the table's columns and types; a column that no row has is null."""
    return pl.DataFrame(rows, schema=schema_of(BY_NAME[table]), orient="row")


@contextmanager
def lent(connection: DuckDBPyConnection, frames: Mapping[str, pl.DataFrame]) -> Iterator[None]:
    """Inside the block the connection also has these frames as tables, by name."""
    for name, frame in frames.items():
        connection.register(name, frame)
    try:
        yield
    finally:
        for name in frames:
            connection.unregister(name)


def keys_of(column: str, values: Iterable[Any], type_: pl.DataType | None = None) -> pl.DataFrame:
    """One column of values to delete by: ``keys_of("product_id", gone)``."""
    return pl.DataFrame({column: sorted(values)}, schema={column: type_ or pl.Int64()})
