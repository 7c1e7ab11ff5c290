"""Writing frames into the lake, within one transaction: only rows that really differ are rewritten.

Read and written: the tables of ``tables.py``, and ``lake_marks`` (how far each table has followed its source).
An upsert that changes nothing makes no file and no snapshot. ``as_of`` columns do not count as a difference: a row
keeps the instant at which it was last found changed, and ``lake_marks.as_of`` says when the table was last refreshed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from bp_assets.lake.errors import LakeSchemaError
from bp_assets.lake.fit import fit, fit_keys
from bp_assets.lake.fit_query import fit_query
from bp_assets.lake.table import Table
from bp_assets.lake.tables import BY_NAME

_INCOMING = "incoming_frame"


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows a write changed: ``written`` are new or different rows, ``deleted`` those no longer there."""

    written: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class LakeMark:
    """How far a table has followed its source. ``mark`` is any JSON value, ``as_of`` when it was last refreshed.

    ``high_water`` is the source's own moment up to which every change is in, ``oldest`` when the row that was read
    longest ago was read; ``None`` where the source tells no such moment, or all rows are read each time.
    """

    mark: Any
    as_of: datetime
    rows: int
    high_water: datetime | None = None
    oldest: datetime | None = None


class Writer:
    """What may be done within a write transaction of the lake. Made by ``Lake.transaction`` and ``Lake.write``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def read(self, sql: str, params: Sequence[Any] | dict[str, Any] | None = None) -> pl.DataFrame:
        """The answer of one query, within the transaction."""
        return self.connection.execute(sql, params or None).pl()

    def upsert(
        self,
        table: str,
        frame: pl.DataFrame,
        *,
        within: Sequence[str] = (),
        ignoring: Sequence[str] = ("as_of",),
    ) -> Change:
        """Insert new rows and update those that differ, by the table's key.

        ``within`` names columns whose groups the frame holds completely: rows of those groups that are not in the frame
        are deleted (the lines of a sale: ``within=("sale_id",)``). Columns in ``ignoring`` make no difference alone.

        Raises:
            LakeSchemaError: the frame does not fit the table.
        """
        described = _written(table)
        fitted = fit(described, frame)
        with self._incoming(fitted):
            deleted = 0
            if within:
                groups = " AND ".join(f't."{name}" = g."{name}"' for name in within)
                gone = f"EXISTS (SELECT 1 FROM {_INCOMING} g WHERE {groups}) AND {_absent(described)}"
                deleted = self._delete(described, gone)
            return Change(self._merge(described, ignoring), deleted)

    def replace(self, table: str, frame: pl.DataFrame, *, ignoring: Sequence[str] = ("as_of",)) -> Change:
        """Make the table hold exactly the frame's rows; rows that stay the same are not touched.

        Raises:
            LakeSchemaError: the frame does not fit the table.
        """
        described = _written(table)
        with self._incoming(fit(described, frame)):
            deleted = self._delete(described, _absent(described))
            return Change(self._merge(described, ignoring), deleted)

    def insert_query(self, table: str, query: str) -> int:
        """Insert the rows of a query, such as a reading of Parquet files; how many. Their keys must be new.

        What takes their place is deleted first. Nothing of it passes through Python, however many rows there are.

        Raises:
            LakeSchemaError: the query's rows do not fit the table.
        """
        described = _written(table)
        fit_query(self.connection, described, query)
        columns = ", ".join(f'"{column.name}"' for column in described.columns)
        return _count(
            self.connection.execute(f"INSERT INTO {described.sql} ({columns}) SELECT {columns} FROM ({query})")
        )

    def delete_keys(self, table: str, frame: pl.DataFrame, keys: Sequence[str] | None = None) -> int:
        """Delete the rows whose ``keys`` (default: the table's key) are in the frame; how many."""
        described = _written(table)
        names = list(keys or described.key)
        with self._incoming(fit_keys(described, names, frame)):
            same = " AND ".join(f't."{name}" = s."{name}"' for name in names)
            return self._delete(described, f"EXISTS (SELECT 1 FROM {_INCOMING} s WHERE {same})")

    def mark(self, table: str) -> LakeMark | None:
        """How far the table has followed its source, or ``None``."""
        return mark(self.connection, table)

    def set_mark(
        self,
        table: str,
        value: Any,
        as_of: datetime | None = None,
        *,
        high_water: datetime | None = None,
        oldest: datetime | None = None,
    ) -> None:
        """Move the table's mark; it is there only if the rows of this transaction are. See ``LakeMark``."""
        count = self.connection.execute(f"SELECT count(*) FROM {BY_NAME[table].sql}").fetchone()
        row = [table, json.dumps(value), as_of or datetime.now(UTC), count[0] if count else 0, high_water, oldest]
        self.connection.execute("DELETE FROM lake_marks WHERE table_name = ?", [table])
        self.connection.execute(
            "INSERT INTO lake_marks (table_name, mark, as_of, rows, high_water, oldest) VALUES (?, ?, ?, ?, ?, ?)", row
        )

    @contextmanager
    def _incoming(self, frame: pl.DataFrame) -> Iterator[None]:
        self.connection.register(_INCOMING, frame.to_arrow())
        try:
            yield
        finally:
            self.connection.unregister(_INCOMING)

    def _delete(self, table: Table, condition: str) -> int:
        return _count(self.connection.execute(f"DELETE FROM {table.sql} AS t WHERE {condition}"))

    def _merge(self, table: Table, ignoring: Sequence[str]) -> int:
        """Update what differs, insert what is new. Not ``MERGE``: its inserts make a file even for a single row."""
        names = [column.name for column in table.columns]
        others = [name for name in names if name not in table.key]
        same = " AND ".join(f't."{name}" = s."{name}"' for name in table.key)
        differs = " OR ".join(f't."{name}" IS DISTINCT FROM s."{name}"' for name in others if name not in ignoring)
        changed = 0
        if differs:
            update = ", ".join(f'"{name}" = s."{name}"' for name in others)
            where = f"FROM {_INCOMING} AS s WHERE {same} AND ({differs})"
            changed = _count(self.connection.execute(f"UPDATE {table.sql} AS t SET {update} {where}"))
        columns = ", ".join(f'"{name}"' for name in names)
        absent = f"NOT EXISTS (SELECT 1 FROM {table.sql} t WHERE {same})"
        insert = f"INSERT INTO {table.sql} ({columns}) SELECT {columns} FROM {_INCOMING} AS s WHERE {absent}"
        return changed + _count(self.connection.execute(insert))


def mark(connection: duckdb.DuckDBPyConnection, table: str) -> LakeMark | None:
    """The mark of a table, read on any connection to the lake."""
    query = "SELECT mark, as_of, rows, high_water, oldest FROM lake_marks WHERE table_name = ?"
    row = connection.execute(query, [table]).fetchone()
    if not row:
        return None
    return LakeMark(json.loads(row[0]), row[1].astimezone(UTC), row[2], _utc(row[3]), _utc(row[4]))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def _written(table: str) -> Table:
    """The table of a name, for writing.

    Raises:
        LakeSchemaError: it is a view.
    """
    described = BY_NAME[table]
    if described.view:
        raise LakeSchemaError(f"{described.label} is a view: write the tables it is made from")
    return described


def _absent(table: Table) -> str:
    same = " AND ".join(f't."{name}" = s."{name}"' for name in table.key)
    return f"NOT EXISTS (SELECT 1 FROM {_INCOMING} s WHERE {same})"


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0
