"""The tables that analysts feed to demand forecasting, computed from the other tables.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import Column, col, opt
from bp_assets.lake.table import AS_OF, INSTANT, MONEY, QUANTITY, Table

_SHARE = "DECIMAL(9,6)"
_DAYS = "DECIMAL(9,2)"


def _product_warehouse() -> tuple[Column, Column]:
    return (
        col("product_id", "BIGINT", "Product.", references="products.product_id", loose=True),
        col("warehouse_id", "BIGINT", "Warehouse; 0 where the order names none.",
            references="warehouses.warehouse_id", loose=True),
    )  # fmt: skip


STOCK_ON_ORDER = Table(
    "stock_on_order",
    "What is on order from suppliers, per product and warehouse: open purchase orders, not cancelled, not drop-ship; "
    "of partly received ones the remainder.",
    (
        *_product_warehouse(),
        col("quantity", QUANTITY, "On order and not yet received."),
        col("orders", "BIGINT", "Number of purchase orders it stands on."),
        opt("next_due", INSTANT, "When the first of it is expected; empty where no order says."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "forecasting", "data", "orders, order_rows and goods_in_movements",
)  # fmt: skip

STOCK_POSITION = Table(
    "stock_position",
    "Where the stock of a product is, per warehouse: there, promised, on order, on its way in and out.",
    (
        *_product_warehouse(),
        col("in_stock", QUANTITY, "Physically there, including open goods-out notes."),
        col("allocated", QUANTITY, "Reserved or on unshipped goods-out notes."),
        col("on_hand", QUANTITY, "In stock less allocated: what may be sold."),
        col("on_order", QUANTITY, "On order from suppliers: stock_on_order."),
        col("inbound_transfer", QUANTITY, "On its way from another warehouse."),
        col("outbound", QUANTITY, "On unshipped goods-out notes: part of allocated."),
        col("available", QUANTITY, "On hand, on order and inbound together: what there will be to sell."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "forecasting", "warehouse", "stock_levels, stock_on_order and goods_outs",
)  # fmt: skip

DEMAND_DAILY = Table(
    "demand_daily",
    "Demand per product, warehouse, channel and day: what was sold, what came back, and whether it could be bought.",
    (
        *_product_warehouse(),
        col("channel_id", "BIGINT", "Sales channel; 0 where the order names none.",
            references="channels.channel_id", loose=True),
        col("day", "DATE", "Day of the sale, or of the return."),
        col("in_erp", "BOOLEAN", "False: sold at a till and not yet in the ERP."),
        col("units_sold", QUANTITY, "Units sold; an exchange for the same product counts once."),
        col("units_returned_on_return_day", QUANTITY, "Units that came back on this day, whenever they were sold."),
        col("units_returned_of_this_day", QUANTITY, "Units sold on this day that came back, whenever that was."),
        col("net_value", MONEY, "Value without tax: sold less returned on this day."),
        col("promo", "BOOLEAN", "Whether some of it was sold below its list price."),
        col("out_of_stock", "BOOLEAN", "Whether none could be had for part of the day: more might have been sold."),
        col("out_of_stock_share", _SHARE, "Share of the day during which none could be had, 0 to 1."),
        col("sales_channel_kind", "VARCHAR", "till or web."),
        AS_OF,
    ),
    ("product_id", "warehouse_id", "channel_id", "day", "in_erp"), "forecasting", "data",
    "orders, order_rows, pos_lines and availability_history", published=False,
)  # fmt: skip

AVAILABILITY_HISTORY = Table(
    "availability_history",
    "What was available when: one row per change, from snapshots at each refresh. As of an instant: from_instant at or "
    "before it, to_instant after it or empty.",
    (
        *_product_warehouse(),
        col("from_instant", INSTANT, "From when on it was so, as far as we looked."),
        opt("to_instant", INSTANT, "Until when; empty while it still is."),
        col("in_stock", QUANTITY, "Physically there."),
        col("allocated", QUANTITY, "Promised."),
        col("on_hand", QUANTITY, "What could be sold."),
        AS_OF,
    ),
    ("product_id", "warehouse_id", "from_instant"), "forecasting", "data", "stock_levels", published=False,
)  # fmt: skip

LEAD_TIMES = Table(
    "lead_times",
    "How long suppliers take, per supplier and product: from the order to the goods, in days.",
    (
        col("supplier_id", "BIGINT", "Supplier.", references="suppliers.supplier_id", loose=True),
        col("product_id", "BIGINT", "Product.", references="products.product_id", loose=True),
        col("orders", "BIGINT", "Number of deliveries it is measured on."),
        col("days_mean", _DAYS, "Mean."),
        col("days_p50", _DAYS, "Half took at most this long."),
        col("days_p90", _DAYS, "Nine of ten took at most this long."),
        col("days_spread", _DAYS, "Standard deviation; 0 for a single delivery."),
        opt("last_received_on", INSTANT, "When goods last came."),
        AS_OF,
    ),
    ("supplier_id", "product_id"), "forecasting", "data", "orders, order_rows and goods_in_movements",
)  # fmt: skip

SELL_THROUGH = Table(
    "sell_through",
    "How much of what was received was sold, per product, warehouse and month.",
    (
        *_product_warehouse(),
        col("month", "DATE", "First day of the month."),
        col("received", QUANTITY, "Units received."),
        col("sold", QUANTITY, "Units sold."),
        opt("share", _SHARE, "Sold of received; empty where none was received."),
        AS_OF,
    ),
    ("product_id", "warehouse_id", "month"), "forecasting", "data", "demand_daily and goods_in_movements",
    published=False,
)  # fmt: skip

WEEKS_OF_COVER = Table(
    "weeks_of_cover",
    "How many weeks the stock lasts at the demand of the last weeks, per product and warehouse.",
    (
        *_product_warehouse(),
        col("on_hand", QUANTITY, "What may be sold."),
        col("weekly_demand", QUANTITY, "Units a week, without the days it could not be had."),
        opt("weeks", _DAYS, "On hand by weekly demand; empty where there is none."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "forecasting", "data", "stock_position and demand_daily",
)  # fmt: skip

# Table macros over these tables, each with its CREATE OR REPLACE MACRO: the lake keeps them, every reader has them.
MACROS: tuple[str, ...] = ()

FORECASTING_TABLES = (
    STOCK_ON_ORDER, STOCK_POSITION, DEMAND_DAILY, AVAILABILITY_HISTORY, LEAD_TIMES, SELL_THROUGH, WEEKS_OF_COVER,
)  # fmt: skip
