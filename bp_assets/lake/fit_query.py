"""Does the result of a query fit its table? The same questions as ``fit.py`` asks of a frame, asked in SQL.

For more rows than memory should hold, such as Parquet parts: nothing is fetched but counts and one example. Read: what
the query reads, the table's keys. Written: nothing.
"""

from __future__ import annotations

import duckdb

from bp_assets.lake.errors import LakeSchemaError
from bp_assets.lake.table import Table

_SPELT = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}


def fit_query(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> None:
    """That every row of ``query`` may be inserted: columns, types, no nulls where none may be, keys that are new.

    Raises:
        LakeSchemaError: naming the table, the column or the key, and what was expected and found.
    """
    _columns(connection, table, query)
    _no_nulls(connection, table, query)
    keys = ", ".join(f'"{name}"' for name in table.key)
    shown = ", ".join(table.key)
    twice = f"SELECT {keys} FROM ({query}) GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    if row := connection.execute(twice).fetchone():
        raise LakeSchemaError(f"two rows for table {table.label} have the key {shown} = {row}")
    held = f"SELECT {keys} FROM ({query}) SEMI JOIN {table.sql} USING ({keys}) LIMIT 1"
    if row := connection.execute(held).fetchone():
        raise LakeSchemaError(f"table {table.label} already has a row with the key {shown} = {row}")


def _columns(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> None:
    described = connection.execute(f"DESCRIBE {query}").fetchall()
    found = {name: _SPELT.get(type_, type_) for name, type_, *_ in described}
    wanted = {column.name: column.type for column in table.columns}
    for name in [*wanted, *found]:
        want, have = wanted.get(name, "no such column"), found.get(name, "nothing of that name")
        if want.replace(" ", "") != have.replace(" ", ""):
            raise LakeSchemaError(f"column {name!r} of table {table.label} takes {want}, the query gives {have}")


def _no_nulls(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> None:
    never = [column.name for column in table.columns if not column.nullable]
    counts = ", ".join(f'count(*) - count("{name}")' for name in never)
    found = connection.execute(f"SELECT {counts} FROM ({query})").fetchone() or ()
    for name, nulls in zip(never, found, strict=True):
        if nulls:
            keys = ", ".join(f'"{key}"' for key in table.key)
            row = connection.execute(f'SELECT {keys} FROM ({query}) WHERE "{name}" IS NULL LIMIT 1').fetchone()
            raise LakeSchemaError(
                f"column {name!r} of table {table.label} may not be null; {nulls} rows are, first with key {row}"
            )
