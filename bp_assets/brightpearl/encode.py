"""Request bodies and paths of the ERP's writes, from plain typed values. Pure; nothing is rounded here.

An amount that does not fit the ERP's decimals is a ``ValueError``, never a silent change. Times become ISO 8601 with
milliseconds and an offset. Read: nothing. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from bp_assets.brightpearl.times import iso

SALES_ORDER = "/order-service/sales-order"
SALES_CREDIT = "/order-service/sales-credit"
CUSTOMER_PAYMENT = "/accounting-service/customer-payment"
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row to be created: a product, or free text, or a product under another name. Amounts are of the whole row."""

    quantity: Decimal
    net: Decimal
    tax: Decimal
    tax_code: str
    product_id: int | None = None
    name: str = ""
    nominal_code: str = ""
    external_ref: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """So many of a product, for a row of an existing order or credit. Only whole units of tracked products move."""

    row_id: int
    product_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Correction:
    """So many units of a tracked product more (positive) or less in a location. What is added needs a unit cost."""

    product_id: int
    quantity: int
    location_id: int
    reason: str
    unit_cost: Decimal | None = None


def order(
    *,
    customer_id: int,
    external_ref: str,
    instance_id: int | None,
    ref: str,
    placed_on: datetime,
    tax_date: datetime,
    channel_id: int,
    warehouse_id: int,
    currency: str,
    rows: Iterable[Row],
    price_list_id: int | None = None,
    price_mode: Literal["INC", "EXC"] | None = None,
    status_id: int | None = None,
    parent_id: int | None = None,
    shipping_method_id: int | None = None,
) -> Body:
    """Body of a sales order or a sales credit (amounts of a credit are positive too).

    ``external_ref`` with ``instance_id`` is the ERP's unique key: posting the same pair again changes nothing. Without
    an ``instance_id`` nothing protects from a second order.

    Raises:
        ValueError: no rows, a row that is neither product nor text, a reference above 64 characters, bad decimals.
    """
    body: Body = {
        "customer": {"id": customer_id},
        "ref": _short("ref", ref, 64),
        "externalRef": _short("external_ref", external_ref, 64),
        "placedOn": iso(placed_on),
        "taxDate": iso(tax_date),
        "channelId": channel_id,
        "warehouseId": warehouse_id,
        "currency": {"code": currency},
        "rows": [_row(row) for row in rows],
    }
    if not body["rows"]:
        raise ValueError("an order needs at least one row")
    optional: Body = {
        "installedIntegrationInstanceId": instance_id,
        "statusId": status_id,
        "priceListId": price_list_id,
        "priceModeCode": price_mode,
        "parentId": parent_id,
        "delivery": None if shipping_method_id is None else {"shippingMethodId": shipping_method_id},
    }
    return body | {name: value for name, value in optional.items() if value is not None}


def payment(
    *,
    order_id: int,
    kind: Literal["RECEIPT", "PAYMENT"],
    method: str,
    currency: str,
    amount: Decimal,
    paid_on: datetime,
    transaction_ref: str,
    transaction_code: str = "",
    journal_ref: str = "",
    exchange_rate: Decimal | None = None,
) -> Body:
    """Body of a customer payment: RECEIPT takes money in, PAYMENT gives it back; ``amount`` is positive in both.

    ``transaction_ref`` with ``method`` is unique in the ERP; it is what makes a repetition recognisable.

    Raises:
        ValueError: no reference, one above 64 characters, an amount that is not positive or has over 2 decimals.
    """
    if amount <= 0:
        raise ValueError(f"a payment of {amount} is none")
    if not transaction_ref:
        raise ValueError("a payment without a transaction reference could not be recognised again")
    body: Body = {
        "transactionRef": _short("transaction_ref", transaction_ref, 64),
        "transactionCode": _short("transaction_code", transaction_code, 64),
        "paymentMethodCode": _short("method", method, 36),
        "paymentType": kind,
        "orderId": order_id,
        "currencyIsoCode": currency,
        "exchangeRate": exchange_rate,
        "amountPaid": Decimal(_decimals(amount, 2, 2)),
        "paymentDate": iso(paid_on),
        "journalRef": journal_ref[:255],
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def goods_out_note(
    *, warehouse_id: int, goods: Iterable[Goods], release_on: datetime, shipping_method_id: int = 0
) -> Body:
    """Body of one goods-out note from one warehouse. Allocates; stock leaves with :func:`ship_event`."""
    products = [_goods("salesOrderRowId", one) for one in goods]
    warehouse = {
        "releaseDate": iso(release_on),
        "warehouseId": warehouse_id,
        "transfer": False,
        "products": _some(products),
    }
    return {"warehouses": [warehouse], "priority": False, "shippingMethodId": shipping_method_id}


def ship_event(*, shipped_on: datetime, owner_contact_id: int) -> Body:
    """Body of the event that makes stock leave. It can't be undone. ``occured`` is the ERP's own spelling."""
    return {"events": [{"eventCode": "SHW", "occured": iso(shipped_on), "eventOwnerId": owner_contact_id}]}


def reservation(goods: Iterable[Goods]) -> Body:
    """Body of a reservation. Entries of one row would be added up by the ERP, so each row may stand only once."""
    products = list(goods)
    if len({one.row_id for one in products}) != len(products):
        raise ValueError("a row stands twice in one reservation; the ERP would reserve the sum")
    return {"products": _some([_goods("salesOrderRowId", one) for one in products])}


def goods_in_note(
    *,
    warehouse_id: int,
    location_id: int,
    goods: Iterable[Goods],
    received_on: datetime,
    batch_reference: str,
    unit_values: dict[int, Decimal] | None = None,
    base_currency: str = "",
) -> Body:
    """Body of a receipt against a sales credit; the credit's row id travels as ``purchaseOrderRowId``.

    ``batch_reference`` is unique in the account. ``unit_values`` (by product, in ``base_currency``, at most 4 decimals)
    are what the goods are worth in stock; without an entry the ERP decides.
    """
    moved = []
    for one in goods:
        entry = {**_goods("purchaseOrderRowId", one), "destinationLocationId": location_id}
        value = (unit_values or {}).get(one.product_id)
        if value is not None:
            entry["productValue"] = {"currency": base_currency, "value": Decimal(_decimals(value, 2, 4))}
        moved.append(entry)
    return {
        "transfer": False,
        "warehouseId": warehouse_id,
        "goodsMoved": _some(moved),
        "receivedOn": iso(received_on),
        "userBatchReference": _short("batch_reference", batch_reference, 255),
    }


def stock_correction(corrections: Iterable[Correction], base_currency: str) -> Body:
    """Body of one request of stock corrections; ``reason`` is the only place for a handle that the ERP keeps.

    Raises:
        ValueError: nothing to correct, nothing moved by one, no reason, or units added without their cost.
    """
    return {"corrections": _some([_correction(one, base_currency) for one in corrections])}


def _correction(one: Correction, base_currency: str) -> Body:
    if not one.quantity or not one.reason:
        raise ValueError(f"a correction of {one.quantity} units of {one.product_id} for {one.reason!r} is none")
    body: Body = {
        "quantity": one.quantity,
        "productId": one.product_id,
        "reason": one.reason,
        "locationId": one.location_id,
    }
    if one.quantity > 0:
        if one.unit_cost is None:
            raise ValueError(f"{one.quantity} units of {one.product_id} are added without a unit cost")
        body["cost"] = {"currency": base_currency, "value": Decimal(_decimals(one.unit_cost, 2, 4))}
    return body


def stock_correction_path(warehouse_id: int) -> str:
    return f"/warehouse-service/warehouse/{warehouse_id}/stock-correction"


def close(tax_date: datetime | None = None) -> Body:
    """Body of a close: the order is invoiced as of ``tax_date`` (default: the account's rule), asynchronously."""
    return {} if tax_date is None else {"taxDate": iso(tax_date)}


def close_path(kind: Literal["SO", "SC"], order_id: int) -> str:
    return f"{SALES_ORDER if kind == 'SO' else SALES_CREDIT}/{order_id}/close"


def goods_out_path(order_id: int) -> str:
    return f"/warehouse-service/order/{order_id}/goods-note/goods-out"


def ship_path(note_id: int) -> str:
    return f"/warehouse-service/goods-note/goods-out/{note_id}/event"


def goods_in_path(credit_id: int) -> str:
    return f"/warehouse-service/order/{credit_id}/goods-note/goods-in"


def reservation_path(order_id: int, warehouse_id: int) -> str:
    return f"/warehouse-service/order/{order_id}/reservation/warehouse/{warehouse_id}"


def _row(row: Row) -> Body:
    if row.product_id is None and not row.name:
        raise ValueError("a row needs a product or a name")
    body: Body = {
        "productId": row.product_id,
        "name": row.name,
        "quantity": _decimals(row.quantity, 0, 4),
        "taxCode": row.tax_code,
        "net": _decimals(row.net, 4, 4),
        "tax": _decimals(row.tax, 2, 4),
        "nominalCode": row.nominal_code,
        "externalRef": row.external_ref,
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def _goods(row_name: str, one: Goods) -> Body:
    if one.quantity < 1:
        raise ValueError(f"row {one.row_id}: {one.quantity} units can't be moved")
    return {"productId": one.product_id, row_name: one.row_id, "quantity": one.quantity}


def _some(entries: list[Body]) -> list[Body]:
    if not entries:
        raise ValueError("there is nothing to move")
    return entries


def _decimals(value: Decimal, fewest: int, most: int) -> str:
    """``value`` in plain digits with ``fewest`` to ``most`` decimals, exactly."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    exponent = value.normalize().as_tuple().exponent
    needed = max(0, -exponent) if isinstance(exponent, int) else 0
    if needed > most:
        raise ValueError(f"{value} has {needed} decimals; the ERP takes at most {most}")
    text = f"{value:.{max(fewest, needed)}f}"
    return text.removeprefix("-") if not value else text


def _short(name: str, text: str, most: int) -> str:
    if not text and name != "transaction_code" and name != "ref":
        raise ValueError(f"{name} is empty")
    if len(text) > most:
        raise ValueError(f"{name} {text!r} has {len(text)} characters; the ERP takes at most {most}")
    return text
