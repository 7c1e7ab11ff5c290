"""Reading orders: the recorded shape of order GET, the flatter one of sales-order and sales-credit GET, OPTIONS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import plain, trimmed
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.idset import any_order, get_uris
from sandbox.erp.order_model import Order, Row
from sandbox.erp.prices import unit_price
from sandbox.erp.times import DAY_MS, iso, local_midnight

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200
COST_LIST = 1


def order_view(world: World, order: Order, include: set[str] | None = None) -> dict[str, Any]:
    """Order GET as recorded; members without a value are left out."""
    zone = world.switches.time_zone
    status = world.reference.statuses[order.status_id]
    shape: dict[str, Any] = {
        "id": order.id,
        "parentOrderId": order.parent_id,
        "orderTypeCode": order.type,
        "reference": order.reference,
        "version": order.version,
        "state": {"tax": "INVOICED" if order.invoiced else "READY"},
        "orderStatus": {"orderStatusId": status.id, "name": status.name},
        "tax": {"errors": []},
        "orderPaymentStatus": order.payment_status,
        "stockStatusCode": order.stock_status,
        "allocationStatusCode": order.allocation_status,
        "shippingStatusCode": order.shipping_status,
        "placedOn": iso(order.placed, zone),
        "createdOn": iso(order.created, zone),
    }
    if order.updated is not None:
        shape["updatedOn"] = iso(order.updated, zone)
    if order.closed is not None:
        shape["closedOn"] = iso(order.closed, zone)
    delivery: dict[str, Any] = {"shippingMethodId": order.shipping_method_id}
    if order.delivery_date is not None:
        delivery = {"deliveryDate": iso(order.delivery_date, zone), **delivery}
    shape |= {
        "createdById": order.created_by,
        "priceListId": order.price_list_id,
        "priceModeCode": order.price_mode,
        "delivery": delivery,
        "invoices": [_invoice(order, zone)],
        "currency": {
            "accountingCurrencyCode": world.reference.base_currency,
            "orderCurrencyCode": order.currency,
            "exchangeRate": plain(order.exchange_rate, 6),
            "fixedExchangeRate": order.fixed_rate,
        },
        "totalValue": _totals(order),
        "assignment": {
            "current": {
                "staffOwnerContactId": order.staff_id,
                "projectId": order.project_id,
                "channelId": order.channel_id,
                "leadSourceId": order.lead_source_id,
                "teamId": order.team_id,
            }
        },
        "parties": parties(world, order),
        "orderRows": {str(row.id): _row(world, order, row) for row in order.rows.values()},
        "warehouseId": order.warehouse_id,
        "acknowledged": 0,
        "costPriceListId": COST_LIST if order.rows else 0,
        "historicalOrder": order.historical,
    }
    if order.type in ("PO", "PC") or not order.rows:
        shape["isDropship"] = False
    if order.invoiced:
        shape["originalInvoiceDate"] = iso(local_midnight(_invoice_date(order), zone), zone)
    shape["orderWeighting"] = 100
    if include and "customFields" in include:
        shape["customFields"] = order.custom or {}
    if include and "nullCustomFields" in include:
        shape["nullCustomFields"] = [
            code for code in world.custom_field_codes("sale") if code not in (order.custom or {})
        ]
    return shape


def _invoice_date(order: Order) -> int:
    return order.invoice_date if order.invoice_date is not None else order.tax_date


def _invoice(order: Order, zone: str) -> dict[str, str]:
    if not order.invoice:
        return {"invoiceReference": ""}
    day = local_midnight(_invoice_date(order), zone)
    return {"invoiceReference": order.invoice, "taxDate": iso(day, zone), "dueDate": iso(day + 30 * DAY_MS, zone)}


def _base(order: Order, minor: int) -> str:
    """An amount in the account's currency: divided by the rate, halves away from zero."""
    if order.exchange_rate == 1_000_000:
        return plain(minor, 2)
    sign = -1 if minor < 0 else 1
    return plain(sign * ((2 * abs(minor) * 1_000_000 + order.exchange_rate) // (2 * order.exchange_rate)), 2)


def _totals(order: Order) -> dict[str, str]:
    return {
        "net": plain(order.net, 2),
        "taxAmount": plain(order.tax, 2),
        "baseNet": _base(order, order.net),
        "baseTaxAmount": _base(order, order.tax),
        "baseTotal": _base(order, order.total),
        "total": plain(order.total, 2),
    }


def parties(world: World, order: Order) -> dict[str, Any]:
    given = order.parties or {}
    main = "customer" if order.type in ("SO", "SC") else "supplier"
    customer = given.get("customer") or world.party_of(order.contact_id, "DEF")
    return {
        main: {"contactId": order.contact_id, **customer},
        "delivery": given.get("delivery") or world.party_of(order.contact_id, "DEL"),
        "billing": {
            "contactId": order.billing_id,
            **(given.get("billing") or world.party_of(order.billing_id, "BIL")),
        },
    }


def _row(world: World, order: Order, row: Row) -> dict[str, Any]:
    tax = world.reference.tax_by_code[row.tax_code]
    product = world.products.get(row.product_id)
    currency = order.currency
    shape: dict[str, Any] = {
        "orderRowSequence": str(row.sequence),
        "productId": row.product_id,
        "productName": row.name,
    }
    if row.sku:
        shape["productSku"] = row.sku
    shape |= {
        "quantity": {"magnitude": plain(row.quantity, 4)},
        "itemCost": {
            "currencyCode": world.reference.base_currency,
            "value": plain(unit_price(world, product, COST_LIST), 4),
        },
        "productPrice": {"currencyCode": currency, "value": plain(unit_price(world, product, order.price_list_id), 4)},
        "discountPercentage": "0.00",
        "rowValue": {
            "taxRate": plain(tax.rate, 4),
            "taxCode": row.tax_code,
            "taxCalculator": row.calculator,
            "rowNet": {"currencyCode": currency, "value": plain(row.net, 4)},
            "rowTax": {"currencyCode": currency, "value": plain(row.tax, 2)},
            "taxClassId": tax.id,
        },
        "nominalCode": row.nominal,
        "composition": {
            "bundleParent": row.bundle,
            "bundleChild": bool(row.parent_row),
            "parentOrderRowId": row.parent_row,
        },
        "clonedFromId": 0,
    }
    return shape


def row_view(world: World, order: Order, row: Row) -> dict[str, Any]:
    """One row as order row PATCH answers it."""
    return _row(world, order, row)


def sales_view(world: World, order: Order, include: set[str]) -> dict[str, Any]:
    """Sales-order and sales-credit GET: the writable members plus states and totals."""
    zone = world.switches.time_zone
    shape: dict[str, Any] = {
        "id": order.id,
        "customer": {
            "id": order.contact_id,
            "address": (order.parties or {}).get("customer") or world.party_of(order.contact_id, "DEF"),
        },
        "customerId": order.contact_id,
        "billing": {
            "contactId": order.billing_id,
            "address": (order.parties or {}).get("billing") or world.party_of(order.billing_id, "BIL"),
        },
        "ref": order.reference,
        "placedOn": iso(order.placed, zone),
        "taxDate": iso(order.tax_date, zone),
        "parentId": order.parent_id,
        "statusId": order.status_id,
        "warehouseId": order.warehouse_id,
        "channelId": order.channel_id,
        "staffOwnerId": order.staff_id,
        "projectId": order.project_id,
        "leadSourceId": order.lead_source_id,
        "teamId": order.team_id,
        "priceListId": order.price_list_id,
        "priceModeCode": order.price_mode,
        "currency": {
            "code": order.currency,
            "fixedExchangeRate": order.fixed_rate,
            "exchangeRate": plain(order.exchange_rate, 6),
        },
        "delivery": {
            "address": (order.parties or {}).get("delivery") or world.party_of(order.contact_id, "DEL"),
            "shippingMethodId": order.shipping_method_id,
        },
        "createdOn": iso(order.created, zone),
        "createdBy": order.created_by,
        "total": {
            "net": plain(order.net, 2),
            "tax": plain(order.tax, 2),
            "gross": plain(order.total, 2),
            "baseNet": _base(order, order.net),
            "baseTax": _base(order, order.tax),
            "baseGross": _base(order, order.total),
        },
        "isCanceled": world.reference.statuses[order.status_id].state == "cancelled",
        "orderPaymentStatus": order.payment_status,
        "allocationStatusCode": order.allocation_status,
        "stockStatusCode": order.stock_status,
        "shippingStatusCode": order.shipping_status,
        "invoice": _invoice(order, zone),
        "orderWeighting": 100,
        "costPriceListId": COST_LIST,
        "rows": [_sales_row(world, order, row) for row in order.rows.values()],
    }
    optional = {
        "externalRef": order.external_ref or None,
        "installedIntegrationInstanceId": order.instance_id,
        "updatedOn": None if order.updated is None else iso(order.updated, zone),
    }
    shape |= {name: value for name, value in optional.items() if value is not None}
    if order.delivery_date is not None:
        shape["delivery"]["date"] = iso(order.delivery_date, zone)
    if "customFields" in include:
        shape["customFields"] = order.custom or {}
    return shape


def _sales_row(world: World, order: Order, row: Row) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": row.id,
        "productId": row.product_id,
        "name": row.name,
        "sku": row.sku,
        "quantity": trimmed(row.quantity, 4),
        "taxCode": row.tax_code,
        "net": plain(row.net, 4),
        "tax": plain(row.tax, 2),
        "nominalCode": row.nominal,
        "sequence": row.sequence,
        "productPrice": plain(unit_price(world, world.products.get(row.product_id), order.price_list_id), 4),
        "discountPercentage": "0.00",
        "bundleParent": row.bundle,
        "bundleChild": bool(row.parent_row),
        "parentRowId": row.parent_row,
        "taxClassId": world.reference.tax_by_code[row.tax_code].id,
        "taxCalculator": row.calculator,
        "clonedFromId": 0,
    }
    if row.external_ref:
        shape["externalRef"] = row.external_ref
    return shape


def get_orders(call: Call) -> Reply:
    """Unknown IDs are left out; none known answers 200 with an empty list, as recorded (by a switch 404)."""
    world = call.world
    found = any_order(call.ids(LIMIT).pick(world.orders.by_id), lambda order: order.id, world.switches.shuffle_results)
    if not found and world.switches.unknown_orders_not_found:
        raise codes.NOT_FOUND.error(what=f"No orders available in ID Set {call.params[0]}")
    return ok([order_view(world, order, call.include) for order in found])


def get_sales(call: Call, type_code: str) -> Reply:
    """200 when all were found (or none), 207 when only some were."""
    world, wanted = call.world, call.ids(LIMIT)
    found = [order for order in wanted.pick(world.orders.by_id) if order.type == type_code]
    any_order(found, lambda order: order.id, world.switches.shuffle_results)
    partial = bool(found) and len(found) < wanted.count
    return ok([sales_view(world, order, call.include) for order in found], 207 if partial else 200)


def options(call: Call, resource: str, type_code: str = "") -> Reply:
    wanted = call.optional_ids()
    store = call.world.orders.by_id
    found = wanted.pick(store) if wanted else list(store.values())
    return ok(get_uris(resource, [order.id for order in found if type_code in ("", order.type)], LIMIT))


def register(router: Router) -> None:
    router.add("GET", "/order-service/order/{ids}", get_orders)
    router.add("OPTIONS", "/order-service/order/[ids]", lambda call: options(call, "order"))
    for resource, type_code in (("sales-order", "SO"), ("sales-credit", "SC")):

        def read(call: Call, type_code: str = type_code) -> Reply:
            return get_sales(call, type_code)

        def uris(call: Call, resource: str = resource, type_code: str = type_code) -> Reply:
            return options(call, resource, type_code)

        router.add("GET", f"/order-service/{resource}/{{ids}}", read)
        router.add("OPTIONS", f"/order-service/{resource}/[ids]", uris)
