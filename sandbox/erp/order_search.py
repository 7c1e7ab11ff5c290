"""order-search and sales-order-search: columns in recorded order, extra filters, reference maps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.erp.dispatch import Router
from sandbox.erp.idset import IdSet
from sandbox.erp.order_model import Order
from sandbox.erp.reference import (
    ALLOCATION_STATUSES,
    ORDER_TYPES,
    PAYMENT_STATUSES,
    SHIPPING_STATUSES,
    STOCK_STATUS_TEXT,
    STOCK_STATUSES,
)
from sandbox.erp.search import Column, Search, add_search
from sandbox.erp.times import parse_period

if TYPE_CHECKING:
    from sandbox.world import World

_TYPE_NAMES = dict(ORDER_TYPES.values())
_SHIPPING_NAMES = dict(SHIPPING_STATUSES.values())
_PAYMENT_NAMES = {number: name for name, number in PAYMENT_STATUSES.items()}
_VERBS = {"S": "fulfilled", "P": "received"}


def stock_status_name(number: int) -> str:
    code = STOCK_STATUSES[number - 1]
    if code == "NON":
        return "Unset"
    verb = "fulfilled" if code.startswith("SO") else "received" if code[:2] in ("PO", "SC") else "returned"
    return STOCK_STATUS_TEXT[code[2]].format(verb=verb).capitalize()


def candidates(world: World, filters: dict[str, str]) -> Iterable[Order]:
    """The orders a search has to look at: look-ups by reference, customer, ID or change time spare the full walk."""
    store = world.orders
    for name in ("externalRef", "externalRefs", "customerRef", "customerRefs"):
        if name in filters:
            index = store.by_external_ref if name.startswith("external") else store.by_reference
            texts = {filters[name]} if not name.endswith("s") else {filters[name], *filters[name].split(",")}
            return [store.by_id[number] for text in texts for number in index.get(text, ())]
    for name in ("orderId", "salesOrderId"):
        if name in filters:
            return IdSet(filters[name]).pick(store.by_id)
    for name in ("contactId", "customerId"):
        if filters.get(name, "").isdecimal():
            return [store.by_id[number] for number in store.by_contact.get(int(filters[name]), ())]
    bounds = parse_period(filters["updatedOn"]) if "updatedOn" in filters else None
    if bounds is not None and bounds[0] is not None:
        return list(_changed_since(world, bounds[0]))
    return store.by_id.values()


def _changed_since(world: World, since: int) -> Iterable[Order]:
    for number in reversed(world.orders.changed):
        order = world.orders.by_id[number]
        if order.updated is not None and order.updated < since:
            return
        yield order


def _references(world: World) -> dict[str, Any]:
    return {
        "orderTypeNames": _TYPE_NAMES.get,
        "orderStatusNames": lambda number: world.reference.statuses[number].name,
        "orderStockStatusNames": stock_status_name,
        "orderPaymentStatusNames": _PAYMENT_NAMES.get,
        "orderShippingStatusNames": _SHIPPING_NAMES.get,
    }


_ORDER_COLUMNS = (
    Column("orderId", "IDSET", lambda world, order: order.id),
    Column("orderTypeId", "IDSET", lambda world, order: ORDER_TYPES[order.type][0], reference="orderTypeNames"),
    Column("contactId", "INTEGER", lambda world, order: order.contact_id),
    Column("orderStatusId", "INTEGER", lambda world, order: order.status_id, reference="orderStatusNames"),
    Column(
        "orderStockStatusId", "INTEGER", lambda world, order: order.stock_status_id, reference="orderStockStatusNames"
    ),
    Column("createdOn", "PERIOD", lambda world, order: order.created),
    Column("createdById", "INTEGER", lambda world, order: order.created_by),
    Column("customerRef", "STRING", lambda world, order: order.reference),
    Column(
        "orderPaymentStatusId",
        "INTEGER",
        lambda world, order: order.payment_status_id,
        reference="orderPaymentStatusNames",
    ),
    Column("updatedOn", "PERIOD", lambda world, order: order.updated),
    Column("parentOrderId", "IDSET", lambda world, order: order.parent_id),
    Column(
        "orderShippingStatusId",
        "INTEGER",
        lambda world, order: SHIPPING_STATUSES[order.shipping_status][0],
        reference="orderShippingStatusNames",
    ),
    Column("externalRef", "STRING", lambda world, order: order.external_ref or None),
    Column("installedIntegrationInstanceId", "INTEGER", lambda world, order: order.instance_id),
    Column("warehouseId", "IDSET", lambda world, order: order.warehouse_id),
    Column("staffOwnerContactId", "INTEGER", lambda world, order: order.staff_id),
    Column("taxDate", "PERIOD", lambda world, order: order.tax_date),
    Column("departmentId", "INTEGER", lambda world, order: order.channel_id),
    Column("deliveryDate", "PERIOD", lambda world, order: order.delivery_date),
)


def _hidden(name: str, kind: str, get: Any) -> Column:
    return Column(name, kind, get, sortable=False, shown=False)


_ORDER_FILTERS = (
    _hidden("placedOn", "PERIOD", lambda world, order: order.placed),
    _hidden("shippingMethodId", "INTEGER", lambda world, order: order.shipping_method_id),
    _hidden("projectId", "INTEGER", lambda world, order: order.project_id),
    _hidden("channelTypeId", "INTEGER", lambda world, order: 1),
    _hidden("leadSourceId", "INTEGER", lambda world, order: order.lead_source_id),
    _hidden("isClone", "BOOLEAN", lambda world, order: False),
    _hidden("externalRefs", "STRING_SET", lambda world, order: order.external_ref),
    _hidden("externalRefSearchString", "SEARCH_STRING", lambda world, order: order.external_ref),
    _hidden("isClosed", "BOOLEAN", lambda world, order: order.invoiced),
    _hidden("stockAllocationId", "INTEGER", lambda world, order: ALLOCATION_STATUSES[order.allocation_status]),
    _hidden("isHistoricalOrder", "BOOLEAN", lambda world, order: False),
    _hidden("customerRefs", "STRING_SET", lambda world, order: order.reference),
    _hidden("productIds", "IDSET", lambda world, order: frozenset(row.product_id for row in order.rows.values())),
)

ORDERS = Search(
    _ORDER_COLUMNS + _ORDER_FILTERS,
    candidates,
    _references,
    lambda order: order.created,
    ordered=lambda world: world.orders.by_id,
)

_SALES_COLUMNS = (
    Column("salesOrderId", "IDSET", lambda world, order: order.id),
    Column("customerId", "INTEGER", lambda world, order: order.contact_id),
    Column("orderStatusId", "INTEGER", lambda world, order: order.status_id, reference="orderStatusNames"),
    Column("orderStockStatus", "STRING", lambda world, order: order.stock_status),
    Column("createdOn", "PERIOD", lambda world, order: order.created),
    Column("createdById", "INTEGER", lambda world, order: order.created_by),
    Column("customerRef", "STRING", lambda world, order: order.reference),
    Column("orderPaymentStatus", "STRING", lambda world, order: order.payment_status),
    Column("updatedOn", "PERIOD", lambda world, order: order.updated),
    Column("orderShippingStatus", "STRING", lambda world, order: order.shipping_status),
    Column("externalRef", "STRING", lambda world, order: order.external_ref or None),
    Column("installedIntegrationInstanceId", "INTEGER", lambda world, order: order.instance_id),
    Column("warehouseId", "IDSET", lambda world, order: order.warehouse_id),
    Column("staffOwnerId", "INTEGER", lambda world, order: order.staff_id),
    Column("taxDate", "PERIOD", lambda world, order: order.tax_date),
    Column("channelId", "INTEGER", lambda world, order: order.channel_id),
    Column("deliveryDate", "PERIOD", lambda world, order: order.delivery_date),
)
SALES_ORDERS = Search(
    _SALES_COLUMNS + _ORDER_FILTERS,
    lambda world, filters: (order for order in candidates(world, filters) if order.type == "SO"),
    _references,
    lambda order: order.created,
)


def register(router: Router) -> None:
    add_search(router, "/order-service/order-search", ORDERS)
    add_search(router, "/order-service/sales-order-search", SALES_ORDERS)
