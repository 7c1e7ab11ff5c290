"""Stock between places: stock transfer, external transfer (ships as a goods-out note), internal transfer, release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.goods_out import Note
from sandbox.erp.order_create import instant, shipping_method
from sandbox.erp.stock import Movement
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.erp.reference import Warehouse
    from sandbox.world import World


def _place(world: World, number: object) -> Warehouse:
    found = world.reference.warehouses.get(number)  # type: ignore[call-overload]  # anything else finds nothing
    if found is None:
        raise codes.WAREHOUSE_MISSING.error(value=number)
    return found


def _units(entry: dict[str, Any]) -> int:
    found = scaled(entry.get("quantity"), 0)
    if found is None or found < 1:
        raise codes.BAD_MEMBER.error(name="quantity", value=entry.get("quantity"))
    return found


def post_stock_transfer(call: Call) -> Reply:
    """The header only; no stock moves."""
    world, body = call.world, call.fields()
    source, target = _place(world, call.id()), _place(world, body.get("targetWarehouseId"))
    number = world.next_id("transfer")
    world.stock_transfers[number] = {
        "stockTransferId": number,
        "sourceWarehouseId": source.id,
        "targetWarehouseId": target.id,
        "goodsOutNoteId": 0,
        "reference": str(body.get("reference") or ""),
        "createdBy": 4,
        "createdOn": world.now_ms(),
    }
    return ok(number)


def get_stock_transfers(call: Call) -> Reply:
    wanted = call.optional_ids()
    known = call.world.stock_transfers
    found = wanted.pick(known) if wanted else list(known.values())
    if wanted and not found:
        raise codes.NOT_FOUND.error(what=f"No stock transfers available in ID Set {call.params[0]}")
    zone = call.world.switches.time_zone
    return ok([{**one, "createdOn": iso(one["createdOn"], zone)} for one in found])


def post_external(call: Call) -> Reply:
    """Allocates at the source and answers the goods-out note; shipped, the stock waits in the target's quarantine."""
    world, body = call.world, call.fields()
    source, target = _place(world, call.id()), _place(world, body.get("targetWarehouseId"))
    transfer = world.stock_transfers.get(body.get("stockTransferId"))  # type: ignore[arg-type]  # None finds nothing
    if transfer is None:
        raise codes.BAD_MEMBER.error(name="stockTransferId", value=body.get("stockTransferId"))
    wanted: dict[int, int] = {}
    for entry in body.get("transferredProducts") or []:
        product = entry.get("productId")
        wanted[product] = wanted.get(product, 0) + _units(entry)
    for product, units in wanted.items():
        known = world.products.get(product)
        if known is None or not known.stock_tracked:
            raise codes.NOT_STOCK_TRACKED.error(value=product)
        on_hand = world.stock.level(product, source.id).on_hand
        if units > on_hand:
            raise codes.NOT_ENOUGH.error(product=product, value=units, left=on_hand, warehouse=source.id)
    now = world.now_ms()
    note = Note(world.next_id("goods_out"), 0, source.id, 1, now, instant(body, "releaseDate", now), transfer=True)
    note.target_warehouse, note.stock_transfer = target.id, transfer["stockTransferId"]
    note.shipping_method_id = shipping_method(world, body.get("shippingMethodId"))
    for place, (product, units) in enumerate(wanted.items(), start=1):
        note.rows[-place] = (product, units)
        world.stock.allocate(product, source.id, units)
    note.events.append((now, note.created_by, "PLA"))
    note.version = world.next_id("event")
    world.add_note(note)
    transfer["goodsOutNoteId"] = note.id
    world.emit("goods-out-note.created", note.id)
    return ok([note.id])


def post_internal(call: Call) -> Reply:
    """Between locations of one warehouse; the sandbox keeps stock per warehouse, so only the ledger shows it."""
    world, place = call.world, _place(call.world, call.id())
    number = world.next_id("transfer")
    for entry in call.fields().get("transferredProducts") or []:
        units, product = _units(entry), entry.get("productId")
        for location in (entry.get("fromLocationId"), entry.get("toLocationId")):
            if location not in place.locations or location == place.quarantine_location:
                raise codes.LOCATION_UNKNOWN.error(value=location, warehouse=place.id)
        level = world.stock.level(product, place.id)
        if units > level.on_hand:
            raise codes.NOT_ENOUGH.error(product=product, value=units, left=level.on_hand, warehouse=place.id)
        out = Movement(
            0,
            product,
            place.id,
            -units,
            entry["fromLocationId"],
            "IT",
            number,
            0,
            0,
            False,
            0,
            0,
            0,
            world.now_ms(),
            "internal-transfer",
        )
        world.stock.take(out)
        world.stock.move(out._replace(quantity=units, location_id=entry["toLocationId"], batch_id=number))
    return ok(number)


def post_release(call: Call) -> Reply:
    """From quarantine to a location where it can be sold."""
    world, place = call.world, _place(call.world, call.id())
    body = call.fields()
    product, units, location = body.get("productId"), _units(body), body.get("toLocationId")
    if location not in place.locations or location == place.quarantine_location:
        raise codes.LOCATION_UNKNOWN.error(value=location, warehouse=place.id)
    if (
        not isinstance(product, int)
        or product not in world.products
        or world.stock.level(product, place.id).quarantine < units
    ):
        raise codes.NOT_IN_QUARANTINE.error(value=place.quarantine_location)
    level = world.stock.level(product, place.id)
    level.in_transit -= min(level.in_transit, units)
    number = world.next_id("transfer")
    out = Movement(
        0,
        product,
        place.id,
        -units,
        place.quarantine_location,
        "IT",
        number,
        number,
        0,
        True,
        0,
        0,
        0,
        world.now_ms(),
        "quarantine-release",
    )
    world.stock.move(out)
    world.stock.move(out._replace(quantity=units, location_id=location, quarantine=False))
    world.emit("quarantine-release.created", number)
    return done()


def register(router: Router) -> None:
    base = "/warehouse-service/warehouse/{id}"
    router.add("POST", f"{base}/stock-transfer", post_stock_transfer, "post-stock-transfer")
    router.add("GET", "/warehouse-service/stock-transfer/[ids]", get_stock_transfers)
    router.add("POST", f"{base}/external-transfer", post_external, "post-external-transfer")
    router.add("POST", f"{base}/internal-transfer", post_internal, "post-internal-transfer")
    router.add("POST", f"{base}/quarantine/release", post_release, "post-quarantine-release")
