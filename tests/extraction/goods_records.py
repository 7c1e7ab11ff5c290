"""What the tables of open orders, goods and payments must hold, worked out from the sandbox's own records."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.erp.order_model import Order, Row
from sandbox.world import World
from tests.extraction.sandbox_figures import Rows, at, small


def _open(world: World) -> Iterator[tuple[Order, Row]]:
    """Rows of sales orders of which something is still to be sent."""
    for one in world.orders.by_id.values():
        if one.type == "SO" and one.tracked and one.shipping_status != "ASS":
            for row in one.rows.values():
                yield one, row


def order_fulfillments(world: World) -> Rows:
    for one, row in _open(world):
        yield {
            "order_row_id": row.id, "order_id": one.id, "quantity": row.units, "fulfilled": row.fulfilled,
            "shipped": row.shipped,
        }  # fmt: skip


def order_fulfillment_locations(world: World) -> Rows:
    """From the notes of the order; what a supplier sends stands under location 0."""
    for one, row in _open(world):
        places: dict[int, int] = {}
        for note in (world.goods_out[number] for number in world.notes_by_order.get(one.id, ())):
            if row.id in note.rows:
                location = world.reference.warehouses[note.warehouse_id].default_location
                places[location] = places.get(location, 0) + note.rows[row.id][1]
        for sent in (world.dropships[number] for number in world.dropships_by_order.get(one.id, ())):
            if row.id in sent.rows:
                places[0] = places.get(0, 0) + sent.rows[row.id][1]
        for location, units in places.items():
            yield {
                "order_row_id": row.id, "order_id": one.id, "quantity": units, "fulfilled": row.fulfilled,
                "shipped": row.shipped, "location_id": location,
            }  # fmt: skip


def reservations(world: World) -> Rows:
    for one, row in _open(world):
        if row.reserved:
            yield {
                "order_row_id": row.id, "warehouse_id": one.reserved_warehouse, "order_id": one.id,
                "product_id": row.product_id, "quantity": row.reserved,
            }  # fmt: skip


def goods_outs(world: World) -> Rows:
    for one in world.goods_out.values():
        steps: dict[str, Any] = {}
        for step in ("packed", "picked", "printed", "shipped"):
            when, who = one.done.get(step, (None, None))
            steps |= {step: step in one.done, f"{step}_by_id": who, f"{step}_on": at(when)}
        yield steps | {
            "goods_out_id": one.id, "event_count": len(one.events),
            "order_row_count": 0 if one.transfer else len(one.rows), "order_id": one.order_id,
            "created_by": one.created_by, "created_on": at(one.created), "priority": one.priority,
            "release_date": at(one.release), "sequence": one.sequence, "shipping_boxes": one.boxes,
            "shipping_method_id": one.shipping_method_id or None, "shipping_reference": one.reference or None,
            "transfer": one.transfer, "stock_transfer_id": one.stock_transfer or None,
            "target_warehouse_id": one.target_warehouse or None, "warehouse_id": one.warehouse_id,
            "weight": None if one.weight is None else Decimal(str(one.weight)), "external_ref": None,
        }  # fmt: skip


def goods_out_order_rows(world: World) -> Rows:
    for one in world.goods_out.values():
        location = world.reference.warehouses[one.warehouse_id].default_location
        for position, (row, (product, units)) in enumerate(one.rows.items(), start=1):
            yield {
                "goods_out_id": one.id, "order_row_id": 0 if one.transfer else row,
                "position": position if one.transfer else 1, "product_id": product, "quantity": units,
                "location_id": location,
            }  # fmt: skip


def goods_out_events(world: World) -> Rows:
    for one in world.goods_out.values():
        for position, (when, who, code) in enumerate(one.events, start=1):
            yield {
                "goods_out_id": one.id, "position": position, "event_code": code, "occurred_on": at(when),
                "event_owner_id": who,
            }  # fmt: skip


def goods_out_labels(world: World) -> Rows:
    for one in world.goods_out.values():
        if one.label_uri:
            yield {"goods_out_id": one.id, "label_uri": one.label_uri}


def goods_ins(world: World) -> Rows:
    for one in world.receipts.values():
        yield {
            "goods_note_id": one.id, "goods_movement_count": len(one.lines), "order_id": one.order_id,
            "created_by": 4, "goods_note_status": one.status, "received_on": at(one.received), "transfer": False,
            "user_batch_reference": one.reference or None,
        }  # fmt: skip


def goods_in_movements(world: World) -> Rows:
    for one in world.receipts.values():
        quarantine = world.reference.warehouses[one.warehouse_id].quarantine_location
        for position, (row, product, units, location, value) in enumerate(one.lines, start=1):
            yield {
                "goods_note_id": one.id, "position": position, "product_id": product, "purchase_order_row_id": row,
                "quantity": units, "warehouse_id": one.warehouse_id, "destination_location_id": location,
                "batch_goods_note_id": one.id, "product_value": small(value, 4), "product_value_currency": "GBP",
                "cleared": False, "quarantine": location == quarantine, "allocated": False, "value_confirmed": True,
                "created_on": at(one.created), "created_by": 4, "updated_on": at(one.created), "updated_by": 4,
            }  # fmt: skip


def dropship_notes(world: World) -> Rows:
    for one in world.dropships.values():
        when, who = one.shipped or (None, None)
        yield {
            "purchase_order_id": one.purchase_id, "dropship_note_id": one.id, "order_id": one.order_id,
            "supplier_id": one.supplier_id, "is_shipped": one.shipped is not None, "shipped_on": at(when),
            "shipped_by_id": who, "shipping_method_id": one.shipping_method_id or None,
            "shipping_ref": one.reference or None,
        }  # fmt: skip


def dropship_note_order_rows(world: World) -> Rows:
    for one in world.dropships.values():
        for row, (product, units, _) in one.rows.items():
            yield {
                "purchase_order_id": one.purchase_id, "dropship_note_id": one.id, "order_id": one.order_id,
                "order_row_id": row, "position": 1, "product_id": product, "quantity": units, "location_id": 0,
            }  # fmt: skip


def dropship_note_events(world: World) -> Rows:
    for one in world.dropships.values():
        for position, (when, who, code) in enumerate(one.events, start=1):
            yield {
                "purchase_order_id": one.purchase_id, "dropship_note_id": one.id, "order_id": one.order_id,
                "position": position, "event_code": code, "occurred_on": at(when), "event_owner_id": who,
            }  # fmt: skip


def stock_transfers(world: World) -> Rows:
    for one in world.stock_transfers.values():
        yield {
            "stock_transfer_id": one["stockTransferId"], "created_by": one["createdBy"],
            "created_on": at(one["createdOn"]), "goods_out_note_id": one["goodsOutNoteId"] or None,
            "reference": one["reference"] or None, "source_warehouse_id": one["sourceWarehouseId"],
            "target_warehouse_id": one["targetWarehouseId"],
        }  # fmt: skip


def goods_movements(world: World) -> Rows:
    for one in world.stock.all_movements():
        yield {
            "goods_movement_id": one.id, "product_id": one.product_id, "warehouse_id": one.warehouse_id or None,
            "quantity": one.quantity, "goods_note_type": one.type_code, "goods_note_id": one.note_id or None,
            "order_id": one.order_id or None, "batch_id": one.batch_id or None, "is_quarantine": one.quarantine,
            "product_value": small(one.value, 4), "currency": "GBP", "updated_on": at(one.at),
        }  # fmt: skip


def customer_payments(world: World) -> Rows:
    for one in world.payments.values():
        yield {
            "payment_id": one.id, "order_id": one.order_id, "transaction_ref": one.ref or None,
            "payment_method": one.method, "payment_type": one.type, "amount_paid": small(one.paid, 2),
            "currency": one.currency, "payment_date": at(one.date), "created_on": at(one.created),
            "journal_id": one.journal_id,
        }  # fmt: skip


def stock_levels(world: World) -> Rows:
    for one in world.products.values():
        for warehouse in world.reference.warehouses:
            if one.stock_tracked and one.bundle is None:
                in_stock, allocated, _, in_transit = world.stock.figures(one.id, warehouse)
                yield {
                    "product_id": one.id, "warehouse_id": warehouse, "in_stock": in_stock, "allocated": allocated,
                    "on_hand": in_stock - allocated, "in_transit": in_transit,
                }  # fmt: skip
