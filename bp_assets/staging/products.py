"""Asset ``products``. Read: product search and product GET, the open hints. Written: ``products`` and its mark.

An increment asks which products changed since the mark (less an overlap: the ERP's clock is not ours) and reads only
those whose ``updatedOn`` is not the one we have. A full sweep reads all and forgets what the ERP no longer has.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from bp_assets import catalog, hints
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.products import PRODUCT_SEARCH, get_products
from bp_assets.brightpearl.products import products as all_products
from bp_assets.brightpearl.search import period, search
from bp_assets.brightpearl.times import instant
from bp_assets.framing import frame_of, keys_of
from bp_assets.lake.frames import Change, Writer, mark
from bp_assets.ledger.webhooks import handled, open_webhooks
from bp_assets.resources import ErpResource, LakeResource, LedgerResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told

OVERLAP = timedelta(minutes=10)


class ProductSweep(dg.Config):
    """``full`` reads everything; without it only what changed."""

    full: bool = False


def changed_ids(client: ErpClient, since: datetime, known: Mapping[int, datetime | None]) -> set[int]:
    """Products changed or created since, and not known to us as they are now: two searches."""
    found: set[int] = set()
    for moment in ("updatedOn", "createdOn"):
        answer = search(client, PRODUCT_SEARCH, {moment: period(since)}, columns=["productId", "updatedOn"])
        for row in answer:
            product_id, text = int(row["productId"]), row.get("updatedOn")
            if not text or known.get(product_id) != instant(text):
                found.add(product_id)
    return found


@dg.asset(**catalog.attributes("products"), retry_policy=catalog.RETRY)
def products(
    context: dg.AssetExecutionContext,
    config: ProductSweep,
    erp: ErpResource,
    lake: LakeResource,
    ledger: LedgerResource,
) -> dg.MaterializeResult:
    started, book, tables = datetime.now(UTC), ledger.open(), lake.open()
    hint_ids, hinted = hints.about(open_webhooks(book, hints.SOURCE), hints.PRODUCTS)
    with tables.open() as reading:
        known = dict(reading.execute("select product_id, updated_on from products").fetchall())
        followed = mark(reading, "products")
    full = config.full or followed is None
    with erp.client("sweep" if full else "changes") as client:
        if full or followed is None:
            wanted = set(known)
            good, bad = rows.understood(all_products(client))
        else:
            wanted = changed_ids(client, datetime.fromisoformat(followed.mark) - OVERLAP, known) | set(hinted)
            good, bad = rows.understood(get_products(client, wanted))
    gone = wanted - {one.product_id for one in good} - {int(one.id or 0) for one in bad}
    frame = frame_of("products", [rows.product(one, started) for one in good])

    def store(writer: Writer) -> Said:
        deleted = writer.delete_keys("products", keys_of("product_id", gone)) if gone else 0
        change = writer.upsert("products", frame)
        writer.set_mark("products", started.isoformat(), started)
        return Said.of(writer, "products", change, Change(deleted=deleted))

    said = tables.write(store)
    handled(book, hint_ids)
    return told(context, "products", said, client=client, misread=bad, products_read=len(good), full_sweep=full)
