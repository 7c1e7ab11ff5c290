"""The lake's migrations: its schemas, tables and views follow ``tables.py``, its version says who may use it.

New tables and new columns are added by themselves (a new column is null in rows written before). Anything else that
changes a shape — a rename, another type, a column that goes — is a numbered step in ``STEPS``.
Read and written: ``lake_version``, ``table_dictionary``, the shape of all tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb

from bp_assets.lake.columns import Column
from bp_assets.lake.connect import Lake
from bp_assets.lake.dictionary import fill
from bp_assets.lake.errors import LakeNewer, LakeSchemaError
from bp_assets.lake.forecasting_tables import MACROS
from bp_assets.lake.frames import Writer
from bp_assets.lake.table import MAIN, PERSONAL, Table
from bp_assets.lake.tables import TABLES

VERSION = 3
# Rows that a writer gathers before it writes them out: a third of DuckDB's own, and so is the memory for a wide table.
ROW_GROUP = 40_960
INLINE_ROWS = 500  # smaller inserts stay in the catalogue until maintenance writes them to files
# DuckLake keeps these names for itself in tables with inlined rows: a table that has one goes without inlining.
_RESERVED = {"row_id", "begin_snapshot", "end_snapshot"}
# SQL that leads from the version before to this one, run before tables and columns are added.
STEPS: dict[int, tuple[str, ...]] = {
    # ``row_id`` kept their small writes from being inlined: each read-back left a file per table.
    2: (
        "ALTER TABLE posted_order_rows RENAME COLUMN row_id TO order_row_id",
        "ALTER TABLE posted_goods RENAME COLUMN row_id TO order_row_id",
    ),
    # How far a source's own moments are in, and how old the oldest row is: what ``table_freshness`` shows.
    3: (
        "ALTER TABLE lake_marks ADD COLUMN high_water TIMESTAMPTZ",
        "ALTER TABLE lake_marks ADD COLUMN oldest TIMESTAMPTZ",
    ),
}

_OWN = (
    "CREATE TABLE IF NOT EXISTS lake_version (version INTEGER NOT NULL, shape VARCHAR NOT NULL, applied TIMESTAMPTZ)",
    "CREATE TABLE IF NOT EXISTS lake_marks "
    "(table_name VARCHAR NOT NULL, mark VARCHAR NOT NULL, as_of TIMESTAMPTZ NOT NULL, rows BIGINT NOT NULL, "
    "high_water TIMESTAMPTZ, oldest TIMESTAMPTZ)",
)


def migrate(lake: Lake, tables: Sequence[Table] = TABLES) -> list[str]:
    """Bring the lake to this version's tables; what was done, in words. Nothing to do is quick.

    Raises:
        LakeNewer: a newer version of tillbridge was here before; nothing was changed.
        LakeSchemaError: a column has another type than ``tables.py`` says and no step changes it.
    """
    shape = shape_of(tables)
    with lake.writing(), lake.open(read_only=False) as connection:
        version, known = _found(connection)
        if version > VERSION:
            raise LakeNewer(
                f"The lake is at version {version}, this tillbridge knows up to {VERSION}. "
                "Install the version that was here before, or a newer one; nothing was changed."
            )
        if (version, known) == (VERSION, shape):
            return []
        _inline(connection, 0)
        connection.execute(f"CALL ducklake_set_option('lake', 'parquet_row_group_size', '{ROW_GROUP}')")
        connection.execute("BEGIN")
        done = _apply(connection, version, tables)
        connection.execute("COMMIT")
        for schema, name in ((MAIN, "lake_version"), (MAIN, "lake_marks"), *_inlined(tables)):
            _inline(connection, INLINE_ROWS, f", schema => '{schema}', table_name => '{name}'")
        # Last: a migration that was cut off before is simply done again.
        connection.execute("BEGIN")
        fill(Writer(connection), tables)
        connection.execute("DELETE FROM lake_version")
        connection.execute("INSERT INTO lake_version VALUES (?, ?, ?)", [VERSION, shape, datetime.now(UTC)])
        connection.execute("COMMIT")
    return done


def shape_of(tables: Sequence[Table]) -> str:
    """A digest of everything that ``migrate`` puts into the lake."""
    return hashlib.sha256(repr((tables, MACROS)).encode()).hexdigest()


def _inlined(tables: Sequence[Table]) -> list[tuple[str, str]]:
    """The tables whose small writes may stay in the catalogue: a view has none, some names are reserved, and personal
    data is kept in files alone, which can be deleted for good."""
    reserved = {table.name for table in tables if _RESERVED & {column.name for column in table.columns}}
    kept = [table for table in tables if not table.view and table.schema != PERSONAL and table.name not in reserved]
    return [(table.schema, table.name) for table in kept]


def _found(connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    try:
        row = connection.execute("SELECT version, shape FROM lake_version").fetchone()
    except duckdb.CatalogException:
        return 0, ""
    return (row[0], row[1]) if row else (0, "")


def _apply(connection: duckdb.DuckDBPyConnection, version: int, tables: Sequence[Table]) -> list[str]:
    done: list[str] = []
    for number in range(version + 1, VERSION + 1):
        for statement in STEPS.get(number, ()) if version else ():
            connection.execute(statement)
            done.append(f"step {number}: {statement}")
    for statement in _OWN:
        connection.execute(statement)
    for schema in sorted({table.schema for table in tables} - {MAIN}):
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    for table in tables:
        if not table.view:
            done += _follow(connection, table)
    for table in tables:
        if table.view:
            done += _view(connection, table)
    for statement in MACROS:
        connection.execute(statement)
    return done


def _view(connection: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """The view as described now. DuckLake keeps no words for a view's columns: ``table_dictionary`` has them."""
    query = "SELECT count(*) FROM duckdb_views() WHERE database_name = 'lake' AND schema_name = ? AND view_name = ?"
    found = connection.execute(query, [table.schema, table.name]).fetchone()
    connection.execute(f"CREATE OR REPLACE VIEW {table.sql} AS {table.view}")
    words = table.description.replace("'", "''")
    connection.execute(f"COMMENT ON VIEW {table.sql} IS '{words}'")
    return [] if found and found[0] else [f"created view {table.label}"]


def _follow(connection: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    query = "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
    query += "WHERE database_name = 'lake' AND schema_name = ? AND table_name = ?"
    found = {row[0]: row[1:] for row in connection.execute(query, [table.schema, table.name]).fetchall()}
    done = []
    if not found:
        columns = ", ".join(f'"{c.name}" {c.type}{"" if c.nullable else " NOT NULL"}' for c in table.columns)
        connection.execute(f"CREATE TABLE {table.sql} ({columns})")
        done.append(f"created table {table.label}")
    for column in table.columns:
        if found and column.name not in found:
            connection.execute(f'ALTER TABLE {table.sql} ADD COLUMN "{column.name}" {column.type}')
            done.append(f"added column {table.label}.{column.name}")
        elif found:
            _compare(connection, table, column, *found[column.name][:2])
        if column.name not in found or found[column.name][2] != column.description:
            words = column.description.replace("'", "''")
            connection.execute(f"COMMENT ON COLUMN {table.sql}.\"{column.name}\" IS '{words}'")
    words = table.description.replace("'", "''")
    connection.execute(f"COMMENT ON TABLE {table.sql} IS '{words}'")
    return done


def _inline(connection: duckdb.DuckDBPyConnection, rows: int, place: str = "") -> None:
    connection.execute(f"CALL ducklake_set_option('lake', 'data_inlining_row_limit', {rows}{place})")


def _compare(connection: duckdb.DuckDBPyConnection, table: Table, column: Column, type_: str, nullable: bool) -> None:
    wanted = column.type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE").replace(" ", "")
    if type_.replace(" ", "") != wanted:
        raise LakeSchemaError(
            f"column {column.name!r} of table {table.label} is {type_} in the lake and {column.type} in tables.py: "
            "add a step to bp_assets/lake/migrate.py that changes it"
        )
    if column.nullable and not nullable:
        connection.execute(f'ALTER TABLE {table.sql} ALTER COLUMN "{column.name}" DROP NOT NULL')
