"""Drop-ship notes: a supplier sends the goods of a sales order straight to the customer; no stock of ours moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.notes import asked
from sandbox.erp.order_create import shipping_method, text
from sandbox.erp.order_model import Order, of_type
from sandbox.erp.times import iso, parse_instant

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200


@dataclass(slots=True)
class DropShip:
    """``rows``: sales order row -> product, units, purchase order row. ``shipped``: when and by whom, once it is."""

    id: int
    order_id: int
    purchase_id: int
    supplier_id: int
    rows: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    shipped: tuple[int, int] | None = None
    reference: str = ""
    shipping_method_id: int = 0
    events: list[tuple[int, int, str]] = field(default_factory=list)  # when, by whom, code


def view(world: World, note: DropShip) -> dict[str, Any]:
    zone = world.switches.time_zone
    status: dict[str, Any] = {"shipped": note.shipped is not None}
    if note.shipped is not None:
        status |= {"shippedOn": iso(note.shipped[0], zone), "shippedById": note.shipped[1]}
    shape: dict[str, Any] = {
        "orderId": note.order_id,
        "purchaseOrderId": note.purchase_id,
        "supplierId": note.supplier_id,
        "status": status,
        "orderRows": {
            str(row): [{"productId": product, "quantity": units, "locationId": 0}]
            for row, (product, units, _) in note.rows.items()
        },
        "events": [
            {"occured": iso(when, zone), "eventOwnerId": who, "eventCode": code} for when, who, code in note.events
        ],
    }
    if note.shipping_method_id or note.reference:
        shape["shipping"] = {"reference": note.reference, "shippingMethodId": note.shipping_method_id}
    return shape


def get(call: Call) -> Reply:
    """By the sales or the purchase order, and by note."""
    world = call.world
    found = asked(call, LIMIT, world.dropships, world.dropships_by_order, lambda one: {one.order_id, one.purchase_id})
    return ok({str(note.id): view(world, note) for note in found})


def post(call: Call) -> Reply:
    """One note per supplier, each against a purchase order of that supplier; the sales rows count as fulfilled."""
    world = call.world
    order = of_type(world, call.id(), "SO")
    entries = call.fields().get("suppliers")
    if not isinstance(entries, list) or not entries:
        raise codes.NOTE_EMPTY.error()
    notes = [_plan(world, order, entry) for entry in entries]
    for note in notes:
        add(world, note)
        world.emit("drop-ship-note.created", note.id)
    world.orders.touch(order, world.now_ms())
    return ok([note.id for note in notes])


def _plan(world: World, order: Order, entry: dict[str, Any]) -> DropShip:
    purchase = of_type(world, int(entry.get("purchaseOrderId") or 0), "PO")
    supplier = entry.get("supplierId")
    if supplier != purchase.contact_id:
        raise codes.BAD_MEMBER.error(name="supplierId", value=supplier)
    note = DropShip(world.next_id("dropship"), order.id, purchase.id, purchase.contact_id)
    for line in entry.get("products") or []:
        row = order.rows.get(line.get("salesOrderRowId"))
        bought = purchase.rows.get(line.get("purchaseOrderRowId"))
        if row is None or bought is None or row.product_id != line.get("productId"):
            raise codes.NOTE_ROW.error(row=line.get("salesOrderRowId"), order=order.id, product=line.get("productId"))
        units = line.get("quantity")
        if not isinstance(units, int) or not 0 < units <= row.units - row.fulfilled:
            raise codes.NOTE_QUANTITY.error(row=row.id, value=units, left=row.units - row.fulfilled)
        note.rows[row.id] = (row.product_id, units, bought.id)
    if not note.rows:
        raise codes.NOTE_EMPTY.error()
    return note


def add(world: World, note: DropShip) -> None:
    """Put a note in: its rows count as fulfilled on the sales order, and its purchase order is a drop-ship one."""
    world.dropships[note.id] = note
    order, purchase = world.orders.by_id[note.order_id], world.orders.by_id[note.purchase_id]
    for one in (order, purchase):
        world.dropships_by_order.setdefault(one.id, []).append(note.id)
    purchase.dropship = True
    for row, (_, units, _) in note.rows.items():
        order.rows[row].fulfilled += units
    order.recount()


def ship(world: World, note: DropShip, when: int, who: int) -> None:
    """The goods have left the supplier: shipped on the sales order, received on the purchase order."""
    note.shipped = (when, who)
    note.events.append((when, who, "SHS"))
    order, purchase = world.orders.by_id[note.order_id], world.orders.by_id[note.purchase_id]
    for row, (_, units, bought) in note.rows.items():
        order.rows[row].shipped += units
        purchase.rows[bought].fulfilled += units
    order.recount()
    purchase.recount()


def post_event(call: Call) -> Reply:
    world, body = call.world, call.fields()
    note = world.dropships.get(call.id())
    if note is None:
        raise codes.NOT_FOUND.error(what=f"No drop-ship note {call.params[0]}")
    if note.shipped is not None:
        raise codes.NOTE_SHIPPED.error(value=note.id)
    events = body.get("events")
    if not isinstance(events, list) or not events:
        raise codes.EVENT_MEMBERS.error()
    event = events[0]
    when, who = parse_instant(event.get("occured")), event.get("eventOwnerId")
    if when is None or not isinstance(who, int):
        raise codes.EVENT_MEMBERS.error()
    if event.get("eventCode") != "SHS":
        raise codes.EVENT_CODE.error(value=event.get("eventCode"))
    note.reference = text(body.get("trackingReference"), "trackingReference")
    note.shipping_method_id = shipping_method(world, body.get("shippingMethodId"))
    ship(world, note, when, who)
    for number in (note.order_id, note.purchase_id):
        world.orders.touch(world.orders.by_id[number], world.now_ms())
        world.emit("order.modified", number)
    world.emit("drop-ship-note.modified.shipped", note.id)
    return done()


def register(router: Router) -> None:
    base = "/warehouse-service/order/{order}/goods-note/drop-ship"
    router.add("POST", base, post, "post-drop-ship-note")
    router.add("GET", f"{base}/[notes]", get, "get-drop-ship-note")
    router.add("POST", "/warehouse-service/goods-note/drop-ship/{id}/event", post_event, "post-drop-ship-note-event")
