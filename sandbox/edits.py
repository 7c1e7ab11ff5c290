"""Edits a person would make in the ERP's own screens: planted defects for the checks to find.

They pass none of the API's rules on purpose: an invoiced order's tax can be changed, a row can vanish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp.amounts import rounded, scaled
from sandbox.erp.corrections import correct
from sandbox.erp.order_edit import changed
from sandbox.erp.order_model import UNIT, Order, Row
from sandbox.erp.products import Product

if TYPE_CHECKING:
    from sandbox.world import World


def _exact(body: dict[str, Any], name: str, places: int) -> int:
    found = scaled(body[name], places)
    if found is None:
        raise ValueError(f"{name} {body[name]!r} is not a number with at most {places} decimals")
    return found


def put_product(world: World, body: dict[str, Any]) -> Product:
    """Change the product named by ``productId`` or ``sku``, or make a new one.

    Other members: ``name, taxCode, netPrice, nominalCode, status, stockTracked, bundle: [[productId, units]],
    prices: {priceListId: {quantity: price}}``.
    """
    known = {
        "productId",
        "sku",
        "name",
        "taxCode",
        "netPrice",
        "nominalCode",
        "status",
        "stockTracked",
        "bundle",
        "prices",
    }
    if set(body) - known:
        raise ValueError(f"a product has no member {', '.join(sorted(set(body) - known))}")
    ids = world.product_ids_by_sku.get(str(body.get("sku") or ""), [])
    number = body.get("productId") or (ids[0] if ids else None)
    product = world.products.get(number) if number else None
    if product is None:
        now = world.now_ms()
        product = Product(number or max(world.products) + 1, "", "", "T20", 0, True, now, now)
        world.add_product(product)
    if "sku" in body:
        world.rename_sku(product, str(body["sku"]))
    if "taxCode" in body:
        if body["taxCode"] not in world.reference.tax_by_code:
            raise ValueError(f"no tax code {body['taxCode']!r}")
        product.tax_code = body["taxCode"]
    if "netPrice" in body:
        product.net = _exact(body, "netPrice", 4)
    product.name = str(body.get("name", product.name))
    product.nominal_sales = str(body.get("nominalCode", product.nominal_sales))
    product.status = str(body.get("status", product.status))
    product.stock_tracked = bool(body.get("stockTracked", product.stock_tracked))
    if body.get("bundle"):
        product.bundle = [(int(part), int(units)) for part, units in body["bundle"]]
        product.stock_tracked = False
    for number_text, breaks in (body.get("prices") or {}).items():
        table = {int(quantity): _exact({"price": price}, "price", 4) for quantity, price in breaks.items()}
        product.prices = {**(product.prices or {}), int(number_text): table}
    world.touch_product(product)
    return product


def move_stock(world: World, body: dict[str, Any]) -> int:
    """Correct stock by ``quantity`` (signed) of ``productId`` in ``warehouseId``. Returns the correction's note ID."""
    units = _exact(body, "quantity", 0)
    return correct(world, int(body["warehouseId"]), int(body["productId"]), units, str(body.get("reason") or "count"))


def edit_order(world: World, order: Order, body: dict[str, Any]) -> None:
    """Change ``channelId, warehouseId, reference, externalRef, contactId, placedOn`` (milliseconds) of an order."""
    names = {
        "channelId": "channel_id",
        "warehouseId": "warehouse_id",
        "externalRef": "external_ref",
        "contactId": "contact_id",
    }
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
    changed(world, order)


def edit_row(world: World, order: Order, row: Row, body: dict[str, Any]) -> None:
    """Change ``net, tax, taxCode, quantity, nominalCode, name, productId`` of a row, whatever the order's state."""
    for name, value in body.items():
        if name == "net":
            row.net = _exact(body, "net", 4)
        elif name == "tax":
            row.tax = rounded(_exact(body, "tax", 4), 100)
        elif name == "taxCode":
            if value not in world.reference.tax_by_code:
                raise ValueError(f"no tax code {value!r}")
            row.tax_code = value
        elif name == "quantity":
            row.quantity = _exact(body, "quantity", 4)
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
