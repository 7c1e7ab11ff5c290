"""``finance.duckdb``: every published table at one moment, in one file that any tool opens.

Read: the lake, at one snapshot. Written: ``home.finance_file``, under another name first and then renamed over the old
one: readers keep the file they have open, a killed publish leaves the old one. Its table ``published`` says what it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from bp_assets.lake.connect import Lake, explained_errors, quoted
from bp_assets.lake.durable import sync
from bp_assets.lake.table import Table
from bp_assets.lake.tables import PUBLISHED


@dataclass(frozen=True, slots=True)
class Published:
    """What was published. ``renewed`` is false where the file already held this snapshot."""

    snapshot_id: int
    as_of: datetime
    rows: dict[str, int]
    seconds: float
    renewed: bool


def publish(lake: Lake, tables: Sequence[Table] = PUBLISHED, *, always: bool = False) -> Published:
    """Publish the lake's current snapshot; does nothing where the file already holds it, unless ``always``.

    Raises:
        LakeUnavailable: full disk or no rights; the old file stands as it was.
    """
    started = time.monotonic()
    target = lake.home.finance_file
    for stale in target.parent.glob(f".{target.name}.*"):
        if not _alive(stale):
            stale.unlink(missing_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with lake.open() as connection, explained_errors(lake, OSError, duckdb.Error):
        connection.execute("BEGIN")  # one transaction reads one snapshot
        snapshot, as_of = current_snapshot(connection)
        if not always and (rows := _held(target, snapshot)) is not None:
            return Published(snapshot, as_of, rows, time.monotonic() - started, renewed=False)
        try:
            rows = _build(connection, temporary, tables, snapshot, as_of)
            sync(temporary)
            temporary.replace(target)
            sync(target.parent)
        finally:
            for left in (temporary, temporary.with_name(temporary.name + ".wal")):
                with suppress(OSError):
                    left.unlink(missing_ok=True)
    return Published(snapshot, as_of, rows, time.monotonic() - started, renewed=True)


def current_snapshot(connection: duckdb.DuckDBPyConnection) -> tuple[int, datetime]:
    """The snapshot that this transaction reads, and its moment in UTC."""
    query = "SELECT snapshot_id, snapshot_time FROM ducklake_snapshots('lake') "
    row = connection.execute(query + "WHERE snapshot_id = (SELECT id FROM lake.current_snapshot())").fetchone()
    assert row is not None  # a lake always has a snapshot
    return int(row[0]), row[1].astimezone(UTC)


def _held(target: Path, snapshot: int) -> dict[str, int] | None:
    """The row counts of the published file if it holds this snapshot."""
    if not target.exists():
        return None
    try:
        with duckdb.connect(str(target), read_only=True) as file:
            rows = file.execute("SELECT table_name, rows, snapshot_id FROM published").fetchall()
    except duckdb.Error:  # damaged, held by a tool that writes to it, or from another version: publish anew
        return None
    return {name: count for name, count, _ in rows} if rows and rows[0][2] == snapshot else None


def _build(
    connection: duckdb.DuckDBPyConnection, file: Path, tables: Sequence[Table], snapshot: int, as_of: datetime
) -> dict[str, int]:
    connection.execute(f"ATTACH {quoted(str(file))} AS published_file")
    rows: dict[str, int] = {}
    for table in tables:
        place = f'published_file.main."{table.name}"'
        columns = ", ".join(f'"{c.name}" {c.type}{"" if c.nullable else " NOT NULL"}' for c in table.columns)
        connection.execute(f"CREATE TABLE {place} ({columns})")
        names = ", ".join(f'"{c.name}"' for c in table.columns)
        order = ", ".join(f'"{name}"' for name in table.key)
        copied = connection.execute(
            f'INSERT INTO {place} SELECT {names} FROM lake."{table.schema}"."{table.name}" ORDER BY {order}'
        )
        row = copied.fetchone()
        rows[table.name] = int(row[0]) if row else 0
    connection.execute("COMMIT")
    connection.execute("DETACH published_file")
    with duckdb.connect(str(file)) as alone:  # many small statements, much quicker without the lake beside them
        alone.execute("BEGIN")
        _comment(alone, tables)
        _describe(alone, rows, snapshot, as_of)
        alone.execute("COMMIT")
        alone.execute("CHECKPOINT")
    return rows


def _comment(file: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    for table in tables:
        file.execute(f'COMMENT ON TABLE "{table.name}" IS {quoted(table.description)}')
        for column in table.columns:
            file.execute(f'COMMENT ON COLUMN "{table.name}"."{column.name}" IS {quoted(column.description)}')


def _describe(file: duckdb.DuckDBPyConnection, rows: dict[str, int], snapshot: int, as_of: datetime) -> None:
    file.execute(
        "CREATE TABLE published (table_name VARCHAR NOT NULL, rows BIGINT NOT NULL, "
        "snapshot_id BIGINT NOT NULL, as_of TIMESTAMPTZ NOT NULL, published_at TIMESTAMPTZ NOT NULL)"
    )
    words = "What this file holds: tables at one snapshot of the lake, and when it was published."
    file.execute(f"COMMENT ON TABLE published IS {quoted(words)}")
    now = datetime.now(UTC)
    values = [[name, count, snapshot, as_of, now] for name, count in rows.items()]
    file.executemany("INSERT INTO published VALUES (?, ?, ?, ?, ?)", values)


def _alive(temporary: Path) -> bool:
    """Whether the process that is building this file still runs."""
    number = temporary.name.removesuffix(".wal").split(".")[-2]
    if not number.isdigit() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
