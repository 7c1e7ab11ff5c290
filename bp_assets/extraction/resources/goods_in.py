"""Goods-in notes with their movements, 200 notes a request. Read: goods-in search and GET. Pure.

Written: ``goods_ins``, ``goods_in_movements``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, flag, instant, items, may, money, need, quantity, ref, text, whole
from bp_assets.extraction.resource import Changes, Context, Decoded, Get, Resource, Rows, Search, Sweep

SEARCH = "/warehouse-service/goods-in-search"
NOTE = Fields(
    may("order_id", whole, "orderId", default=0),
    may("created_by", ref, "createdBy"),
    may("goods_note_status", text, "goodsNoteStatus"),
    may("received_on", instant, "receivedOn"),
    may("transfer", flag, "transfer", default=False),
    may("user_batch_reference", text, "userBatchReference"),
    given=("goods_note_id", "goods_movement_count"),
)
MOVEMENT = Fields(
    need("product_id", whole, "productId"),
    may("purchase_order_row_id", ref, "purchaseOrderRowId"),
    need("quantity", quantity, "quantity"),
    may("warehouse_id", ref, "warehouseId"),
    may("destination_location_id", ref, "destinationLocationId"),
    may("batch_goods_note_id", ref, "batchGoodsNoteId"),
    may("product_value", money, "productValue", "value"),
    may("product_value_currency", text, "productValue", "currency"),
    may("cleared", flag, "cleared"),
    may("quarantine", flag, "quarantine"),
    may("allocated", flag, "allocated"),
    may("value_confirmed", flag, "valueConfirmed"),
    may("created_on", instant, "createdOn"),
    may("created_by", ref, "createdBy"),
    may("updated_on", instant, "updatedOn"),
    may("updated_by", ref, "updatedBy"),
    given=("goods_note_id", "position"),
)


def decode(note_id: int, raw: Any, context: Context) -> Decoded:
    """``purchaseOrderRowId`` names the row of a sales credit too, where the goods came back."""
    moved = items(raw, "goodsMoved")
    return {
        "goods_ins": [NOTE.of(raw, note_id, len(moved))],
        "goods_in_movements": [MOVEMENT.of(one, note_id, position) for position, one in enumerate(moved, start=1)],
    }


RESOURCES = (
    Resource(
        name="goods_ins",
        title="Goods-in notes",
        tables={
            "goods_ins": Rows("goods_note_id", NOTE.names),
            "goods_in_movements": Rows("goods_note_id", MOVEMENT.names),
        },
        listing=Search(SEARCH, "batchId", columns=("batchId",)),
        get=Get("/warehouse-service/order/*/goods-note/goods-in/{ids}", splits.by_key),
        decode=decode,
        changes=Changes(SEARCH, "batchId", ("createdDate", "receivedDate"), same={"receivedDate": "received_on"}),
        sweep=Sweep(every=timedelta(hours=24)),
        rotate=timedelta(hours=72),
        every=timedelta(hours=1),
        traps="The search calls a note's id `batchId` and has a row per product, batch and location; its dates are "
        "`createdDate` and `receivedDate`, the GET says `receivedOn`. A release from quarantine, a confirmed value or "
        "a correction moves neither: every note is read again within three days (the stock itself is current through "
        "`stock_levels` and `goods_movements`). `purchaseOrderRowId` is the row of the sales credit for goods that "
        "came back. The value is in the account's own currency. A note of which nothing is left anywhere may be "
        "missing from the search.",
    ),
)
