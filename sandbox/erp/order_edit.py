"""Editing orders: header PATCH, rows one by one (POST, PATCH, DELETE), several sales order rows at once (PUT)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import rounded, scaled
from sandbox.erp.codes import ApiError
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok, ok_text
from sandbox.erp.order_create import shipping_method, text, warehouse
from sandbox.erp.order_model import UNIT, Order, Row, of_type
from sandbox.erp.order_rows import add_row, amount, flat, nominal, quantity, tax_code
from sandbox.erp.order_text import order_text, row_text
from sandbox.erp.patches import operations
from sandbox.erp.reservations import release
from sandbox.erp.times import parse_instant

if TYPE_CHECKING:
    from sandbox.world import World

SAME_MOMENT_MS = 1000


def _open(call: Call) -> Order:
    order = of_type(call.world, call.id())
    if order.invoiced:
        raise codes.ALREADY_INVOICED.error(value=order.id)
    return order


def _row(order: Order, number: int) -> Row:
    row = order.rows.get(number)
    if row is None:
        raise codes.ROW_UNKNOWN.error(value=number, order=order.id)
    return row


def changed(world: World, order: Order) -> None:
    order.recount()
    world.orders.touch(order, world.now_ms())
    world.emit("order.modified", order.id)


def post_row(call: Call) -> Reply:
    order = _open(call)
    row = add_row(call.world, order, flat(call.fields()), len(order.rows) + 1)
    changed(call.world, order)
    return ok(row.id, call.world.switches.generic_created_status)


def patch_row(call: Call) -> Reply:
    """A new net alone makes the ERP work out the tax itself, as recorded; a tax in the same patch wins."""
    order = _open(call)
    row = _row(order, call.id(1))
    for op, path, value in operations(call.body):
        if op != "replace":
            raise codes.PATCH_OPERATION.error(op=op, path=path)
        _patch_row(call.world, row, path, value)
    changed(call.world, order)
    return ok_text(row_text(call.world, order, row))


def _patch_row(world: World, row: Row, path: str, value: Any) -> None:
    if path == "/quantity/magnitude":
        found = quantity(value, world.products.get(row.product_id), row.sequence)
        if row.tracked and found < (row.fulfilled + row.reserved) * UNIT:
            raise codes.ROW_BELOW_FULFILLED.error(value=row.id)
        row.quantity = found
    elif path == "/rowValue/rowNet/value":
        row.net = amount(value, "rowNet", row.sequence)
        if row.calculator == "brightpearl" and world.switches.patched_net_recomputes_tax:
            row.tax = rounded(row.net * world.reference.tax_by_code[row.tax_code].rate, 10**8)
    elif path == "/rowValue/rowTax/value":
        row.tax = rounded(amount(value, "rowTax", row.sequence), 100)
    elif path == "/nominalCode":
        row.nominal = nominal(world, value, None, row.sequence)
    elif path == "/rowValue/taxCalculator" and value in ("brightpearl", "manual", "avalara"):
        row.calculator = value
    elif path == "/orderRowSequence" and scaled(value, 0) is not None:
        row.sequence = int(value)
    else:
        raise codes.PATCH_PATH.error(path=path)


def delete_row(call: Call) -> Reply:
    """Lets go of the row's reservation; a row on a goods note stays."""
    order = _open(call)
    row = _row(order, call.id(1))
    if row.fulfilled:
        raise codes.ROW_BELOW_FULFILLED.error(value=row.id)
    release(call.world, order, [row])
    del order.rows[row.id]
    changed(call.world, order)
    return done()


def put_rows(call: Call) -> Reply:
    """Each row replaced as a whole; every row is judged on its own, the reply maps row IDs to outcomes."""
    world, order = call.world, _open(call)
    wanted = call.ids(200, 1)
    entries = call.body if isinstance(call.body, list) else []
    statuses: dict[str, int] = {}
    errors: dict[str, Any] = {}
    first: ApiError | None = None
    for place, entry in enumerate(entries, start=1):
        number = entry.get("id")
        try:
            if number not in wanted:
                raise codes.ROW_UNKNOWN.error(value=number, order=order.id)
            _replace(world, _row(order, number), entry, place)
            statuses[str(number)], errors[str(number)] = 200, []
        except ApiError as error:
            first = first or error
            statuses[str(number)], errors[str(number)] = error.status, error.errors
    changed(world, order)
    if first is not None and len(entries) == 1:
        raise first
    return ok({"resourceStatuses": statuses, "resourceErrors": errors}, 207 if first else 200)


def _replace(world: World, row: Row, entry: dict[str, Any], place: int) -> None:
    product = world.products.get(entry.get("productId") or row.product_id)
    if product is None:
        raise codes.PRODUCT_UNKNOWN.error(value=entry.get("productId"), row=place)
    units = quantity(entry.get("quantity"), product, place)
    code = tax_code(world, entry.get("taxCode"), place)
    net, tax = amount(entry.get("net"), "net", place), amount(entry.get("tax"), "tax", place)
    if row.tracked and units < (row.fulfilled + row.reserved) * UNIT:
        raise codes.ROW_BELOW_FULFILLED.error(value=row.id)
    if product.id != row.product_id:
        row.product_id, row.sku, row.name, row.tracked = product.id, product.sku, product.name, product.stock_tracked
    row.name = str(entry.get("name") or row.name)
    row.quantity, row.tax_code, row.net, row.tax = units, code, net, rounded(tax, 100)


def patch_order(call: Call) -> Reply:
    """A bare list of operations in, one order object (no list) out."""
    world = call.world
    order = of_type(world, call.id())
    for op, path, value in operations(call.body):
        _patch_order(world, order, op, path, value)
    now = world.now_ms()
    if order.updated is None and now - order.created < SAME_MOMENT_MS:
        order.version += 1  # a patch in the moment of creation left no updatedOn in the recording
    else:
        world.orders.touch(order, now)
    world.emit("order.modified", order.id)
    return ok_text(order_text(world, order))


def _patch_order(world: World, order: Order, op: str, path: str, value: Any) -> None:
    if op == "add" or (op == "remove" and path not in ("/reference", "/delivery/deliveryDate")):
        raise codes.PATCH_OPERATION.error(op=op, path=path)
    if path == "/reference":
        world.orders.refer(order, "" if op == "remove" else text(value, "reference"))
    elif path == "/warehouseId":
        if order.reserved or order.fulfilled:
            raise codes.BAD_MEMBER.error(name="warehouseId", value="the order has allocated stock")
        order.warehouse_id = warehouse(world, value)
    elif path == "/delivery/shippingMethodId":
        order.shipping_method_id = shipping_method(world, value)
    elif path == "/delivery/deliveryDate":
        day = None if op == "remove" else parse_instant(value)
        if day is None and op != "remove":
            raise codes.BAD_DATE.error(name=path, value=value)
        order.delivery_date = day
    elif path in ("/parties/customer/contactId", "/parties/billing/contactId"):
        if order.invoiced:
            raise codes.ALREADY_INVOICED.error(value=order.id)
        if value not in world.contacts:
            raise codes.CONTACT_UNKNOWN.error(value=value)
        if "customer" in path:
            world.orders.by_contact[order.contact_id].remove(order.id)
            order.contact_id = value
            world.orders.by_contact.setdefault(value, []).append(order.id)
        else:
            order.billing_id = value
    else:
        raise codes.PATCH_PATH.error(path=path)


def register(router: Router) -> None:
    base = "/order-service/order/{id}"
    router.add("PATCH", base, patch_order, "patch-order")
    router.add("POST", f"{base}/row", post_row, "post-order-row")
    router.add("PATCH", f"{base}/row/{{row}}", patch_row, "patch-order-row")
    router.add("DELETE", f"{base}/row/{{row}}", delete_row, "delete-order-row")
    router.add("PUT", "/order-service/sales-order/{id}/row/{rows}", put_rows, "put-sales-order-row")
