"""Asset ``tax_codes``: a small list, read whole each time (one request). Read: tax-code GET. Written: ``tax_codes``."""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import accounts
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told


@dg.asset(**catalog.attributes("tax_codes"), retry_policy=catalog.RETRY)
def tax_codes(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with erp.client("changes") as client:
        good, bad = rows.understood(accounts.tax_codes(client))
    frame = frame_of("tax_codes", [rows.tax_code(one, started) for one in good])

    def store(writer: Writer) -> Said:
        change = writer.replace("tax_codes", frame)
        writer.set_mark("tax_codes", started.isoformat(), started)
        return Said.of(writer, "tax_codes", change)

    return told(context, "tax_codes", lake.open().write(store), client=client, misread=bad)
