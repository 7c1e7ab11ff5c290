"""Every table that people read, described once: types, keys, words. Lake, docs, dictionary and Dagster all use this.

Read: nothing. Written: nothing. Types are DuckDB's. Money stands in main units with its currency beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bp_assets.lake.columns import Column, col, shop_day

MONEY = "DECIMAL(18,4)"
QUANTITY = "DECIMAL(18,4)"
RATE = "DECIMAL(9,4)"
INSTANT = "TIMESTAMPTZ"
SECONDS = "DECIMAL(18,3)"


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``key`` is unique and never null. ``group`` is Dagster's, ``source`` where it comes from."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    group: str
    owner: str
    source: str

    def column(self, name: str) -> Column:
        """The column of a name.

        Raises:
            KeyError: no such column; the message lists those there are.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}; it has {', '.join(c.name for c in self.columns)}")


_AS_OF = col("as_of", INSTANT, "When this row was last read from its source.")

PRODUCTS = Table(
    "products",
    "Brightpearl's products. The ERP is their master.",
    (
        col("product_id", "BIGINT", "Brightpearl's product id."),
        col("sku", "VARCHAR", "Stock keeping unit; what tills sell by. Empty where the product has none."),
        col("name", "VARCHAR", "Name on the Brightpearl sales channel."),
        col("barcode", "VARCHAR", "Barcode, EAN or UPC; empty where none.", nullable=True),
        col("brand_id", "BIGINT", "Brightpearl's brand id.", nullable=True),
        col("status", "VARCHAR", "LIVE, DISCONTINUED or ARCHIVED."),
        col("stock_tracked", "BOOLEAN", "Whether stock is kept; bundles and services are not tracked."),
        col("bundle", "BOOLEAN", "Whether the product is made up of others."),
        col("tax_code", "VARCHAR", "Tax code the product is sold under.", nullable=True),
        col("nominal_code_sales", "VARCHAR", "Account its sales go to.", nullable=True),
        col("created_on", INSTANT, "When it was created in Brightpearl.", nullable=True),
        col("updated_on", INSTANT, "When it was last changed in Brightpearl.", nullable=True),
        _AS_OF,
    ),
    ("product_id",), "erp", "data", "Brightpearl product GET",
)  # fmt: skip

PRICES = Table(
    "prices",
    "Unit prices per product, price list and quantity break.",
    (
        col("product_id", "BIGINT", "Brightpearl's product id.", references="products.product_id"),
        col("price_list_id", "BIGINT", "Price list.", references="price_lists.price_list_id"),
        col("min_quantity", "BIGINT", "From this quantity on."),
        col("unit_price", MONEY, "Price of one unit; with or without tax as the price list says."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        _AS_OF,
    ),
    ("product_id", "price_list_id", "min_quantity"), "erp", "data", "Brightpearl product-price GET",
)  # fmt: skip

PRICE_LISTS = Table(
    "price_lists",
    "Brightpearl's price lists.",
    (
        col("price_list_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        col("code", "VARCHAR", "Short code.", nullable=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("type", "VARCHAR", "SELL or BUY."),
        col("gross", "BOOLEAN", "Whether its prices contain tax."),
        _AS_OF,
    ),
    ("price_list_id",), "erp", "data", "Brightpearl price-list GET",
)  # fmt: skip

WAREHOUSES = Table(
    "warehouses",
    "Brightpearl's warehouses; each shop is one.",
    (
        col("warehouse_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        col("type_code", "VARCHAR", "Kind of place, for example store or warehouse.", nullable=True),
        col("default_location_id", "BIGINT", "Where goods are received by default.", nullable=True),
        col("quarantine_location_id", "BIGINT", "Where damaged returns are held.", nullable=True),
        _AS_OF,
    ),
    ("warehouse_id",), "erp", "data", "Brightpearl warehouse GET",
)  # fmt: skip

CHANNELS = Table(
    "channels",
    "Brightpearl's sales channels.",
    (
        col("channel_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        col("default_warehouse_id", "BIGINT", "Warehouse that serves it by default.", nullable=True),
        col("default_price_list_id", "BIGINT", "Its price list.", nullable=True),
        _AS_OF,
    ),
    ("channel_id",), "erp", "data", "Brightpearl channel GET",
)  # fmt: skip

TAX_CODES = Table(
    "tax_codes",
    "Brightpearl's tax codes.",
    (
        col("tax_code", "VARCHAR", "The code that order rows carry."),
        col("tax_code_id", "BIGINT", "Brightpearl's id."),
        col("description", "VARCHAR", "Words for it.", nullable=True),
        col("rate", RATE, "Percent; 0 where Brightpearl gives none."),
        _AS_OF,
    ),
    ("tax_code",), "erp", "finance", "Brightpearl tax-code GET",
)  # fmt: skip

STOCK_LEVELS = Table(
    "stock_levels",
    "Stock per product and warehouse: Brightpearl's four figures.",
    (
        col("product_id", "BIGINT", "Brightpearl's product id.", references="products.product_id"),
        col("warehouse_id", "BIGINT", "Warehouse.", references="warehouses.warehouse_id"),
        col("in_stock", "BIGINT", "Physically there, including open goods-out notes."),
        col("allocated", "BIGINT", "Reserved or on unshipped goods-out notes."),
        col("on_hand", "BIGINT", "In stock less allocated: what may be sold."),
        col("in_transit", "BIGINT", "On its way between warehouses."),
        _AS_OF,
    ),
    ("product_id", "warehouse_id"), "erp", "warehouse", "Brightpearl product-availability GET",
)  # fmt: skip

POS_TRANSACTIONS = Table(
    "pos_transactions",
    "Every till transaction we received, whatever became of it. One row per receipt; no personal data.",
    (
        col("sale_id", "VARCHAR", "Our stable id; the ERP's external reference is made from it."),
        col("shop", "VARCHAR", "Shop key of the shops file."),
        col("receipt_number", "VARCHAR", "What the till printed."),
        col("kind", "VARCHAR", "sale, goods_return, exchange, refund_only, deposit, void, ...", nullable=True),
        col("channel", "VARCHAR", "pos or online.", nullable=True),
        col("state", "VARCHAR", "pending, sending, unknown, posted, verified, rejected, excluded or quarantined."),
        col("reason_code", "VARCHAR", "Why it is not verified; empty where there is nothing to say."),
        col("message", "VARCHAR", "The reason in words, with the values it is about."),
        col("sold_at", INSTANT, "The instant of the sale.", nullable=True),
        col("business_date", "DATE", "Trading day in the shop's time zone.", nullable=True),
        col("net", MONEY, "Sum of its lines without tax; negative for returns.", nullable=True),
        col("tax", MONEY, "Tax of its lines.", nullable=True),
        col("gross", MONEY, "net + tax.", nullable=True),
        col("tendered", MONEY, "Sum of its tenders.", nullable=True),
        col("outstanding", MONEY, "gross less tendered: what is still owed.", nullable=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("line_count", "INTEGER", "Number of lines.", nullable=True),
        col("register_id", "VARCHAR", "Till within the shop.", nullable=True),
        col("operator_id", "VARCHAR", "Who served, as the till names them.", nullable=True),
        col("session_id", "VARCHAR", "Till session or Z number.", nullable=True),
        col("original_sale_id", "VARCHAR", "For a return: the sale it belongs to, if the till says so.", nullable=True),
        col("source", "VARCHAR", "Till system."),
        col("source_id", "VARCHAR", "The till's own id."),
        col("captured_at", INSTANT, "When the receipt reached our ledger; of an open basket, when it came closed."),
        col("sent_at", INSTANT, "When its first ERP call was intended, just before it was made.", nullable=True),
        col("posted_at", INSTANT, "When its last ERP step had first succeeded.", nullable=True),
        col("verified_at", INSTANT, "When it was first read back and found equal.", nullable=True),
        col("attempts", "INTEGER", "How often posting was tried."),
        col("next_attempt_at", INSTANT,
            "After a passing failure: not tried again before. Each pause is longer than the last.", nullable=True),
        col("posted_as", "VARCHAR", "order: by itself. summary: within a summary order of its day.", nullable=True),
        col("summary_id", "VARCHAR", "The summary it went into, once its day is closed.", nullable=True),
    ),
    ("sale_id",), "tills", "finance", "the ledger",
)  # fmt: skip

POS_LINES = Table(
    "pos_lines",
    "Lines of the till transactions that could be read.",
    (
        col("sale_id", "VARCHAR", "Transaction.", references="pos_transactions.sale_id"),
        col("line_id", "VARCHAR", "The till's line id, unique within the transaction."),
        *shop_day(),
        col("type", "VARCHAR", "item, discount, shipping, tip, gift_card_sale, service_charge, fee, deposit, ..."),
        col("returned", "BOOLEAN", "Whether it stands on the return side."),
        col("sku", "VARCHAR", "SKU as the till wrote it.", nullable=True),
        col("description", "VARCHAR", "Text as the till wrote it."),
        col("quantity", QUANTITY, "Signed: negative came back."),
        col("unit_price", MONEY, "Price of one unit before discount, in the till's price basis.", nullable=True),
        col("discount", MONEY, "Discount already inside the amounts; negative on a sale."),
        col("till_tax", "VARCHAR", "The till's name of the tax; empty where it has none."),
        col("tax_rate", RATE, "Percent as the till charged it.", nullable=True),
        col("tax_inclusive", "BOOLEAN", "Whether the till's price contained the tax.", nullable=True),
        col("net", MONEY, "Without tax, after discount, signed."),
        col("tax", MONEY, "Tax as the till charged it, signed."),
        col("gross", MONEY, "net + tax."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("original_sale_id", "VARCHAR", "For a returned line: the sale it belongs to.", nullable=True),
        col("original_line_id", "VARCHAR", "For a returned line: the line it was sold on.", nullable=True),
        col("restock", "VARCHAR", "For a returned line: shop, quarantine or none.", nullable=True),
        col("ship_later", "BOOLEAN", "Sold now, sent from a warehouse later."),
    ),
    ("sale_id", "line_id"), "tills", "finance", "the ledger",
)  # fmt: skip

POS_TENDERS = Table(
    "pos_tenders",
    "How till transactions were paid; refunds are negative.",
    (
        col("sale_id", "VARCHAR", "Transaction.", references="pos_transactions.sale_id"),
        col("tender_id", "VARCHAR", "The till's id, unique within the transaction."),
        *shop_day(),
        col("type", "VARCHAR", "cash, card, gift_card, store_credit, account, voucher or other."),
        col("method", "VARCHAR", "The till's own name; the key of the tender map."),
        col("amount", MONEY, "Signed, net of change, tip included."),
        col("tip", MONEY, "Part of the amount that is a tip."),
        col("change_given", MONEY, "Cash handed back, for information."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("provider", "VARCHAR", "Card processor.", nullable=True),
        col("provider_payment_id", "VARCHAR", "The processor's id.", nullable=True),
    ),
    ("sale_id", "tender_id"), "tills", "finance", "the ledger",
)  # fmt: skip

TILL_TOTALS = Table(
    "till_totals",
    "What the till itself says it took: the baskets it closed, voided ones too; parked and open ones are not counted.",
    (
        *shop_day(key=True),
        col("transactions", "BIGINT", "Closed transactions of the day, as the till counts them."),
        col("gross", MONEY, "Their gross, signed; empty where the till only counts.", nullable=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("observed_at", INSTANT, "When the till said so."),
    ),
    ("shop", "business_date"), "tills", "finance", "the ledger",
)  # fmt: skip

RECEIPT_VERSIONS = Table(
    "receipt_versions",
    "Every version in which a receipt reached us; more than one means that the till sent it again with other content.",
    (
        col("sale_id", "VARCHAR", "Transaction.", references="pos_transactions.sale_id"),
        col("version", "INTEGER", "1 for the first."),
        col("shop", "VARCHAR", "Shop key of the shops file."),
        col("receipt_number", "VARCHAR", "What the till printed; empty where it could not be read."),
        col("state", "VARCHAR", "received, decoded, quarantined, excluded, unchanged (same sale), changed (flagged)."),
        col("reason_code", "VARCHAR", "Why it was set aside; empty where there is nothing to say."),
        col("message", "VARCHAR", "The reason in words, with the values it is about."),
        col("received_at", INSTANT, "When this version reached our ledger."),
    ),
    ("sale_id", "version"), "tills", "finance", "the ledger",
)  # fmt: skip

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
        _AS_OF,
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
        _AS_OF,
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
        _AS_OF,
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
        _AS_OF,
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
        _AS_OF,
    ),
    ("note_id", "product_id", "location_id"), "posting", "warehouse", "Brightpearl stock-correction GET",
)  # fmt: skip

SALES_RECONCILIATION = Table(
    "sales_reconciliation",
    "One row per shop and trading day: the till, the ERP, the difference, and what is not settled beside it.",
    (
        *shop_day(key=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("till_count", "BIGINT", "Receipts we hold."),
        col("till_net", MONEY, "Their net, signed (receipts whose money could be read)."),
        col("till_tax", MONEY, "Their tax, signed."),
        col("till_gross", MONEY, "Their gross, signed."),
        col("till_says_count", "BIGINT", "Transactions the till itself counts, if it tells.", nullable=True),
        col("till_says_gross", MONEY, "Gross the till itself states, if it tells.", nullable=True),
        col("erp_count", "BIGINT", "Receipts with at least one order or credit in the ERP."),
        col("erp_net", MONEY, "Orders less credits, net."),
        col("erp_tax", MONEY, "Orders less credits, tax."),
        col("erp_gross", MONEY, "Orders less credits, total."),
        col("difference_net", MONEY, "Till less ERP."),
        col("difference_gross", MONEY, "Till less ERP."),
        col("verified_count", "BIGINT", "Read back and equal."),
        col("verified_gross", MONEY, "Their gross at the till."),
        col("rejected_count", "BIGINT", "Refused, waiting with a reason."),
        col("rejected_gross", MONEY, "Their gross at the till."),
        col("quarantined_count", "BIGINT", "Received, not understood."),
        col("quarantined_gross", MONEY, "Their gross as far as it could be read."),
        col("excluded_count", "BIGINT", "Deliberately not posted."),
        col("excluded_gross", MONEY, "Their gross at the till."),
        col("unsettled_count", "BIGINT", "On their way: pending, sending, unknown, or posted and not yet read back."),
        col("unsettled_gross", MONEY, "Their gross at the till."),
        col("unexplained_gross", MONEY, "Difference that none of the states explains; must be zero."),
        _AS_OF,
    ),
    ("shop", "business_date", "currency"), "finance", "finance", "pos_transactions and posted_orders",
)  # fmt: skip

DAILY_TAKINGS = Table(
    "daily_takings",
    "Takings per shop, trading day and tender, and tax per tax rate: till beside ERP.",
    (
        *shop_day(key=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("kind", "VARCHAR", "tender or tax."),
        col("code", "VARCHAR", "ERP payment method or tax code; [till's own name] where nothing is mapped."),
        col("till_count", "BIGINT", "Tenders, or lines."),
        col("till_amount", MONEY, "Money tendered, or tax charged, at the till."),
        col("till_net", MONEY, "For tax: the net it was charged on.", nullable=True),
        col("erp_amount", MONEY, "The same in the ERP."),
        col("difference", MONEY, "Till less ERP."),
        _AS_OF,
    ),
    ("shop", "business_date", "currency", "kind", "code"), "finance", "finance", "pos_tenders, pos_lines, posted_*",
)  # fmt: skip

_SPANS = (
    ("sold_to_captured", "from the sale to its arrival in our ledger"),
    ("captured_to_sent", "from arrival to the first ERP call"),
    ("captured_to_posted", "from arrival to the last ERP step: what posting itself takes"),
    ("sold_to_posted", "from the sale to the last ERP step: what a customer's purchase takes to reach the ERP"),
    ("posted_to_verified", "from the last ERP step to the equal read-back"),
)


def _percentiles(span: str, words: str) -> tuple[Column, ...]:
    """Three columns of one span of time. Percentiles are real values of real sales (nearest rank), never in between."""
    return (
        col(f"{span}_p50_seconds", SECONDS, f"Half of the sales took at most this long {words}.", nullable=True),
        col(f"{span}_p95_seconds", SECONDS, "95 of 100 took at most this long.", nullable=True),
        col(f"{span}_max_seconds", SECONDS, "The slowest.", nullable=True),
    )


POSTING_LATENCY = Table(
    "posting_latency",
    "How long sales took on their way, per shop and hour of their arrival: p50, p95 and slowest, in seconds. A sale "
    "that is not that far yet counts in `sales` and not in the span. Left out: receipts excluded or quarantined, "
    "and those that wait for the close of their day (end-of-day shops).",
    (
        col("shop", "VARCHAR", "Shop key of the shops file."),
        col("hour_start", INSTANT, "Full hour of the shop's clock in which the sales arrived, as an instant in UTC."),
        col("local_date", "DATE", "The hour's date in the shop's time zone."),
        col("local_hour", "INTEGER", "The hour on the shop's clock, 0 to 23; twice where clocks go back."),
        col("sales", "BIGINT", "Sales, returns and exchanges that arrived in this hour and belong into the ERP."),
        col("sent", "BIGINT", "Of them those of which a first ERP call was intended."),
        col("posted", "BIGINT", "Of them those whose last ERP step succeeded."),
        col("verified", "BIGINT", "Of them those read back and found equal."),
        col("sold_after_captured", "BIGINT",
            "Of them those that arrived before they were sold: the till's clock is ahead. Their spans are negative."),
        *(column for span in _SPANS for column in _percentiles(*span)),
        _AS_OF,
    ),
    ("shop", "hour_start"), "operations", "data", "pos_transactions",
)  # fmt: skip

SHOP_HEALTH = Table(
    "shop_health",
    "How every shop stood at the last look: state, since when, why, what waits in count and money. One row per shop "
    "(and per currency, where receipts of several wait).",
    (
        col("shop", "VARCHAR", "Shop key of the shops file."),
        col("currency", "VARCHAR", "ISO 4217 code of the amounts: the shop's own, or that of the receipts."),
        col("state", "VARCHAR", "healthy, or the gravest of: not_asked, till_resting, posting_late, till_failing, "
            "erp_refusing, map_incomplete, unreadable, not_in_file (see the check shop_health)."),
        col("since", INSTANT, "Since when: the till's first failure in a row, or for what waits when the oldest came "
            "(when late: when the promise was over)."),
        col("reason", "VARCHAR", "Everything that is wrong, in words; empty when healthy."),
        col("reason_code", "VARCHAR", "For what was set aside: the most frequent reason of the state; else empty."),
        col("till_answered_at", INSTANT, "When its till last answered.", nullable=True),
        col("till_failures", "INTEGER", "How often in a row it did not."),
        col("till_error", "VARCHAR", "Why, in its own words; empty when it answers."),
        col("till_asked_again_at", INSTANT, "Not asked before; empty when it is asked all the time.", nullable=True),
        col("last_receipt_at", INSTANT, "Last success, step by step: a receipt came.", nullable=True),
        col("last_posted_at", INSTANT, "A sale's last ERP step succeeded.", nullable=True),
        col("last_verified_at", INSTANT, "A sale was read back and found equal.", nullable=True),
        col("waiting_count", "BIGINT", "Receipts pending, sending or unknown."),
        col("waiting_gross", MONEY, "Their gross, signed."),
        col("waiting_since", INSTANT, "When the oldest of them came.", nullable=True),
        col("retrying_count", "BIGINT", "Of them those that failed and wait for their next attempt."),
        col("next_attempt_at", INSTANT, "The earliest of these attempts.", nullable=True),
        col("most_attempts", "INTEGER", "The most attempts that one of those on their way has had."),
        col("unverified_count", "BIGINT", "Posted and not yet read back."),
        col("unverified_gross", MONEY, "Their gross."),
        col("gathering_count", "BIGINT", "End-of-day shops: waiting for the close of their trading day."),
        col("gathering_gross", MONEY, "Their gross."),
        col("rejected_count", "BIGINT", "Parked: our maps or the ERP refused them."),
        col("rejected_gross", MONEY, "Their gross."),
        col("quarantined_count", "BIGINT", "Parked: received, not understood."),
        col("quarantined_gross", MONEY, "Their gross as far as it could be read."),
        col("parked_because", "VARCHAR", "Reasons of what is parked, with counts: unknown_sku 3, malformed 1."),
        _AS_OF,
    ),
    ("shop", "currency"), "operations", "data", "the ledger, and pos_transactions",
)  # fmt: skip

ERP_REQUESTS = Table(
    "erp_requests",
    "Requests sent to the ERP, per minute and lane, by every process that shares the account's cap.",
    (
        col("account", "VARCHAR", "ERP account."),
        col("minute", INSTANT, "Full minute in which the requests were let through."),
        col("lane", "VARCHAR", "Lane: posting, stock, verify, changes, sweep or backfill; the first goes first."),
        col("requests", "INTEGER", "Requests let through."),
        col("refused", "INTEGER", "Answers of this minute with which the ERP refused a request for its cap."),
        col("waited_seconds", SECONDS, "How long these requests had waited for the cap, all together."),
    ),
    ("account", "minute", "lane"), "operations", "data", "the ledger",
)  # fmt: skip

FINDINGS = Table(
    "findings",
    "What the checks found when they last ran. A finding disappears when its cause is gone.",
    (
        col("check_name", "VARCHAR", "Check."),
        col("kind", "VARCHAR", "Cause within the check."),
        col("finding_key", "VARCHAR", "Identity of the finding within the check."),
        col("shop", "VARCHAR", "Shop key; empty where none."),
        col("business_date", "DATE", "Trading day.", nullable=True),
        col("receipt_number", "VARCHAR", "Receipt; empty where none."),
        col("sale_id", "VARCHAR", "Transaction; empty where none."),
        col("place", "VARCHAR", "Line, order, product, warehouse or table it is about."),
        col("expected", "VARCHAR", "What should stand."),
        col("actual", "VARCHAR", "What stands."),
        col("difference", MONEY, "Till less ERP, where it is money.", nullable=True),
        col("currency", "VARCHAR", "ISO 4217 code; empty where it is not money."),
        col("owner", "VARCHAR", "Who acts: shop, finance, warehouse, data."),
        col("message", "VARCHAR", "The fact in one sentence, with what to do."),
        col("first_seen", INSTANT, "When it was first found."),
        col("last_seen", INSTANT, "When it was last found."),
    ),
    ("check_name", "finding_key"), "checks", "data", "the checks",
)  # fmt: skip

TABLES: tuple[Table, ...] = (
    PRODUCTS, PRICES, PRICE_LISTS, WAREHOUSES, CHANNELS, TAX_CODES, STOCK_LEVELS,
    POS_TRANSACTIONS, POS_LINES, POS_TENDERS, TILL_TOTALS, RECEIPT_VERSIONS,
    POSTING_LOG, POSTED_ORDERS, POSTED_ORDER_ROWS, POSTED_PAYMENTS, POSTED_GOODS,
    SUMMARY_LINES, SUMMARY_TENDERS, STOCK_CORRECTIONS,
    SALES_RECONCILIATION, DAILY_TAKINGS, POSTING_LATENCY, SHOP_HEALTH, ERP_REQUESTS, FINDINGS,
)  # fmt: skip

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
