"""Reading orders: order GET, the flatter shape of sales-order and sales-credit GET, OPTIONS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import plain, trimmed
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok, ok_text
from sandbox.erp.idset import any_order, get_uris
from sandbox.erp.order_model import Order, Row
from sandbox.erp.order_text import COST_LIST, in_base, invoice_view, order_text
from sandbox.erp.prices import unit_price
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200


def sales_view(world: World, order: Order, include: set[str]) -> dict[str, Any]:
    """Sales-order and sales-credit GET: the writable members plus states and totals."""
    zone = world.switches.time_zone
    shape: dict[str, Any] = {
        "id": order.id,
        "customer": {
            "id": order.contact_id,
            "address": (order.parties or {}).get("customer") or world.party_of(order.contact_id, "DEF", order.created),
        },
        "customerId": order.contact_id,
        "billing": {
            "contactId": order.billing_id,
            "address": (order.parties or {}).get("billing") or world.party_of(order.billing_id, "BIL", order.created),
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
            "address": (order.parties or {}).get("delivery") or world.party_of(order.contact_id, "DEL", order.created),
            "shippingMethodId": order.shipping_method_id,
        },
        "createdOn": iso(order.created, zone),
        "createdBy": order.created_by,
        "total": {
            "net": plain(order.net, 2),
            "tax": plain(order.tax, 2),
            "gross": plain(order.total, 2),
            "baseNet": in_base(order, order.net),
            "baseTax": in_base(order, order.tax),
            "baseGross": in_base(order, order.total),
        },
        "isCanceled": world.reference.statuses[order.status_id].state == "cancelled",
        "orderPaymentStatus": order.payment_status,
        "allocationStatusCode": order.allocation_status,
        "stockStatusCode": order.stock_status,
        "shippingStatusCode": order.shipping_status,
        "invoice": invoice_view(order, zone),
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
    include = call.include
    return ok_text("[" + ",".join([order_text(world, order, include) for order in found]) + "]")


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
