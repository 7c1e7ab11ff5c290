"""Products: six tables out of one GET, 200 products a request. Read: product OPTIONS, GET and search. Pure.

Written: ``products``, ``product_custom_fields``, ``product_sales_channels``, ``product_warehouses``,
``product_variations``, ``bundle_components``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import (
    Fields,
    entries,
    exact,
    flag,
    instant,
    items,
    may,
    need,
    nothing,
    quantity,
    ref,
    text,
    whole,
)
from bp_assets.extraction.resource import Changes, Context, Decoded, Get, Resource, Rows, Sweep, Unclear, Uris, Within

PRODUCT = Fields(
    may("sku", text, "identity", "sku", default=""),
    may("brand_id", ref, "brandId"),
    may("status", text, "status", default="LIVE"),
    may("tax_code", text, "financialDetails", "taxCode", "code"),
    may("nominal_code_sales", text, "nominalCodeSales"),
    may("nominal_code_stock", text, "nominalCodeStock"),
    may("nominal_code_purchases", text, "nominalCodePurchases"),
    may("primary_supplier_id", ref, "primarySupplierId"),
    may("product_group_id", ref, "productGroupId"),
    may("product_type_id", ref, "productTypeId"),
    may("taxable", flag, "financialDetails", "taxable"),
    may("tax_code_id", ref, "financialDetails", "taxCode", "id"),
    may("weight", quantity, "stock", "weight", "magnitude"),
    may("created_on", instant, "createdOn"),
    may("updated_on", instant, "updatedOn"),
    given=("product_id", "name", "barcode", "stock_tracked", "bundle"),
)
NATURE = Fields(
    may("stock_tracked", flag, "stock", "stockTracked", default=False),
    may("bundle", flag, "composition", "bundle", default=False),
    may("barcode", text, "identity", "barcode"),
    may("ean", text, "identity", "ean"),
    may("upc", text, "identity", "upc"),
)
CHANNEL = Fields(
    need("sales_channel_name", text, "salesChannelName"),
    may("product_name", text, "productName", default=""),
    may("product_condition", text, "productCondition"),
    may("description", text, "description", "text"),
    may("short_description", text, "shortDescription", "text"),
    may("available_to_sell_on_channel", flag, "availableToSellOnChannel"),
    may("sell_when_no_stock", flag, "sellWhenNoStock"),
    given=("product_id",),
)
PLACE = Fields(
    may("default_location_id", ref, "defaultLocationId"),
    may("overflow_location_id", ref, "overflowLocationId"),
    may("reorder_level", quantity, "reorderLevel", default=Decimal(0)),
    may("reorder_quantity", quantity, "reorderQuantity", default=Decimal(0)),
    given=("product_id", "warehouse_id"),
)
VARIATION = Fields(
    need("option_id", whole, "optionId"),
    may("option_name", text, "optionName", default=""),
    need("option_value_id", whole, "optionValueId"),
    may("option_value", text, "optionValue", default=""),
    given=("product_id",),
)
COMPONENT = Fields(need("product_id", whole, "productId"), need("quantity", exact, "productQuantity"))
CUSTOM = ("product_id", "field", "value", "sku")
SKU = PRODUCT.names.index("sku")
FLAGS = CHANNEL.names.index("available_to_sell_on_channel")  # from here on: what only a channel's own entry tells


def decode(product_id: int, raw: Any, context: Context) -> Decoded:
    """A bundle is never stock-tracked, whatever the member says; one that is none any more has no components."""
    tracked, bundle, *codes = NATURE.of(raw)
    channels = _channels(product_id, raw)
    name = channels[0][2] if channels else ""
    barcode = next((code for code in codes if code), None)
    product = PRODUCT.of(raw, product_id, name, barcode, tracked and not bundle, bundle)
    return {
        "products": [product],
        "product_custom_fields": _custom(product_id, product[SKU], raw),
        "product_sales_channels": channels,
        "product_warehouses": [PLACE.of(held, product_id, place) for place, held in entries(raw, "warehouses")],
        "product_variations": _first_of_each((VARIATION.of(one, product_id) for one in items(raw, "variations")), 1),
        "bundle_components": _components(product_id, raw) if bundle else [],
    }


def with_channel(record: Any, other: Any) -> Any:
    """The record, with the entries on sales channels that the answer within a channel's context has."""
    held, more = record.get("salesChannels") or [], other.get("salesChannels")
    if nothing(more) or type(held) is not list:  # decode refuses what is no list
        return record
    return {**record, "salesChannels": [*held, *(more if type(more) is list else [more])]}


def _channels(product_id: int, raw: Any) -> list[tuple[Any, ...]]:
    """The first entry of each name. A flag that it lacks is that of the next which has it: the channel asked for may be
    called as Brightpearl's own entry is, which has none."""
    found: dict[str, tuple[Any, ...]] = {}
    for one in items(raw, "salesChannels"):
        row = CHANNEL.of(one, product_id)
        first = found.setdefault(row[1], row)
        if first is not row:
            flags = [new if held is None else held for held, new in zip(first[FLAGS:], row[FLAGS:], strict=True)]
            found[row[1]] = (*first[:FLAGS], *flags)
    return list(found.values())


def _first_of_each(rows: Iterator[tuple[Any, ...]], key: int) -> list[tuple[Any, ...]]:
    """The rows with the first of each key: what is said twice of one product counts once."""
    found: dict[Any, tuple[Any, ...]] = {}
    for row in rows:
        found.setdefault(row[key], row)
    return list(found.values())


def _components(bundle_id: int, raw: Any) -> list[tuple[Any, ...]]:
    """Components one level down: one that is a bundle itself has its own rows. Named twice, they add up."""
    found: dict[int, Decimal] = {}
    for one in items(raw.get("composition") or {}, "bundleComponents"):
        product_id, units = COMPONENT.of(one)
        found[product_id] = found.get(product_id, Decimal(0)) + units
    return [(bundle_id, product_id, units) for product_id, units in found.items()]


def _custom(product_id: int, sku: str, raw: Any) -> list[tuple[Any, ...]]:
    fields = raw.get("customFields")
    if not fields and nothing(fields):
        return []
    if type(fields) is not dict:
        raise Unclear(f"customFields is a {type(fields).__name__}, not a map")
    return [(product_id, text(code), _value(code, value), sku or None) for code, value in fields.items()]


def _value(code: str, value: Any) -> str | None:
    """The value as text: of a field to choose from the words chosen, which come as ``{"id": 36, "value": "Red"}``."""
    if type(value) is dict and "value" in value:
        value = value["value"]
    if not value and nothing(value):
        return None
    try:
        return text(value)
    except (TypeError, ValueError) as why:
        raise Unclear(f"customFields.{code}: {why}") from None


RESOURCES = (
    Resource(
        name="products",
        title="Products",
        tables={
            "products": Rows("product_id", PRODUCT.names),
            "product_custom_fields": Rows("product_id", CUSTOM),
            "product_sales_channels": Rows("product_id", CHANNEL.names),
            "product_warehouses": Rows("product_id", PLACE.names),
            "product_variations": Rows("product_id", VARIATION.names),
            "bundle_components": Rows("bundle_id", ("bundle_id", "product_id", "quantity")),
        },
        listing=Uris("/product-service/product"),
        get=Get(
            "/product-service/product/{ids}",
            splits.by_member("id"),
            params={"includeOptional": "customFields"},
            within=Within(
                "contextChannelId",
                lambda erp: erp.product_channels,
                with_channel,
                ("salesChannels.availableToSellOnChannel", "salesChannels.sellWhenNoStock"),
            ),
        ),
        decode=decode,
        changes=Changes(
            "/product-service/product-search", "productId", ("updatedOn",), same={"updatedOn": "updated_on"}
        ),
        sweep=Sweep(every=timedelta(hours=6)),
        rotate=timedelta(hours=48),
        every=timedelta(hours=1),
        hinted=True,
        traps="Deleted products show in no search, only in OPTIONS; so would new ones that have no `updatedOn` yet. "
        "Whether an edit of a custom field, a price or the stock moves `updatedOn` is not documented and is not relied "
        "upon: every product is read again within two days. A SKU is no key: two products may have one. A bundle says "
        "`stockTracked: true` now and then and is never tracked. Descriptions are HTML and are kept as they are. The "
        "two flags of a sales channel come only where the ERP is asked within that channel's context: done for the "
        "channels of `product_channels` in the shops file, each at one more request per 200 products. When that list "
        "changes, all products are read again.",
    ),
)  # fmt: skip
