"""Increments: what changed in a table since a mark, so that a run's cost follows what changed.

Read: the tables named in ``schema.STAMPED``. Written: nothing.

Every row carries the id of the transaction that last wrote it. One snapshot answers with all rows written by a
transaction at or after the mark, and the new mark is the oldest transaction that was still running in that snapshot:
whatever it commits later lies at or after the new mark. So no order of commits hides a row. Rows of the last moments
may come twice, which an upsert by key does not mind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import STAMPED, metadata

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """``rows`` as dictionaries in the order of their key, and the ``mark`` to ask from next time.

    ``complete`` is true when every row of the table was read: no mark yet, or a mark this server has not reached.
    """

    rows: list[Row]
    mark: int
    complete: bool


@dataclass(slots=True)
class ChangeStream:
    """The same in batches, for tables too large to hold at once."""

    mark: int
    complete: bool
    batches: Iterator[list[Row]]


@retrying
def changes(ledger: Ledger, table: str, since: int | None = None, *, columns: Sequence[str] | None = None) -> Changes:
    """All rows of ``table`` written at or after mark ``since`` (``None``: all), with ``columns`` or all of them."""
    with change_stream(ledger, table, since, columns=columns) as stream:
        rows = [row for batch in stream.batches for row in batch]
        return Changes(rows, stream.mark, stream.complete)


@contextmanager
def change_stream(
    ledger: Ledger, table: str, since: int | None = None, *, columns: Sequence[str] | None = None, size: int = 5000
) -> Iterator[ChangeStream]:
    """Like ``changes``, read while the block lasts, ``size`` rows at a time.

    Raises:
        KeyError: the table is not one whose changes are stamped, or has no such column.
    """
    if table not in STAMPED:
        raise KeyError(f"changes of {table!r} are not stamped; there are {', '.join(STAMPED)}")
    source = metadata.tables[f"tillbridge.{table}"]
    wanted = [source.c[name] for name in columns or [c.name for c in source.c if c.name != "change_xid"]]
    with ledger.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        snapshot = sa.text(
            "select pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint from pg_current_snapshot() s"
        )
        oldest, newest = connection.execute(snapshot).one()
        # A mark this server has not reached was taken from another one (a restored copy): begin again.
        complete = since is None or since > newest
        query = sa.select(*wanted).order_by(*source.primary_key)
        if not complete:
            query = query.where(sa.text(f"{table}.change_xid >= cast(:since as xid8)").bindparams(since=str(since)))
        cursor = connection.execution_options(yield_per=size).execute(query)
        yield ChangeStream(oldest, complete, ([dict(row) for row in part] for part in cursor.mappings().partitions()))
