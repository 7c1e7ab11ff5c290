"""Asset ``products``. Read: product search and product GET, the open hints. Written: ``products`` and its mark.

An increment asks which products changed since the mark (less an overlap: the ERP's clock is not ours) and reads only
those whose ``updatedOn`` is not the one we have. A full sweep reads all and forgets what the ERP no longer has. As
``as_of`` moves with every row read, it tells the assets after this one what they have to read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.products import PRODUCT_SEARCH, get_products
from bp_assets.brightpearl.products import products as all_products
from bp_assets.brightpearl.search import period, search
from bp_assets.brightpearl.times import instant
from bp_assets.ledger.webhooks import handled, open_webhooks
from bp_assets.resources import ErpResource, LakeResource, LedgerResource
from bp_assets.staging import hints, rows
from bp_assets.telling import told

OVERLAP = timedelta(minutes=10)


class Sweep(dg.Config):
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
    context: dg.AssetExecutionContext, config: Sweep, erp: ErpResource, lake: LakeResource, ledger: LedgerResource
) -> dg.MaterializeResult:
    started, book = datetime.now(UTC), ledger.open()
    hint_ids, hinted = hints.about(open_webhooks(book, hints.SOURCE), hints.PRODUCTS)
    with lake.lake() as store, erp.client("read") as client:
        mark = store.mark("products")
        known = dict(store.rows("select product_id, updated_on from products"))
        full = config.full or mark is None
        if full:
            good, bad = rows.understood(all_products(client))
            gone = set(known) - {one.product_id for one in good} - {int(one.id or 0) for one in bad}
        else:
            wanted = changed_ids(client, datetime.fromisoformat(mark) - OVERLAP, known) | set(hinted)
            good, bad = rows.understood(get_products(client, wanted))
            gone = wanted - {one.product_id for one in good} - {int(one.id or 0) for one in bad}
        with store.change() as change:
            change.delete("products", "product_id", gone)
            change.upsert("products", [rows.product(one, started) for one in good])
            change.mark("products", started.isoformat())
        handled(book, hint_ids)
        count = store.count("products")
        return told(
            context, "products", count, written=len(good), client=client, misread=bad, gone=len(gone), full=full
        )
