"""A table, or a part of it, made to hold exactly what a query gives; rows that stay the same are not touched.

Read: what the query reads. Written: the table, in the writer's transaction. Nothing passes through Python, however many
rows there are.
"""

from __future__ import annotations

from typing import Any

from bp_assets.lake.frames import Change, Writer
from bp_assets.lake.tables import BY_NAME

_COMPUTED = "computed_rows"


def replace(writer: Writer, table: str, query: str, parameters: dict[str, Any]) -> Change:
    """Make the table hold the rows of the query. ``as_of`` alone makes no difference.

    Raises:
        LakeSchemaError: the query's rows do not fit the table.
    """
    writer.connection.execute(f"create or replace temp table {_COMPUTED} as {query}", parameters)
    change = settle(writer, table, _COMPUTED)
    writer.connection.execute(f"drop table {_COMPUTED}")
    return change


def settle(writer: Writer, table: str, computed: str, among: str = "true") -> Change:
    """Make the rows of the table for which ``among`` holds those of the temporary table ``computed``, row by row.

    Raises:
        LakeSchemaError: its rows do not fit the table.
    """
    described, run = BY_NAME[table], writer.connection.execute
    told = ", ".join(f'"{column.name}"' for column in described.columns if column.name != "as_of")
    key = ", ".join(f'"{name}"' for name in described.key)
    stands = f"select {told} from {described.sql} where {among}"
    if run(f"select exists ({stands})").fetchone() == (False,):
        return Change(writer.insert_query(table, f"select * from {computed}"))
    other = "create or replace temp table {} as select " + key + " from ({} except {})"
    run(other.format("gone_rows", stands, f"select {told} from {computed}"))
    run(other.format("new_rows", f"select {told} from {computed}", stands))
    deleted = written = 0
    if run("select exists (from gone_rows)").fetchone() == (True,):
        same = " and ".join(f't."{name}" = g."{name}"' for name in described.key)
        row = run(f"delete from {described.sql} as t using gone_rows g where {same}").fetchone()
        deleted = row[0] if row else 0
    if run("select exists (from new_rows)").fetchone() == (True,):
        written = writer.insert_query(table, f"select c.* from {computed} c semi join new_rows n using ({key})")
    for name in ("gone_rows", "new_rows"):
        run(f"drop table {name}")
    return Change(written, deleted)
