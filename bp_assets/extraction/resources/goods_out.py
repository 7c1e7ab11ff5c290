"""Goods-out notes with rows and events, 500 notes a request. Read: goods-out search and GET. Pure.

Written: ``goods_outs``, ``goods_out_order_rows``, ``goods_out_events``, ``personal.goods_out_labels``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import (
    Fields,
    entries,
    flag,
    instant,
    integer,
    items,
    may,
    need,
    quantity,
    ref,
    text,
    whole,
)
from bp_assets.extraction.forgotten import FORGET_IN_LABELS
from bp_assets.extraction.resource import Changes, Context, Decoded, Get, Resource, Rows, Search, Sweep, Unclear

SEARCH = "/warehouse-service/goods-note/goods-out-search"


def _done(word: str) -> Iterator[Any]:
    yield may(word, flag, "status", word, default=False)
    yield may(f"{word}_by_id", ref, "status", f"{word}ById")
    yield may(f"{word}_on", instant, "status", f"{word}On")


NOTE = Fields(
    may("order_id", whole, "orderId", default=0),
    may("created_by", ref, "createdBy"),
    may("created_on", instant, "createdOn"),
    *_done("packed"), *_done("picked"), *_done("printed"),
    may("priority", flag, "priority", default=False),
    may("release_date", instant, "releaseDate"),
    may("sequence", integer, "sequence"),
    *_done("shipped"),
    may("shipping_boxes", integer, "shipping", "boxes"),
    may("shipping_method_id", ref, "shipping", "shippingMethodId"),
    may("shipping_reference", text, "shipping", "reference"),
    may("transfer", flag, "transfer", default=False),
    may("stock_transfer_id", ref, "stockTransferId"),
    may("target_warehouse_id", ref, "targetWarehouseId"),
    need("warehouse_id", whole, "warehouseId"),
    may("weight", quantity, "shipping", "weight"),
    may("external_ref", text, "externalRef"),
    given=("goods_out_id", "event_count", "order_row_count"),
)  # fmt: skip
ROW = Fields(
    need("product_id", whole, "productId"),
    need("quantity", quantity, "quantity"),
    may("location_id", whole, "locationId", default=0),
    given=("goods_out_id", "order_row_id", "position"),
)
LABEL = Fields(may("label_uri", text, "labelUri"))
EVENT = Fields(
    need("event_code", text, "eventCode"),
    need("occurred_on", instant, "occured"),  # the ERP's spelling
    may("event_owner_id", ref, "eventOwnerId"),
    given=("goods_out_id", "position"),
)


def decode(note_id: int, raw: Any, context: Context) -> Decoded:
    """A transfer has ``transferRows`` instead of rows of an order; they stand under order row 0."""
    events, order_rows = items(raw, "events"), list(entries(raw, "orderRows"))
    note = NOTE.of(raw, note_id, len(events), len(order_rows))
    (label,) = LABEL.of(raw)
    return {
        "goods_outs": [note],
        "goods_out_order_rows": [
            ROW.of(one, note_id, row_id, position) for row_id, position, one in _placed(order_rows, raw)
        ],
        "goods_out_events": [EVENT.of(one, note_id, position) for position, one in enumerate(events, start=1)],
        "goods_out_labels": [(note_id, label)] if label else [],
    }


def _placed(order_rows: list[tuple[int, Any]], raw: Any) -> Iterator[tuple[int, int, Any]]:
    """(order row, position within it, record): one record a location."""
    for row_id, places in [*order_rows, (0, items(raw, "transferRows"))]:
        if type(places) is not list:
            raise Unclear(f"orderRows.{row_id} is a {type(places).__name__}, not a list")
        for position, one in enumerate(places, start=1):
            yield row_id, position, one


RESOURCES = (
    Resource(
        name="goods_outs",
        title="Goods-out notes",
        tables={
            "goods_outs": Rows("goods_out_id", NOTE.names),
            "goods_out_order_rows": Rows("goods_out_id", ROW.names),
            "goods_out_events": Rows("goods_out_id", EVENT.names),
            "goods_out_labels": Rows("goods_out_id", ("goods_out_id", "label_uri")),
        },
        listing=Search(SEARCH, "goodsOutNoteId", columns=("goodsOutNoteId",)),
        get=Get("/warehouse-service/order/*/goods-note/goods-out/{ids}", splits.by_key, limit=500),
        decode=decode,
        changes=Changes(
            SEARCH, "goodsOutNoteId", ("createdOn", "shippedOn"), standing=({"shipped": False},),
            same={
                "printed": "printed", "picked": "picked", "packed": "packed", "shipped": "shipped",
                "shippedOn": "shipped_on", "shippingMethodId": "shipping_method_id", "priority": "priority",
            },
        ),
        sweep=Sweep(every=timedelta(hours=24)),
        rotate=timedelta(days=30),
        afterwards=FORGET_IN_LABELS,
        every=timedelta(hours=1),
        traps="The search has no `updatedOn`. Changes are found in three windows: notes created, notes shipped, and "
        "all notes not yet shipped, whose steps the search shows; a shipped note does not change any more. Of an open "
        "note the search shows neither boxes, weight nor reference, and label and release date are not compared: the "
        "note's next step brings them, and within 30 days every note is read again. Only open notes can be deleted; "
        "the daily sweep finds that. `occured` is the ERP's spelling. Steps that were done by shipping have the time "
        "of SHW and stand behind it.",
    ),
)  # fmt: skip
