"""Order GET as recorded, written as JSON text at once: a set of 200 orders must not hold up the other requests.

One event loop answers everybody, so the time that one answer takes is everybody's. Text from templates takes a fifth
of the time of dictionaries that are encoded afterwards. Members without a value are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp.amounts import plain
from sandbox.erp.envelope import json_text
from sandbox.erp.order_model import Order, Row
from sandbox.erp.prices import unit_price
from sandbox.erp.times import DAY_MS, iso, local_midnight

if TYPE_CHECKING:
    from sandbox.world import World

COST_LIST = 1

_ORDER = (
    '{"id":%d,"parentOrderId":%d,"orderTypeCode":"%s","reference":%s,"version":%d,"state":{"tax":"%s"},'
    '"orderStatus":{"orderStatusId":%d,"name":%s},"tax":{"errors":[]},"orderPaymentStatus":"%s",'
    '"stockStatusCode":"%s","allocationStatusCode":"%s","shippingStatusCode":"%s","placedOn":"%s","createdOn":"%s",'
    '%s%s"createdById":%d,"priceListId":%d,"priceModeCode":"%s","delivery":{%s"shippingMethodId":%d},'
    '"invoices":[%s],"currency":{"accountingCurrencyCode":"%s","orderCurrencyCode":"%s","exchangeRate":"%s",'
    '"fixedExchangeRate":%s},"totalValue":{"net":"%s","taxAmount":"%s","baseNet":"%s","baseTaxAmount":"%s",'
    '"baseTotal":"%s","total":"%s"},"assignment":{"current":{"staffOwnerContactId":%d,"projectId":%d,"channelId":%d,'
    '"leadSourceId":%d,"teamId":%d}},"parties":%s,"orderRows":{%s},"warehouseId":%d,"acknowledged":0,'
    '"costPriceListId":%d,"historicalOrder":false,%s%s"orderWeighting":100%s}'
)
_ROW = (
    '{"orderRowSequence":"%d","productId":%d,"productName":%s,%s"quantity":{"magnitude":"%s"},'
    '"itemCost":{"currencyCode":"%s","value":"%s"},"productPrice":{"currencyCode":"%s","value":"%s"},'
    '"discountPercentage":"0.00","rowValue":{"taxRate":"%s","taxCode":%s,"taxCalculator":"%s",'
    '"rowNet":{"currencyCode":"%s","value":"%s"},"rowTax":{"currencyCode":"%s","value":"%s"},"taxClassId":%d},'
    '"nominalCode":%s,"composition":{"bundleParent":%s,"bundleChild":%s,"parentOrderRowId":%d},"clonedFromId":0}'
)
_TRUTH = ("false", "true")


def order_text(world: World, order: Order, include: frozenset[str] | set[str] = frozenset()) -> str:
    """One order; ``include`` may ask for ``customFields`` and ``nullCustomFields``."""
    zone = world.switches.time_zone
    status = world.reference.statuses[order.status_id]
    net, tax = plain(order.net, 2), plain(order.tax, 2)
    total = plain(order.total, 2)
    invoiced = order.invoiced
    rows = order.rows
    return _ORDER % (
        order.id,
        order.parent_id,
        order.type,
        json_text(order.reference),
        order.version,
        "INVOICED" if invoiced else "READY",
        status.id,
        json_text(status.name),
        order.payment_status,
        order.stock_status,
        order.allocation_status,
        order.shipping_status,
        iso(order.placed, zone),
        iso(order.created, zone),
        "" if order.updated is None else f'"updatedOn":"{iso(order.updated, zone)}",',
        "" if order.closed is None else f'"closedOn":"{iso(order.closed, zone)}",',
        order.created_by,
        order.price_list_id,
        order.price_mode,
        "" if order.delivery_date is None else f'"deliveryDate":"{iso(order.delivery_date, zone)}",',
        order.shipping_method_id,
        json_text(invoice_view(order, zone)),
        world.reference.base_currency,
        order.currency,
        plain(order.exchange_rate, 6),
        _TRUTH[order.fixed_rate],
        net,
        tax,
        in_base(order, order.net),
        in_base(order, order.tax),
        in_base(order, order.total),
        total,
        order.staff_id,
        order.project_id,
        order.channel_id,
        order.lead_source_id,
        order.team_id,
        _parties(world, order),
        ",".join([f'"{row.id}":{row_text(world, order, row)}' for row in rows.values()]),
        order.warehouse_id,
        COST_LIST if rows else 0,
        f'"isDropship":{_TRUTH[order.dropship]},' if order.type in ("PO", "PC") or not rows else "",
        f'"originalInvoiceDate":"{iso(local_midnight(_invoice_date(order), zone), zone)}",' if invoiced else "",
        _custom(world, order, include) if include else "",
    )


def row_text(world: World, order: Order, row: Row) -> str:
    """One row, as order GET and order row PATCH print it."""
    tax = world.reference.tax_by_code[row.tax_code]
    product = world.products.get(row.product_id)
    currency = order.currency
    return _ROW % (
        row.sequence,
        row.product_id,
        json_text(row.name),
        f'"productSku":{json_text(row.sku)},' if row.sku else "",
        plain(row.quantity, 4),
        world.reference.base_currency,
        plain(unit_price(world, product, COST_LIST), 4),
        currency,
        plain(unit_price(world, product, order.price_list_id), 4),
        plain(tax.rate, 4),
        json_text(row.tax_code),
        row.calculator,
        currency,
        plain(row.net, 4),
        currency,
        plain(row.tax, 2),
        tax.id,
        json_text(row.nominal),
        _TRUTH[row.bundle],
        _TRUTH[bool(row.parent_row)],
        row.parent_row,
    )


def _custom(world: World, order: Order, include: frozenset[str] | set[str]) -> str:
    held = order.custom or {}
    text = f',"customFields":{json_text(held)}' if "customFields" in include else ""
    if "nullCustomFields" in include:
        text += (
            f',"nullCustomFields":{json_text([code for code in world.custom_field_codes("sale") if code not in held])}'
        )
    return text


def _parties(world: World, order: Order) -> str:
    given = order.parties or {}
    main = "customer" if order.type in ("SO", "SC") else "supplier"
    customer = _block(world, given.get("customer"), order.contact_id, "DEF", order.created)
    billing = _block(world, given.get("billing"), order.billing_id, "BIL", order.created)
    delivery = _block(world, given.get("delivery"), order.contact_id, "DEL", order.created)
    return (
        f'{{"{main}":{{"contactId":{order.contact_id},{customer[1:]},"delivery":{delivery},'
        f'"billing":{{"contactId":{order.billing_id},{billing[1:]}}}'
    )


def _block(world: World, given: dict[str, Any] | None, contact_id: int, kind: str, at: int) -> str:
    return json_text(given) if given else world.party_text(contact_id, kind, at)


def _invoice_date(order: Order) -> int:
    return order.invoice_date if order.invoice_date is not None else order.tax_date


def invoice_view(order: Order, zone: str) -> dict[str, str]:
    """The invoice of an order as both shapes of an order print it."""
    if not order.invoice:
        return {"invoiceReference": ""}
    day = local_midnight(_invoice_date(order), zone)
    return {"invoiceReference": order.invoice, "taxDate": iso(day, zone), "dueDate": iso(day + 30 * DAY_MS, zone)}


def in_base(order: Order, minor: int) -> str:
    """An amount in the account's currency: divided by the rate, halves away from zero."""
    if order.exchange_rate == 1_000_000:
        return plain(minor, 2)
    sign = -1 if minor < 0 else 1
    return plain(sign * ((2 * abs(minor) * 1_000_000 + order.exchange_rate) // (2 * order.exchange_rate)), 2)
