"""Prices: product-price GET, OPTIONS, PUT, and the price lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import plain, rounded, scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import IdSet, any_order, get_uris
from sandbox.erp.products import LIMIT, Product
from sandbox.erp.reference import PriceList

if TYPE_CHECKING:
    from sandbox.world import World


def breaks(world: World, product: Product, price_list: PriceList) -> dict[int, int]:
    """Minimum quantity -> unit price in ten-thousandths. Cost is 40 % of list, trade 80 %, gross lists include tax."""
    if product.prices is not None and price_list.id in product.prices:
        return product.prices[price_list.id]
    if product.prices is not None and not product.net:
        return {}
    if price_list.kind == "BUY":
        return {1: rounded(product.net * 40, 100)}
    if price_list.currency != world.reference.base_currency:
        rate = world.reference.currencies[price_list.currency]["rate"]
        return {1: rounded(product.net * rate, 10_000_000) * 10}  # three decimals, as dinars have them
    net = product.net if price_list.id == 2 else rounded(product.net * 80, 100)
    if price_list.gross:
        rate = world.reference.tax_by_code[product.tax_code].rate
        return {1: rounded(net * (1_000_000 + rate), 100_000_000) * 100}  # shelf prices end on a whole penny
    return {1: net}


def unit_price(world: World, product: Product | None, list_id: int) -> int:
    """The price for one unit on a list; 0 where none is set."""
    price_list = world.reference.price_lists.get(list_id)
    if product is None or price_list is None:
        return 0
    return breaks(world, product, price_list).get(1, 0)


def get(call: Call) -> Reply:
    world = call.world
    lists = list(world.reference.price_lists.values())
    if len(call.params) > 1:
        lists = IdSet(call.params[1]).pick(world.reference.price_lists)
    found = any_order(call.ids(LIMIT).pick(world.products), lambda product: product.id, world.switches.shuffle_results)
    if not found and world.switches.unknown_others_not_found:
        raise codes.NOT_FOUND.error(what="No Product Prices Found")
    return ok(
        [{"productId": product.id, "priceLists": [_entry(world, product, one) for one in lists]} for product in found]
    )


def _entry(world: World, product: Product, price_list: PriceList) -> dict[str, Any]:
    return {
        "priceListId": price_list.id,
        "currencyCode": price_list.currency,
        "currencyId": world.reference.currencies[price_list.currency]["id"],
        "quantityPrice": {
            str(quantity): plain(price, 4) for quantity, price in breaks(world, product, price_list).items()
        },
    }


def options(call: Call) -> Reply:
    if not call.params or call.params[0] == "*":
        return ok(get_uris("product-price", list(call.world.products), LIMIT))
    return ok(
        get_uris("product-price", [product.id for product in IdSet(call.params[0]).pick(call.world.products)], LIMIT)
    )


def put(call: Call) -> Reply:
    """Sets whole lists: breaks left out of a list that is sent are dropped (unconfirmed by any source)."""
    world, body = call.world, call.fields()
    product = world.products.get(call.id())
    if product is None:
        raise codes.NOT_FOUND.error(what=f"No product {call.params[0]}")
    fresh: dict[int, dict[int, int]] = {}
    for entry in body.get("priceLists") or []:
        if entry.get("priceListId") not in world.reference.price_lists:
            raise codes.UNKNOWN_PRICE_LIST.error(value=entry.get("priceListId"))
        table = fresh[entry["priceListId"]] = {}
        for quantity, text in (entry.get("quantityPrice") or {}).items():
            price = scaled(text, 4)
            if price is None or price < 0 or not str(quantity).isdecimal():
                raise codes.BAD_PRICE.error(value=text, quantity=quantity)
            table[int(quantity)] = price
    product.prices = {**(product.prices or {}), **fresh}
    if world.switches.details_touch_product:
        world.touch_product(product)
    return done()


def get_lists(call: Call) -> Reply:
    wanted = call.optional_ids()
    lists = wanted.pick(call.world.reference.price_lists) if wanted else list(call.world.reference.price_lists.values())
    if not lists:
        raise codes.NOT_FOUND.error(what=f"No price lists available in ID Set {call.params[0]}")
    currencies = call.world.reference.currencies
    return ok(
        [
            {
                "id": one.id,
                "name": {"languageCode": "en", "text": one.name, "format": "PLAINTEXT"},
                "code": one.code,
                "currencyCode": one.currency,
                "currencySymbol": currencies[one.currency]["symbol"],
                "currencyId": currencies[one.currency]["id"],
                "priceListTypeCode": one.kind,
                "gross": one.gross,
            }
            for one in lists
        ]
    )


def register(router: Router) -> None:
    base = "/product-service/product-price"
    router.add("GET", f"{base}/{{ids}}", get)
    router.add("GET", f"{base}/{{ids}}/price-list", get)
    router.add("GET", f"{base}/{{ids}}/price-list/{{lists}}", get, "get-product-price")
    router.add("OPTIONS", f"{base}/[ids]", options)
    router.add("OPTIONS", f"{base}/{{ids}}/price-list/{{lists}}", options, "options-product-price")
    router.add("PUT", f"{base}/{{id}}/price-list", put, "put-product-price")
    router.add("GET", "/product-service/price-list/[ids]", get_lists)
