"""Edits a person would make in the ERP's own screens: planted defects for the checks to find.

They pass none of the API's rules on purpose: an invoiced order's tax can be changed, a row can vanish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp.amounts import rounded, scaled
from sandbox.erp.corrections import correct
from sandbox.erp.idset import IdSet
from sandbox.erp.order_edit import changed
from sandbox.erp.order_model import UNIT, Order, Row
from sandbox.erp.reservations import release

if TYPE_CHECKING:
    from sandbox.world import World


def exact(body: dict[str, Any], name: str, places: int) -> int:
    found = scaled(body[name], places)
    if found is None:
        raise ValueError(f"{name} {body[name]!r} is not a number with at most {places} decimals")
    return found


def move_stock(world: World, body: dict[str, Any]) -> int:
    """Correct stock by ``quantity`` (signed) of ``productId`` in ``warehouseId``. Returns the correction's note ID."""
    units = exact(body, "quantity", 0)
    return correct(world, int(body["warehouseId"]), int(body["productId"]), units, str(body.get("reason") or "count"))


def edit_order(world: World, order: Order, body: dict[str, Any]) -> None:
    """Change ``channelId, warehouseId, reference, externalRef, contactId`` of an order; ``touch`` false: unseen."""
    names = {
        "channelId": "channel_id",
        "warehouseId": "warehouse_id",
        "externalRef": "external_ref",
        "contactId": "contact_id",
    }
    touch = bool(body.pop("touch", True))
    for name, value in body.items():
        if name == "reference":
            world.orders.refer(order, str(value))
        elif name == "externalRef":
            world.orders.by_external_ref.get(order.external_ref, [order.id]).remove(order.id)
            order.external_ref = str(value)
            world.orders.by_external_ref.setdefault(order.external_ref, []).append(order.id)
        elif name in names:
            setattr(order, names[name], int(value))
        else:
            raise ValueError(f"{name} cannot be edited here")
    if touch:
        changed(world, order)


def cancel_order(world: World, order: Order) -> None:
    """Cancelled whatever holds it: what is reserved or on notes that have not left is let go first."""
    release(world, order)
    for number in list(world.notes_by_order.get(order.id, ())):
        note = world.goods_out[number]
        if "shipped" not in note.done:
            for row, (product, units) in note.rows.items():
                world.stock.allocate(product, note.warehouse_id, -units)
                order.rows[row].fulfilled -= units
            world.drop_note(note)
    order.status_id = world.reference.status_in(order.type, "cancelled")
    changed(world, order)


def change(world: World, body: dict[str, Any]) -> dict[str, int]:
    """Give the ``orders``, ``products`` and ``contacts`` of ID sets one and the same updatedOn: now."""
    now = world.now_ms()
    counts = dict.fromkeys(("orders", "products", "contacts"), 0)
    if set(body) - set(counts):
        raise ValueError(f"orders, products and contacts can be changed here, not {', '.join(set(body) - set(counts))}")
    for order in IdSet(str(body["orders"])).pick(world.orders.by_id) if "orders" in body else ():
        world.orders.touch(order, now)
        counts["orders"] += 1
    for product in IdSet(str(body["products"])).pick(world.products) if "products" in body else ():
        product.updated = now
        counts["products"] += 1
    for contact in IdSet(str(body["contacts"])).pick(world.contacts) if "contacts" in body else ():
        contact.updated = now
        counts["contacts"] += 1
    return counts


def edit_row(world: World, order: Order, row: Row, body: dict[str, Any]) -> None:
    """Change ``net, tax, taxCode, quantity, nominalCode, name, productId`` of a row, whatever the order's state."""
    for name, value in body.items():
        if name == "net":
            row.net = exact(body, "net", 4)
        elif name == "tax":
            row.tax = rounded(exact(body, "tax", 4), 100)
        elif name == "taxCode":
            if value not in world.reference.tax_by_code:
                raise ValueError(f"no tax code {value!r}")
            row.tax_code = value
        elif name == "quantity":
            row.quantity = exact(body, "quantity", 4)
        elif name == "nominalCode":
            row.nominal = str(value)
        elif name == "name":
            row.name = str(value)
        elif name == "productId":
            product = world.products[int(value)]
            row.product_id, row.sku, row.tracked = product.id, product.sku, product.stock_tracked
        else:
            raise ValueError(f"a row has no member {name!r}")
    changed(world, order)


def add_row(world: World, order: Order, body: dict[str, Any]) -> Row:
    """One more row, as in a sales order POST: ``productId`` or ``name``, ``quantity, taxCode, net, tax``."""
    from sandbox.erp import order_rows

    row = order_rows.add_row(world, order, body, len(order.rows) + 1)
    if "quantity" in body and row.quantity < UNIT and row.tracked:
        raise ValueError("a stock-tracked row needs a whole quantity")
    changed(world, order)
    return row


def drop_row(world: World, order: Order, row: Row) -> None:
    del order.rows[row.id]
    changed(world, order)
