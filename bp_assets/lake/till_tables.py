"""The tables of what the tills say, out of the ledger.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import col, shop_day
from bp_assets.lake.table import INSTANT, MONEY, QUANTITY, RATE, Table

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

TILL_TABLES = (POS_TRANSACTIONS, POS_LINES, POS_TENDERS, TILL_TOTALS, RECEIPT_VERSIONS)
