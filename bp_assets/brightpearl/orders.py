"""Orders and sales credits as the ERP holds them, and the look-up by our external reference.

Read: ``order-service``. Written: nothing. Amounts are ``Decimal`` in main units of the order's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpRefused
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list
from bp_assets.brightpearl.search import Filters, ids_of, period, search

ORDER_SEARCH = "/order-service/order-search"
TYPE_IDS = {1: "SO", 2: "PO", 3: "SC", 4: "PC"}
_REFS_AT_ONCE, _REF_CHARS = 50, 1400
_BULK_WORKS = "external_refs_in_bulk"
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


def external_refs_of(client: ErpClient, order_ids: Iterable[int], instance_id: int) -> dict[int, str]:
    """Our external reference of each order; Order GET does not show it. Orders of other apps are left out."""
    found: dict[int, str] = {}
    columns = ["orderId", "externalRef", "installedIntegrationInstanceId"]
    for ids in pack(order_ids):
        for row in search(client, ORDER_SEARCH, {"orderId": ids}, columns=columns):
            ref, order_id = row.get("externalRef"), row.get("orderId")
            ours = row.get("installedIntegrationInstanceId") == instance_id
            if ours and isinstance(ref, str) and ref and type(order_id) is int:
                found[order_id] = ref
    return found


def find_orders_by_external_ref(client: ErpClient, refs: Iterable[str], instance_id: int) -> dict[str, list[int]]:
    """Order ids by external reference; every ref is a key, ``[]`` where the search shows none.

    Many refs go into one search where this account's filter is proven to take several; otherwise one search each.
    The ERP's search may lag behind its orders by seconds: absence so soon after a lost reply is no proof.
    Raises as :meth:`ErpClient.get`.
    """
    found: dict[str, list[int]] = {ref: [] for ref in refs}
    if not found:
        return found
    if len(found) > 2 and _bulk_works(client, instance_id):
        for group in _groups(list(found)):
            _collect(client, "externalRefs", group, instance_id, found)
    else:
        for ref in list(found):
            _collect(client, "externalRef", [ref], instance_id, found)
    return {ref: sorted(ids) for ref, ids in found.items()}


def _collect(client: ErpClient, name: str, refs: list[str], instance_id: int, found: dict[str, list[int]]) -> None:
    """Add what one search shows, after checking for ourselves that it is what we asked for."""
    filters: Filters = {name: ",".join(refs), "installedIntegrationInstanceId": instance_id}
    columns = ["orderId", "externalRef", "installedIntegrationInstanceId"]
    for row in search(client, ORDER_SEARCH, filters, columns=columns):
        ids = found.get(row.get("externalRef") or "")
        order_id = row.get("orderId")
        same_instance = row.get("installedIntegrationInstanceId") == instance_id
        if ids is not None and same_instance and type(order_id) is int and order_id not in ids:
            ids.append(order_id)


def _bulk_works(client: ErpClient, instance_id: int) -> bool:
    """Whether ``externalRefs`` takes several refs parted by commas, which no public source says.

    Proven on this account's own two newest references; an empty answer alone could mean either. Remembered once proven
    or refused; where there are not yet two orders to prove it on, it is asked again next time.
    """
    known = client.traits.get(_BULK_WORKS)
    if known is not None:
        return bool(known)
    newest = search(
        client,
        ORDER_SEARCH,
        {"installedIntegrationInstanceId": instance_id},
        columns=["orderId", "externalRef"],
        sort="orderId.DESC",
        page_size=20,
    )
    sample: dict[str, list[int]] = {}
    for row, _ in zip(newest, range(20), strict=False):
        ref = row.get("externalRef")
        if isinstance(ref, str) and ref and "," not in ref:
            sample.setdefault(ref, [])
        if len(sample) == 2:
            break
    if len(sample) < 2:
        return False
    try:
        _collect(client, "externalRefs", list(sample), instance_id, sample)
        works = all(sample.values())
    except ErpRefused:
        works = False
    client.traits[_BULK_WORKS] = works
    return works


def _groups(refs: list[str]) -> Iterator[list[str]]:
    """Groups short enough for a URL; a ref with a comma in it goes alone."""
    group: list[str] = []
    for ref in refs:
        alone = "," in ref
        if group and (alone or len(group) == _REFS_AT_ONCE or sum(map(len, group)) + len(ref) > _REF_CHARS):
            yield group
            group = []
        group.append(ref)
        if alone:
            yield group
            group = []
    if group:
        yield group


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
