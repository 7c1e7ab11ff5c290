"""The small lists: brands, channels, types, shipping methods, taxes, chart, methods, currencies, configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import number, plain
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.reference import DEFAULT_STATUS
from sandbox.erp.search import Column, Search, add_search

if TYPE_CHECKING:
    from sandbox.world import World


def _listed(
    what: str, source: Callable[[World], dict[int, Any]], view: Callable[[World, Any], Any]
) -> Callable[[Call], Reply]:
    """A GET with an optional ID set: everything without one, 404 when none of the set exists."""

    def handler(call: Call) -> Reply:
        wanted = call.optional_ids()
        records = source(call.world)
        found = wanted.pick(records) if wanted else list(records.values())
        if wanted and not found:
            raise codes.NOT_FOUND.error(what=f"No {what} available in ID Set {call.params[0]}")
        return ok([view(call.world, one) for one in found])

    return handler


def tax_view(world: World, tax: Any) -> dict[str, Any]:
    shape = {"id": tax.id, "code": tax.code, "description": tax.description}
    return {**shape, "rate": number(tax.rate, 4)} if tax.rate else shape


def channel_view(world: World, channel: Any) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "channelTypeId": 1,
        "defaultWarehouseId": channel.warehouse_id,
        "contactGroupId": 0,
        "defaultPriceListId": channel.price_list_id,
        "channelBrandId": 1,
        "warehouseIds": [channel.warehouse_id],
        "showInChannelMenu": True,
        "integrationDetail": {},
    }


def method_view(world: World, method: Any) -> dict[str, Any]:
    base = world.reference.base_currency
    return {
        "id": method.id,
        "name": method.name,
        "code": method.code,
        "isActive": method.active,
        "bankAccounts": [
            {"paymentMethodId": method.id, "currencyIsoCode": base, "bankAccountNominalCode": method.bank}
        ],
        "installedIntegrationId": 0,
    }


def nominal_view(world: World, one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "code": one.code,
        "name": one.name,
        "type": {"id": one.type},
        "bank": one.bank,
        "expense": one.type == 5,
        "discount": one.discount,
        "editable": True,
        "active": one.active,
        "reconcile": one.bank,
    }


def get_nominals(call: Call) -> Reply:
    """By code, not by ID."""
    chart = call.world.reference.nominals
    found = (
        [chart[code] for code in call.params[0].split(",") if code in chart] if call.params else list(chart.values())
    )
    if not found:
        raise codes.NOT_FOUND.error(what=f"No nominal code {call.params[0]}")
    return ok([nominal_view(call.world, one) for one in found])


def post_brand(call: Call) -> Reply:
    body, brands = call.fields(), call.world.reference.brands
    name = str(body.get("name") or "")
    if not name or len(name) > 120:
        raise codes.BRAND_NAME_MISSING.error()
    new = max(brands) + 1
    brands[new] = {"id": new, "name": name, "description": str(body.get("description") or "")}
    return ok(new)


def configuration(call: Call) -> Reply:
    """Account configuration; every value is a string."""
    world = call.world
    values = {
        "baseCurrencyCode": world.reference.base_currency,
        "timeZone": world.switches.time_zone,
        "taxSchemeCode": "VAT",
        "newSalesOrderStatusId": str(DEFAULT_STATUS["SO"]),
        "newSalesCreditStatusId": str(DEFAULT_STATUS["SC"]),
        "invoicedOrderStatusId": str(world.reference.status_in("SO", "invoiced")),
        "cancelledOrderStatusId": str(world.reference.status_in("SO", "cancelled")),
        "shippingNominalCode": "4040",
        "discountNominalCode": "4905",
        "salesNominalCode": "4000",
        "purchaseNominalCode": "5000",
        "roundingCorrectionsNominalCode": "4909",
        "defaultTaxRateId": "2",
        "defaultSalesChannelId": "1",
        "multipleWarehouseEnabled": "true",
        "costOfSalesEnabled": "true",
        "autoAssignOrder": "false",
        "orderRowSortingStrategy": "SEQUENCE",
    }
    return ok({"configuration": values})


def instance(call: Call) -> Reply:
    return ok(
        {
            "installedIntegrationInstanceId": call.world.config.instance_id,
            "installedIntegrationId": 7,
            "instanceName": call.world.instance_name,
        }
    )


def put_instance(call: Call) -> Reply:
    call.world.instance_name = str(call.fields().get("instanceName") or call.world.instance_name)
    return Reply(200, {})


def get_rates(call: Call) -> Reply:
    currencies = call.world.reference.currencies.values()
    found = next((one for one in currencies if one["id"] == call.id()), None)
    if found is None:
        raise codes.NOT_FOUND.error(what=f"No currency {call.params[0]}")
    history = call.world.reference.exchange_rates.get(call.id(), [])
    first: dict[str, Any] = {
        "currencyId": found["id"],
        "rateActiveFrom": "2020-01-01",
        "rate": plain(found["rate"], 6),
        "addedById": 4,
    }
    return ok([first, *history])


def post_rate(call: Call) -> Reply:
    body = call.fields()
    entry = {
        "currencyId": call.id(),
        "rateActiveFrom": body.get("rateActiveFrom"),
        "rate": str(body.get("rate")),
        "addedById": 4,
    }
    call.world.reference.exchange_rates.setdefault(call.id(), []).append(entry)
    return Reply(200, {})


def get_period_lock(call: Call) -> Reply:
    until = call.world.switches.locked_until
    if not until:
        raise codes.NOT_FOUND.error(what="No accounting period lock")
    return ok({"lockedBy": 4, "lockedUntil": until})


def _keyed(*columns: tuple[str, str, str]) -> tuple[Column, ...]:
    """Columns over dictionaries: name, type, key."""

    def column(name: str, kind: str, key: str) -> Column:
        return Column(name, kind, lambda world, one: one.get(key))

    return tuple(column(*one) for one in columns)


def _fields(*columns: tuple[str, str, str]) -> tuple[Column, ...]:
    """Columns over objects: name, type, attribute."""

    def column(name: str, kind: str, attribute: str) -> Column:
        return Column(name, kind, lambda world, one: getattr(one, attribute))

    return tuple(column(*one) for one in columns)


BRANDS = Search(
    _keyed(("brandId", "IDSET", "id"), ("brandName", "SEARCH_STRING", "name")),
    lambda world, filters: world.reference.brands.values(),
)
SHIPPING = Search(
    _keyed(("id", "IDSET", "id"), ("code", "STRING", "code"), ("name", "SEARCH_STRING", "name")),
    lambda world, filters: world.reference.shipping_methods.values(),
)
METHODS = Search(
    (
        *_fields(
            ("id", "IDSET", "id"),
            ("code", "STRING", "code"),
            ("name", "SEARCH_STRING", "name"),
            ("active", "BOOLEAN", "active"),
        ),
        Column("currency", "STRING", lambda world, one: world.reference.base_currency),
        *_fields(("bankNominalCode", "STRING", "bank")),
    ),
    lambda world, filters: world.reference.payment_methods.values(),
)
NOMINALS = Search(
    (
        *_fields(
            ("code", "STRING", "code"),
            ("name", "SEARCH_STRING", "name"),
            ("type", "INTEGER", "type"),
            ("bank", "BOOLEAN", "bank"),
        ),
        Column("currencyId", "IDSET", lambda world, one: 1),
        *_fields(("active", "BOOLEAN", "active")),
    ),
    lambda world, filters: world.reference.nominals.values(),
)
CURRENCIES = Search(
    (
        *_keyed(
            ("id", "IDSET", "id"),
            ("title", "SEARCH_STRING", "title"),
            ("code", "STRING", "code"),
            ("symbol", "STRING", "symbol"),
        ),
        Column("exchangeRate", "STRING", lambda world, one: plain(one["rate"], 6)),
        Column("isDefault", "BOOLEAN", lambda world, one: one["code"] == world.reference.base_currency),
        Column("exchangeRateVarianceNominalCode", "STRING", lambda world, one: "7906"),
    ),
    lambda world, filters: world.reference.currencies.values(),
)


def register(router: Router) -> None:
    product, accounting, warehouse = "/product-service", "/accounting-service", "/warehouse-service"
    for path, search in (
        (f"{product}/brand-search", BRANDS),
        (f"{warehouse}/shipping-method-search", SHIPPING),
        (f"{accounting}/payment-method-search", METHODS),
        (f"{accounting}/nominal-code-search", NOMINALS),
        (f"{accounting}/currency-search", CURRENCIES),
    ):
        add_search(router, path, search)
    as_it_is: Callable[[World, Any], Any] = lambda world, one: one  # noqa: E731  # a name for the identity view
    router.add("GET", f"{product}/brand/[ids]", _listed("brands", lambda world: world.reference.brands, as_it_is))
    router.add("POST", f"{product}/brand", post_brand)
    router.add(
        "GET", f"{product}/channel/[ids]", _listed("channels", lambda world: world.reference.channels, channel_view)
    )
    router.add(
        "GET",
        f"{product}/product-type/[ids]",
        _listed("product types", lambda world: world.reference.product_types, as_it_is),
    )
    router.add("GET", f"{product}/season/[ids]", _listed("seasons", lambda world: world.reference.seasons, as_it_is))
    router.add(
        "GET",
        f"{warehouse}/shipping-method/[ids]",
        _listed("shipping methods", lambda world: world.reference.shipping_methods, as_it_is),
    )
    router.add(
        "GET", f"{accounting}/tax-code/[ids]", _listed("tax codes", lambda world: world.reference.tax_codes, tax_view)
    )
    methods = _listed(
        "payment methods", lambda world: {one.id: one for one in world.reference.payment_methods.values()}, method_view
    )
    router.add("GET", f"{accounting}/payment-method/[ids]", methods)
    router.add("GET", f"{accounting}/nominal-code/[codes]", get_nominals)
    router.add("GET", f"{accounting}/currency/{{id}}/exchange-rate", get_rates, "get-exchange-rate")
    router.add("POST", f"{accounting}/currency/{{id}}/exchange-rate", post_rate, "post-exchange-rate")
    router.add("GET", f"{accounting}/accounting-period-lock", get_period_lock)
    router.add("GET", "/integration-service/account-configuration", configuration)
    router.add("GET", "/integration-service/integration/instance", instance, "get-integration-instance")
    router.add("PUT", "/integration-service/integration/instance", put_instance, "put-integration-instance")
