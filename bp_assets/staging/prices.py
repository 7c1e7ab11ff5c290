"""Asset ``prices``. Read: ``products`` in the lake, product-price GET. Written: ``prices`` and its mark.

An increment reads the prices of products that were found changed since the mark. Whether a price moves its product's
``updatedOn`` is not documented, so the nightly sweep (``full``) reads the prices of all.
"""

from datetime import UTC, datetime

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.products import prices as read_prices
from bp_assets.framing import frame_of, keys_of
from bp_assets.lake.frames import Change, Writer, mark
from bp_assets.resources import ErpResource, LakeResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told


class PriceSweep(dg.Config):
    """``full`` reads everything; without it only the prices of products that changed."""

    full: bool = False


_READ = "select product_id, as_of from products where $1::timestamptz is null or as_of > $1"
_STRAYS = "select distinct product_id from prices anti join products using (product_id)"


@dg.asset(**catalog.attributes("prices"), retry_policy=catalog.RETRY)
def prices(
    context: dg.AssetExecutionContext, config: PriceSweep, erp: ErpResource, lake: LakeResource
) -> dg.MaterializeResult:
    started, tables = datetime.now(UTC), lake.open()
    with tables.open() as reading:
        followed = mark(reading, "prices")
        reached = datetime.fromisoformat(followed.mark) if followed else None
        since = None if config.full else reached
        changed = reading.execute(_READ, [since]).fetchall()
        strays = {row[0] for row in reading.execute(_STRAYS).fetchall()}
    with erp.client("changes" if since else "sweep") as client:
        good, bad = rows.understood(read_prices(client, {product_id for product_id, _ in changed}))
    # A product whose prices could not be read keeps those we have; one that has none any more loses them.
    read = {product_id for product_id, _ in changed} - {int(one.id or 0) for one in bad}
    emptied = read - {one.product_id for one in good}
    frame = frame_of("prices", [rows.price(one, started) for one in good if one.product_id in read])
    newest = max((as_of for _, as_of in changed), default=reached)

    def store(writer: Writer) -> Said:
        gone = emptied | strays
        deleted = writer.delete_keys("prices", keys_of("product_id", gone), ["product_id"]) if gone else 0
        change = writer.upsert("prices", frame, within=("product_id",))
        if newest is not None:
            writer.set_mark("prices", newest.isoformat(), started)
        return Said.of(writer, "prices", change, Change(deleted=deleted))

    return told(context, "prices", tables.write(store), client=client, misread=bad, products_read=len(read))
