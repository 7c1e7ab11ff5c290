"""How long ago each table was brought up to date, against how often that should happen.

Read: lake_marks (table_name, mark, as_of, rows). Written: nothing. A quiet shop makes no table stale: ``as_of`` is when
the source was last asked, not when it last changed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.lake.tables import TABLES
from checks.context import CheckContext, age, found

NAME = "freshness"

_TILL, _STOCK, _DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(hours=26)
# Each table's longest accepted age: about twice its schedule's interval, a day and two hours for daily ones.
CADENCE: dict[str, timedelta] = {
    "products": timedelta(hours=3), "prices": timedelta(hours=3), "stock_levels": _STOCK,
    "price_lists": _DAY, "warehouses": _DAY, "channels": _DAY, "tax_codes": _DAY,
    "pos_transactions": _TILL, "pos_lines": _TILL, "pos_tenders": _TILL, "till_totals": _TILL,
    "receipt_versions": _TILL, "posting_log": _TILL,
    "posted_orders": _STOCK, "posted_order_rows": _STOCK, "posted_payments": _STOCK, "posted_goods": _STOCK,
    "summary_lines": _STOCK, "summary_tenders": _STOCK, "stock_corrections": _STOCK,
    "sales_reconciliation": _STOCK, "daily_takings": _STOCK,
    "posting_latency": _STOCK, "shop_health": _TILL, "erp_requests": _STOCK,
}  # fmt: skip


def freshness(
    connection: DuckDBPyConnection, context: CheckContext, tables: Collection[str] | None = None
) -> list[Finding]:
    """One finding per stale table of ``tables`` (default: all that have a cadence)."""
    marks = dict(connection.execute("select table_name, max(as_of) from lake_marks group by table_name").fetchall())
    findings = []
    for table in (t.name for t in TABLES if t.name in CADENCE and (tables is None or t.name in tables)):
        limit, as_of = CADENCE[table], marks.get(table)
        if as_of is None:
            findings.append(
                found(
                    NAME,
                    "never_filled",
                    {},
                    f"{table} was never refreshed.",
                    place=table,
                    expected=f"refreshed every {age(limit)}",
                    actual="never refreshed",
                )
            )
        elif context.now - as_of > limit:
            old = age(context.now - as_of)
            findings.append(
                found(
                    NAME,
                    "stale",
                    {},
                    f"{table} is {old} old; it should be refreshed every {age(limit)}.",
                    place=table,
                    expected=f"at most {age(limit)} old",
                    actual=f"{old} old",
                )
            )
    return findings
