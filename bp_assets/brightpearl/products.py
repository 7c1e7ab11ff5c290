"""Products, their prices and price lists. Read: ``product-service``. Written: nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list
from bp_assets.brightpearl.search import Filters, search

SERVICE = "/product-service"
PRODUCT_SEARCH = f"{SERVICE}/product-search"


@dataclass(frozen=True, slots=True)
class ErpProduct:
    """One product. ``warehouses`` maps warehouse id to its default location there (0: none). Times are UTC."""

    product_id: int
    sku: str
    barcode: str
    ean: str
    name: str
    brand_id: int
    product_type_id: int
    product_group_id: int
    bundle: bool
    stock_tracked: bool
    taxable: bool
    tax_code: str
    tax_code_id: int
    nominal_code_sales: str
    nominal_code_stock: str
    nominal_code_purchases: str
    primary_supplier_id: int
    status: str
    weight: Decimal
    created_on: datetime | None
    updated_on: datetime | None
    warehouses: dict[int, int]
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs from ``min_quantity`` on; main units of ``currency``."""

    product_id: int
    price_list_id: int
    currency: str
    min_quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceList:
    """``kind`` is SELL or BUY; ``gross`` says whether its prices contain tax."""

    price_list_id: int
    name: str
    code: str
    currency: str
    kind: str
    gross: bool


def get_products(client: ErpClient, ids: Iterable[int]) -> list[ErpProduct | Misread]:
    """The products of ``ids``; those that don't exist are left out."""
    found: list[ErpProduct | Misread] = []
    for ids_of_one in pack(ids):
        found += decode_list("product", client.get(f"{SERVICE}/product/{ids_of_one}"), "id", _product)
    return found


def product_index(client: ErpClient, filters: Filters | None = None) -> Iterator[dict[str, Any]]:
    """Id, SKU, name, status and whether stock is tracked, 500 products to a request: enough for posting."""
    columns = ["productId", "SKU", "stockTracked", "productStatus", "productName"]
    return search(client, PRODUCT_SEARCH, filters or {}, columns=columns)


def prices(client: ErpClient, ids: Iterable[int]) -> list[Price | Misread]:
    """Every price of the products of ``ids``; products without any are left out."""
    found: list[Price | Misread] = []
    for ids_of_one in pack(ids):
        answer = client.get(f"{SERVICE}/product-price/{ids_of_one}")
        for one in decode_list("product-price", answer, "productId", _prices):
            found += [one] if isinstance(one, Misread) else one
    return found


def price_lists(client: ErpClient) -> list[PriceList | Misread]:
    return decode_list("price-list", client.get(f"{SERVICE}/price-list"), "id", _price_list)


def _product(raw: Record) -> ErpProduct:
    channels = [Record(one) for one in raw.items("salesChannels")]
    places = raw.child("warehouses")
    return ErpProduct(
        product_id=raw.whole("id"),
        sku=raw.text("identity", "sku", default=""),
        barcode=raw.text("identity", "barcode", default=""),
        ean=raw.text("identity", "ean", default=""),
        name=channels[0].text("productName", default="") if channels else "",
        brand_id=raw.whole("brandId", default=0),
        product_type_id=raw.whole("productTypeId", default=0),
        product_group_id=raw.whole("productGroupId", default=0),
        bundle=raw.flag("composition", "bundle", default=False),
        stock_tracked=raw.flag("stock", "stockTracked", default=False),
        taxable=raw.flag("financialDetails", "taxable", default=True),
        tax_code=raw.text("financialDetails", "taxCode", "code", default=""),
        tax_code_id=raw.whole("financialDetails", "taxCode", "id", default=0),
        nominal_code_sales=raw.text("nominalCodeSales", default=""),
        nominal_code_stock=raw.text("nominalCodeStock", default=""),
        nominal_code_purchases=raw.text("nominalCodePurchases", default=""),
        primary_supplier_id=raw.whole("primarySupplierId", default=0),
        status=raw.text("status", default="LIVE"),
        weight=raw.number("stock", "weight", "magnitude", default=Decimal(0)),
        created_on=raw.moment("createdOn"),
        updated_on=raw.moment("updatedOn"),
        warehouses={int(place): places.whole(place, "defaultLocationId", default=0) for place in places.raw},
        raw=raw.raw,
    )


def _prices(raw: Record) -> list[Price]:
    product = raw.whole("productId")
    found = []
    for one in map(Record, raw.items("priceLists")):
        breaks = one.child("quantityPrice")
        found += [
            Price(
                product,
                one.whole("priceListId"),
                one.text("currencyCode", default=""),
                Decimal(quantity),
                breaks.number(quantity),
            )
            for quantity in breaks.raw
        ]
    return found


def _price_list(raw: Record) -> PriceList:
    return PriceList(
        price_list_id=raw.whole("id"),
        name=raw.text("name", "text", default=""),
        code=raw.text("code", default=""),
        currency=raw.text("currencyCode", default=""),
        kind=raw.text("priceListTypeCode", default=""),
        gross=raw.flag("gross", default=False),
    )
