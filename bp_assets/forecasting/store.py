"""A table, or a part of it, made to hold exactly what a query gives; rows that stay the same are not touched.

Read: what the query reads. Written: the table, in the writer's transaction. Nothing passes through Python, however many
rows there are.
"""

from __future__ import annotations

from typing import Any

from bp_assets.lake.frames import Change, Writer
from bp_assets.lake.tables import BY_NAME

STANDING, _COMPUTED = "standing_rows", "computed_rows"  # temporary, of the connection


def replace(writer: Writer, table: str, query: str, parameters: dict[str, Any]) -> Change:
    """Make the table hold the rows of the query. ``as_of`` alone makes no difference."""
    writer.connection.execute(f"create or replace temp table {_COMPUTED} as {query}", parameters)
    stands = f"create or replace temp table {STANDING} as select * from {BY_NAME[table].sql}"
    writer.connection.execute(stands)
    change = settle(writer, table, _COMPUTED)
    writer.connection.execute(f"drop table {_COMPUTED}")
    return change


def settle(writer: Writer, table: str, computed: str) -> Change:
    """Make the rows of the table that the temporary ``standing_rows`` holds those of the temporary ``computed``."""
    described, run = BY_NAME[table], writer.connection.execute
    told = ", ".join(f'"{column.name}"' for column in described.columns if column.name != "as_of")
    key = ", ".join(f'"{name}"' for name in described.key)
    other = "create or replace temp table {} as select " + key + " from (select {} from {} except select {} from {})"
    run(other.format("gone_rows", told, STANDING, told, computed))
    run(other.format("new_rows", told, computed, told, STANDING))
    deleted = written = 0
    if run("select exists (from gone_rows)").fetchone() == (True,):
        same = " and ".join(f't."{name}" = g."{name}"' for name in described.key)
        row = run(f"delete from {described.sql} as t using gone_rows g where {same}").fetchone()
        deleted = row[0] if row else 0
    if run("select exists (from new_rows)").fetchone() == (True,):
        fresh = f"select c.* from {computed} c semi join new_rows n using ({key})"
        row = run(f"insert into {described.sql} by name {fresh}").fetchone()
        written = row[0] if row else 0
    for name in (STANDING, "gone_rows", "new_rows"):
        run(f"drop table {name}")
    return Change(written, deleted)
