"""Reading products: the recorded shape of product GET, OPTIONS, the bundles above a product, and the search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import number
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.idset import any_order, get_uris
from sandbox.erp.products import LIMIT, Product
from sandbox.erp.search import Column, Search, add_search, narrowed
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.world import World

_NO_DIMENSIONS = {"length": 0.0, "height": 0.0, "width": 0.0, "volume": 0.0}
_BLANK = {"languageCode": "en", "text": "", "format": "HTML_FRAGMENT"}
_UNSET = {"defaultLocationId": 0, "overflowLocationId": 0, "reorderLevel": 0, "reorderQuantity": 0}


def view(world: World, product: Product, include: set[str], context: int = 0) -> dict[str, Any]:
    """The recorded shape of Product GET; ``context`` is the channel whose own entry is asked for, 0 for none."""
    zone = world.switches.time_zone
    tax = world.reference.tax_by_code[product.tax_code]
    shape: dict[str, Any] = {"id": product.id, "brandId": product.brand_id}
    if product.collection_id:
        shape["collectionId"] = product.collection_id
    shape |= {
        "productTypeId": product.type_id,
        "identity": {"sku": product.sku, "barcode": "", **(product.identity or {})},
    }
    if product.group_id:
        shape["productGroupId"] = product.group_id
    shape |= {
        "featured": False,
        "stock": {
            "stockTracked": product.stock_tracked and product.bundle is None,
            "weight": {"magnitude": number(product.weight, 4)},
            "dimensions": _NO_DIMENSIONS,
        },
        "financialDetails": {"taxable": product.taxable, "taxCode": {"id": tax.id, "code": tax.code}},
        "salesChannels": [_sales_channel(world, product, context)],
        "composition": {"bundle": product.bundle is not None},
    }
    if product.bundle is not None:
        shape["composition"]["bundleComponents"] = [
            {"productId": one, "productQuantity": units} for one, units in product.bundle
        ]
    if product.variations:
        shape["variations"] = [variation(world, option, value) for option, value in product.variations]
    if "customFields" in include:
        shape["customFields"] = product.custom or {}
    if "nullCustomFields" in include:
        shape["nullCustomFields"] = [
            code for code in world.custom_field_codes("product") if code not in (product.custom or {})
        ]
    shape |= {
        "createdOn": iso(product.created, zone),
        "updatedOn": iso(product.updated, zone),
        "warehouses": {str(warehouse): defaults(product, warehouse) for warehouse in world.reference.warehouses},
        "nominalCodeStock": "1001",
        "nominalCodePurchases": "5000",
        "nominalCodeSales": product.nominal_sales,
        "seasonIds": list(product.seasons),
        "reporting": {"seasonId": product.seasons[0]} if product.seasons else {},
    }
    if product.supplier_id:
        shape["primarySupplierId"] = product.supplier_id
    shape |= {
        "status": product.status,
        "salesPopupMessage": "",
        "warehousePopupMessage": "",
        "version": product.updated,
    }
    return shape


def _sales_channel(world: World, product: Product, context: int) -> dict[str, Any]:
    """The entry `Brightpearl`, or with a context that channel's own, which alone says whether it sells there."""
    channel = world.reference.channels.get(context)
    shape: dict[str, Any] = {
        "salesChannelName": channel.name if channel else "Brightpearl",
        "productName": product.name,
        "productCondition": "new",
        "categories": [{"categoryCode": code} for code in product.categories],
        "description": {**_BLANK, "text": product.description} if product.description else _BLANK,
        "shortDescription": {**_BLANK, "text": product.short_description} if product.short_description else _BLANK,
    }
    if channel:
        shape |= {"availableToSellOnChannel": product.status == "LIVE", "sellWhenNoStock": False}
    return shape


def variation(world: World, option: int, value: int) -> dict[str, Any]:
    return {
        "optionId": option,
        "optionName": world.reference.options[option],
        "optionValueId": value,
        "optionValue": world.reference.option_values[value][1],
    }


def defaults(product: Product, warehouse: int) -> dict[str, int]:
    """Locations and reorder figures of one warehouse; zeros where nobody set any."""
    found = product.reorder.get(warehouse) if product.reorder else None
    if found is None:
        return _UNSET
    location, level, quantity = found
    return {
        "defaultLocationId": location,
        "overflowLocationId": 0,
        "reorderLevel": level,
        "reorderQuantity": quantity,
    }


def get(call: Call) -> Reply:
    world = call.world
    found = any_order(call.ids(LIMIT).pick(world.products), lambda product: product.id, world.switches.shuffle_results)
    if not found:
        raise codes.NOT_FOUND.error(what=f"No products available in ID Set {call.params[0]}")
    text = call.query.get("contextChannelId", "0")
    context = int(text) if text.isdecimal() else 0
    return ok([view(world, product, call.include, context) for product in found])


def options(call: Call) -> Reply:
    wanted = call.optional_ids()
    ids = [product.id for product in wanted.pick(call.world.products)] if wanted else list(call.world.products)
    return ok(get_uris("product", ids, LIMIT))


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


def _identity(name: str) -> Any:
    return lambda world, product: (product.identity or {}).get(name)


def _candidates(world: World, filters: dict[str, str]) -> Any:
    if "SKU" in filters:
        return [world.products[one] for one in world.product_ids_by_sku.get(filters["SKU"], [])]
    found = narrowed(filters, "productId", world.products)
    return world.products.values() if found is None else found


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
        Column("stockTracked", "BOOLEAN", lambda world, product: product.stock_tracked and product.bundle is None),
        Column("salesChannelName", "STRING", lambda world, product: "Brightpearl", filterable=False),
        Column("createdOn", "PERIOD", lambda world, product: product.created),
        Column("updatedOn", "PERIOD", lambda world, product: product.updated),
        Column(
            "brightpearlCategoryCode",
            "IDSET",
            lambda world, product: frozenset(int(code) for code in product.categories),
            sortable=False,
        ),
        Column("productGroupId", "INTEGER", lambda world, product: product.group_id),
        Column("brandId", "IDSET", lambda world, product: product.brand_id),
        Column("productTypeId", "IDSET", lambda world, product: product.type_id),
        Column("productStatus", "STRING", lambda world, product: product.status),
        Column("primarySupplierId", "IDSET", lambda world, product: product.supplier_id or None),
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
    ordered=lambda world: world.products,
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
    router.add("GET", f"{base}/{{ids}}/bundle", bundles_of, "get-product-bundle")
