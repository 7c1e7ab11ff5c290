"""The tables for finance, and how it all is running.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import Column, col, shop_day
from bp_assets.lake.table import AS_OF, INSTANT, MONEY, SECONDS, Table

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
        AS_OF,
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
        AS_OF,
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
        AS_OF,
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
        col("state", "VARCHAR", "healthy, or the gravest of: misconfigured, not_asked, till_resting, posting_late, "
            "till_failing, erp_refusing, map_incomplete, unreadable, not_in_file (see the check shop_health)."),
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
        AS_OF,
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

FINANCE_TABLES = (SALES_RECONCILIATION, DAILY_TAKINGS, POSTING_LATENCY, SHOP_HEALTH, ERP_REQUESTS, FINDINGS)
