"""A small account in the lake's tables, for exports: every table filled, texts as nasty as people write them.

``row`` fills what a test does not name, so that each column of a table has a value of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bp_assets.export import catalogue
from bp_assets.export.sheet import Sheet
from bp_assets.export.sheets import SHEETS, tables_read
from bp_assets.framing import frame_of
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Writer
from bp_assets.lake.tables import BY_NAME

FEW = (catalogue.SEASONS, catalogue.CONTACTS)  # enough to see what becomes of sets
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NASTY = {
    1: "tab\tin it",
    2: "two\nlines",
    3: "carriage\r\nreturn",
    4: '<p class="blue">say "hi" &amp; go</p>',
    5: '"',
    6: "\t",
    7: "'single', back\\slash, #, NULL, =1+1",
    8: "  blanks around  ",
    9: "Käse \u2028 \N{HOT BEVERAGE}",
    10: "",
}


def value(type_: str, name: str, number: int) -> Any:
    """A value of DuckDB's type that no other column of the row has."""
    if type_ == "VARCHAR":
        return f"{name} {number}"
    if type_.startswith("DECIMAL"):
        return Decimal(number) + Decimal(sum(map(ord, name)) % 100) / 100
    if type_ == "BOOLEAN":
        return number % 2 == 1
    if type_ == "TIMESTAMPTZ":
        return NOON + timedelta(days=number, milliseconds=sum(map(ord, name)))
    return number


def row(table: str, number: int, **given: Any) -> dict[str, Any]:
    columns = BY_NAME[table].columns
    unknown = set(given) - {column.name for column in columns}
    assert not unknown, f"{table} has no {unknown}"
    return {one.name: given.get(one.name, value(one.type, one.name, number)) for one in columns}


def fill(
    lake: Lake,
    *,
    sheets: Sequence[Sheet] = SHEETS,
    rows: int = 2,
    without: tuple[str, ...] = (),
    as_of: datetime = NOON,
) -> None:
    """Every table that these files read, with ``rows`` rows (those there before go) and a mark of ``as_of``."""
    lake.write(
        lambda writer: [
            put(writer, name, [_numbered(name, number) for number in range(1, rows + 1)], as_of)
            for name in tables_read(True, sheets)
            if name not in without
        ]
    )


def put(writer: Writer, table: str, rows: Sequence[dict[str, Any]], as_of: datetime = NOON) -> None:
    """Just these rows in the table. Plainer than an upsert, and quicker with thirty tables to fill."""
    writer.connection.execute(f"DELETE FROM {BY_NAME[table].sql}")
    writer.connection.register("rows", frame_of(table, rows).to_arrow())
    writer.connection.execute(f"INSERT INTO {BY_NAME[table].sql} BY NAME SELECT * FROM rows")
    writer.connection.unregister("rows")
    writer.set_mark(table, None, as_of)


def _numbered(table: str, number: int) -> dict[str, Any]:
    """A row whose references lead to the rows of the same number; the parties of one order have their roles in turn."""
    if table == "order_parties":
        return row(table, number, order_id=1, role=("billing", "delivery", "supplier")[number % 3])
    return row(table, number)
