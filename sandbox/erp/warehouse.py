"""Warehouses, locations, availability, fulfilment status, stock corrections and the movement search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import number, plain, scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.order_model import of_type
from sandbox.erp.reference import Warehouse
from sandbox.erp.search import Column, Search, add_search
from sandbox.erp.stock import OPENING_BATCH, Movement
from sandbox.erp.times import iso, parse_period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.world import World

LIMIT = 200


def warehouse_view(one: Warehouse) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "typeCode": one.type_code,
        "typeDescription": one.type_code.capitalize(),
        "address": {"addressId": one.address_id},
        "clickAndCollectEnabled": False,
    }


def get_warehouses(call: Call) -> Reply:
    wanted = call.optional_ids()
    all_of_them = call.world.reference.warehouses
    found = wanted.pick(all_of_them) if wanted else list(all_of_them.values())
    if not found:
        raise codes.NOT_FOUND.error(what=f"No warehouses available in ID Set {call.params[0]}")
    return ok([warehouse_view(one) for one in found])


def post_warehouse(call: Call) -> Reply:
    """Comes with a default and a quarantine location."""
    world, body = call.world, call.fields()
    name = str(body.get("name") or "")
    if not name:
        raise codes.BAD_MEMBER.error(name="name", value="missing")
    if any(one.name == name for one in world.reference.warehouses.values()):
        raise codes.WAREHOUSE_NAME_USED.error(value=name)
    new = max(world.reference.warehouses) + 1
    default = 2 * new - 2
    grouping = body.get("defaultLocation") or {"groupingA": "0", "groupingB": "0", "groupingC": "0", "groupingD": "0"}
    world.reference.warehouses[new] = Warehouse(
        new,
        name,
        str(body.get("type") or "warehouse"),
        (body.get("address") or {}).get("addressId") or 2,
        default,
        default + 1,
        {
            default: {"id": default, "warehouseId": new, **grouping},
            default + 1: {"id": default + 1, "warehouseId": new, "groupingA": "Quarantine"},
        },
    )
    return ok(new)


def _warehouse(call: Call) -> Warehouse:
    one = call.world.reference.warehouses.get(call.id())
    if one is None:
        raise codes.NOT_FOUND.error(what=f"No warehouse {call.params[0]}")
    return one


def get_locations(call: Call) -> Reply:
    one = _warehouse(call)
    wanted = call.optional_ids(1)
    found = [place for key, place in one.locations.items() if wanted is None or key in wanted]
    if not found:
        raise codes.NOT_FOUND.error(what=f"No locations available in ID Set {call.params[-1]}")
    return ok(found)


def get_default_location(call: Call) -> Reply:
    return ok(_warehouse(call).default_location)


def get_quarantine_location(call: Call) -> Reply:
    return ok(_warehouse(call).quarantine_location)


def get_product_defaults(call: Call) -> Reply:
    one = _warehouse(call)
    found = call.ids(LIMIT, 1).pick(call.world.products)
    return ok(
        [
            {
                "productId": product.id,
                "defaultLocationId": one.default_location,
                "overflowLocationId": 0,
                "reorderLevel": 0,
                "reorderQuantity": 0,
            }
            for product in found
        ]
    )


def get_availability(call: Call) -> Reply:
    """A map of products that are stocked somewhere; untracked ones are left out, all untracked is an error."""
    world = call.world
    if not call.params:
        raise codes.AVAILABILITY_NO_IDS.error()
    found = call.ids(500).pick(world.products)
    if found and not any(product.stock_tracked for product in found):
        raise codes.NOT_STOCK_TRACKED.error(value=call.params[0])
    answer = {}
    for product in found if not world.switches.shuffle_results else reversed(found):
        if product.stock_tracked:
            places = _figures(world, product.id, "breakDownByLocation" in call.include)
            if places:
                total = {name: sum(place[name] for place in places.values()) for name in _FIGURES}
                answer[str(product.id)] = {"total": total, "warehouses": places}
    return ok(answer)


_FIGURES = ("inStock", "onHand", "allocated", "inTransit")


def _figures(world: World, product: int, by_location: bool) -> dict[str, dict[str, Any]]:
    places: dict[str, dict[str, Any]] = {}
    for warehouse in world.reference.warehouses.values():
        in_stock, allocated, quarantine, in_transit = world.stock.figures(product, warehouse.id)
        if world.switches.quarantine_in_stock:
            in_stock += quarantine
        if in_stock or allocated or in_transit or quarantine:
            on_hand = in_stock - allocated - (quarantine if world.switches.quarantine_in_stock else 0)
            figures: dict[str, Any] = {
                "inStock": in_stock,
                "onHand": on_hand,
                "allocated": allocated,
                "inTransit": in_transit,
            }
            if by_location:
                figures["byLocation"] = {
                    str(warehouse.default_location): {name: figures[name] for name in _FIGURES[:3]},
                    str(warehouse.quarantine_location): {"quantity": quarantine},
                }
            places[str(warehouse.id)] = figures
    return places


def get_bundle_availability(call: Call) -> Reply:
    world = call.world
    product = world.products.get(call.id())
    if product is None or not product.bundle:
        raise codes.NOT_FOUND.error(what=f"No bundle {call.params[0]}")
    places: dict[str, dict[str, int]] = {}
    for warehouse in world.reference.warehouses:
        figures = [(world.stock.figures(part, warehouse), units) for part, units in product.bundle]
        places[str(warehouse)] = {"onHand": min((held[0] - held[1]) // units for held, units in figures)}
    total = sum(place["onHand"] for place in places.values())
    return ok({str(product.id): {"total": {"onHand": total}, "warehouses": places}})


def get_fulfilment(call: Call) -> Reply:
    order = of_type(call.world, call.id())
    location = call.world.reference.warehouses[order.warehouse_id].default_location
    answer: dict[str, Any] = {}
    for row in order.rows.values():
        entry: dict[str, Any] = {"quantity": row.units, "fulfilled": row.fulfilled, "shipped": row.shipped}
        if row.fulfilled:
            entry["fulfilmentLocations"] = {str(location): row.fulfilled}
        answer[str(row.id)] = entry
    return ok(answer)


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
    world, warehouse = call.world, _warehouse(call)
    entries = call.fields().get("corrections")
    if not isinstance(entries, list) or not entries:
        raise codes.BAD_MEMBER.error(name="corrections", value=entries)
    checked = []
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
        on_hand = world.stock.level(product.id, warehouse.id).on_hand
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
    world, warehouse, wanted = call.world, _warehouse(call), call.ids(LIMIT, 1)
    notes: dict[int, dict[str, Any]] = {}
    base, zone = world.reference.base_currency, world.switches.time_zone
    for move in world.stock.movements:
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
    if product.isdigit():
        return world.stock.all_movements(int(product)) if int(product) in world.products else iter(())
    since = parse_period(filters.get("updatedOn", ""))
    if since and since[0] is not None and since[0] > world.stock.started:
        return iter(world.stock.movements)  # spares the opening movements, which may be hundreds of thousands
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
)
WAREHOUSES = Search(
    columns=(
        Column("id", "IDSET", lambda world, one: one.id),
        Column("name", "SEARCH_STRING", lambda world, one: one.name),
        Column("typeDescription", "STRING", lambda world, one: one.type_code.capitalize()),
        Column("addressId", "IDSET", lambda world, one: one.address_id),
    ),
    records=lambda world, filters: world.reference.warehouses.values(),
)
LOCATIONS = Search(
    columns=tuple(
        Column(name, kind, lambda world, place, name=name: place.get(name))  # type: ignore[misc]  # name is bound here
        for name, kind in (
            ("id", "IDSET"),
            ("warehouseId", "IDSET"),
            ("zoneId", "IDSET"),
            ("groupingA", "STRING"),
            ("groupingB", "STRING"),
            ("groupingC", "STRING"),
            ("groupingD", "STRING"),
            ("barcode", "STRING"),
        )
    ),
    records=lambda world, filters: [
        place for one in world.reference.warehouses.values() for place in one.locations.values()
    ],
)


def register(router: Router) -> None:
    base = "/warehouse-service/warehouse"
    add_search(router, f"{base}-search", WAREHOUSES)
    add_search(router, "/warehouse-service/location-search", LOCATIONS)
    add_search(router, "/warehouse-service/goods-movement-search", MOVEMENTS)
    router.add("GET", f"{base}/[ids]", get_warehouses)
    router.add("POST", base, post_warehouse)
    router.add("GET", f"{base}/{{id}}/location/default", get_default_location, "get-default-location")
    router.add("GET", f"{base}/{{id}}/location/quarantine", get_quarantine_location, "get-quarantine-location")
    router.add("GET", f"{base}/{{id}}/location/[ids]", get_locations, "get-location")
    router.add("GET", f"{base}/{{id}}/product/{{ids}}", get_product_defaults, "get-warehouse-defaults")
    router.add("POST", f"{base}/{{id}}/stock-correction", post_corrections, "post-stock-correction")
    router.add("GET", f"{base}/{{id}}/stock-correction/{{ids}}", get_corrections, "get-stock-correction")
    router.add("GET", "/warehouse-service/product-availability/[ids]", get_availability)
    router.add("GET", "/warehouse-service/bundle-availability/{id}", get_bundle_availability)
    router.add("GET", "/warehouse-service/order/{id}/fulfilment-status", get_fulfilment, "get-order-fulfilment-status")
