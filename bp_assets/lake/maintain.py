"""Upkeep of the lake, run by a schedule: small inserts into files, small files into large, old snapshots away.

Read and written: the catalogue and the files of the lake. The tables' rows stay the same; snapshots younger than
``keep_days`` can still be read as they stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bp_assets.lake.connect import Lake

ORPHANS_AFTER = timedelta(days=1)  # a file no snapshot knows may belong to a transaction that is still running


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done: rows moved into files, files written anew, snapshots forgotten, files deleted."""

    rows_flushed: int
    files_merged: int
    snapshots_expired: int
    files_deleted: int


def maintain(lake: Lake, keep_days: float = 400, now: datetime | None = None) -> Upkeep:
    """Keep the lake quick and small. Readers are not disturbed; writers wait.

    ``keep_days`` defaults to a year and a month: a month closed a year ago can be read as it stood.
    """
    moment = now or datetime.now(UTC)
    before = moment - timedelta(days=keep_days)
    with lake.writing(), lake.open(read_only=False) as connection:

        def call(function: str, *arguments: str) -> list[tuple[object, ...]]:
            listed = ", ".join(("'lake'", *arguments))
            return connection.execute(f"CALL {function}({listed})").fetchall()

        flushed = call("ducklake_flush_inlined_data")
        expired = call("ducklake_expire_snapshots", f"older_than => TIMESTAMPTZ '{before.isoformat()}'")
        merged = call("ducklake_merge_adjacent_files")
        rewritten = call("ducklake_rewrite_data_files")
        deleted = call("ducklake_cleanup_old_files", f"older_than => TIMESTAMPTZ '{moment.isoformat()}'")
        orphans = (moment - ORPHANS_AFTER).isoformat()
        deleted += call("ducklake_delete_orphaned_files", f"older_than => TIMESTAMPTZ '{orphans}'")
    rows = sum(int(str(row[-1])) for row in flushed)
    return Upkeep(rows, len(merged) + len(rewritten), len(expired), len(deleted))
