"""The tables of the ERP's orders: sales, purchases, their credits, what of them is reserved, fulfilled and paid.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together. Who an order is for stands in the
schema ``personal``; here contacts are numbers.
"""

from __future__ import annotations

from bp_assets.lake.columns import col, opt
from bp_assets.lake.table import AS_OF, INSTANT, MONEY, QUANTITY, Table

_RATE_OF_EXCHANGE = "DECIMAL(18,6)"

ORDER_STATUSES = Table(
    "order_statuses",
    "The account's order statuses: their words are the account's own.",
    (
        col("status_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "What the account calls it."),
        col("order_type", "VARCHAR", "SO, PO, SC or PC: the type of order that may have it."),
        opt("disabled", "BOOLEAN", "Whether it is no longer offered."),
        opt("color", "VARCHAR", "Colour on the screen, as Brightpearl writes it."),
        AS_OF,
    ),
    ("status_id",), "orders", "data", "Brightpearl order-status GET", published=False,
)  # fmt: skip

ORDERS = Table(
    "orders",
    "Every order of the ERP, once: sales orders, purchase orders and their credits, from tills, web and people.",
    (
        col("order_id", "BIGINT", "Brightpearl's order id."),
        col("order_type", "VARCHAR", "SO (sale), PO (purchase), SC (sales credit) or PC (purchase credit)."),
        opt("parent_order_id", "BIGINT", "The order it belongs to: of a credit, what was sold.",
            references="orders.order_id", loose=True),
        opt("reference", "VARCHAR", "Customer reference; on till sales the receipt number."),
        opt("external_ref", "VARCHAR", "The other system's reference, where Brightpearl gives it."),
        col("status_id", "BIGINT", "Status.", references="order_statuses.status_id", loose=True),
        col("status", "VARCHAR", "The status in the account's words."),
        opt("acknowledged", "BOOLEAN", "Whether it was acknowledged."),
        opt("payment_status", "VARCHAR", "UNPAID, PARTIALLY_PAID, PAID, AUTHORIZED or NOT_APPLICABLE."),
        opt("stock_status", "VARCHAR", "None, part or all fulfilled, by type: SON SOP SOA, PON POP POA, SCN SCP SCA, "
            "PCN PCP PCA; NON without stock-tracked rows."),
        opt("allocation_status", "VARCHAR", "ANR not required, ANA none, APA part, AAA all."),
        opt("shipping_status", "VARCHAR", "NST nothing to ship, SNS not shipped, SPS part, ASS all."),
        opt("placed_on", INSTANT, "When it was placed: on till sales the instant of the sale."),
        opt("created_on", INSTANT, "When it was created in Brightpearl."),
        opt("created_by_id", "BIGINT", "Who created it: a contact's number."),
        opt("updated_on", INSTANT, "Brightpearl's last change; empty where it gives none."),
        opt("closed_on", INSTANT, "When it was closed, which is when it was invoiced."),
        opt("delivery_date", INSTANT, "When it is due: of a purchase, when the goods are expected."),
        opt("channel_id", "BIGINT", "Sales channel.", references="channels.channel_id", loose=True),
        opt("warehouse_id", "BIGINT", "Warehouse.", references="warehouses.warehouse_id", loose=True),
        opt("price_list_id", "BIGINT", "Price list.", references="price_lists.price_list_id", loose=True),
        opt("price_mode", "VARCHAR", "INC: its prices contain tax; EXC: they do not."),
        col("currency", "VARCHAR", "ISO 4217 code of all its amounts."),
        opt("exchange_rate", _RATE_OF_EXCHANGE, "Units of its currency for one of the account's own."),
        col("net_total", MONEY, "Total without tax; positive on credits too, as in Brightpearl."),
        col("tax_total", MONEY, "Tax."),
        col("total", MONEY, "Total with tax."),
        col("is_drop_ship", "BOOLEAN", "Purchases only: sent by the supplier straight to the customer."),
        opt("contact_id", "BIGINT", "Customer or supplier: a number, never a name.",
            references="contacts.contact_id", loose=True),
        opt("billing_contact_id", "BIGINT", "Who pays: a number.", references="contacts.contact_id", loose=True),
        opt("delivery_contact_id", "BIGINT", "Who receives: a number; mostly empty.",
            references="contacts.contact_id", loose=True),
        opt("supplier_contact_id", "BIGINT", "Purchases only: the supplier.",
            references="suppliers.supplier_id", loose=True),
        opt("invoice_reference", "VARCHAR", "Invoice number; empty before closing."),
        opt("tax_date", INSTANT, "Tax date of the invoice."),
        AS_OF,
    ),
    ("order_id",), "orders", "data", "Brightpearl order GET, 200 a request", published=False,
)  # fmt: skip

ORDER_ROWS = Table(
    "order_rows",
    "The rows of all orders: what was sold, bought or credited. Quantities and amounts are positive on credits too.",
    (
        col("order_row_id", "BIGINT", "Brightpearl's row id."),
        col("order_id", "BIGINT", "Order.", references="orders.order_id"),
        opt("sequence", "INTEGER", "Position on the order: 10, 20, 30."),
        opt("product_id", "BIGINT", "Product; 1000, or nothing, is free text.",
            references="products.product_id", loose=True),
        col("product_name", "VARCHAR", "Text of the row, as it stood when it was ordered."),
        opt("product_sku", "VARCHAR", "SKU, as it stood when it was ordered."),
        col("quantity", QUANTITY, "Quantity."),
        col("net", MONEY, "Row total without tax."),
        col("tax", MONEY, "Row tax."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        opt("tax_code", "VARCHAR", "Tax code of the row.", references="tax_codes.tax_code", loose=True),
        opt("nominal_code", "VARCHAR", "Account it goes to.", references="nominal_codes.code", loose=True),
        opt("list_price", MONEY, "List price of one unit; contains tax where the order's price_mode is INC."),
        opt("item_cost", MONEY, "What one unit costs, as the order carries it."),
        col("bundle_parent", "BOOLEAN", "Whether it is a bundle, whose components follow as rows of their own."),
        col("bundle_child", "BOOLEAN", "Whether it is a component of a bundle on the same order."),
        opt("parent_order_row_id", "BIGINT", "Of a component: the row of its bundle.",
            references="order_rows.order_row_id", loose=True),
        AS_OF,
    ),
    ("order_row_id",), "orders", "data", "Brightpearl order GET, 200 a request", published=False,
)  # fmt: skip

ORDER_FULFILLMENTS = Table(
    "order_fulfillments",
    "How far the rows of open orders are fulfilled: on a note, and shipped.",
    (
        col("order_row_id", "BIGINT", "Order row.", references="order_rows.order_row_id", loose=True),
        col("order_id", "BIGINT", "Order.", references="orders.order_id", loose=True),
        col("quantity", QUANTITY, "Ordered."),
        col("fulfilled", QUANTITY, "Of that on a goods-out or drop-ship note, shipped or not."),
        col("shipped", QUANTITY, "Of that shipped."),
        AS_OF,
    ),
    ("order_row_id",), "orders", "warehouse", "Brightpearl fulfilment-status GET, one request an order",
    published=False,
)  # fmt: skip

ORDER_FULFILLMENT_LOCATIONS = Table(
    "order_fulfillment_locations",
    "From which locations the rows of open orders are fulfilled.",
    (
        col("order_row_id", "BIGINT", "Order row.", references="order_fulfillments.order_row_id"),
        col("location_id", "BIGINT", "Location in a warehouse; 0 where the supplier sends the goods."),
        col("order_id", "BIGINT", "Order.", references="orders.order_id", loose=True),
        col("quantity", QUANTITY, "Fulfilled from this location."),
        col("fulfilled", QUANTITY, "Fulfilled of the row, from all locations."),
        col("shipped", QUANTITY, "Shipped of the row, from all locations."),
        AS_OF,
    ),
    ("order_row_id", "location_id"), "orders", "warehouse", "Brightpearl fulfilment-status GET, one request an order",
    published=False,
)  # fmt: skip

RESERVATIONS = Table(
    "reservations",
    "Stock reserved for rows of open orders and not yet on a note.",
    (
        col("order_row_id", "BIGINT", "Order row.", references="order_rows.order_row_id", loose=True),
        col("warehouse_id", "BIGINT", "Warehouse it is reserved in.",
            references="warehouses.warehouse_id", loose=True),
        col("order_id", "BIGINT", "Order.", references="orders.order_id", loose=True),
        col("product_id", "BIGINT", "Product.", references="products.product_id", loose=True),
        col("quantity", QUANTITY, "Reserved."),
        AS_OF,
    ),
    ("order_row_id", "warehouse_id"), "orders", "warehouse", "Brightpearl reservation GET, one request an order",
    published=False,
)  # fmt: skip

CUSTOMER_PAYMENTS = Table(
    "customer_payments",
    "Payments on sales orders and sales credits, from tills, web and people.",
    (
        col("payment_id", "BIGINT", "Brightpearl's payment id."),
        opt("order_id", "BIGINT", "Order or credit it pays.", references="orders.order_id", loose=True),
        opt("transaction_ref", "VARCHAR", "The payment's reference at its provider, or our handle of it."),
        opt("payment_method", "VARCHAR", "Payment method code."),
        col("payment_type", "VARCHAR", "RECEIPT and CAPTURE are money in, PAYMENT is money out; AUTH and VOID none."),
        col("amount_paid", MONEY, "As Brightpearl states it: positive both ways."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        opt("payment_date", INSTANT, "Date of the payment."),
        opt("created_on", INSTANT, "When it was entered."),
        opt("journal_id", "BIGINT", "Journal it was booked in; empty where none was made."),
        AS_OF,
    ),
    ("payment_id",), "orders", "finance", "Brightpearl customer-payment search", published=False,
)  # fmt: skip

ORDER_TABLES = (
    ORDER_STATUSES, ORDERS, ORDER_ROWS, ORDER_FULFILLMENTS, ORDER_FULFILLMENT_LOCATIONS, RESERVATIONS,
    CUSTOMER_PAYMENTS,
)  # fmt: skip
