"""Assets ``summary_lines`` and ``summary_tenders``: which receipts the summary orders of end-of-day shops are made of.

Read: what changed in the ledger since the mark. Written: both tables in one transaction with their marks.
"""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import polars as pl

from bp_assets import catalog
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer, mark
from bp_assets.ledger.changes import Changes, changes
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.summaries import receipts_of
from bp_assets.model import rows
from bp_assets.resources import LakeResource, LedgerResource
from bp_assets.telling import Said, told

TABLES: dict[str, Callable[[rows.Row, rows.Row], rows.Row]] = {
    "summary_lines": rows.summary_line,
    "summary_tenders": rows.summary_tender,
}


def framed(ledger: Ledger, table: str, found: Changes) -> pl.DataFrame:
    """The parts that changed as rows of their table, each with its receipt's number, shop and day."""
    receipts = receipts_of(ledger, sorted({row["sale_id"] for row in found.rows}))
    return frame_of(table, [TABLES[table](row, receipts[row["sale_id"]]) for row in found.rows])


@dg.multi_asset(name="summary_tables", specs=[catalog.spec(table) for table in TABLES], retry_policy=catalog.RETRY)
def summary_tables(
    context: dg.AssetExecutionContext, ledger: LedgerResource, lake: LakeResource
) -> Iterator[dg.MaterializeResult]:
    book, tables = ledger.open(), lake.open()
    with tables.open() as reading:
        followed = {table: one.mark if (one := mark(reading, table)) else None for table in TABLES}
    found: dict[str, Changes] = {table: changes(book, table, followed[table]) for table in TABLES}
    frames: dict[str, Any] = {table: framed(book, table, found[table]) for table in TABLES}

    def store(writer: Writer) -> dict[str, Said]:
        said = {}
        for table, frame in frames.items():
            # A summary that was renewed has other parts for the same receipts: those that went, go.
            change = (
                writer.replace(table, frame)
                if found[table].complete
                else writer.upsert(table, frame, within=("sale_id",))
            )
            writer.set_mark(table, found[table].mark)
            said[table] = Said.of(writer, table, change)
        return said

    said = tables.write(store)
    for table in TABLES:
        yield told(context, table, said[table])
