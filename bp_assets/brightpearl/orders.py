"""Orders and sales credits as the ERP holds them.

Read: ``order-service``. Written: nothing. Amounts are ``Decimal`` in main units of the order's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list
from bp_assets.brightpearl.search import ids_of, period

ORDER_SEARCH = "/order-service/order-search"
TYPE_IDS = {1: "SO", 2: "PO", 3: "SC", 4: "PC"}
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One row; ``net`` and ``tax`` are of the whole row. Not in the ERP's order: sort by ``sequence``."""

    row_id: int
    sequence: int
    product_id: int
    sku: str
    name: str
    quantity: Decimal
    net: Decimal
    tax: Decimal
    tax_code: str
    nominal_code: str
    item_cost: Decimal | None = None
    bundle_parent: bool = False
    bundle_child: bool = False


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """One order of any type. ``type`` is SO, SC, PO or PC; times are UTC; ids are 0 where the ERP has none.

    ``invoice_reference`` is empty before, ``pending`` while, and a number after the order is closed.
    """

    order_id: int
    type: str
    parent_order_id: int
    reference: str
    contact_id: int
    channel_id: int
    warehouse_id: int
    status_id: int
    status_name: str
    payment_status: str
    stock_status: str
    allocation_status: str
    shipping_status: str
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    price_list_id: int
    price_mode: str
    invoice_reference: str
    placed_on: datetime | None
    created_on: datetime | None
    updated_on: datetime | None
    closed_on: datetime | None
    tax_date: datetime | None
    delivery_date: datetime | None
    created_by_id: int
    historical: bool
    rows: tuple[OrderRow, ...]

    @property
    def invoiced(self) -> bool:
        return self.invoice_reference not in ("", "pending")


def get_orders(client: ErpClient, ids: Iterable[int]) -> list[ErpOrder | Misread]:
    """The orders of ``ids``, 200 to a request, in no particular order; ids that don't exist are left out.

    Raises as :meth:`ErpClient.get`.
    """
    found: list[ErpOrder | Misread] = []
    for ids_of_one in pack(ids):
        answer = client.get(f"/order-service/order/{ids_of_one}")
        found += decode_list("order", answer, "id", read_order)
    return found


def changed_orders(
    client: ErpClient, since: datetime, type_ids: Iterable[int] = (1, 3), instance_id: int | None = None
) -> list[int]:
    """Ids of orders updated or created since: a fresh order has no ``updatedOn``, so both are asked.

    ``updatedOn`` misses some changes (custom fields); overlap the window and sweep now and then.
    """
    filters: dict[str, str | int | bool] = {"orderTypeId": pack(type_ids)[0]}
    if instance_id is not None:
        filters["installedIntegrationInstanceId"] = instance_id
    ids: set[int] = set()
    for moment in ("updatedOn", "createdOn"):
        ids |= ids_of(client, ORDER_SEARCH, {**filters, moment: period(since)}, "orderId")
    return sorted(ids)


def read_order(raw: Record) -> ErpOrder:
    """One element of the Order GET answer. Raises :class:`reading.Unclear`."""
    invoices = raw.items("invoices")
    invoice = Record(invoices[0]) if invoices else Record({})
    return ErpOrder(
        order_id=raw.whole("id"),
        type=raw.text("orderTypeCode"),
        parent_order_id=raw.whole("parentOrderId", default=0),
        reference=raw.text("reference", default=""),
        contact_id=raw.whole("parties", _party(raw), "contactId", default=0),
        channel_id=raw.whole("assignment", "current", "channelId", default=0),
        warehouse_id=raw.whole("warehouseId", default=0),
        status_id=raw.whole("orderStatus", "orderStatusId", default=0),
        status_name=raw.text("orderStatus", "name", default=""),
        payment_status=raw.text("orderPaymentStatus", default=""),
        stock_status=raw.text("stockStatusCode", default=""),
        allocation_status=raw.text("allocationStatusCode", default=""),
        shipping_status=raw.text("shippingStatusCode", default=""),
        currency=raw.text("currency", "orderCurrencyCode", default=""),
        net=raw.number("totalValue", "net"),
        tax=raw.number("totalValue", "taxAmount"),
        total=raw.number("totalValue", "total"),
        price_list_id=raw.whole("priceListId", default=0),
        price_mode=raw.text("priceModeCode", default=""),
        invoice_reference=invoice.text("invoiceReference", default=""),
        placed_on=raw.moment("placedOn"),
        created_on=raw.moment("createdOn"),
        updated_on=raw.moment("updatedOn"),
        closed_on=raw.moment("closedOn"),
        tax_date=invoice.moment("taxDate"),
        delivery_date=raw.moment("delivery", "deliveryDate"),
        created_by_id=raw.whole("createdById", default=0),
        historical=raw.flag("historicalOrder", default=False),
        rows=tuple(sorted(_rows(raw.child("orderRows")), key=lambda row: (row.sequence, row.row_id))),
    )


def _party(raw: Record) -> str:
    return "supplier" if raw.text("orderTypeCode") in ("PO", "PC") else "customer"


def _rows(rows: Record) -> Iterator[OrderRow]:
    for row_id, raw in rows.raw.items():
        row = Record(raw)
        has_cost = row.child("itemCost").raw.get("value") is not None
        yield OrderRow(
            row_id=int(row_id),
            sequence=row.whole("orderRowSequence", default=0),
            product_id=row.whole("productId", default=0),
            sku=row.text("productSku", default=""),
            name=row.text("productName", default=""),
            quantity=row.number("quantity", "magnitude"),
            net=row.number("rowValue", "rowNet", "value", default=ZERO),
            tax=row.number("rowValue", "rowTax", "value", default=ZERO),
            tax_code=row.text("rowValue", "taxCode", default=""),
            nominal_code=row.text("nominalCode", default=""),
            item_cost=row.number("itemCost", "value") if has_cost else None,
            bundle_parent=row.flag("composition", "bundleParent", default=False),
            bundle_child=row.flag("composition", "bundleChild", default=False),
        )
