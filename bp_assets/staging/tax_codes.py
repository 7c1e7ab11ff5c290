"""Asset ``tax_codes``: a small list, read whole each time (one request). Read: tax-code GET. Written: ``tax_codes``."""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl import accounts
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import told


@dg.asset(**catalog.attributes("tax_codes"), retry_policy=catalog.RETRY)
def tax_codes(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with lake.lake() as store, erp.client("read") as client:
        good, bad = rows.understood(accounts.tax_codes(client))
        with store.change() as change:
            change.replace("tax_codes", [rows.tax_code(one, started) for one in good])
        return told(context, "tax_codes", store.count("tax_codes"), written=len(good), client=client, misread=bad)
