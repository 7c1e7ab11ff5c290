"""Asset ``warehouses``: a small list, read whole each time. Read: warehouse and location GET. Written: ``warehouses``.

The two locations cost two requests a warehouse and never change, so they are asked for new warehouses only.
"""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import places
from bp_assets.domain.catalogue import Place
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import told

_KNOWN = """
select warehouse_id, default_location_id, quarantine_location_id from warehouses
where default_location_id is not null and quarantine_location_id is not null
"""


@dg.asset(**catalog.attributes("warehouses"), retry_policy=catalog.RETRY)
def warehouses(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with lake.lake() as store, erp.client("read") as client:
        known = {place[0]: Place(*place) for place in store.rows(_KNOWN)}
        good, bad = rows.understood(places.warehouses(client))
        known |= places.places(client, {one.warehouse_id for one in good} - set(known))
        new = [rows.warehouse(one, known.get(one.warehouse_id), started) for one in good]
        with store.change() as change:
            change.replace("warehouses", new)
        return told(context, "warehouses", store.count("warehouses"), written=len(new), client=client, misread=bad)
