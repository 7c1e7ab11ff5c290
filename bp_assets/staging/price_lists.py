"""Asset ``price_lists``: a small list, read whole each time (one request). Read: price-list GET. Written: it."""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import products
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told


@dg.asset(**catalog.attributes("price_lists"), retry_policy=catalog.RETRY)
def price_lists(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with erp.client("changes") as client:
        good, bad = rows.understood(products.price_lists(client))
    frame = frame_of("price_lists", [rows.price_list(one, started) for one in good])

    def store(writer: Writer) -> Said:
        change = writer.replace("price_lists", frame)
        writer.set_mark("price_lists", started.isoformat(), started)
        return Said.of(writer, "price_lists", change)

    return told(context, "price_lists", lake.open().write(store), client=client, misread=bad)
