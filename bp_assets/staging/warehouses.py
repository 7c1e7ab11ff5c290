"""Asset ``warehouses``: a small list, read whole each time. Read: warehouse and location GET. Written: ``warehouses``.

The two locations cost two requests a warehouse and never change, so they are asked for new warehouses only.
"""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import places
from bp_assets.domain.catalogue import Place
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told

_KNOWN = """
select warehouse_id, default_location_id, quarantine_location_id from warehouses
where default_location_id is not null and quarantine_location_id is not null
"""


@dg.asset(**catalog.attributes("warehouses"), retry_policy=catalog.RETRY)
def warehouses(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started, tables = datetime.now(UTC), lake.open()
    with tables.open() as reading:
        known = {row[0]: Place(*row) for row in reading.execute(_KNOWN).fetchall()}
    with erp.client("changes") as client:
        good, bad = rows.understood(places.warehouses(client))
        known |= places.places(client, {one.warehouse_id for one in good} - set(known))
    frame = frame_of("warehouses", [rows.warehouse(one, known.get(one.warehouse_id), started) for one in good])

    def store(writer: Writer) -> Said:
        change = writer.replace("warehouses", frame)
        writer.set_mark("warehouses", started.isoformat(), started)
        return Said.of(writer, "warehouses", change)

    return told(context, "warehouses", tables.write(store), client=client, misread=bad)
