"""What the columns of the forecasting tables are made from: ``column -> table.column``s, as the Dagster UI shows it.

Read: nothing. Written: nothing. ``catalog.py`` puts it into the graph.
"""

from __future__ import annotations

_IN_STOCK = ("in_stock", "allocated", "on_hand")
_ON_NOTES = ("goods_out_order_rows.quantity", "goods_outs.shipped")
CANCELLED_STATUSES = {
    "status_id": ("order_statuses.status_id", "orders.status_id"),
    "name": ("order_statuses.name", "orders.status"),
    "order_type": ("order_statuses.order_type", "orders.order_type"),
}
_OF_ORDERS = (
    "order_id", "order_type", "parent_order_id", "reference", "status", "stock_status", "placed_on", "delivery_date",
    "channel_id", "warehouse_id", "contact_id", "is_drop_ship", "price_mode",
)  # fmt: skip
_OF_ROWS = (
    "order_row_id", "product_id", "product_sku", "product_name", "quantity", "net", "tax", "currency", "list_price",
)  # fmt: skip
ORDER_ROWS = (
    {name: (f"orders.{name}",) for name in _OF_ORDERS}
    | {name: (f"order_rows.{name}",) for name in _OF_ROWS}
    | {"signed_quantity": ("order_rows.quantity",), "signed_net": ("order_rows.net",)}
)
STOCK_ON_ORDER = {
    "product_id": ("order_rows.product_id",),
    "warehouse_id": ("orders.warehouse_id",),
    "quantity": ("order_rows.quantity", "goods_in_movements.quantity"),
    "orders": ("orders.order_id", "orders.stock_status", "orders.is_drop_ship", "cancelled_statuses.status_id"),
    "next_due": ("orders.delivery_date",),
}
_COMING = ("stock_levels.in_transit", *_ON_NOTES, "goods_outs.target_warehouse_id")
STOCK_POSITION = {name: (f"stock_levels.{name}",) for name in (*_IN_STOCK, "in_transit")} | {
    "reserved": ("reservations.quantity",),
    "outbound": _ON_NOTES,
    "on_order": ("stock_on_order.quantity",),
    "inbound_transfer": _COMING,
    "available": ("stock_levels.on_hand", "stock_on_order.quantity", *_COMING),
}
DEMAND_DAILY = {
    "product_id": ("order_rows.product_id", "pos_lines.sku", "products.sku"),
    "warehouse_id": ("orders.warehouse_id", "pos_transactions.shop"),
    "channel_id": ("orders.channel_id", "pos_transactions.shop"),
    "day": ("orders.placed_on", "pos_transactions.business_date"),
    "sales_channel_kind": ("orders.channel_id", "pos_transactions.channel"),
    "currency": ("orders.currency", "pos_transactions.currency"),
    "in_erp": ("orders.order_id", "posted_orders.order_id"),
    "units_sold": ("order_rows.quantity", "pos_lines.quantity"),
    "units_returned_on_return_day": ("order_rows.quantity", "pos_lines.quantity"),
    "units_returned_of_this_day": ("order_rows.quantity", "orders.parent_order_id", "pos_lines.original_sale_id"),
    "net_value": ("order_rows.net", "pos_lines.net"),
    "net_returned": ("order_rows.net", "pos_lines.net"),
    "promo": ("order_rows.net", "order_rows.list_price", "order_rows.nominal_code", "pos_lines.discount"),
    "out_of_stock": ("availability_history.on_hand",),
    "out_of_stock_share": ("availability_history.on_hand",),
}
AVAILABILITY_HISTORY = {name: (f"stock_levels.{name}",) for name in ("product_id", "warehouse_id", *_IN_STOCK)} | {
    "from_instant": ("stock_levels.as_of",),
    "to_instant": ("stock_levels.as_of",),
}
_TOOK = ("orders.placed_on", "goods_ins.received_on")
LEAD_TIMES = {f"days_{name}": _TOOK for name in ("mean", "p50", "p90", "spread")} | {
    "supplier_id": ("orders.supplier_contact_id",),
    "product_id": ("order_rows.product_id",),
    "orders": ("orders.order_id",),
    "arrivals": ("goods_in_movements.purchase_order_row_id",),
    "last_received_on": ("goods_ins.received_on",),
}
_CAME = ("goods_in_movements.quantity", "goods_out_order_rows.quantity")
_SOLD = ("demand_daily.units_sold", "demand_daily.units_returned_on_return_day")
SELL_THROUGH = {
    "month": ("goods_ins.received_on", "goods_outs.shipped_on", "demand_daily.day"),
    "received": _CAME, "sold": _SOLD, "share": (*_CAME, *_SOLD), "received_to_date": _CAME, "sold_to_date": _SOLD,
}  # fmt: skip
WEEKS_OF_COVER = {
    "on_hand": ("stock_position.on_hand",),
    "days_on_sale": ("demand_daily.day", "demand_daily.out_of_stock_share"),
    "weekly_demand": (*_SOLD, "demand_daily.out_of_stock_share"),
    "weeks": ("stock_position.on_hand", *_SOLD),
}
PARTIAL_FULFILLMENTS = {
    "quantity": ("goods_out_order_rows.quantity",),
    "warehouse_id": ("goods_outs.warehouse_id",),
    "order_id": ("goods_outs.order_id", "orders.stock_status"),
}
