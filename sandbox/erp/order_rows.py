"""Rows from request bodies: the flat shape of sales orders and credits, and the nested one of generic orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import plain, rounded, scaled, trimmed
from sandbox.erp.order_model import UNIT, Order, Row

if TYPE_CHECKING:
    from sandbox.erp.products import Product
    from sandbox.world import World

MISCELLANEOUS = 1000  # rows without a product are kept under the account's hidden product
QUANTITY_PLACES = 4


def add_row(world: World, order: Order, body: dict[str, Any], place: int) -> Row:
    """Check one flat row (``productId|name, quantity, taxCode, net, tax, nominalCode?``) and put it on the order."""
    number, name = body.get("productId"), str(body.get("name") or "")
    product: Product | None = None
    if number is not None:
        product = world.products.get(number) if isinstance(number, int) else None
        if product is None:
            raise codes.PRODUCT_UNKNOWN.error(value=number, row=place)
    elif not name:
        raise codes.ROW_NEEDS_PRODUCT.error(row=place)
    if product is not None and product.bundle is not None and order.type in ("PO", "PC"):
        raise codes.BUNDLE_ON_PURCHASE.error()
    row = Row(
        id=world.next_id("row"),
        product_id=product.id if product else MISCELLANEOUS,
        name=name or (product.name if product else ""),
        sku=product.sku if product else "",
        quantity=quantity(body.get("quantity"), product, place),
        tax_code=tax_code(world, body.get("taxCode"), place),
        net=amount(body.get("net"), "net", place),
        tax=rounded(amount(body.get("tax"), "tax", place), 100),
        nominal=nominal(world, body.get("nominalCode"), product, place),
        sequence=int(body.get("sequence") or 10 * (len(order.rows) + 1)),
        tracked=bool(product and product.stock_tracked and product.bundle is None),
        external_ref=str(body.get("externalRef") or ""),
        bundle=bool(product and product.bundle is not None),
    )
    if world.switches.row_tax_checked:
        _check_tax(world, row, place)
    order.rows[row.id] = row
    if product is not None and product.bundle is not None:
        _expand(world, order, row, product)
    return row


def _check_tax(world: World, row: Row, place: int) -> None:
    """Refuses a tax further from net x rate than a penny a unit: what no source says the ERP does."""
    rate = world.reference.tax_by_code[row.tax_code].rate
    if abs(row.tax - rounded(row.net * rate, 10**8)) > max(1, row.units):
        raise codes.ROW_TAX.error(value=plain(row.tax, 2), row=place, rate=trimmed(rate, 4))


def _expand(world: World, order: Order, parent: Row, bundle: Product) -> None:
    """Child rows of a bundle carry the stock; the parent keeps the money."""
    for component, units in bundle.bundle or ():
        product = world.products[component]
        child = Row(
            id=world.next_id("row"),
            product_id=component,
            name=product.name,
            sku=product.sku,
            quantity=parent.quantity * units,
            tax_code=parent.tax_code,
            net=0,
            tax=0,
            nominal=parent.nominal,
            sequence=parent.sequence,
            tracked=product.stock_tracked,
            parent_row=parent.id,
        )
        order.rows[child.id] = child


def quantity(value: object, product: Product | None, place: int) -> int:
    """Positive, at most 4 decimals, whole for stock-tracked and bundle products; else 400 ORDC-024."""
    found = scaled(value, QUANTITY_PLACES)
    whole = product is not None and (product.stock_tracked or product.bundle is not None)
    if found is None or found <= 0 or (whole and found % UNIT):
        raise codes.ROW_QUANTITY.error(row=place, value=value)
    return found


def amount(value: object, name: str, place: int) -> int:
    """A row total in ten-thousandths; required, at most 4 decimals, may be negative (a discount row)."""
    found = scaled(value, 4)
    if found is None:
        raise codes.ROW_AMOUNT.error(name=name, row=place, value=value)
    return found


def tax_code(world: World, value: object, place: int) -> str:
    if not isinstance(value, str) or value not in world.reference.tax_by_code:
        raise codes.TAX_CODE_UNKNOWN.error(value=value, row=place)
    return value


def nominal(world: World, value: object, product: Product | None, place: int) -> str:
    """The given code, else the product's, else the account's default for sales."""
    if value in (None, ""):
        return product.nominal_sales if product else "4000"
    known = world.reference.nominals.get(str(value))
    if known is None or not known.active:
        raise codes.NOMINAL_UNKNOWN.error(value=value, row=place)
    return known.code


def flat(body: dict[str, Any]) -> dict[str, Any]:
    """The flat form of a generic order row (``quantity.magnitude``, ``rowValue.rowNet.value`` and so on)."""
    value = body.get("rowValue") or {}
    return {
        "productId": body.get("productId"),
        "name": body.get("productName"),
        "quantity": (body.get("quantity") or {}).get("magnitude"),
        "taxCode": value.get("taxCode"),
        "net": (value.get("rowNet") or {}).get("value"),
        "tax": (value.get("rowTax") or {}).get("value"),
        "nominalCode": body.get("nominalCode"),
    }
