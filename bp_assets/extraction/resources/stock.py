"""Stock per product and warehouse. Read: product-availability GET, 200 products a request. Written: ``stock_levels``.

Pure. The ERP leaves out warehouses, and products, that hold nothing: for a product it was asked for, each warehouse of
the account that is missing counts as zero.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, entries, may, need, whole
from bp_assets.extraction.resource import Changes, Chosen, Context, Decoded, Get, Resource, Rows

LEVEL = Fields(
    need("in_stock", whole, "inStock"),
    need("allocated", whole, "allocated"),
    need("on_hand", whole, "onHand"),
    may("in_transit", whole, "inTransit", default=0),
    given=("product_id", "warehouse_id"),
)
ZEROS = (0, 0, 0, 0)
NONE_TRACKED = "WHSC-097"

# What may have touched a product's stock beside a movement: itself, or an order that names it (reservations move
# nothing): any order as it was read, and ours as they were read back. No stock is older than a day, so older news of
# orders is in it: the files that hold nothing else need not be opened.
TRACKED = """
select p.product_id as id, greatest(p.as_of, max(named.as_of)) as touched_on
from products p
left join (
    select product_id, as_of from order_rows where as_of > now() - interval 2 days
    union all select product_id, as_of from posted_order_rows where as_of > now() - interval 2 days
    union all select product_id, as_of from posted_goods where as_of > now() - interval 2 days
) named on named.product_id = p.product_id
where p.stock_tracked
group by p.product_id, p.as_of
"""


def decode(product_id: int, raw: Any, context: Context) -> Decoded:
    """``raw`` is empty for a product that was asked for and that the answer leaves out: never stocked, so nowhere."""
    rows = [LEVEL.of(held, product_id, place) for place, held in entries(raw, "warehouses")]
    held = {row[1] for row in rows}
    rows += [(product_id, place, *ZEROS) for place in context.lookups["warehouses"] if place not in held]
    return {"stock_levels": rows}


RESOURCES = (
    Resource(
        name="stock_levels",
        title="Stock per product and warehouse",
        tables={"stock_levels": Rows("product_id", LEVEL.names)},
        listing=Chosen(TRACKED),
        get=Get(
            "/warehouse-service/product-availability/{ids}", splits.by_key, nothing=frozenset({NONE_TRACKED})
        ),
        decode=decode,
        changes=Changes("/warehouse-service/goods-movement-search", "productId", ("updatedOn",)),
        absent_is_gone=False,
        rotate=timedelta(hours=24),
        every=timedelta(minutes=10),
        lookups={"warehouses": "select warehouse_id from warehouses order by 1"},
        after=("products", "warehouses"),
        hinted=True,
        traps="There is no filter: products that the stock ledger shows as moved, that an order names or that a "
        "webhook tells of are read at once, all others in turn within a day. Untracked products are left out, a set "
        "of nothing else is refused (WHSC-097), and one unknown id may have a whole set refused: it is halved until "
        "only that id is left out. Missing warehouses and missing products are zero. Whether goods in quarantine count "
        "as in stock is not documented.",
    ),
)  # fmt: skip
