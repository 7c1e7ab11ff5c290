"""The tables of what was posted to the ERP, as the ERP shows it.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import col, shop_day
from bp_assets.lake.table import AS_OF, INSTANT, MONEY, QUANTITY, Table

POSTING_LOG = Table(
    "posting_log",
    "Every ERP call made for a sale: intent, outcome, attempt.",
    (
        col("step_id", "BIGINT", "Our id, ascending."),
        col("sale_id", "VARCHAR", "Transaction.", references="pos_transactions.sale_id"),
        col("document", "VARCHAR", "SO (order) or SC (credit)."),
        col("step", "VARCHAR", "order, payment:n, goods_out:n, ship:n, goods_in:n, reserve or close."),
        col("attempt", "INTEGER", "1 for the first try."),
        col("handle", "VARCHAR", "What makes a repetition recognisable in the ERP."),
        col("outcome", "VARCHAR", "success, failure, unknown; null while under way.", nullable=True),
        col("status", "INTEGER", "HTTP status of the answer.", nullable=True),
        col("erp_id", "VARCHAR", "Id the ERP gave.", nullable=True),
        col("error", "VARCHAR", "The ERP's words where it refused."),
        col("intended_at", INSTANT, "When the intent was committed, before the call."),
        col("done_at", INSTANT, "When the outcome was committed.", nullable=True),
    ),
    ("step_id",), "posting", "data", "the ledger",
)  # fmt: skip

POSTED_ORDERS = Table(
    "posted_orders",
    "Orders and credits as Brightpearl shows them, read back after posting: never our own word.",
    (
        col("order_id", "BIGINT", "Brightpearl's order id."),
        col("document", "VARCHAR", "SO (order) or SC (credit)."),
        col("sale_id", "VARCHAR", "The till transaction it came from, or the summary.",
            references="pos_transactions.sale_id"),
        col("external_ref", "VARCHAR", "External reference it was posted under."),
        col("reference", "VARCHAR", "Customer reference: the receipt number.", nullable=True),
        col("parent_order_id", "BIGINT", "For a credit: the order it belongs to.", nullable=True),
        col("contact_id", "BIGINT", "Customer; a number, never a name.", nullable=True),
        col("channel_id", "BIGINT", "Sales channel.", nullable=True),
        col("warehouse_id", "BIGINT", "Warehouse.", nullable=True),
        col("status", "VARCHAR", "Order status in the account's words.", nullable=True),
        col("net", MONEY, "Order total without tax; positive for credits too, as in Brightpearl."),
        col("tax", MONEY, "Order tax."),
        col("total", MONEY, "Order total."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("payment_status", "VARCHAR", "UNPAID, PARTIALLY_PAID, PAID or NOT_APPLICABLE.", nullable=True),
        col("stock_status", "VARCHAR", "SON SOP SOA, SCN SCP SCA, NON.", nullable=True),
        col("allocation_status", "VARCHAR", "ANR ANA APA AAA.", nullable=True),
        col("shipping_status", "VARCHAR", "NST SNS SPS ASS.", nullable=True),
        col("invoice_reference", "VARCHAR", "Invoice number; empty before closing.", nullable=True),
        col("placed_on", INSTANT, "When it was placed: the instant of the sale.", nullable=True),
        col("tax_date", INSTANT, "Tax date of the invoice.", nullable=True),
        col("updated_on", INSTANT, "Brightpearl's last change.", nullable=True),
        AS_OF,
    ),
    ("order_id",), "posting", "finance", "Brightpearl order GET, 200 a request",
)  # fmt: skip

POSTED_ORDER_ROWS = Table(
    "posted_order_rows",
    "Rows of the orders and credits read back.",
    (
        col("order_id", "BIGINT", "Order.", references="posted_orders.order_id"),
        col("order_row_id", "BIGINT", "Brightpearl's row id."),
        col("sequence", "INTEGER", "Position on the order.", nullable=True),
        col("product_id", "BIGINT", "Product; 1000 is the ERP's free-text product."),
        col("sku", "VARCHAR", "SKU in the ERP.", nullable=True),
        col("name", "VARCHAR", "Text of the row."),
        col("quantity", QUANTITY, "Quantity; positive on credits too."),
        col("tax_code", "VARCHAR", "Tax code of the row."),
        col("net", MONEY, "Row total without tax."),
        col("tax", MONEY, "Row tax."),
        col("nominal_code", "VARCHAR", "Account.", nullable=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        AS_OF,
    ),
    ("order_row_id",), "posting", "finance", "Brightpearl order GET, 200 a request",
)  # fmt: skip

POSTED_PAYMENTS = Table(
    "posted_payments",
    "Customer payments on those orders and credits.",
    (
        col("payment_id", "BIGINT", "Brightpearl's payment id."),
        col("order_id", "BIGINT", "Order or credit.", references="posted_orders.order_id"),
        col("transaction_ref", "VARCHAR", "Our handle of the payment.", nullable=True),
        col("method", "VARCHAR", "Payment method code."),
        col("type", "VARCHAR", "RECEIPT is money in, PAYMENT is money out."),
        col("amount", MONEY, "As Brightpearl states it: positive both ways."),
        col("signed_amount", MONEY, "Positive in, negative out."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("payment_date", INSTANT, "Date of the payment.", nullable=True),
        AS_OF,
    ),
    ("payment_id",), "posting", "finance", "Brightpearl customer-payment search",
)  # fmt: skip

POSTED_GOODS = Table(
    "posted_goods",
    "Goods that moved for those orders and credits: out by goods-out note, in by goods-in note.",
    (
        col("note_id", "BIGINT", "Brightpearl's goods note."),
        col("order_row_id", "BIGINT", "Order row.", references="posted_order_rows.order_row_id"),
        col("location_id", "BIGINT", "Location in the warehouse."),
        col("direction", "VARCHAR", "out or in."),
        col("order_id", "BIGINT", "Order or credit.", references="posted_orders.order_id"),
        col("product_id", "BIGINT", "Product."),
        col("warehouse_id", "BIGINT", "Warehouse."),
        col("quantity", QUANTITY, "Quantity moved, positive."),
        col("moved", "BOOLEAN", "Whether it really moved: shipped out, or received."),
        col("quarantined", "BOOLEAN", "Received into the quarantine location."),
        AS_OF,
    ),
    ("note_id", "order_row_id", "location_id"), "posting", "warehouse", "Brightpearl goods-out and goods-in GET",
)  # fmt: skip

SUMMARY_LINES = Table(
    "summary_lines",
    "What the summary orders of end-of-day shops are made of: which line of which receipt is in which row.",
    (
        col("summary_id", "VARCHAR", "The summary; posted_orders.sale_id of its order and its credit."),
        col("document", "VARCHAR", "SO (in the order) or SC (in the credit)."),
        col("row_sequence", "INTEGER", "Row on that document: posted_order_rows.sequence."),
        *shop_day(),
        col("sale_id", "VARCHAR", "Receipt.", references="pos_transactions.sale_id"),
        col("receipt_number", "VARCHAR", "What the till printed."),
        col("line_id", "VARCHAR", "Line of the receipt: pos_lines.line_id."),
        col("line_type", "VARCHAR", "item, discount, shipping, tip, gift_card_sale, ..."),
        col("tax_code", "VARCHAR", "Tax code it was posted under."),
        col("nominal_code", "VARCHAR", "Account it was posted to; empty where the ERP decides."),
        col("net", MONEY, "Without tax, as on the document: positive in a credit too."),
        col("tax", MONEY, "Tax."),
        col("gross", MONEY, "net + tax."),
        col("currency", "VARCHAR", "ISO 4217 code."),
    ),
    ("sale_id", "line_id"), "posting", "finance", "the ledger",
)  # fmt: skip

SUMMARY_TENDERS = Table(
    "summary_tenders",
    "What the payments of summary orders are made of: which payment of which receipt is in which.",
    (
        col("summary_id", "VARCHAR", "The summary; posted_orders.sale_id of its order and its credit."),
        col("document", "VARCHAR", "SO (on the order) or SC (on the credit)."),
        col("transaction_ref", "VARCHAR", "The payment in the ERP: posted_payments.transaction_ref."),
        *shop_day(),
        col("sale_id", "VARCHAR", "Receipt.", references="pos_transactions.sale_id"),
        col("receipt_number", "VARCHAR", "What the till printed."),
        col("position", "INTEGER", "Which payment of that receipt and document."),
        col("method", "VARCHAR", "Payment method code."),
        col("type", "VARCHAR", "RECEIPT is money in, PAYMENT is money out."),
        col("amount", MONEY, "Positive both ways."),
        col("signed_amount", MONEY, "Positive in, negative out."),
        col("currency", "VARCHAR", "ISO 4217 code."),
    ),
    ("sale_id", "document", "position"), "posting", "finance", "the ledger",
)  # fmt: skip

STOCK_CORRECTIONS = Table(
    "stock_corrections",
    "Stock that end-of-day receipts moved by corrections, as Brightpearl holds them, read back.",
    (
        col("note_id", "BIGINT", "Brightpearl's correction."),
        col("product_id", "BIGINT", "Product."),
        col("location_id", "BIGINT", "Location in the warehouse."),
        col("warehouse_id", "BIGINT", "Warehouse."),
        col("quantity", QUANTITY, "Negative left the shop, positive came back."),
        col("quarantined", "BOOLEAN", "Whether it is the quarantine location."),
        col("sale_id", "VARCHAR", "Receipt it is for.", references="pos_transactions.sale_id"),
        col("reason", "VARCHAR", "The reason in Brightpearl: document, receipt and row."),
        AS_OF,
    ),
    ("note_id", "product_id", "location_id"), "posting", "warehouse", "Brightpearl stock-correction GET",
)  # fmt: skip

POSTING_TABLES = (
    POSTING_LOG, POSTED_ORDERS, POSTED_ORDER_ROWS, POSTED_PAYMENTS, POSTED_GOODS,
    SUMMARY_LINES, SUMMARY_TENDERS, STOCK_CORRECTIONS,
)  # fmt: skip
