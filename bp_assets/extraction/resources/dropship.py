"""Drop-ship notes with rows and events. Read: drop-ship note GET by purchase order, 200 orders a request. Pure.

Written: ``dropship_notes``, ``dropship_note_order_rows``, ``dropship_note_events``. There is no search; the purchase
orders that say ``isDropship`` are the only ones that can have any.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, entries, flag, instant, items, may, need, quantity, ref, text, whole
from bp_assets.extraction.resource import Chosen, Context, Decoded, Get, Resource, Rows, Unclear

NOTE = Fields(
    need("order_id", whole, "orderId"),
    may("supplier_id", ref, "supplierId"),
    may("is_shipped", flag, "status", "shipped", default=False),
    may("shipped_on", instant, "status", "shippedOn"),
    may("shipped_by_id", ref, "status", "shippedById"),
    may("shipping_method_id", ref, "shipping", "shippingMethodId"),
    may("shipping_ref", text, "shipping", "reference"),
    given=("purchase_order_id", "dropship_note_id"),
)
ROW = Fields(
    need("product_id", whole, "productId"),
    need("quantity", quantity, "quantity"),
    may("location_id", whole, "locationId", default=0),
    given=("purchase_order_id", "dropship_note_id", "order_id", "order_row_id", "position"),
)
EVENT = Fields(
    need("event_code", text, "eventCode"),
    need("occurred_on", instant, "occured"),  # the ERP's spelling
    may("event_owner_id", ref, "eventOwnerId"),
    given=("purchase_order_id", "dropship_note_id", "order_id", "position"),
)


def decode(purchase_order_id: int, raw: Any, context: Context) -> Decoded:
    """All notes of one purchase order, a map by note."""
    notes, rows, events = [], [], []
    for note_id, one in entries({"notes": raw}, "notes"):
        note = NOTE.of(one, purchase_order_id, note_id)
        head = note[:3]
        notes.append(note)
        for row_id, places in entries(one, "orderRows"):
            if type(places) is not list:
                raise Unclear(f"orderRows.{row_id} is a {type(places).__name__}, not a list")
            rows += [ROW.of(place, *head, row_id, at) for at, place in enumerate(places, start=1)]
        events += [EVENT.of(event, *head, at) for at, event in enumerate(items(one, "events"), start=1)]
    return {"dropship_notes": notes, "dropship_note_order_rows": rows, "dropship_note_events": events}


RESOURCES = (
    Resource(
        name="dropship_notes",
        title="Drop-ship notes",
        tables={
            "dropship_notes": Rows("purchase_order_id", NOTE.names),
            "dropship_note_order_rows": Rows("purchase_order_id", ROW.names),
            "dropship_note_events": Rows("purchase_order_id", EVENT.names),
        },
        listing=Chosen("select order_id as id, as_of as touched_on from orders where is_drop_ship"),
        get=Get(
            "/warehouse-service/order/{ids}/goods-note/drop-ship", splits.grouped_by("purchaseOrderId")
        ),
        decode=decode,
        absent_is_gone=False,
        rotate=timedelta(hours=24),
        after=("orders",),
        traps="There is no search for drop-ship notes: they are asked for by purchase order, of those marked so, "
        "when the order changed and within a day. A webhook names the note, not the order. The stock is never in a "
        "warehouse, so the location is 0. `shipping` is there only once the note is sent.",
    ),
)  # fmt: skip
