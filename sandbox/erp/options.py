"""Variation options: the options themselves, their values, and which of them each product has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.idset import IdSet, get_uris
from sandbox.erp.product_read import variation
from sandbox.erp.products import LIMIT
from sandbox.erp.search import Column, Search, add_search
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.world import World


def get_options(call: Call) -> Reply:
    world = call.world
    wanted = call.optional_ids()
    at = iso(world.stock.started, world.switches.time_zone)
    found = [
        {"id": number, "name": name, "sortOrder": place, "createdOn": at, "updatedOn": at}
        for place, (number, name) in enumerate(world.reference.options.items())
        if wanted is None or number in wanted
    ]
    if wanted and not found:
        raise codes.NOT_FOUND.error(what=f"No options available in ID Set {call.params[0]}")
    return ok(found)


def get_values(call: Call) -> Reply:
    world, wanted = call.world, IdSet(call.params[0])
    found = [_value(world, value) for value, (option, _) in world.reference.option_values.items() if option in wanted]
    if not found:
        raise codes.NOT_FOUND.error(what=f"No option values available in ID Set {call.params[0]}")
    return ok(found)


def _value(world: World, value: int) -> dict[str, Any]:
    option, text = world.reference.option_values[value]
    name = world.reference.options[option]
    return {"optionId": option, "optionName": name, "optionValueId": value, "optionValueName": text, "sortOrder": value}


def get_of_products(call: Call) -> Reply:
    """Flat: one entry per product and option; products without variations are left out."""
    world, wanted = call.world, call.optional_ids(1)
    found = [
        {"productId": product.id, **variation(world, option, value)}
        for product in call.ids(LIMIT).pick(world.products)
        for option, value in product.variations
        if wanted is None or value in wanted
    ]
    if not found:
        raise codes.NOT_FOUND.error(what=f"No option values available in ID Set {call.params[0]}")
    return ok(found)


def options_of_products(call: Call) -> Reply:
    products = call.world.products
    found = list(products.values()) if call.params[0] == "*" else IdSet(call.params[0]).pick(products)
    uris = get_uris("product", [product.id for product in found if product.variations], LIMIT)["getUris"]
    return ok({"getUris": [f"{uri}/option-value" for uri in uris]})


VALUES = Search(
    columns=(
        Column("optionId", "IDSET", lambda world, value: value["optionId"]),
        Column("optionName", "SEARCH_STRING", lambda world, value: value["optionName"]),
        Column("optionValueId", "IDSET", lambda world, value: value["optionValueId"]),
        Column("optionValueName", "SEARCH_STRING", lambda world, value: value["optionValueName"]),
    ),
    records=lambda world, filters: [_value(world, value) for value in world.reference.option_values],
)


def register(router: Router) -> None:
    add_search(router, "/product-service/option-value-search", VALUES)
    router.add("GET", "/product-service/option/[ids]", get_options)
    router.add("GET", "/product-service/option/{ids}/value", get_values, "get-option-value")
    base = "/product-service/product/{ids}/option-value"
    router.add("GET", f"{base}/[values]", get_of_products, "get-product-option-value")
    router.add("OPTIONS", f"{base}/[values]", options_of_products, "options-product-option-value")
