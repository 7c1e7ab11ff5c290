"""Orders of all four types with their rows and parties, 200 orders a request. Read: order OPTIONS, GET, search. Pure.

Written: ``orders``, ``order_rows``, ``personal.order_parties``.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import (
    Fields,
    entries,
    exchange_rate,
    flag,
    instant,
    integer,
    items,
    may,
    money,
    need,
    quantity,
    ref,
    text,
    whole,
)
from bp_assets.extraction.forgotten import FORGET_IN_ORDERS
from bp_assets.extraction.resource import Changes, Context, Decoded, Get, Resource, Rows, Sweep, Unclear, Uris
from bp_assets.extraction.resources.open_orders import KNOWN_BY_STATUS

ZERO = Decimal(0)

ORDER = Fields(
    need("order_type", text, "orderTypeCode"),
    may("parent_order_id", ref, "parentOrderId"),
    may("reference", text, "reference"),
    may("external_ref", text, "externalRef"),
    need("status_id", whole, "orderStatus", "orderStatusId"),
    may("status", text, "orderStatus", "name", default=""),
    may("acknowledged", flag, "acknowledged"),
    may("payment_status", text, "orderPaymentStatus"),
    may("stock_status", text, "stockStatusCode"),
    may("allocation_status", text, "allocationStatusCode"),
    may("shipping_status", text, "shippingStatusCode"),
    may("placed_on", instant, "placedOn"),
    may("created_on", instant, "createdOn"),
    may("created_by_id", ref, "createdById"),
    may("updated_on", instant, "updatedOn"),
    may("closed_on", instant, "closedOn"),
    may("delivery_date", instant, "delivery", "deliveryDate"),
    may("channel_id", ref, "assignment", "current", "channelId"),
    may("warehouse_id", ref, "warehouseId"),
    may("price_list_id", ref, "priceListId"),
    may("price_mode", text, "priceModeCode"),
    need("currency", text, "currency", "orderCurrencyCode"),
    may("exchange_rate", exchange_rate, "currency", "exchangeRate"),
    need("net_total", money, "totalValue", "net"),
    need("tax_total", money, "totalValue", "taxAmount"),
    need("total", money, "totalValue", "total"),
    may("is_drop_ship", flag, "isDropship", default=False),
    may("delivery_contact_id", ref, "parties", "delivery", "contactId"),
    may("supplier_contact_id", ref, "parties", "supplier", "contactId"),
    given=("order_id", "contact_id", "billing_contact_id", "invoice_reference", "tax_date"),
)
PAYER = Fields(
    may("customer", ref, "parties", "customer", "contactId"),
    may("supplier", ref, "parties", "supplier", "contactId"),
    may("billing", ref, "parties", "billing", "contactId"),
)
INVOICE = Fields(may("invoice_reference", text, "invoiceReference"), may("tax_date", instant, "taxDate"))
ROW = Fields(
    may("sequence", integer, "orderRowSequence"),
    may("product_id", ref, "productId"),
    may("product_name", text, "productName", default=""),
    may("product_sku", text, "productSku"),
    need("quantity", quantity, "quantity", "magnitude"),
    may("net", money, "rowValue", "rowNet", "value", default=ZERO),
    may("tax", money, "rowValue", "rowTax", "value", default=ZERO),
    may("tax_code", text, "rowValue", "taxCode"),
    may("nominal_code", text, "nominalCode"),
    may("list_price", money, "productPrice", "value"),
    may("item_cost", money, "itemCost", "value"),
    may("bundle_parent", flag, "composition", "bundleParent", default=False),
    may("bundle_child", flag, "composition", "bundleChild", default=False),
    may("parent_order_row_id", ref, "composition", "parentOrderRowId"),
    given=("order_row_id", "order_id", "currency"),
)
PARTY = Fields(
    may("contact_id", ref, "contactId"),
    may("name", text, "addressFullName"),
    may("email", text, "email"),
    given=("order_id", "role"),
)
ROLES = ("billing", "delivery", "supplier")
CURRENCY = ORDER.names.index("currency")
NO_INVOICE = (None, None)


def decode(order_id: int, raw: Any, context: Context) -> Decoded:
    """The order, its rows and whom it names. Amounts and quantities are text in the answer and exact here."""
    customer, supplier, billing = PAYER.of(raw)
    invoices = items(raw, "invoices")
    reference, tax_date = INVOICE.of(invoices[0]) if invoices else NO_INVOICE
    order = ORDER.of(raw, order_id, customer or supplier, billing, reference, tax_date)
    currency = order[CURRENCY]
    rows = []
    for row_id, row in entries(raw, "orderRows"):
        try:
            rows.append(ROW.of(row, row_id, order_id, currency))
        except Unclear as why:
            raise Unclear(f"orderRows.{row_id}: {why}") from None
    return {"orders": [order], "order_rows": rows, "order_parties": _parties(order_id, raw)}


def _parties(order_id: int, raw: Any) -> list[tuple[Any, ...]]:
    """A party that names nobody is no row. ``raw["parties"]`` is an object, or nothing: the payer was read from it."""
    parties = raw.get("parties") or {}
    found = [PARTY.of(parties[role], order_id, role) for role in ROLES if parties.get(role)]
    return [party for party in found if party[2:] != (None, None, None)]


RESOURCES = (
    Resource(
        name="orders",
        title="Orders, sales and purchases, with their credits",
        tables={
            "orders": Rows("order_id", ORDER.names),
            "order_rows": Rows("order_id", ROW.names),
            "order_parties": Rows("order_id", PARTY.names),
        },
        listing=Uris("/order-service/order"),
        get=Get("/order-service/order/{ids}", splits.by_member("id")),
        decode=decode,
        changes=Changes(
            "/order-service/order-search", "orderId", ("updatedOn", "createdOn"), same={"updatedOn": "updated_on"}
        ),
        sweep=Sweep(every=timedelta(hours=24)),
        rotate=timedelta(days=7),
        every=timedelta(hours=1),
        afterwards=(*FORGET_IN_ORDERS, *KNOWN_BY_STATUS),
        traps="An order that was just created has no `updatedOn`, so creation is asked for as well; an edit of its "
        "custom fields may not move it (we keep none of them). In a recording a changed order had none either: every "
        "order is read again within a week. Amounts and quantities are text. Order GET does not carry the external "
        "reference, only the search does: `external_ref` is empty where the answer has none. The "
        "channel is called `departmentId` in the search. A purchase names a supplier instead of a customer and says "
        "`isDropship`; the delivery party names no contact. Rows come in no order: sort by `sequence`. The list price "
        "contains tax where `price_mode` is INC, the row's net never does.",
    ),
)  # fmt: skip
