"""Asset ``channels``: a small list, read whole each time (one request). Read: channel GET. Written: ``channels``."""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import places
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told


@dg.asset(**catalog.attributes("channels"), retry_policy=catalog.RETRY)
def channels(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with erp.client("changes") as client:
        good, bad = rows.understood(places.channels(client))
    frame = frame_of("channels", [rows.channel(one, started) for one in good])

    def store(writer: Writer) -> Said:
        change = writer.replace("channels", frame)
        writer.set_mark("channels", started.isoformat(), started)
        return Said.of(writer, "channels", change)

    return told(context, "channels", lake.open().write(store), client=client, misread=bad)
