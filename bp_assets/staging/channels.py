"""Asset ``channels``: a small list, read whole each time (one request). Read: channel GET. Written: ``channels``."""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import places
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import told


@dg.asset(**catalog.attributes("channels"), retry_policy=catalog.RETRY)
def channels(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with lake.lake() as store, erp.client("read") as client:
        good, bad = rows.understood(places.channels(client))
        with store.change() as change:
            change.replace("channels", [rows.channel(one, started) for one in good])
        return told(context, "channels", store.count("channels"), written=len(good), client=client, misread=bad)
