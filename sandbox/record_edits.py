"""Edits of products and contacts as a person would make them in the ERP's screens, seen by its searches or not.

``touch`` false in a body leaves the record's updatedOn as it was: so do some edits in the real ERP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.edits import exact
from sandbox.erp.contacts import Contact
from sandbox.erp.products import Product

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.world import World


def put_product(world: World, body: dict[str, Any]) -> Product:
    """Change the product named by ``productId`` or ``sku``, or make a new one.

    Members: see ``docs/sandbox.md``; ``bundle`` is ``[[productId, units]]``, ``prices`` is
    ``{priceListId: {quantity: price}}``, ``reorder`` is ``{warehouseId: [locationId, level, quantity]}``.
    """
    unknown = set(body) - {"productId", "touch", *_PRODUCT}
    if unknown:
        raise ValueError(f"a product has no member {', '.join(sorted(unknown))}")
    ids = world.product_ids_by_sku.get(str(body.get("sku") or ""), [])
    number = body.get("productId") or (ids[0] if ids else None)
    product = world.products.get(number) if number else None
    if product is None:
        now = world.now_ms()
        product = Product(number or max(world.products) + 1, "", "", "T20", 0, True, now, now)
        world.add_product(product)
    for name, value in body.items():
        if name in _PRODUCT:
            _PRODUCT[name](world, product, value)
    if body.get("touch", True):
        world.touch_product(product)
    return product


def _set(name: str, kind: Callable[[Any], Any]) -> Callable[[World, Product, Any], None]:
    return lambda world, product, value: setattr(product, name, kind(value))


def _scaled(name: str) -> Callable[[World, Product, Any], None]:
    return lambda world, product, value: setattr(product, name, exact({name: value}, name, 4))


def _tax_code(world: World, product: Product, value: Any) -> None:
    if value not in world.reference.tax_by_code:
        raise ValueError(f"no tax code {value!r}")
    product.tax_code = value


def _bundle(world: World, product: Product, value: Any) -> None:
    if value:
        product.bundle = [(int(part), int(units)) for part, units in value]
        product.stock_tracked = False


def _prices(world: World, product: Product, value: Any) -> None:
    for number, breaks in (value or {}).items():
        table = {int(quantity): exact({"price": price}, "price", 4) for quantity, price in breaks.items()}
        product.prices = {**(product.prices or {}), int(number): table}


def _reorder(world: World, product: Product, value: Any) -> None:
    fresh = {int(number): (int(where), int(level), int(units)) for number, (where, level, units) in value.items()}
    product.reorder = {**(product.reorder or {}), **fresh}


def _barcode(world: World, product: Product, value: Any) -> None:
    product.identity = {**(product.identity or {}), "barcode": str(value)}


_PRODUCT: dict[str, Callable[[World, Product, Any], None]] = {
    "sku": lambda world, product, value: world.rename_sku(product, str(value)),
    "name": _set("name", str),
    "taxCode": _tax_code,
    "netPrice": _scaled("net"),
    "nominalCode": _set("nominal_sales", str),
    "status": _set("status", str),
    "stockTracked": _set("stock_tracked", bool),
    "bundle": _bundle,
    "prices": _prices,
    "barcode": _barcode,
    "brandId": _set("brand_id", int),
    "supplierId": _set("supplier_id", int),
    "weight": _scaled("weight"),
    "description": _set("description", str),
    "seasonIds": _set("seasons", lambda value: tuple(int(one) for one in value)),
    "customFields": _set("custom", lambda value: dict(value) or None),
    "reorder": _reorder,
}


def delete_product(world: World, product: Product) -> None:
    """Gone from every list; orders keep their rows."""
    del world.products[product.id]
    ids = world.product_ids_by_sku.get(product.sku, [])
    if product.id in ids:
        ids.remove(product.id)
    world.emit("product.destroyed", product.id)


def edit_contact(world: World, contact: Contact, body: dict[str, Any]) -> None:
    """Change ``firstName, lastName, email, company, statusId, newsletter`` of a contact."""
    for name, value in body.items():
        match name:
            case "firstName":
                contact.first = str(value)
            case "lastName":
                contact.last = str(value)
            case "email":
                contact.emails["PRI"] = str(value)
            case "company":
                contact.company = str(value)
            case "statusId":
                contact.status_id = int(value)
            case "newsletter":
                contact.newsletter = bool(value)
            case "touch":
                pass
            case _:
                raise ValueError(f"a contact has no member {name!r}")
    world.forget_party(contact.id)
    if body.get("touch", True):
        contact.updated = world.now_ms()


def delete_contact(world: World, contact: Contact) -> None:
    """Gone with its addresses, as after two contacts were made one; orders keep what they were sent with."""
    world.keep_party(contact.id)
    del world.contacts[contact.id]
    for number in [number for number, one in world.addresses.items() if one.get("contactId") == contact.id]:
        del world.addresses[number]
