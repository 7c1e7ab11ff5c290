"""Asset ``prices``. Read: ``products`` in the lake, product-price GET. Written: ``prices`` and its mark.

Prices are read for the products that were read since the last time (their ``as_of`` is newer than the mark), so they
cost what products cost: an hour's changes by day, everything after the nightly sweep, which is what finds a price that
changed without moving its product's ``updatedOn``.
"""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.products import prices as read_prices
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import told


@dg.asset(**catalog.attributes("prices"), retry_policy=catalog.RETRY)
def prices(context: dg.AssetExecutionContext, erp: ErpResource, lake: LakeResource) -> dg.MaterializeResult:
    started = datetime.now(UTC)
    with lake.lake() as store, erp.client("read") as client:
        mark = store.mark("prices")
        since = datetime.fromisoformat(mark) if mark else None
        read = store.rows("select product_id, as_of from products where $1 is null or as_of > $1", [since])
        wanted = {product_id for product_id, _ in read}
        gone = {
            row[0] for row in store.rows("select distinct product_id from prices anti join products using (product_id)")
        }
        good, bad = rows.understood(read_prices(client, wanted))
        unread = {int(one.id or 0) for one in bad}
        with store.change() as change:
            change.delete("prices", "product_id", (wanted - unread) | gone)
            change.insert("prices", [rows.price(one, started) for one in good])
            if read:
                change.mark("prices", max(as_of for _, as_of in read).isoformat())
        count = store.count("prices")
        return told(context, "prices", count, written=len(good), client=client, misread=bad, products=len(wanted))
