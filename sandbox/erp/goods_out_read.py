"""Reading goods-out notes: GET by order and note, and the search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.goods_out import Note
from sandbox.erp.notes import asked
from sandbox.erp.search import Column, Search, add_search, narrowed
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 500


def view(world: World, note: Note) -> dict[str, Any]:
    zone = world.switches.time_zone
    location = world.reference.warehouses[note.warehouse_id].default_location
    status: dict[str, Any] = {step: step in note.done for step in ("shipped", "packed", "picked", "printed")}
    for step in ("picked", "packed", "shipped", "printed"):
        if step in note.done:
            status[f"{step}On"] = iso(note.done[step][0], zone)
            status[f"{step}ById"] = note.done[step][1]
    shipping: dict[str, Any] = {"reference": note.reference, "shippingMethodId": note.shipping_method_id}
    if note.boxes is not None:
        shipping["boxes"] = note.boxes
    if note.weight is not None:
        shipping["weight"] = note.weight
    shape: dict[str, Any] = {
        "orderId": note.order_id,
        "warehouseId": note.warehouse_id,
        "transfer": note.transfer,
        "priority": note.priority,
        "status": status,
        "shipping": shipping,
        "releaseDate": iso(note.release, zone),
        "createdOn": iso(note.created, zone),
        "createdBy": note.created_by,
    }
    items = {
        row: {"productId": product, "quantity": units, "locationId": location}
        for row, (product, units) in note.rows.items()
    }
    if note.transfer:
        shape |= {
            "targetWarehouseId": note.target_warehouse,
            "stockTransferId": note.stock_transfer,
            "transferRows": list(items.values()),
        }
    else:
        shape["orderRows"] = {str(row): [item] for row, item in items.items()}
    if note.label_uri:
        shape["labelUri"] = note.label_uri
    shape |= {
        "sequence": note.sequence,
        "events": [
            {"occured": iso(when, zone), "eventOwnerId": who, "eventCode": code} for when, who, code in note.events
        ],
        "lastEventVersion": note.version,
    }
    return shape


def get(call: Call) -> Reply:
    world = call.world
    found = asked(call, LIMIT, world.goods_out, world.notes_by_order, lambda one: {one.order_id})
    return ok({str(note.id): view(world, note) for note in found})


def _step(name: str) -> Column:
    return Column(name, "BOOLEAN", lambda world, note: name in note.done)


def _candidates(world: World, filters: dict[str, str]) -> Iterable[Note]:
    if filters.get("orderId", "").isdecimal():
        return [world.goods_out[one] for one in world.notes_by_order.get(int(filters["orderId"]), ())]
    found = narrowed(filters, "goodsOutNoteId", world.goods_out)
    return world.goods_out.values() if found is None else found


def _channel(world: World, note: Note) -> int:
    order = world.orders.by_id.get(note.order_id)
    return order.channel_id if order else 0


SEARCH = Search(
    columns=(
        Column("goodsOutNoteId", "IDSET", lambda world, note: note.id),
        _step("printed"),
        _step("picked"),
        _step("packed"),
        _step("shipped"),
        Column("shippedOn", "PERIOD", lambda world, note: note.done["shipped"][0] if "shipped" in note.done else None),
        Column("orderId", "INTEGER", lambda world, note: note.order_id),
        Column("shippingMethodId", "IDSET", lambda world, note: note.shipping_method_id),
        Column("warehouseId", "IDSET", lambda world, note: note.warehouse_id),
        Column("priority", "BOOLEAN", lambda world, note: note.priority),
        Column("createdOn", "PERIOD", lambda world, note: note.created),
        Column("releaseDate", "PERIOD", lambda world, note: note.release),
        Column("createdBy", "INTEGER", lambda world, note: note.created_by),
        Column("labelUri", "STRING", lambda world, note: note.label_uri or None),
        Column("channelId", "INTEGER", _channel),
        Column("transfer", "BOOLEAN", lambda world, note: note.transfer),
    ),
    records=_candidates,
    created=lambda note: note.created,
    ordered=lambda world: world.goods_out,
)


def register(router: Router) -> None:
    add_search(router, "/warehouse-service/goods-note/goods-out-search", SEARCH)
    router.add("GET", "/warehouse-service/order/{order}/goods-note/goods-out/[notes]", get, "get-goods-out-note")
