"""Stock corrections, and the search over the ledger of movements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import number, plain, scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.search import Column, Search, add_search
from sandbox.erp.stock import OPENING_BATCH, Movement
from sandbox.erp.times import iso, parse_period
from sandbox.erp.warehouse import warehouse_in_path

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200


def correct(
    world: World,
    warehouse: int,
    product: int,
    units: int,
    reason: str,
    cost: int = 0,
    location: int | None = None,
    batch: int | None = None,
    order_id: int = 0,
) -> int:
    """One correction of the default location; never below what is free. Returns the note's ID."""
    level = world.stock.level(product, warehouse)
    if units < 0 and level.on_hand < -units:
        raise codes.NOT_ENOUGH.error(product=product, value=-units, left=level.on_hand, warehouse=warehouse)
    note = world.next_id("correction")
    place = location or world.reference.warehouses[warehouse].default_location
    movement = Movement(
        0,
        product,
        warehouse,
        units,
        place,
        "SC",
        note,
        note,
        cost,
        False,
        order_id,
        0,
        0,
        world.now_ms(),
        "correction",
        reason,
    )
    if units > 0:
        world.stock.move(movement)
    else:
        world.stock.take(movement, batch)
    world.corrections[note] = reason
    return note


def post_corrections(call: Call) -> Reply:
    world, warehouse = call.world, warehouse_in_path(call)
    entries = call.fields().get("corrections")
    if not isinstance(entries, list) or not entries:
        raise codes.BAD_MEMBER.error(name="corrections", value=entries)
    checked = []
    left: dict[int, int] = {}  # what the entries before leave on hand: all of a request is done, or nothing
    for entry in entries:
        product = world.products.get(entry.get("productId"))
        units = scaled(entry.get("quantity"), 0)
        if product is None or not product.stock_tracked:
            raise codes.NOT_STOCK_TRACKED.error(value=entry.get("productId"))
        if not units:
            raise codes.BAD_MEMBER.error(name="quantity", value=entry.get("quantity"))
        if not entry.get("reason"):
            raise codes.REASON_MISSING.error()
        if entry.get("locationId") not in warehouse.locations:
            raise codes.LOCATION_UNKNOWN.error(value=entry.get("locationId"), warehouse=warehouse.id)
        on_hand = left.get(product.id, world.stock.level(product.id, warehouse.id).on_hand)
        left[product.id] = on_hand + units
        if units < 0 and on_hand < -units:
            raise codes.NOT_ENOUGH.error(product=product.id, value=-units, left=on_hand, warehouse=warehouse.id)
        cost = scaled((entry.get("cost") or {}).get("value", 0), 4) or 0
        checked.append(
            (
                product.id,
                units,
                str(entry["reason"]),
                cost,
                entry["locationId"],
                entry.get("batchId"),
                entry.get("orderId") or 0,
            )
        )
    return ok([correct(world, warehouse.id, *values) for values in checked])


def get_corrections(call: Call) -> Reply:
    world, warehouse, wanted = call.world, warehouse_in_path(call), call.ids(LIMIT, 1)
    notes: dict[int, dict[str, Any]] = {}
    base, zone = world.reference.base_currency, world.switches.time_zone
    for move in world.stock.moved():
        if move.type_code != "SC" or move.note_id not in wanted or move.warehouse_id != warehouse.id:
            continue
        note = notes.setdefault(
            move.note_id,
            {"goodsNoteId": move.note_id, "warehouseId": warehouse.id, "reason": move.detail, "goodsMoved": []}
            | ({"orderId": move.order_id} if move.order_id else {}),
        )
        note["goodsMoved"].append(
            {
                "productId": move.product_id,
                "quantity": move.quantity,
                "destinationLocationId": move.location_id,
                "batchGoodsNoteId": move.batch_id,
                "productValue": {"currency": base, "value": number(move.value, 4)},
                "createdOn": iso(move.at, zone),
                "createdBy": 4,
            }
        )
    if not notes:
        raise codes.NOT_FOUND.error(what=f"No stock corrections available in ID Set {call.params[1]}")
    return ok(list(notes.values()))


def _movements(world: World, filters: dict[str, str]) -> Iterator[Movement]:
    product = filters.get("productId", "")
    if product.isdecimal():
        return world.stock.all_movements(int(product)) if int(product) in world.products else iter(())
    since = parse_period(filters.get("updatedOn", ""))
    if since and since[0] is not None and since[0] > world.stock.opened:
        return world.stock.moved_since(since[0])  # spares the opening, which may be hundreds of thousands of movements
    return world.stock.all_movements()


def _of_move(name: str, kind: str, get: Any) -> Column:
    return Column(name, kind, lambda world, move: get(move))


MOVEMENTS = Search(
    columns=(
        _of_move("goodsMovementId", "IDSET", lambda move: move.id),
        _of_move("productId", "INTEGER", lambda move: move.product_id),
        _of_move("salesOrderRowId", "IDSET", lambda move: move.sales_row or None),
        _of_move("purchaseOrderRowId", "IDSET", lambda move: move.purchase_row or None),
        _of_move("quantity", "INTEGER", lambda move: move.quantity),
        _of_move("destinationLocationId", "IDSET", lambda move: move.location_id),
        _of_move("warehouseId", "INTEGER", lambda move: move.warehouse_id),
        _of_move("goodsNoteId", "IDSET", lambda move: move.note_id),
        _of_move("productValue", "STRING", lambda move: plain(move.value, 4)),
        Column("currencyCode", "STRING", lambda world, move: world.reference.base_currency),
        _of_move("orderId", "INTEGER", lambda move: move.order_id or None),
        _of_move("isCleared", "BOOLEAN", lambda move: False),
        _of_move("isQuarantine", "BOOLEAN", lambda move: move.quarantine),
        _of_move("batchId", "IDSET", lambda move: move.batch_id),
        _of_move("goodsNoteTypeCode", "STRING", lambda move: move.type_code),
        _of_move("updatedOn", "PERIOD", lambda move: move.at),
    ),
    records=_movements,
    created=lambda move: 0 if move.id >= OPENING_BATCH else move.at,
    ordered=lambda world: world.stock,
)


def register(router: Router) -> None:
    base = "/warehouse-service/warehouse/{id}/stock-correction"
    add_search(router, "/warehouse-service/goods-movement-search", MOVEMENTS)
    router.add("POST", base, post_corrections)
    router.add("GET", f"{base}/{{ids}}", get_corrections, "get-stock-correction")
