"""Reservations: stock held for a sales order, one warehouse per order, partial success without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.order_model import Order, Row, of_type

if TYPE_CHECKING:
    from sandbox.world import World


def wanted_rows(order: Order, entries: object) -> dict[int, int]:
    """Units asked per row; entries for the same row add up. Raises ``ApiError`` for a row that is not the order's."""
    wanted: dict[int, int] = {}
    for entry in entries if isinstance(entries, list) else []:
        product, row_id, units = entry.get("productId"), entry.get("salesOrderRowId"), entry.get("quantity")
        if not all(isinstance(value, int) and value > 0 for value in (product, row_id, units)):
            raise codes.RESERVATION_PRODUCT.error()
        row = order.rows.get(row_id)
        if row is None or row.product_id != product:
            raise codes.NOTE_ROW.error(row=row_id, order=order.id, product=product)
        if not row.tracked:
            raise codes.NOTE_UNTRACKED.error(row=row_id, product=product)
        wanted[row_id] = wanted.get(row_id, 0) + units
    if not wanted:
        raise codes.RESERVATION_PRODUCT.error()
    return wanted


def hold(world: World, order: Order, row: Row, warehouse: int, units: int) -> int:
    """Reserve up to ``units`` more of a row, bounded by what is on hand and what is still open. Returns the units."""
    level = world.stock.level(row.product_id, warehouse)
    part = max(0, min(units, level.on_hand, row.units - row.fulfilled - row.reserved))
    if part:
        row.reserved += part
        world.stock.allocate(row.product_id, warehouse, part)
    return part


def release(world: World, order: Order, rows: list[Row] | None = None) -> None:
    """Let go of what is reserved for some rows, or all of them."""
    for row in order.rows.values() if rows is None else rows:
        if row.reserved:
            world.stock.allocate(row.product_id, order.reserved_warehouse, -row.reserved)
            row.reserved = 0
    order.recount()
    if not order.reserved:
        order.reserved_warehouse = 0


def post(call: Call) -> Reply:
    """Asking for more than is there succeeds with less; only nothing at all is an error."""
    world = call.world
    order = of_type(world, call.id(), "SO")
    warehouse = call.id(1)
    if warehouse not in world.reference.warehouses:
        raise codes.WAREHOUSE_MISSING.error(value=warehouse)
    if order.reserved and order.reserved_warehouse != warehouse:
        raise codes.ONE_WAREHOUSE.error(value=order.id, warehouse=order.reserved_warehouse)
    wanted = wanted_rows(order, call.fields().get("products"))
    held = sum(hold(world, order, order.rows[row], warehouse, units) for row, units in wanted.items())
    if not held:
        raise codes.NOTHING_TO_RESERVE.error(value=warehouse)
    order.reserved_warehouse = warehouse
    _changed(world, order)
    return done()


def put(call: Call) -> Reply:
    """New quantities for the rows named; a row set lower gives the difference back."""
    world = call.world
    order = _reserved(call)
    wanted = wanted_rows(order, call.fields().get("products"))
    warehouse = order.reserved_warehouse
    for row_id, units in wanted.items():
        row = order.rows[row_id]
        if units < row.reserved:
            world.stock.allocate(row.product_id, warehouse, units - row.reserved)
            row.reserved = units
        else:
            hold(world, order, row, warehouse, units - row.reserved)
    _changed(world, order)
    return done()


def delete(call: Call) -> Reply:
    order = _reserved(call)
    release(call.world, order)
    _changed(call.world, order)
    return done()


def get(call: Call) -> Reply:
    order = _reserved(call)
    rows: dict[str, Any] = {
        str(row.id): {"productId": row.product_id, "quantity": row.reserved}
        for row in order.rows.values()
        if row.reserved
    }
    return ok([{"orderId": order.id, "warehouseId": order.reserved_warehouse, "orderRows": rows}])


def _reserved(call: Call) -> Order:
    order = call.world.orders.by_id.get(call.id())
    if order is None or not order.reserved:
        raise codes.NOT_FOUND.error(what=f"No reservation for order {call.params[0]}")
    return order


def _changed(world: World, order: Order) -> None:
    order.recount()
    world.orders.touch(order, world.now_ms())
    world.emit("order.modified", order.id)


def register(router: Router) -> None:
    base = "/warehouse-service/order/{id}/reservation"
    router.add("POST", f"{base}/warehouse/{{warehouse}}", post, "post-reservation")
    router.add("PUT", base, put, "put-reservation")
    router.add("DELETE", base, delete, "delete-reservation")
    router.add("GET", base, get, "get-reservation")
