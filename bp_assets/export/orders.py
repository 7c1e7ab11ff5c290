"""The files of orders, of what is reserved or fulfilled of them, and of drop-ship notes. Pure."""

from __future__ import annotations

from bp_assets.export.sheet import Sheet, flag, moment, number, text, whole

# The list has a column Warehouse and no WarehouseId here; in Orders the former is the name, so it is the name here too.
# The id stands in for a warehouse that Brightpearl no longer lists.
_HELD = (
    number("Quantity", "t.quantity"),
    whole("OrderRowId", "t.order_row_id"),
    whole("ProductId", "t.product_id"),
    text("Warehouse", "coalesce(w.name, CAST(t.warehouse_id AS VARCHAR))"),
)
_WAREHOUSE_JOIN = "LEFT JOIN warehouses AS w ON w.warehouse_id = t.warehouse_id"
_PARTY = "LEFT JOIN personal.order_parties AS {role} ON {role}.order_id = o.order_id AND {role}.role = '{role}'"

ORDER_FULFILLMENTS = Sheet(
    "Brightpearl_OrderFulfillments",
    ("order_fulfillments",),
    "order_fulfillments",
    ("order_id", "order_row_id"),
    (
        number("Quantity", "quantity"),
        whole("OrderId", "order_id"),
        number("Fulfilled", "fulfilled"),
        number("Shipped", "shipped"),
    ),
)

ORDER_FULFILLMENT_LOCATIONS = Sheet(
    "Brightpearl_OrderFulfillmentLocations",
    ("order_fulfillment_locations",),
    "order_fulfillment_locations",
    ("order_id", "order_row_id", "location_id"),
    (
        number("Quantity", "quantity"),
        whole("OrderId", "order_id"),
        number("Fulfilled", "fulfilled"),
        whole("LocationId", "location_id"),
        number("Shipped", "shipped"),
    ),
)

ORDERS = Sheet(
    "Brightpearl_Orders",
    ("orders", "order_rows", "channels", "warehouses"),
    "order_rows AS r JOIN orders AS o ON o.order_id = r.order_id "
    "LEFT JOIN channels AS c ON c.channel_id = o.channel_id "
    "LEFT JOIN warehouses AS w ON w.warehouse_id = o.warehouse_id",
    ("r.order_id", "r.order_row_id"),
    (
        moment("DeliveryDate", "o.delivery_date"),
        number("Quantity", "r.quantity"),
        number("NetAmount", "r.net"),
        number("TaxAmount", "r.tax"),
        text("Currency", "o.currency"),
        text("Channel", "c.name"),
        text("OrderStatus", "o.status"),
        whole("OrderId", "o.order_id"),
        flag("Acknowledged", "o.acknowledged"),
        text("AllocationStatus", "o.allocation_status"),
        whole("BillingContactId", "o.billing_contact_id"),
        text("BillingPartyEmail", "billing.email", personal=True),
        text("BillingPartyName", "billing.name", personal=True),
        whole("ChannelId", "o.channel_id"),
        whole("CreatedById", "o.created_by_id"),
        moment("CreatedDate", "o.created_on"),
        whole("DeliveryPartyContactId", "o.delivery_contact_id"),
        text("DeliveryPartyEmail", "delivery.email", personal=True),
        text("DeliveryPartyName", "delivery.name", personal=True),
        flag("IsDropShip", "o.is_drop_ship"),
        number("NetAmountTotal", "o.net_total"),
        text("OrderPaymentStatus", "o.payment_status"),
        whole("OrderRowId", "r.order_row_id"),
        text("OrderType", "o.order_type"),
        whole("ParentOrderId", "o.parent_order_id"),
        moment("PlacedOnDate", "o.placed_on"),
        whole("PriceListId", "o.price_list_id"),
        text("PriceMode", "o.price_mode"),
        whole("ProductId", "r.product_id"),
        text("ProductName", "r.product_name"),
        text("ProductSku", "r.product_sku"),
        text("Reference", "o.reference"),
        text("ShippingStatus", "o.shipping_status"),
        text("StockStatus", "o.stock_status"),
        whole("SupplierPartyContactId", "o.supplier_contact_id"),
        text("SupplierPartyEmail", "supplier.email", personal=True),
        text("SupplierPartyName", "supplier.name", personal=True),
        number("TaxAmountTotal", "o.tax_total"),
        text("Warehouse", "w.name"),
        whole("WarehouseId", "o.warehouse_id"),
    ),
    personal_join=" ".join(_PARTY.format(role=role) for role in ("billing", "delivery", "supplier")),
    personal_reads=("order_parties",),
)

RESERVATIONS = Sheet(
    "Brightpearl_Reservations",
    ("reservations", "warehouses"),
    f"reservations AS t {_WAREHOUSE_JOIN}",
    ("t.order_row_id", "t.warehouse_id"),
    _HELD,
)

PARTIAL_FULFILLMENTS = Sheet(
    "Brightpearl_PartialFulfillments",
    ("partial_fulfillments", "warehouses"),
    f"partial_fulfillments AS t {_WAREHOUSE_JOIN}",
    ("t.order_row_id", "t.warehouse_id"),
    _HELD,
)

DROPSHIP_NOTES = Sheet(
    "Brightpearl_DropshipNotes",
    ("dropship_notes",),
    "dropship_notes",
    ("dropship_note_id",),
    (
        whole("Id", "dropship_note_id"),
        whole("OrderId", "order_id"),
        flag("IsShipped", "is_shipped"),
        whole("PurchaseOrderId", "purchase_order_id"),
        whole("ShippedById", "shipped_by_id"),
        moment("ShippedOn", "shipped_on"),
        whole("ShippingMethodId", "shipping_method_id"),
        text("ShippingRef", "shipping_ref"),
        whole("SupplierId", "supplier_id"),
    ),
)

DROPSHIP_NOTE_ORDER_ROWS = Sheet(
    "Brightpearl_DropshipNoteOrderRows",
    ("dropship_note_order_rows",),
    "dropship_note_order_rows",
    ("dropship_note_id", "order_row_id", "position"),
    (
        number("Quantity", "quantity"),
        whole("OrderId", "order_id"),
        whole("DropshipNoteId", "dropship_note_id"),
        whole("LocationId", "location_id"),
        whole("OrderRowId", "order_row_id"),
        whole("ProductId", "product_id"),
        whole("PurchaseOrderId", "purchase_order_id"),
    ),
)

DROPSHIP_NOTE_EVENTS = Sheet(
    "Brightpearl_DropshipNoteEvents",
    ("dropship_note_events",),
    "dropship_note_events",
    ("dropship_note_id", "position"),
    (
        whole("OrderId", "order_id"),
        whole("DropshipNoteId", "dropship_note_id"),
        text("EventCode", "event_code"),
        whole("EventOwnerId", "event_owner_id"),
        moment("Occured", "occurred_on"),  # Brightpearl's spelling
        whole("PurchaseOrderId", "purchase_order_id"),
    ),
)
