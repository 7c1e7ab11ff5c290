"""Personal data that was deleted or changed is really gone: out of old snapshots, out of files, out of statistics.

A lake remembers: a deleted row stays in its file, and old snapshots find it for as long as they are kept, which finance
needs and a person who asked to be forgotten must not suffer. So tables of the schema ``personal`` have no past: what
they no longer hold is taken out of all snapshots, as the expiry of a snapshot does for every table.
Read and written: the catalogue, the files of the schema ``personal``. Rows of today's snapshot stay as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from bp_assets.lake.connect import SCHEMA, Lake, explained_errors
from bp_assets.lake.table import PERSONAL

_TABLES = f"""
    select t.table_id, t.table_name, s.path || t.path from {SCHEMA}.ducklake_table t
    join {SCHEMA}.ducklake_schema s using (schema_id)
    where s.schema_name = %s and t.end_snapshot is null and s.end_snapshot is null
"""
_PAST = f"""
    select (select count(*) from {SCHEMA}.ducklake_data_file where table_id = %(id)s and end_snapshot is not null)
         + (select count(*) from {SCHEMA}.ducklake_delete_file where table_id = %(id)s)
         + (select count(*) from {SCHEMA}.ducklake_files_scheduled_for_deletion where starts_with(path, %(folder)s))
"""
# The files that no longer belong to today's snapshot: to be deleted, and forgotten by every older one.
_FORGET = (
    f"""insert into {SCHEMA}.ducklake_files_scheduled_for_deletion
        (data_file_id, path, path_is_relative, schedule_start)
        select data_file_id, %(folder)s || path, true, now() from {SCHEMA}.ducklake_data_file
        where table_id = %(id)s and end_snapshot is not null
        union all select delete_file_id, %(folder)s || path, true, now() from {SCHEMA}.ducklake_delete_file
        where table_id = %(id)s and end_snapshot is not null""",
    f"""delete from {SCHEMA}.ducklake_file_column_stats where table_id = %(id)s and data_file_id in
        (select data_file_id from {SCHEMA}.ducklake_data_file where table_id = %(id)s and end_snapshot is not null)""",
    f"delete from {SCHEMA}.ducklake_delete_file where table_id = %(id)s and end_snapshot is not null",
    f"delete from {SCHEMA}.ducklake_data_file where table_id = %(id)s and end_snapshot is not null",
    # The table's smallest and greatest text is a person's own: taken anew from the files that are left.
    f"""update {SCHEMA}.ducklake_table_column_stats t set
        min_value = (select min(f.min_value collate "C") from {SCHEMA}.ducklake_file_column_stats f
                     where f.table_id = t.table_id and f.column_id = t.column_id),
        max_value = (select max(f.max_value collate "C") from {SCHEMA}.ducklake_file_column_stats f
                     where f.table_id = t.table_id and f.column_id = t.column_id)
        where table_id = %(id)s and column_id in (select column_id from {SCHEMA}.ducklake_column
            where table_id = %(id)s and column_type = 'varchar' and end_snapshot is null)""",
)


def erase(lake: Lake) -> int:
    """Take out what personal tables no longer hold; how many files went. Nothing to do is one question to PostgreSQL.

    Safe to repeat, also after it was cut off. A reader of a personal table that began before may have to ask again.

    Raises:
        LakeUnavailable: the catalogue or the folder can't be reached; the next call does what was left.
    """
    if not _pasts(lake):
        return 0
    with lake.writing(), lake.open(read_only=False) as connection, explained_errors(lake, OSError):
        for _, name, _ in (past := _pasts(lake)):
            connection.execute(
                f"CALL ducklake_rewrite_data_files('lake', '{name}', schema => '{PERSONAL}', delete_threshold => 0.0)"
            )
        with lake.catalogue() as cursor:
            for table_id, _, folder in past:
                for statement in _FORGET:
                    cursor.execute(statement, {"id": table_id, "folder": folder})
        return _delete(connection)


def _delete(connection: duckdb.DuckDBPyConnection) -> int:
    """Delete the files that no snapshot knows any more."""
    now = datetime.now(UTC).isoformat()
    gone = connection.execute(f"CALL ducklake_cleanup_old_files('lake', older_than => TIMESTAMPTZ '{now}')")
    return len(gone.fetchall())


def _pasts(lake: Lake) -> list[tuple[int, str, str]]:
    """The personal tables with something to take out: id, name, folder below the lake's."""
    with lake.catalogue() as cursor:
        cursor.execute(_TABLES, (PERSONAL,))
        return [table for table in cursor.fetchall() if _past(cursor, table[0], table[2])]


def _past(cursor: Any, table_id: int, folder: str) -> bool:
    cursor.execute(_PAST, {"id": table_id, "folder": folder})
    return bool(cursor.fetchone()[0])
