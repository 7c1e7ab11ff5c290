"""Asset ``stock_corrections``: the corrections that end-of-day receipts made, read back from the ERP.

Read: which corrections (``stock_moves`` of the ledger since the mark), the ERP (what they moved; 200 a request).
Written: ``stock_corrections`` and its mark. A receipt's stock is never our own word for it.
"""

from collections import defaultdict
from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.corrections import Correction, get_corrections
from bp_assets.brightpearl.reading import Misread
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer, mark
from bp_assets.ledger.changes import changes
from bp_assets.resources import ErpResource, LakeResource, LedgerResource
from bp_assets.staging.rows import Row, understood
from bp_assets.telling import Said, told

_QUARANTINE = "select warehouse_id, quarantine_location_id from warehouses where quarantine_location_id is not null"
_COLUMNS = ("sale_id", "document", "sequence", "warehouse_id", "note_id")


def read(client: ErpClient, moved: list[Row]) -> tuple[list[tuple[Row, Correction]], list[Misread]]:
    """What the ERP shows of each of our corrections, beside our row of it, and what can't be understood."""
    by_warehouse: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in moved:
        by_warehouse[row["warehouse_id"]][row["note_id"]] = row
    found: list[tuple[Row, Correction]] = []
    unclear: list[Misread] = []
    for warehouse_id, notes in sorted(by_warehouse.items()):
        good, bad = understood(get_corrections(client, warehouse_id, sorted(notes)))
        found += [(notes[one.note_id], one) for one in good]
        unclear += bad
    return found, unclear


def rows_of(row: Row, one: Correction, quarantine: dict[int, int], as_of: datetime) -> list[Row]:
    return [
        {
            "note_id": one.note_id,
            "product_id": product_id,
            "location_id": location_id,
            "warehouse_id": row["warehouse_id"],
            "quantity": quantity,
            "quarantined": quarantine.get(row["warehouse_id"]) == location_id,
            "sale_id": row["sale_id"],
            "reason": one.reason,
            "as_of": as_of,
        }
        for (product_id, location_id), quantity in one.moved.items()
    ]


@dg.asset(**catalog.attributes("stock_corrections"), retry_policy=catalog.RETRY)
def stock_corrections(
    context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource, ledger: LedgerResource
) -> dg.MaterializeResult:
    started, tables = datetime.now(UTC), lake.open()
    with tables.open() as reading:
        followed = mark(reading, "stock_corrections")
        quarantine = dict(reading.execute(_QUARANTINE).fetchall())
    moved = changes(ledger.open(), "stock_moves", followed.mark if followed else None, columns=list(_COLUMNS))
    with erp.client("verify") as client:
        found, unclear = read(client, [row for row in moved.rows if row["note_id"] is not None])
    frame = frame_of(
        "stock_corrections", [part for row, one in found for part in rows_of(row, one, quarantine, started)]
    )

    def store(writer: Writer) -> Said:
        change = writer.upsert("stock_corrections", frame, within=("note_id",))
        writer.set_mark("stock_corrections", moved.mark, started)
        return Said.of(writer, "stock_corrections", change)

    return told(context, "stock_corrections", tables.write(store), client=client, misread=unclear)
