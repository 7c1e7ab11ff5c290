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


CANCELLED_STATUSES = Table(
    "cancelled_statuses",
    "The order statuses that mean cancelled: those that the shops file names, else those that the account calls so.",
    (
        col("status_id", "BIGINT", "Status.", references="order_statuses.status_id", loose=True),
        col("name", "VARCHAR", "What the account calls it."),
        col("order_type", "VARCHAR", "SO, PO, SC or PC: the type of order that may have it."),
        AS_OF,
    ),
    ("status_id",), "forecasting", "data", "order_statuses, orders and the shops file", published=False,
)  # fmt: skip

_ROW_COLUMNS: tuple[Column, ...] = (
    col("order_id", "BIGINT", "Order or credit.", references="orders.order_id"),
    col("order_row_id", "BIGINT", "Its row."),
    col("order_type", "VARCHAR", "SO or SC of sales, PO or PC of purchases; the C is a credit."),
    opt("parent_order_id", "BIGINT", "Of a credit: the order it belongs to.", references="orders.order_id", loose=True),
    opt("reference", "VARCHAR", "Customer reference; on till sales the receipt number."),
    col("status", "VARCHAR", "The status in the account's words."),
    opt("stock_status", "VARCHAR", "None, part or all fulfilled or received."),
    opt("placed_on", INSTANT, "When it was placed."),
    opt("delivery_date", INSTANT, "When it is due."),
    opt("channel_id", "BIGINT", "Sales channel.", references="channels.channel_id", loose=True),
    opt("warehouse_id", "BIGINT", "Warehouse.", references="warehouses.warehouse_id", loose=True),
    opt("contact_id", "BIGINT", "Customer or supplier: a number, never a name."),
    col("is_drop_ship", "BOOLEAN", "Whether a supplier sends the goods."),
    opt("product_id", "BIGINT", "Product; 1000 is the ERP's free-text product.",
        references="products.product_id", loose=True),
    opt("product_sku", "VARCHAR", "SKU as the row has it."),
    col("product_name", "VARCHAR", "Text of the row."),
    col("quantity", QUANTITY, "As in Brightpearl: positive on credits too."),
    col("net", MONEY, "Without tax; positive on credits too."),
    col("tax", MONEY, "Tax."),
    col("signed_quantity", QUANTITY, "Negative on credits: sums up to what was sold or bought less what came back."),
    col("signed_net", MONEY, "Negative on credits."),
    col("currency", "VARCHAR", "ISO 4217 code."),
    opt("list_price", MONEY, "List price of one unit; with or without tax as price_mode says."),
    opt("price_mode", "VARCHAR", "INC: prices contain tax; EXC: they do not."),
    col("as_of", INSTANT, "When the row was last read."),
)  # fmt: skip


# Of an order ``o``. No ANTI JOIN: among several joins DuckDB 1.5 loses columns over it, depending on how many rows the
# tables have (https://github.com/duckdb/duckdb/issues/26000), and people join these views with whatever they like.
NOT_CANCELLED = "o.status_id NOT IN (SELECT status_id FROM cancelled_statuses)"


def _rows_of(order: str, credit: str) -> str:
    """Order rows of two types of order whose status does not mean cancelled."""
    return (
        "SELECT r.order_id, r.order_row_id, o.order_type, o.parent_order_id, o.reference, o.status, o.stock_status, "
        "o.placed_on, o.delivery_date, o.channel_id, o.warehouse_id, "
        "coalesce(o.contact_id, o.supplier_contact_id) AS contact_id, o.is_drop_ship, r.product_id, r.product_sku, "
        "r.product_name, r.quantity, r.net, r.tax, "
        f"CAST(CASE WHEN o.order_type = '{credit}' THEN -r.quantity ELSE r.quantity END AS {QUANTITY}) "
        "AS signed_quantity, "
        f"CAST(CASE WHEN o.order_type = '{credit}' THEN -r.net ELSE r.net END AS {MONEY}) AS signed_net, "
        "r.currency, r.list_price, o.price_mode, r.as_of "
        "FROM orders AS o JOIN order_rows AS r ON r.order_id = o.order_id "
        f"WHERE o.order_type IN ('{order}', '{credit}') AND {NOT_CANCELLED}"
    )


SALES = Table(
    "sales",
    "Rows of all sales orders and sales credits that are not cancelled. A view of `orders` and `order_rows`.",
    _ROW_COLUMNS, ("order_row_id",), "forecasting", "data", "orders and order_rows",
    published=False, view=_rows_of("SO", "SC"),
)  # fmt: skip

PURCHASES = Table(
    "purchases",
    "Rows of all purchase orders and purchase credits that are not cancelled. A view of `orders` and `order_rows`.",
    _ROW_COLUMNS, ("order_row_id",), "forecasting", "data", "orders and order_rows",
    published=False, view=_rows_of("PO", "PC"),
)  # fmt: skip

PARTIAL_FULFILLMENTS = Table(
    "partial_fulfillments",
    "Of orders fulfilled in part: what stands on goods-out notes that have not shipped. Brightpearl has no list of its "
    "own for this; it is worked out from `goods_outs`, `goods_out_order_rows` and `orders`.",
    (
        col("order_row_id", "BIGINT", "Order row.", references="order_rows.order_row_id", loose=True),
        col("warehouse_id", "BIGINT", "Warehouse of the notes.", references="warehouses.warehouse_id", loose=True),
        col("order_id", "BIGINT", "Order.", references="orders.order_id", loose=True),
        col("product_id", "BIGINT", "Product.", references="products.product_id", loose=True),
        col("quantity", QUANTITY, "On unshipped notes."),
        AS_OF,
    ),
    ("order_row_id", "warehouse_id"), "forecasting", "warehouse", "goods_outs, goods_out_order_rows and orders",
    published=False,
)  # fmt: skip

STOCK_ON_ORDER = Table(
    "stock_on_order",
    "What is on order from suppliers, per product and warehouse: rows of purchase orders that are not cancelled, not "
    "drop-ship, and received not at all or in part (stock status PON or POP); of those received in part the remainder. "
    "Products of which no stock is kept are left out.",
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
        col("allocated", QUANTITY, "Reserved or on unshipped goods-out notes: reserved + outbound."),
        col("on_hand", QUANTITY, "In stock less allocated: what may be sold."),
        col("in_transit", QUANTITY, "Brightpearl's fourth figure: sent by another warehouse, not yet on sale here."),
        col("reserved", QUANTITY, "Reserved for orders and not yet on a note."),
        col("outbound", QUANTITY, "On unshipped goods-out notes, to customers and to other warehouses."),
        col("on_order", QUANTITY, "On order from suppliers: stock_on_order."),
        col("inbound_transfer", QUANTITY, "Coming from other warehouses: in_transit, and what is on unshipped notes."),
        col("available", QUANTITY, "on_hand + on_order + inbound_transfer: what there will be to sell."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "forecasting", "warehouse",
    "stock_levels, stock_on_order, reservations and goods_outs",
)  # fmt: skip

DEMAND_DAILY = Table(
    "demand_daily",
    "Demand per product, warehouse, channel and day: what was sold, what came back, and whether it could be bought. "
    "Till sales that the ERP does not have yet are in it, marked. What one receipt takes back and hands out again of "
    "the same product is neither sold nor returned. Days without sales have no row, unless the product was out of "
    "stock.",
    (
        *_product_warehouse(),
        col("channel_id", "BIGINT", "Sales channel; 0 where the order names none.",
            references="channels.channel_id", loose=True),
        col("day", "DATE", "Trading day of the receipt; else the day in the time zone of the warehouse's shop, or of "
            "the account."),
        col("sales_channel_kind", "VARCHAR", "till: on the channel of a shop; web: all else, tills' online orders."),
        col("currency", "VARCHAR", "ISO 4217 code of the money columns."),
        col("in_erp", "BOOLEAN", "False: sold at a till and not yet in the ERP."),
        col("units_sold", QUANTITY, "Units sold on this day."),
        col("units_returned_on_return_day", QUANTITY, "Units that came back on this day, whenever they were sold."),
        col("units_returned_of_this_day", QUANTITY, "Of what was sold on this day: units that came back, whenever that "
            "was. Returns whose sale nobody knows are in none."),
        col("net_value", MONEY, "Without tax: what was sold on this day less what came back on it. Discounts and "
            "charges that stand on a row of their own belong to no product and are not in it."),
        col("net_returned", MONEY, "Without tax: what came back on this day, positive."),
        col("promo", "BOOLEAN", "Whether some of it was sold below its list price: by its own price, or with a "
            "discount on the whole order."),
        opt("out_of_stock", "BOOLEAN", "Whether none could be had in the warehouse for some of the day: demand is "
            "censored, more might have been sold. Empty where availability was not yet watched, or stock is not kept."),
        opt("out_of_stock_share", _SHARE, "Share of the day, as far as it was watched, during which none could be had: "
            "0 to 1."),
        AS_OF,
    ),
    ("product_id", "warehouse_id", "channel_id", "day", "sales_channel_kind", "currency", "in_erp"), "forecasting",
    "data", "orders, order_rows, pos_lines and availability_history", published=False,
)  # fmt: skip

AVAILABILITY_HISTORY = Table(
    "availability_history",
    "What was available when: one row per change, from a look at stock_levels at each refresh. "
    "`from availability_at(instant)` is what stood at an instant.",
    (
        *_product_warehouse(),
        col("from_instant", INSTANT, "From when on it was so: when the change was first seen."),
        opt("to_instant", INSTANT, "Until when; empty while it still is."),
        col("in_stock", QUANTITY, "Physically there."),
        col("allocated", QUANTITY, "Reserved or on unshipped goods-out notes."),
        col("on_hand", QUANTITY, "What could be sold."),
        AS_OF,
    ),
    ("product_id", "warehouse_id", "from_instant"), "forecasting", "data", "stock_levels", published=False,
)  # fmt: skip

LEAD_TIMES = Table(
    "lead_times",
    "How long suppliers take, per supplier and product: days from the order to each arrival of goods on it.",
    (
        col("supplier_id", "BIGINT", "Supplier.", references="suppliers.supplier_id", loose=True),
        col("product_id", "BIGINT", "Product.", references="products.product_id", loose=True),
        col("orders", "BIGINT", "Number of purchase orders it is measured on."),
        col("arrivals", "BIGINT", "Number of arrivals: an order received in two parts has two."),
        col("days_mean", _DAYS, "Mean."),
        col("days_p50", _DAYS, "Half took at most this long."),
        col("days_p90", _DAYS, "Nine of ten took at most this long."),
        col("days_spread", _DAYS, "Standard deviation of the arrivals; 0 for a single one."),
        opt("last_received_on", INSTANT, "When goods last came."),
        AS_OF,
    ),
    ("supplier_id", "product_id"), "forecasting", "data", "orders, order_rows and goods_in_movements",
)  # fmt: skip

SELL_THROUGH = Table(
    "sell_through",
    "How much of what came into a warehouse was sold from it, per product and month.",
    (
        *_product_warehouse(),
        col("month", "DATE", "First day of the month."),
        col("received", QUANTITY, "Units received from suppliers and from other warehouses."),
        col("sold", QUANTITY, "Units sold less units that came back in the month."),
        opt("share", _SHARE, "sold of received, above 1 where older stock was sold; empty where none was received."),
        col("received_to_date", QUANTITY, "Received since the first month known."),
        col("sold_to_date", QUANTITY, "Sold since the first month known."),
        AS_OF,
    ),
    ("product_id", "warehouse_id", "month"), "forecasting", "data",
    "demand_daily, goods_in_movements and goods_out_order_rows", published=False,
)  # fmt: skip

WEEKS_OF_COVER = Table(
    "weeks_of_cover",
    "How many weeks the stock lasts at the demand of the last 13 weeks, per product and warehouse.",
    (
        *_product_warehouse(),
        col("on_hand", QUANTITY, "What may be sold."),
        col("days_on_sale", _DAYS, "Days of the 13 weeks on which it could be had: since its first sale, without the "
            "time it was out of stock."),
        col("weekly_demand", QUANTITY, "Units sold less returned, for a week on sale."),
        opt("weeks", _DAYS, "on_hand by weekly_demand; empty where there is no demand."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "forecasting", "data", "stock_position and demand_daily",
)  # fmt: skip

FORECASTING_TABLES = (
    CANCELLED_STATUSES, SALES, PURCHASES, PARTIAL_FULFILLMENTS, STOCK_ON_ORDER, STOCK_POSITION, DEMAND_DAILY,
    AVAILABILITY_HISTORY, LEAD_TIMES, SELL_THROUGH, WEEKS_OF_COVER,
)  # fmt: skip

# Table macros over these tables: the lake keeps them, every reader has them. ``from availability_at(timestamptz '…')``.
MACROS: tuple[str, ...] = (
    "CREATE OR REPLACE MACRO availability_at(instant) AS TABLE "
    "SELECT product_id, warehouse_id, in_stock, allocated, on_hand FROM availability_history "
    "WHERE from_instant <= instant AND (to_instant IS NULL OR to_instant > instant)",
)
