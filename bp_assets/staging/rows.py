"""From the ERP's records to the rows of our tables. Pure. Read: records of the ERP edge. Written: nothing.

What the ERP leaves out is null here, never an empty text or a zero that could be taken for a value.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from bp_assets.brightpearl.goods import GoodsInNote, GoodsOutNote
from bp_assets.brightpearl.orders import ErpOrder
from bp_assets.brightpearl.payments import Payment
from bp_assets.brightpearl.places import Warehouse
from bp_assets.brightpearl.reading import Misread
from bp_assets.domain.catalogue import Place

Row = dict[str, Any]
T = TypeVar("T")


def understood(records: Iterable[T | Misread]) -> tuple[list[T], list[Misread]]:
    """The records we can read, and those we can't: one strange record never costs the others."""
    good: list[T] = []
    bad: list[Misread] = []
    for record in records:
        if isinstance(record, Misread):
            bad.append(record)
        else:
            good.append(record)
    return good, bad


def warehouse(one: Warehouse, place: Place | None, as_of: datetime) -> Row:
    return {
        "warehouse_id": one.warehouse_id,
        "name": one.name,
        "type_code": one.type_code or None,
        "address_id": one.address_id or None,
        "default_location_id": place.default_location_id if place else None,
        "quarantine_location_id": place.quarantine_location_id if place else None,
        "as_of": as_of,
    }


def order(one: ErpOrder, external_ref: str, as_of: datetime) -> Row:
    """``external_ref`` as the ERP's search shows it: ``SO-`` or ``SC-`` and our sale id."""
    return {
        "order_id": one.order_id,
        "document": one.type,
        "sale_id": external_ref.partition("-")[2],
        "external_ref": external_ref,
        "reference": one.reference or None,
        "parent_order_id": one.parent_order_id or None,
        "contact_id": one.contact_id or None,
        "channel_id": one.channel_id or None,
        "warehouse_id": one.warehouse_id or None,
        "status": one.status_name or None,
        "net": one.net,
        "tax": one.tax,
        "total": one.total,
        "currency": one.currency,
        "payment_status": one.payment_status or None,
        "stock_status": one.stock_status or None,
        "allocation_status": one.allocation_status or None,
        "shipping_status": one.shipping_status or None,
        "invoice_reference": one.invoice_reference or None,
        "placed_on": one.placed_on,
        "tax_date": one.tax_date,
        "updated_on": one.updated_on,
        "as_of": as_of,
    }


def order_rows(one: ErpOrder, as_of: datetime) -> list[Row]:
    return [
        {
            "order_id": one.order_id,
            "order_row_id": row.row_id,
            "sequence": row.sequence,
            "product_id": row.product_id,
            "sku": row.sku or None,
            "name": row.name,
            "quantity": row.quantity,
            "tax_code": row.tax_code,
            "net": row.net,
            "tax": row.tax,
            "nominal_code": row.nominal_code or None,
            "currency": one.currency,
            "as_of": as_of,
        }
        for row in one.rows
    ]


def payment(one: Payment, as_of: datetime) -> Row:
    return {
        "payment_id": one.payment_id,
        "order_id": one.order_id,
        "transaction_ref": one.transaction_ref or None,
        "method": one.method,
        "type": one.type,
        "amount": one.amount,
        "signed_amount": one.signed,
        "currency": one.currency,
        "payment_date": one.payment_date,
        "as_of": as_of,
    }


def goods_out(note: GoodsOutNote, as_of: datetime) -> list[Row]:
    return [
        {
            "note_id": note.note_id,
            "order_row_id": row.row_id,
            "location_id": row.location_id,
            "direction": "out",
            "order_id": note.order_id,
            "product_id": row.product_id,
            "warehouse_id": note.warehouse_id,
            "quantity": row.quantity,
            "moved": note.shipped,
            "quarantined": False,
            "as_of": as_of,
        }
        for row in note.rows
    ]


def goods_in(note: GoodsInNote, quarantine: dict[int, int], as_of: datetime) -> list[Row]:
    """``quarantine`` maps a warehouse to its quarantine location."""
    return [
        {
            "note_id": note.note_id,
            "order_row_id": row.row_id,
            "location_id": row.location_id,
            "direction": "in",
            "order_id": note.order_id,
            "product_id": row.product_id,
            "warehouse_id": note.warehouse_id,
            "quantity": row.quantity,
            "moved": note.status != "CANCELLED",
            "quarantined": row.location_id == quarantine.get(note.warehouse_id),
            "as_of": as_of,
        }
        for row in note.rows
    ]
