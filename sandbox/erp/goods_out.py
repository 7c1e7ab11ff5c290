"""Goods-out notes: allocate stock to a shipment; the SHW event makes it leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.order_create import instant, shipping_method, text
from sandbox.erp.order_model import Order, of_type
from sandbox.erp.reservations import hold, wanted_rows
from sandbox.erp.stock import Movement
from sandbox.erp.times import parse_instant

if TYPE_CHECKING:
    from sandbox.world import World

STEPS = {"PRI": "printed", "PIC": "picked", "PAC": "packed", "SHW": "shipped"}
UNDO = {"UPR": "printed", "UPI": "picked", "UPA": "packed"}


@dataclass(slots=True)
class Note:
    """``rows``: order row -> units; ``products``: order row -> product. Transfers keep rows under negative keys."""

    id: int
    order_id: int
    warehouse_id: int
    sequence: int
    created: int
    release: int
    created_by: int = 4
    transfer: bool = False
    priority: bool = False
    shipping_method_id: int = 0
    reference: str = ""
    label_uri: str = ""
    boxes: int | None = None
    weight: float | None = None
    target_warehouse: int = 0
    stock_transfer: int = 0
    rows: dict[int, tuple[int, int]] = field(default_factory=dict)  # row -> product, units
    from_reservation: dict[int, int] = field(default_factory=dict)
    done: dict[str, tuple[int, int]] = field(default_factory=dict)  # printed, picked, packed, shipped -> when, by whom
    events: list[tuple[int, int, str]] = field(default_factory=list)  # when, by whom, code
    version: int = 0


def post(call: Call) -> Reply:
    """One note per ``warehouses`` entry, all or none. Takes over what the order has reserved there."""
    world, body = call.world, call.fields()
    order = of_type(world, call.id(), "SO")
    entries = body.get("warehouses")
    if not isinstance(entries, list) or not entries:
        raise codes.NOTE_EMPTY.error()
    if world.reference.statuses[order.status_id].state == "cancelled":
        raise codes.ORDER_CANCELLED.error(value=order.id)
    method = shipping_method(world, body.get("shippingMethodId"))
    plans = _plan(world, order, entries)
    notes = []
    for entry, wanted in plans:
        note = _allocate(world, order, entry, wanted)
        note.priority = bool(body.get("priority"))
        note.shipping_method_id = method
        note.label_uri = text(body.get("labelUri"), "labelUri", 512)
        notes.append(note.id)
        world.emit("goods-out-note.created", note.id)
    order.recount()
    world.orders.touch(order, world.now_ms())
    return ok(notes)


def _plan(world: World, order: Order, entries: list[Any]) -> list[tuple[dict[str, Any], dict[int, int]]]:
    """Check everything before anything is changed; units are counted across entries."""
    plans = []
    left = {row.id: row.units - row.fulfilled for row in order.rows.values()}
    taken: dict[tuple[int, int], int] = {}
    reserved = {row.id: row.reserved for row in order.rows.values()}
    for entry in entries:
        warehouse = entry.get("warehouseId")
        if warehouse not in world.reference.warehouses:
            raise codes.WAREHOUSE_MISSING.error(value=warehouse)
        instant(entry, "releaseDate", None)
        wanted = wanted_rows(order, entry.get("products"))
        own = order.reserved_warehouse == warehouse
        for row_id, units in wanted.items():
            row = order.rows[row_id]
            if units > left[row_id]:
                raise codes.NOTE_QUANTITY.error(row=row_id, value=units, left=left[row_id])
            left[row_id] -= units
            key = (row.product_id, warehouse)
            held = min(units, reserved[row_id]) if own else 0
            reserved[row_id] -= held
            taken[key] = taken.get(key, 0) + units - held
            on_hand = world.stock.level(row.product_id, warehouse).on_hand
            if taken[key] > on_hand and not world.switches.goods_out_above_on_hand:
                raise codes.NOT_ENOUGH.error(product=row.product_id, value=units, left=on_hand, warehouse=warehouse)
        plans.append((entry, wanted))
    return plans


def _allocate(world: World, order: Order, entry: dict[str, Any], wanted: dict[int, int]) -> Note:
    now, warehouse = world.now_ms(), entry["warehouseId"]
    world.note_count[order.id] = world.note_count.get(order.id, 0) + 1
    note = Note(
        world.next_id("goods_out"),
        order.id,
        warehouse,
        world.note_count[order.id],
        now,
        instant(entry, "releaseDate", now),
    )
    for row_id, units in wanted.items():
        row = order.rows[row_id]
        held = min(units, row.reserved) if order.reserved_warehouse == warehouse else 0
        row.reserved -= held
        note.from_reservation[row_id] = held
        if units > held:
            world.stock.allocate(row.product_id, warehouse, units - held)
        row.fulfilled += units
        spare = row.fulfilled + row.reserved - row.units
        if spare > 0:  # fulfilled from elsewhere: what is reserved beyond the row's quantity is let go
            row.reserved -= spare
            world.stock.allocate(row.product_id, order.reserved_warehouse, -spare)
        note.rows[row_id] = (row.product_id, units)
    world.add_note(note)
    _record(world, note, "PLA", now, note.created_by)
    return note


def _record(world: World, note: Note, code: str, when: int, who: int) -> None:
    note.events.append((when, who, code))
    note.version = world.next_id("event")


def post_events(call: Call) -> Reply:
    """SHW adds the missing PRI, PIC and PAC with its own time; nothing is possible after it."""
    world = call.world
    note = _one(call)
    given = call.headers.get("if-match", "").strip('"')
    if given and given != str(note.version):
        raise codes.VERSION_DIFFERS.error(given=given, current=note.version)
    events = call.fields().get("events")
    if not isinstance(events, list) or not events:
        raise codes.EVENT_MEMBERS.error()
    checked = []
    shipped = "shipped" in note.done
    for event in events:
        code, owner = event.get("eventCode"), event.get("eventOwnerId")
        when = parse_instant(event.get("occured"))
        if when is None or not isinstance(owner, int) or not code:
            raise codes.EVENT_MEMBERS.error()
        if shipped:
            raise codes.NOTE_SHIPPED.error(value=note.id)
        if code not in STEPS and code not in UNDO:
            raise codes.EVENT_CODE.error(value=code)
        shipped = code == "SHW"
        checked.append((code, when, owner))
    for code, when, owner in checked:
        _apply(world, note, code, when, owner)
    return done()


def _apply(world: World, note: Note, code: str, when: int, owner: int) -> None:
    _record(world, note, code, when, owner)
    if code in UNDO:
        note.done.pop(UNDO[code], None)
        world.emit(f"goods-out-note.modified.un-{UNDO[code]}", note.id)
        return
    note.done[STEPS[code]] = (when, owner)
    world.emit(f"goods-out-note.modified.{STEPS[code]}", note.id)
    if code == "SHW":
        for step in ("PRI", "PIC", "PAC"):
            if STEPS[step] not in note.done:
                note.done[STEPS[step]] = (when, owner)
                _record(world, note, step, when, owner)
        _ship(world, note)


def _ship(world: World, note: Note) -> None:
    order = world.orders.by_id.get(note.order_id)
    location = world.reference.warehouses[note.warehouse_id].default_location
    for row_id, (product, units) in note.rows.items():
        world.stock.level(product, note.warehouse_id).allocated -= units
        reason = "transfer" if note.transfer else "goods-out"
        out = Movement(
            0, product, note.warehouse_id, -units, location, "GO", note.id, 0, 0, False,
            note.order_id, 0 if note.transfer else row_id, 0, world.now_ms(), reason,
        )  # fmt: skip
        world.stock.take(out)
        if note.transfer:
            world.arrive_in_quarantine(note, product, units)
        elif order is not None and row_id in order.rows:
            order.rows[row_id].shipped += units
    if order is None:
        return
    order.recount()
    world.orders.touch(order, world.now_ms())
    world.emit("order.modified", order.id)
    if order.shipping_status == "ASS":
        world.emit("order.modified.fully-shipped", order.id)


def delete(call: Call) -> Reply:
    """Only while unshipped; whether a former reservation comes back is a switch."""
    world, note = call.world, _one(call, 1)
    if note.order_id != call.id():
        raise codes.NOT_FOUND.error(what=f"No goods-out note {call.params[1]} on order {call.params[0]}")
    if "shipped" in note.done:
        raise codes.NOTE_SHIPPED.error(value=note.id)
    order = world.orders.by_id.get(note.order_id)
    for row_id, (product, units) in note.rows.items():
        world.stock.allocate(product, note.warehouse_id, -units)
        if order is not None and row_id in order.rows:
            row = order.rows[row_id]
            row.fulfilled -= units
            if world.switches.deleted_note_restores_reservation and note.from_reservation.get(row_id):
                order.reserved_warehouse = note.warehouse_id
                hold(world, order, row, note.warehouse_id, note.from_reservation[row_id])
    world.drop_note(note)
    if order is not None:
        order.recount()
        world.orders.touch(order, world.now_ms())
    world.emit("goods-out-note.destroyed", note.id)
    return ok(note.id)


def put(call: Call) -> Reply:
    note, body = _one(call), call.fields()
    if "shipped" in note.done:
        raise codes.NOTE_SHIPPED.error(value=note.id)
    shipping = body.get("shipping") or {}
    note.priority = bool(body.get("priority", note.priority))
    note.shipping_method_id = shipping_method(call.world, shipping.get("shippingMethodId", note.shipping_method_id))
    note.reference = text(shipping.get("reference", note.reference), "shipping.reference")
    note.boxes = shipping.get("boxes", note.boxes)
    note.weight = float(shipping["weight"]) if shipping.get("weight") is not None else note.weight
    note.label_uri = text(body.get("labelUri", note.label_uri), "labelUri", 512)
    call.world.emit("goods-out-note.modified", note.id)
    return done()


def _one(call: Call, position: int = 0) -> Note:
    note = call.world.goods_out.get(call.id(position))
    if note is None:
        raise codes.NOT_FOUND.error(what=f"No goods-out note {call.params[position]}")
    return note


def register(router: Router) -> None:
    base = "/warehouse-service/order/{order}/goods-note/goods-out"
    router.add("POST", base, post, "post-goods-out-note")
    router.add("DELETE", f"{base}/{{note}}", delete, "delete-goods-out-note")
    router.add("PUT", "/warehouse-service/goods-note/goods-out/{id}", put, "put-goods-out-note")
    router.add("POST", "/warehouse-service/goods-note/goods-out/{id}/event", post_events, "post-goods-out-note-event")
