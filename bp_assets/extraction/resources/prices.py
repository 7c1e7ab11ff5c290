"""Unit prices and price lists. Pure. Read: product-price and price-list GET. Written: ``prices``, ``price_lists``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, flag, items, may, money, need, nothing, ref, text, whole
from bp_assets.extraction.resource import Chosen, Context, Decoded, Get, Resource, Rows, Unclear, Whole

LIST = Fields(
    need("price_list_id", whole, "priceListId"),
    may("currency", text, "currencyCode", default=""),
    given=("product_id",),
)
PRICE = ("product_id", "price_list_id", "currency", "min_quantity", "unit_price")
PRICE_LIST = Fields(
    may("code", text, "code"),
    may("currency", text, "currencyCode", default=""),
    may("type", text, "priceListTypeCode", default=""),
    may("gross", flag, "gross", default=False),
    may("currency_id", ref, "currencyId"),
    may("currency_symbol", text, "currencySymbol"),
    given=("price_list_id", "name"),
)
NAME = Fields(may("name", text, "name", "text", default=""))
PLAIN_NAME = Fields(may("name", text, "name", default=""))


def decode(product_id: int, raw: Any, context: Context) -> Decoded:
    """A list without a price is no row: Brightpearl names every list of the account for every product."""
    found: dict[tuple[int, int], tuple[Any, ...]] = {}
    for one in items(raw, "priceLists"):
        row = LIST.of(one, product_id)
        for least, price in _breaks(one, row[1]):
            found.setdefault((row[1], least), (*row, least, price))
    return {"prices": list(found.values())}


def _breaks(one: Any, price_list: int) -> list[tuple[int, Any]]:
    breaks = one.get("quantityPrice")
    if not breaks and nothing(breaks):
        return []
    if type(breaks) is not dict:
        raise Unclear(f"quantityPrice of price list {price_list} is a {type(breaks).__name__}, not a map")
    try:
        return [(whole(least), money(price)) for least, price in breaks.items() if price is not None and price != ""]
    except (ValueError, TypeError, ArithmeticError) as why:
        raise Unclear(f"quantityPrice of price list {price_list}: {why}") from None


def decode_list(price_list_id: int, raw: Any, context: Context) -> Decoded:
    """The name is an object with its language, in real answers; plain text is understood too."""
    named = type(raw) is dict and type(raw.get("name")) is dict
    (name,) = (NAME if named else PLAIN_NAME).of(raw)
    return {"price_lists": [PRICE_LIST.of(raw, price_list_id, name)]}


RESOURCES = (
    Resource(
        name="price_lists",
        title="Price lists",
        tables={"price_lists": Rows("price_list_id", PRICE_LIST.names)},
        listing=Whole(),
        get=Get("/product-service/price-list", splits.by_member("id")),
        decode=decode_list,
        traps="Which list is the cost list is the account's: look at `type`, not at the id.",
    ),
    Resource(
        name="prices",
        title="Prices",
        tables={"prices": Rows("product_id", PRICE)},
        listing=Chosen("select product_id as id, as_of as touched_on from products"),
        get=Get("/product-service/product-price/{ids}", splits.by_member("productId")),
        decode=decode,
        absent_is_gone=False,
        rotate=timedelta(hours=24),
        after=("products", "price_lists"),
        traps="There is no filter for changed prices, and whether a price moves its product's `updatedOn` is not "
        "documented: prices of changed products are read at once, those of all others in turn, so that no price is "
        "older than a day. Prices are text with four decimals, quantities the keys of a map. A product without any "
        "price answers 404.",
    ),
)  # fmt: skip
