"""The tables about the tables: what each column means, how fresh each table is, which ERP objects are held.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from datetime import timedelta

from bp_assets.lake.columns import col, opt
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.table import INSTANT, SECONDS, Table


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _seconds(time: timedelta | None) -> str:
    return "NULL" if time is None else str(int(time.total_seconds()))


def _freshness_query() -> str:
    """What was promised, beside the mark that each table moves in the transaction that writes its rows."""
    rows = ", ".join(
        f"({_text(name)}, {_seconds(one.every)}, {_seconds(one.within)}, {_seconds(one.reread)}, {_text(one.how)})"
        for name, one in sorted(FRESHNESS.items())
    )
    return (
        "SELECT p.table_name, m.as_of, m.high_water AS high_water_mark, "
        "CAST(p.every AS BIGINT) AS expected_every_seconds, CAST(p.within AS BIGINT) AS stale_after_seconds, "
        "CAST(p.reread AS BIGINT) AS reread_within_seconds, "
        # All of it may have been read a little after as_of, which is when the refresh began.
        f"CAST(CASE WHEN m.oldest > m.as_of THEN 0 ELSE epoch(m.as_of) - epoch(m.oldest) END AS {SECONDS}) "
        "AS oldest_row_seconds, m.rows, p.how "
        f"FROM (VALUES {rows}) AS p(table_name, every, within, reread, how) "
        "LEFT JOIN lake_marks AS m USING (table_name)"
    )


TABLE_FRESHNESS = Table(
    "table_freshness",
    "How fresh every table is, and how fresh it is promised to be. Always as true as the tables: it is a view of the "
    "marks that move in the same transaction as the rows.",
    (
        col("table_name", "VARCHAR", "Table."),
        opt("as_of", INSTANT, "When its source was last asked with success; empty where it never was."),
        opt("high_water_mark", INSTANT, "The source's own moment up to which every change is in; empty where the "
            "source tells no such moment and the whole is read."),
        col("expected_every_seconds", "BIGINT", "How often its source is asked."),
        col("stale_after_seconds", "BIGINT", "An as_of older than this is a finding of the check freshness."),
        opt("reread_within_seconds", "BIGINT", "Tables whose source does not show every change: all rows are read "
            "again in turn, none is older than this."),
        opt("oldest_row_seconds", SECONDS, "Of those tables: by how much the oldest reading was older than as_of."),
        opt("rows", "BIGINT", "Rows it held then."),
        col("how", "VARCHAR", "How it is kept fresh."),
    ),
    ("table_name",), "extraction", "data", "the marks of all tables", view=_freshness_query(),
)  # fmt: skip

TABLE_DICTIONARY = Table(
    "table_dictionary",
    "Every column of every table, from the same source as the page docs/tables.md.",
    (
        col("table_name", "VARCHAR", "Table."),
        col("column_name", "VARCHAR", "Column."),
        col("position", "INTEGER", "Position within the table, from 1."),
        col("type", "VARCHAR", "DuckDB's type."),
        col("nullable", "BOOLEAN", "Whether there may be nothing in it."),
        col("key", "BOOLEAN", "Whether it is part of the key: no two rows have the same."),
        opt("references_column", "VARCHAR", "table.column whose values it takes."),
        col("personal", "BOOLEAN", "Whether it tells of a person."),
        col("description", "VARCHAR", "What it means."),
        col("schema_name", "VARCHAR", "Schema of the table: main or personal."),
        col("published", "BOOLEAN", "Whether the table is in finance.duckdb too."),
        col("table_description", "VARCHAR", "What the table holds."),
    ),
    ("table_name", "column_name"), "extraction", "data", "the descriptions in bp_assets/lake",
)  # fmt: skip

EXTRACTION_OBJECTS = Table(
    "extraction_objects",
    "Which objects of the ERP are held, and in which state: how a change and a deletion are noticed.",
    (
        col("resource", "VARCHAR", "What it is, for example order."),
        col("object_id", "BIGINT", "Brightpearl's id."),
        col("content_hash", "VARCHAR", "Digest of its content; another one means that it changed."),
        opt("read_on", INSTANT, "When it was last read."),
    ),
    ("resource", "object_id"), "extraction", "data", "the ERP's answers", published=False,
)  # fmt: skip

LAKE_TABLES = (TABLE_FRESHNESS, TABLE_DICTIONARY, EXTRACTION_OBJECTS)
