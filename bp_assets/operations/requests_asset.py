"""Asset ``erp_requests``: what was sent to the ERP, by minute and lane. Read: the ledger's changes. Written: the table.

The ledger forgets minutes after a while, the lake keeps them: rows are only ever added or counted up.
"""

from decimal import Decimal

import dagster as dg

from bp_assets import catalog
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer, mark
from bp_assets.ledger.changes import changes
from bp_assets.resources import LakeResource, LedgerResource
from bp_assets.telling import Said, told

TABLE = "erp_requests"
_COLUMNS = ("account", "minute", "lane", "requests", "refused", "waited_ms")


@dg.asset(**catalog.attributes(TABLE), retry_policy=catalog.RETRY)
def erp_requests(context: dg.AssetExecutionContext, ledger: LedgerResource, lake: LakeResource) -> dg.MaterializeResult:
    tables = lake.open()
    with tables.open() as reading:
        followed = mark(reading, TABLE)
    found = changes(ledger.open(), TABLE, followed.mark if followed else None, columns=_COLUMNS)
    rows = [{**row, "waited_seconds": Decimal(row.pop("waited_ms")) / 1000} for row in found.rows]
    frame = frame_of(TABLE, rows)

    def store(writer: Writer) -> Said:
        change = writer.upsert(TABLE, frame)
        writer.set_mark(TABLE, found.mark)
        return Said.of(writer, TABLE, change)

    sent, refused = sum(row["requests"] for row in rows), sum(row["refused"] for row in rows)
    return told(context, TABLE, tables.write(store), requests_in_these_minutes=sent, refused_in_these_minutes=refused)
