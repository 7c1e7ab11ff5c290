"""Products as the sandbox keeps them, and what writes them: POST, PUT, identity PUT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.catalogue import Item
from sandbox.erp import codes
from sandbox.erp.amounts import scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200
IDENTITY = ("sku", "ean", "upc", "mpn", "isbn", "barcode")


@dataclass(slots=True)
class Product:
    """A product. ``net`` is the unit list price without tax in ten-thousandths; ``prices`` overrides single lists."""

    id: int
    sku: str
    name: str
    tax_code: str
    net: int
    stock_tracked: bool
    created: int
    updated: int
    brand_id: int = 74
    taxable: bool = True
    nominal_sales: str = "4000"
    status: str = "LIVE"
    prices: dict[int, dict[int, int]] | None = None
    bundle: list[tuple[int, int]] | None = None  # component product, quantity
    custom: dict[str, Any] | None = None
    identity: dict[str, str] | None = None
    categories: tuple[str, ...] = ("296",)
    type_id: int = 1
    group_id: int = 0
    collection_id: int = 0
    supplier_id: int = 0
    weight: int = 0  # ten-thousandths
    seasons: tuple[int, ...] = ()
    variations: tuple[tuple[int, int], ...] = ()  # option, option value
    reorder: dict[int, tuple[int, int, int]] | None = None  # warehouse -> default location, level, quantity
    description: str = ""  # HTML
    short_description: str = ""


def from_item(item: Item, at: int) -> Product:
    net = scaled(item.net_price, 4)
    if net is None:
        raise ValueError(f"the price {item.net_price} of {item.sku} has more than 4 decimals")
    return Product(item.product_id, item.sku, item.name, item.tax_code, net, item.stock_tracked, at, at)


def apply(world: World, product: Product, body: dict[str, Any]) -> None:
    """Carry the members of a POST or PUT body into the product; unknown members are ignored."""
    tax = (body.get("financialDetails") or {}).get("taxCode") or {}
    if tax.get("id") is not None:
        known = world.reference.tax_codes.get(tax["id"])
        if known is None:
            raise codes.UNKNOWN_TAX_ID.error(value=tax["id"])
        product.tax_code = known.code
    product.taxable = bool((body.get("financialDetails") or {}).get("taxable", product.taxable))
    for channel in body.get("salesChannels") or []:
        product.name = channel.get("productName") or product.name
        product.description = str((channel.get("description") or {}).get("text") or product.description)
        product.short_description = str(
            (channel.get("shortDescription") or {}).get("text") or product.short_description
        )
        if channel.get("categories"):
            codes_given = tuple(str(entry["categoryCode"]) for entry in channel["categories"])
            if not all(code.isdecimal() and code.isascii() for code in codes_given):
                raise codes.BAD_MEMBER.error(name="categoryCode", value=",".join(codes_given))
            product.categories = codes_given
    identity = {name: str(text) for name, text in (body.get("identity") or {}).items() if name in IDENTITY}
    if len(identity.get("sku", "")) > 32:
        raise codes.SKU_TOO_LONG.error(value=identity["sku"])
    if identity:
        world.rename_sku(product, identity.pop("sku", product.sku))
        product.identity = {**(product.identity or {}), **identity}
    if "stockTracked" in (body.get("stock") or {}):
        product.stock_tracked = bool(body["stock"]["stockTracked"])
    product.nominal_sales = str(body.get("nominalCodeSales") or product.nominal_sales)
    product.status = str(body.get("status") or product.status)
    weight = scaled(((body.get("stock") or {}).get("weight") or {}).get("magnitude", 0), 4)
    product.weight = weight or product.weight
    if body.get("seasonIds") is not None:
        product.seasons = tuple(int(one) for one in body["seasonIds"] if int(one) in world.reference.seasons)
    if body.get("brandId") is not None:
        if body["brandId"] not in world.reference.brands:
            raise codes.UNKNOWN_BRAND.error(value=body["brandId"])
        product.brand_id = body["brandId"]


def post(call: Call) -> Reply:
    world, body = call.world, call.fields()
    if body.get("brandId") is None:
        raise codes.BRAND_MISSING.error()
    if not any(channel.get("productName") for channel in body.get("salesChannels") or []):
        raise codes.PRODUCT_NAME_MISSING.error()
    now = world.now_ms()
    product = Product(max(world.products) + 1, "", "", "T20", 0, False, now, now, prices={})
    apply(world, product, body)
    world.add_product(product)
    world.emit("product.created", product.id)
    return ok(product.id)


def put(call: Call) -> Reply:
    world, product = call.world, _one(call)
    given = call.headers.get("if-match", "").strip('"')
    if given and given != str(product.updated):
        raise codes.VERSION_DIFFERS.error(given=given, current=product.updated)
    apply(world, product, call.fields())
    world.touch_product(product)
    return done()


def put_identity(call: Call) -> Reply:
    """Replaces the whole identity: identifiers left out are erased."""
    product, body = _one(call), call.fields()
    call.world.rename_sku(product, str(body.get("sku") or ""))
    product.identity = {name: str(body[name]) for name in IDENTITY if name != "sku" and body.get(name) is not None}
    call.world.touch_product(product)
    return done()


def _one(call: Call) -> Product:
    product = call.world.products.get(call.id())
    if product is None:
        raise codes.NOT_FOUND.error(what=f"No product {call.params[0]}")
    return product


def register(router: Router) -> None:
    base = "/product-service/product"
    router.add("POST", base, post, "post-product")
    router.add("PUT", f"{base}/{{id}}", put, "put-product")
    router.add("PUT", f"{base}/{{id}}/identity", put_identity)
