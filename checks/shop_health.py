"""Shops that do not stand well: one finding per shop, with its state, what waits and who acts.

Read: shop_health. Written: nothing. The states are decided where the table is filled (``operations/health.py``):
misconfigured, not_asked, till_resting, posting_late, till_failing, erp_refusing, map_incomplete, unreadable,
not_in_file.
"""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.domain.reasons import REASONS
from checks.context import CheckContext, age, found, money, rows

NAME = "shop_health"

_SQL = """
select shop, currency, state, since, reason, reason_code, as_of,
       waiting_count + unverified_count + gathering_count + rejected_count + quarantined_count as open_count,
       waiting_gross + unverified_gross + gathering_gross + rejected_gross + quarantined_gross as open_gross
from shop_health where state <> 'healthy' order by shop, currency
"""


def shop_health(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """One finding per row that is not healthy; ``difference`` is the gross of all that is open, ``actual`` since when.

    Where receipts were set aside, owner and advice are those of their most frequent reason.
    """
    return [_finding(context, row) for row in rows(connection, _SQL)]


def _finding(context: CheckContext, row: dict[str, Any]) -> Finding:
    reason = REASONS.get(row["reason_code"])
    open_ = f"{row['open_count']} open, {money(row['open_gross'], row['currency'])}"
    fact = f"Shop {row['shop']} has been {row['state']} for {age(context.now - row['since'])}: {row['reason']}"
    return found(
        NAME, row["state"], row, fact, place=row["currency"], expected="healthy", actual=f"{row['state']}; {open_}",
        difference=row["open_gross"], owner=reason.owner if reason else "", advice=reason.what_to_do if reason else "",
    )  # fmt: skip
