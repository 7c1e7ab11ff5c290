"""Asset ``price_lists``: a small list, read whole each time (one request). Read: price-list GET. Written: ``price_lists``."""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import products
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import told


@dg.asset(**catalog.attributes("price_lists"), retry_policy=catalog.RETRY)
def price_lists(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with lake.lake() as store, erp.client("read") as client:
        good, bad = rows.understood(products.price_lists(client))
        with store.change() as change:
            change.replace("price_lists", [rows.price_list(one, started) for one in good])
        return told(context, "price_lists", store.count("price_lists"), written=len(good), client=client, misread=bad)
