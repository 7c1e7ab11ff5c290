"""Goods-out notes, goods-in notes, reservations and the stock of products, as the ERP holds them.

Read: ``warehouse-service``. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list, decode_map

_NOTES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class NoteRow:
    """``row_id`` is the order row (of the sales credit for goods that came back)."""

    row_id: int
    product_id: int
    quantity: Decimal
    location_id: int


@dataclass(frozen=True, slots=True)
class GoodsOutNote:
    """``shipped`` is the moment stock leaves; ``event_version`` guards the next event (``If-Match``)."""

    note_id: int
    order_id: int
    warehouse_id: int
    transfer: bool
    shipped: bool
    shipped_on: datetime | None
    created_on: datetime | None
    shipping_method_id: int
    event_version: int
    events: tuple[str, ...]
    rows: tuple[NoteRow, ...]


@dataclass(frozen=True, slots=True)
class GoodsInNote:
    note_id: int
    order_id: int
    batch_reference: str
    status: str
    warehouse_id: int
    received_on: datetime | None
    rows: tuple[NoteRow, ...]


@dataclass(frozen=True, slots=True)
class Reservation:
    order_id: int
    warehouse_id: int
    rows: tuple[NoteRow, ...]


@dataclass(frozen=True, slots=True)
class RowProgress:
    """How far one order row is: ``fulfilled`` stands on a note, ``shipped`` has left."""

    row_id: int
    quantity: Decimal
    fulfilled: Decimal
    shipped: Decimal


def goods_out_of(client: ErpClient, order_ids: Iterable[int]) -> list[GoodsOutNote | Misread]:
    """Every goods-out note of the orders. Raises as :meth:`ErpClient.get`."""
    found: list[GoodsOutNote | Misread] = []
    for ids in pack(order_ids, limit=_NOTES_AT_ONCE):
        answer = client.get(f"/warehouse-service/order/{ids}/goods-note/goods-out")
        found += decode_map("goods-out-note", answer, _goods_out)
    return found


def goods_in_of(client: ErpClient, order_ids: Iterable[int]) -> list[GoodsInNote | Misread]:
    """Every goods-in note of the orders and credits. Raises as :meth:`ErpClient.get`."""
    found: list[GoodsInNote | Misread] = []
    for ids in pack(order_ids):
        answer = client.get(f"/warehouse-service/order/{ids}/goods-note/goods-in")
        found += decode_map("goods-in-note", answer, _goods_in)
    return found


def reservations_of(client: ErpClient, order_id: int) -> list[Reservation | Misread]:
    """What is reserved for one order: at most one record. Raises as :meth:`ErpClient.get`."""
    return decode_list("reservation", client.get(f"/warehouse-service/order/{order_id}/reservation"), "orderId", _held)


def fulfilment_of(client: ErpClient, order_id: int) -> list[RowProgress | Misread]:
    """Quantity, fulfilled and shipped of each row of one order. Raises as :meth:`ErpClient.get`."""
    answer = client.get(f"/warehouse-service/order/{order_id}/fulfilment-status")
    return decode_map("fulfilment-status", answer, _progress)


def _goods_out(note_id: int, raw: Record) -> GoodsOutNote:
    rows = [
        _row(int(row_id), Record(place))
        for row_id, places in raw.child("orderRows").raw.items()
        for place in (places if isinstance(places, list) else [places])
    ]
    return GoodsOutNote(
        note_id=note_id,
        order_id=raw.whole("orderId", default=0),
        warehouse_id=raw.whole("warehouseId"),
        transfer=raw.flag("transfer", default=False),
        shipped=raw.flag("status", "shipped", default=False),
        shipped_on=raw.moment("status", "shippedOn"),
        created_on=raw.moment("createdOn"),
        shipping_method_id=raw.whole("shipping", "shippingMethodId", default=0),
        event_version=raw.whole("lastEventVersion", default=0),
        events=tuple(Record(event).text("eventCode") for event in raw.items("events")),
        rows=tuple(sorted(rows, key=lambda row: row.row_id)),
    )


def _goods_in(note_id: int, raw: Record) -> GoodsInNote:
    moved = [Record(one) for one in raw.items("goodsMoved")]
    rows = [
        NoteRow(
            row_id=one.whole("purchaseOrderRowId", default=0),
            product_id=one.whole("productId"),
            quantity=one.number("quantity"),
            location_id=one.whole("destinationLocationId", default=0),
        )
        for one in moved
    ]
    warehouse = raw.whole("warehouseId", default=0) or (moved[0].whole("warehouseId", default=0) if moved else 0)
    return GoodsInNote(
        note_id=raw.whole("goodsNoteId", default=note_id),
        order_id=raw.whole("orderId", default=0),
        batch_reference=raw.text("userBatchReference", default=""),
        status=raw.text("goodsNoteStatus", default=""),
        warehouse_id=warehouse,
        received_on=raw.moment("receivedOn"),
        rows=tuple(rows),
    )


def _held(raw: Record) -> Reservation:
    rows = raw.child("orderRows").raw
    return Reservation(
        order_id=raw.whole("orderId"),
        warehouse_id=raw.whole("warehouseId"),
        rows=tuple(_row(int(row_id), Record(row)) for row_id, row in sorted(rows.items(), key=lambda one: int(one[0]))),
    )


def _row(row_id: int, raw: Record) -> NoteRow:
    return NoteRow(row_id, raw.whole("productId"), raw.number("quantity"), raw.whole("locationId", default=0))


def _progress(row_id: int, raw: Record) -> RowProgress:
    zero = Decimal(0)
    return RowProgress(
        row_id,
        raw.number("quantity"),
        raw.number("fulfilled", default=zero),
        raw.number("shipped", default=zero),
    )
