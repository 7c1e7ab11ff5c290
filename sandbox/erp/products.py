"""Products: GET, OPTIONS, search, POST, PUT, identity PUT; and the record they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.catalogue import Item
from sandbox.erp import codes
from sandbox.erp.amounts import number, scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import any_order, get_uris
from sandbox.erp.search import Column, Search, add_search
from sandbox.erp.times import iso

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
    more: dict[str, Any] = field(default_factory=dict)  # members taken from a POST or PUT as they came


def from_item(item: Item, at: int) -> Product:
    net = scaled(item.net_price, 4)
    if net is None:
        raise ValueError(f"the price {item.net_price} of {item.sku} has more than 4 decimals")
    return Product(item.product_id, item.sku, item.name, item.tax_code, net, item.stock_tracked, at, at)


def view(world: World, product: Product, include: set[str]) -> dict[str, Any]:
    """The recorded shape of Product GET."""
    zone = world.switches.time_zone
    tax = world.reference.tax_by_code[product.tax_code]
    blank = {"languageCode": "en", "text": "", "format": "HTML_FRAGMENT"}
    shape: dict[str, Any] = {
        "id": product.id,
        "brandId": product.brand_id,
        "productTypeId": 1,
        "identity": {"sku": product.sku, "barcode": "", **(product.identity or {})},
        "featured": False,
        "stock": {
            "stockTracked": product.stock_tracked,
            "weight": {"magnitude": number(0, 4)},
            "dimensions": {"length": 0.0, "height": 0.0, "width": 0.0, "volume": 0.0},
        },
        "financialDetails": {"taxable": product.taxable, "taxCode": {"id": tax.id, "code": tax.code}},
        "salesChannels": [
            {
                "salesChannelName": "Brightpearl",
                "productName": product.name,
                "productCondition": "new",
                "categories": [{"categoryCode": code} for code in product.categories],
                "description": blank,
                "shortDescription": blank,
            }
        ],
        "composition": {"bundle": product.bundle is not None},
    }
    if product.bundle is not None:
        shape["composition"]["bundleComponents"] = [
            {"productId": one, "productQuantity": units} for one, units in product.bundle
        ]
    if "customFields" in include:
        shape["customFields"] = product.custom or {}
    if "nullCustomFields" in include:
        shape["nullCustomFields"] = [
            code for code in world.custom_field_codes("product") if code not in (product.custom or {})
        ]
    shape |= {
        "createdOn": iso(product.created, zone),
        "updatedOn": iso(product.updated, zone),
        "warehouses": {
            str(warehouse): {"defaultLocationId": 0, "overflowLocationId": 0, "reorderLevel": 0, "reorderQuantity": 0}
            for warehouse in world.reference.warehouses
        },
        "nominalCodeStock": "1001",
        "nominalCodePurchases": "5000",
        "nominalCodeSales": product.nominal_sales,
        "seasonIds": [],
        "reporting": {},
        "status": product.status,
        "salesPopupMessage": "",
        "warehousePopupMessage": "",
        "version": product.updated,
    }
    return shape


def get(call: Call) -> Reply:
    world = call.world
    found = any_order(call.ids(LIMIT).pick(world.products), lambda product: product.id, world.switches.shuffle_results)
    if not found:
        raise codes.NOT_FOUND.error(what=f"No products available in ID Set {call.params[0]}")
    return ok([view(world, product, call.include) for product in found])


def options(call: Call) -> Reply:
    wanted = call.optional_ids()
    ids = [product.id for product in wanted.pick(call.world.products)] if wanted else list(call.world.products)
    return ok(get_uris("product", ids, LIMIT))


def apply(world: World, product: Product, body: dict[str, Any]) -> None:
    """Carry the members of a POST or PUT body into the product; unknown members are kept but not interpreted."""
    tax = (body.get("financialDetails") or {}).get("taxCode") or {}
    if tax.get("id") is not None:
        known = world.reference.tax_codes.get(tax["id"])
        if known is None:
            raise codes.UNKNOWN_TAX_ID.error(value=tax["id"])
        product.tax_code = known.code
    product.taxable = bool((body.get("financialDetails") or {}).get("taxable", product.taxable))
    for channel in body.get("salesChannels") or []:
        product.name = channel.get("productName") or product.name
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


def bundles_of(call: Call) -> Reply:
    """The bundles that contain a product (upwards)."""
    wanted = call.ids(LIMIT)
    answer = []
    for product in wanted.pick(call.world.products):
        above = [
            one.id
            for one in call.world.products.values()
            if one.bundle and any(part == product.id for part, _ in one.bundle)
        ]
        if above:
            answer.append({"id": product.id, "bundles": [{"id": one, "bundles": []} for one in above]})
    if not answer:
        raise codes.NOT_FOUND.error(what=f"No bundles contain the products {call.params[0]}")
    return ok(answer)


def _one(call: Call) -> Product:
    product = call.world.products.get(call.id())
    if product is None:
        raise codes.NOT_FOUND.error(what=f"No product {call.params[0]}")
    return product


def _identity(name: str) -> Any:
    return lambda world, product: (product.identity or {}).get(name)


def _candidates(world: World, filters: dict[str, str]) -> Any:
    if "SKU" in filters:
        return [world.products[one] for one in world.product_ids_by_sku.get(filters["SKU"], [])]
    return world.products.values()


SEARCH = Search(
    columns=(
        Column("productId", "IDSET", lambda world, product: product.id),
        Column("productName", "SEARCH_STRING", lambda world, product: product.name),
        Column("SKU", "STRING", lambda world, product: product.sku),
        Column("barcode", "STRING", lambda world, product: (product.identity or {}).get("barcode", "")),
        Column("EAN", "STRING", _identity("ean")),
        Column("UPC", "STRING", _identity("upc")),
        Column("ISBN", "STRING", _identity("isbn")),
        Column("MPN", "STRING", _identity("mpn")),
        Column("stockTracked", "BOOLEAN", lambda world, product: product.stock_tracked),
        Column("salesChannelName", "STRING", lambda world, product: "Brightpearl", filterable=False),
        Column("createdOn", "PERIOD", lambda world, product: product.created),
        Column("updatedOn", "PERIOD", lambda world, product: product.updated),
        Column(
            "brightpearlCategoryCode",
            "IDSET",
            lambda world, product: frozenset(int(code) for code in product.categories),
            sortable=False,
        ),
        Column("productGroupId", "INTEGER", lambda world, product: 0),
        Column("brandId", "IDSET", lambda world, product: product.brand_id),
        Column("productTypeId", "IDSET", lambda world, product: 1),
        Column("productStatus", "STRING", lambda world, product: product.status),
        Column("primarySupplierId", "IDSET", lambda world, product: None),
        Column(
            "channelId",
            "INTEGER",
            lambda world, product: frozenset(world.reference.channels),
            shown=False,
            sortable=False,
        ),
    ),
    records=_candidates,
    created=lambda product: product.updated,
    extra_reference=lambda world, page: (
        {"productCategoryMembership": {str(product.id): [int(code) for code in product.categories] for product in page}}
        if page
        else {}
    ),
)


def register(router: Router) -> None:
    base = "/product-service/product"
    add_search(router, f"{base}-search", SEARCH)
    router.add("GET", f"{base}/{{ids}}", get, "product-get")
    router.add("OPTIONS", f"{base}/[ids]", options, "product-options")
    router.add("POST", base, post, "post-product")
    router.add("PUT", f"{base}/{{id}}", put, "put-product")
    router.add("PUT", f"{base}/{{id}}/identity", put_identity)
    router.add("GET", f"{base}/{{ids}}/bundle", bundles_of, "get-product-bundle")
