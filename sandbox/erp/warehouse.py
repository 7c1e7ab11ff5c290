"""Warehouses, locations, availability and fulfilment status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.order_model import of_type
from sandbox.erp.product_read import defaults
from sandbox.erp.reference import Warehouse
from sandbox.erp.search import Column, Search, add_search

if TYPE_CHECKING:
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


def warehouse_in_path(call: Call) -> Warehouse:
    one = call.world.reference.warehouses.get(call.id())
    if one is None:
        raise codes.NOT_FOUND.error(what=f"No warehouse {call.params[0]}")
    return one


def get_locations(call: Call) -> Reply:
    one = warehouse_in_path(call)
    wanted = call.optional_ids(1)
    found = [place for key, place in one.locations.items() if wanted is None or key in wanted]
    if not found:
        raise codes.NOT_FOUND.error(what=f"No locations available in ID Set {call.params[-1]}")
    return ok(found)


def get_default_location(call: Call) -> Reply:
    return ok(warehouse_in_path(call).default_location)


def get_quarantine_location(call: Call) -> Reply:
    return ok(warehouse_in_path(call).quarantine_location)


def get_product_defaults(call: Call) -> Reply:
    one = warehouse_in_path(call)
    found = call.ids(LIMIT, 1).pick(call.world.products)
    unset = {"defaultLocationId": one.default_location}  # where stock goes that has no place of its own
    return ok(
        [
            {"productId": product.id, **defaults(product, one.id), **({} if product.reorder else unset)}
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
    """Per row; where it was fulfilled from follows from its notes (location 0: straight from a supplier)."""
    world = call.world
    order = of_type(world, call.id())
    places: dict[int, dict[int, int]] = {}

    def count(row: int, location: int, units: int) -> None:
        held = places.setdefault(row, {})
        held[location] = held.get(location, 0) + units

    for note in (world.goods_out[one] for one in world.notes_by_order.get(order.id, ())):
        for row, (_, units) in note.rows.items():
            count(row, world.reference.warehouses[note.warehouse_id].default_location, units)
    for receipt in (world.receipts[one] for one in world.receipts_by_order.get(order.id, ())):
        for row, _, units, location, _ in receipt.lines:
            count(row, location, units)
    for ship in (world.dropships[one] for one in world.dropships_by_order.get(order.id, ())):
        for row, (_, units, bought) in ship.rows.items():
            count(row if ship.order_id == order.id else bought, 0, units)
    answer: dict[str, Any] = {}
    for one in order.rows.values():
        entry: dict[str, Any] = {"quantity": one.units, "fulfilled": one.fulfilled, "shipped": one.shipped}
        if one.fulfilled and one.id in places:
            entry["fulfilmentLocations"] = {str(location): units for location, units in places[one.id].items()}
        answer[str(one.id)] = entry
    return ok(answer)


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
    router.add("GET", f"{base}/[ids]", get_warehouses)
    router.add("POST", base, post_warehouse)
    router.add("GET", f"{base}/{{id}}/location/default", get_default_location, "get-default-location")
    router.add("GET", f"{base}/{{id}}/location/quarantine", get_quarantine_location, "get-quarantine-location")
    router.add("GET", f"{base}/{{id}}/location/[ids]", get_locations, "get-location")
    router.add("GET", f"{base}/{{id}}/product/{{ids}}", get_product_defaults, "get-warehouse-defaults")
    router.add("GET", "/warehouse-service/product-availability/[ids]", get_availability)
    router.add("GET", "/warehouse-service/bundle-availability/{id}", get_bundle_availability)
    router.add("GET", "/warehouse-service/order/{id}/fulfilment-status", get_fulfilment, "get-order-fulfilment-status")
