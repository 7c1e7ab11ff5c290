"""The dictionary of tables for people: ``docs/tables.md`` and the table ``table_dictionary``. Read: ``tables.py``.

Written: the file that is asked for; the rows of ``table_dictionary``.

    python -m bp_assets.lake.dictionary [FILE]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bp_assets.lake.fit import schema_of
from bp_assets.lake.frames import Change, Writer
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.lake_tables import TABLE_DICTIONARY
from bp_assets.lake.table import MAIN, Table
from bp_assets.lake.tables import TABLES

_SMALL = 400  # rows a write: below the limit under which the lake keeps them in its catalogue
FILE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"
_GROUPS = {
    "erp": "What Brightpearl says",
    "orders": "Brightpearl's orders and what is paid on them",
    "goods": "Brightpearl's goods: out, in and between",
    "personal": "About people: the schema `personal`",
    "tills": "What the tills say",
    "posting": "What was posted, as Brightpearl shows it",
    "finance": "For finance",
    "operations": "How it is running",
    "checks": "What the checks found",
    "forecasting": "For analysts and forecasting",
    "extraction": "About the tables themselves",
}
_HEAD = """# Every table and column

Made from the descriptions that `bp_assets/lake/tables.py` puts together, by `python -m bp_assets.lake.dictionary`; a
test holds the two together, and with them the table `table_dictionary`, which says the same in rows.

All tables stand in the lake (`tillbridge sql "select * from sales_reconciliation"`). Those said to be *published* are
also, copied at one moment, in `finance.duckdb`, whose own table `published` says which moment. Tables of the schema
`personal` (write `personal.contacts`) hold personal data; no other table does, and none of them is published.

Money is in main units (pounds, not pennies) with its `currency` beside it. Instants are in UTC; `business_date` is the
trading day in the shop's own time zone. **Key**: no two rows have the same. *May be null*: there are rows with nothing
to say (ask with `is null`). → names the column whose values it takes; where it *may be gone* the ERP can have deleted
what is named, while its history goes on naming it. A `sale_id` links everything that belongs to one till transaction.
"""


def dictionary() -> str:
    """The whole text of ``docs/tables.md``.

    Raises:
        KeyError: a table stands in a group that has no title here.
    """
    groups: dict[str, list[Table]] = {}
    for table in TABLES:
        groups.setdefault(table.group, []).append(table)
    parts = [_HEAD, _contents(groups)]
    for group, tables in groups.items():
        parts.append(f"## {_GROUPS[group]}\n")
        parts += [_section(table) for table in tables]
    return "\n".join(parts)


def _contents(groups: dict[str, list[Table]]) -> str:
    lines = ["| | Tables |", "|---|---|"]
    for group, tables in groups.items():
        links = ", ".join(f"[{table.name}](#{table.name})" for table in tables)
        lines.append(f"| {_GROUPS[group]} | {links} |")
    return "\n".join(lines) + "\n"


def _section(table: Table) -> str:
    lines = [f"### {table.name}", "", table.description, ""]
    key = ", ".join(f"`{name}`" for name in table.key)
    facts = [f"Key: {key}.", f"Source: {table.source}.", f"Owner: {table.owner}."]
    if table.schema != MAIN:
        facts.append(f"Schema: `{table.schema}`.")
    facts.append("A view." if table.view else "")
    facts.append("Published." if table.published else "Not published.")
    lines += [" ".join(fact for fact in facts if fact), ""]
    if fresh := FRESHNESS.get(table.name):
        lines += [fresh.words, ""]
    lines += ["| Column | Type | Meaning |", "|---|---|---|"]
    for column in table.columns:
        words = column.description.replace("|", "\\|")
        if column.references:
            other, name = column.references.split(".")
            words += f" → [{other}](#{other}).{name}"
            words += ", which may be gone." if column.loose else ""
        if column.nullable:
            words += " *May be null.*"
        lines.append(f"| `{column.name}` | {column.type} | {words} |")
    return "\n".join(lines) + "\n"


def rows(tables: Sequence[Table] = TABLES) -> pl.DataFrame:
    """The rows of ``table_dictionary``: one per column of every table, itself included."""
    found = [
        (
            table.name, column.name, position, column.type, column.nullable, column.name in table.key,
            column.references or None, column.personal, column.description, table.schema, table.published,
            table.description,
        )
        for table in tables
        for position, column in enumerate(table.columns, 1)
    ]  # fmt: skip
    return pl.DataFrame(found, schema=schema_of(TABLE_DICTIONARY), orient="row")


def fill(writer: Writer, tables: Sequence[Table] = TABLES) -> list[Change]:
    """Make ``table_dictionary`` say what the code says, in writes small enough to leave no file behind."""
    name, said = TABLE_DICTIONARY.name, rows(tables)
    held = writer.read(f"SELECT {', '.join(TABLE_DICTIONARY.key)} FROM {TABLE_DICTIONARY.sql}")
    gone = held.join(said, on=TABLE_DICTIONARY.key, how="anti")
    deleted = writer.delete_keys(name, gone) if gone.height else 0
    return [Change(0, deleted), *(writer.upsert(name, part) for part in said.iter_slices(_SMALL))]


def main(arguments: list[str]) -> int:
    """Write the dictionary to the file named, by default ``docs/tables.md`` of the project."""
    file = Path(arguments[0]) if arguments else FILE
    file.write_text(dictionary(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
