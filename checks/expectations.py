"""What the tables promise beyond their types: allowed values, and amounts that add up. Written by hand.

Read, written: nothing. ``contracts.py`` adds to these what ``lake/tables.py`` already says.
"""

from __future__ import annotations

from bp_assets.domain.sale import Kind, LineType, TenderType
from bp_assets.domain.states import State
from bp_assets.operations.health import ShopState

_DOCUMENTS = ("SO", "SC")
_ORDER_TYPES = ("SO", "PO", "SC", "PC")

# References that may lead elsewhere too: what was posted is a receipt, or a summary of some.
ALSO: dict[tuple[str, str], str] = {
    ("posting_log", "sale_id"): "select summary_id from summary_lines",
    ("posted_orders", "sale_id"): "select summary_id from summary_lines",
}

# Allowed values by table and column; an empty column value (null) is judged by the column's nullability alone.
VALUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("products", "status"): ("LIVE", "DISCONTINUED", "ARCHIVED"),
    ("price_lists", "type"): ("SELL", "BUY"),
    ("pos_transactions", "kind"): tuple(kind.value for kind in Kind),
    ("pos_transactions", "channel"): ("pos", "online"),
    ("pos_transactions", "state"): tuple(state.value for state in State),
    ("pos_lines", "type"): tuple(kind.value for kind in LineType),
    ("pos_lines", "restock"): ("shop", "quarantine", "none"),
    ("pos_tenders", "type"): tuple(kind.value for kind in TenderType),
    ("receipt_versions", "state"): ("received", "decoded", "quarantined", "excluded", "unchanged", "changed"),
    ("posting_log", "document"): _DOCUMENTS,
    ("posting_log", "outcome"): ("success", "failure", "unknown"),
    ("posted_orders", "document"): _DOCUMENTS,
    ("posted_orders", "payment_status"): ("UNPAID", "PARTIALLY_PAID", "PAID", "NOT_APPLICABLE"),
    ("posted_payments", "type"): ("RECEIPT", "PAYMENT"),
    ("pos_transactions", "posted_as"): ("order", "summary"),
    ("summary_lines", "document"): _DOCUMENTS,
    ("summary_lines", "line_type"): tuple(kind.value for kind in LineType),
    ("summary_tenders", "document"): _DOCUMENTS,
    ("summary_tenders", "type"): ("RECEIPT", "PAYMENT"),
    ("posted_goods", "direction"): ("out", "in"),
    ("daily_takings", "kind"): ("tender", "tax"),
    ("shop_health", "state"): tuple(state.value for state in ShopState),
    ("order_statuses", "order_type"): _ORDER_TYPES,
    ("orders", "order_type"): _ORDER_TYPES,
    ("orders", "stock_status"): (
        "SON", "SOP", "SOA", "PON", "POP", "POA", "SCN", "SCP", "SCA", "PCN", "PCP", "PCA", "NON",
    ),
    ("orders", "allocation_status"): ("ANR", "ANA", "APA", "AAA"),
    ("orders", "shipping_status"): ("NST", "SNS", "SPS", "ASS"),
    ("customer_payments", "payment_type"): ("AUTH", "CAPTURE", "PAYMENT", "RECEIPT", "VOID"),
    ("order_parties", "role"): ("billing", "delivery", "supplier"),
    ("demand_daily", "sales_channel_kind"): ("till", "web"),
}  # fmt: skip

# Per table: what must hold in each row, in words and in SQL. A row where it can't be said (null) is not at fault.
SUMS: dict[str, tuple[tuple[str, str], ...]] = {
    "pos_transactions": (
        ("net + tax = gross", "net + tax = gross"),
        ("gross - tendered = outstanding", "gross - tendered = outstanding"),
    ),
    "pos_lines": (
        ("net + tax = gross", "net + tax = gross"),
        ("a returned item has a negative quantity", "type <> 'item' or quantity = 0 or returned = (quantity < 0)"),
    ),
    "posted_orders": (("net + tax = total", "net + tax = total"),),
    "orders": (("net_total + tax_total = total", "net_total + tax_total = total"),),
    "stock_position": (("in_stock - allocated = on_hand", "in_stock - allocated = on_hand"),),
    "summary_lines": (("net + tax = gross", "net + tax = gross"),),
    "summary_tenders": (
        ("signed_amount follows type", "signed_amount = case when type = 'RECEIPT' then amount else -amount end"),
    ),
    "posted_payments": (
        ("signed_amount follows type", "signed_amount = case when type = 'RECEIPT' then amount else -amount end"),
    ),
    "sales_reconciliation": (
        ("till_gross - erp_gross = difference_gross", "till_gross - erp_gross = difference_gross"),
        ("till_net - erp_net = difference_net", "till_net - erp_net = difference_net"),
        (
            "the states add up to till_count",
            "verified_count + rejected_count + quarantined_count + excluded_count + unsettled_count = till_count",
        ),
    ),
    "daily_takings": (("till_amount - erp_amount = difference", "till_amount - erp_amount = difference"),),
}
