"""Sales reconciliation: the till, the ERP, the difference, and what is not settled beside it, per shop and day.

Read: pos_transactions, pos_lines, posted_orders, till_totals, the shops file. Written: nothing; the asset stores it.
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets.config.shops import ShopsFile
from bp_assets.domain.states import UNSETTLED, State
from bp_assets.finance.columns import select_list
from bp_assets.finance.maps import lent
from bp_assets.finance.receipts import COMPARED
from bp_assets.lake.finance_tables import SALES_RECONCILIATION

_GROUPS = {
    "verified": (State.VERIFIED,),
    "rejected": (State.REJECTED,),
    "quarantined": (State.QUARANTINED,),
    "excluded": (State.EXCLUDED,),
    "unsettled": UNSETTLED,
}


def _beside() -> str:
    """Count and money per group of states; money of a group is what the till says of its receipts."""
    parts = []
    for name, states in _GROUPS.items():
        among = "(" + ", ".join(f"'{state.value}'" for state in states) + ")"
        parts.append(f"coalesce(sum(held) filter (state in {among}), 0) as {name}_count")
        parts.append(f"coalesce(sum(till_gross) filter (state in {among}), 0) as {name}_gross")
    return ",\n           ".join(parts)


# Grouped by state first: the sums per group of states are then taken over a handful of rows.
_SQL = f"""
{COMPARED},
by_state as (
    select shop, business_date, currency, state,
           count(*) filter (held) as held, count(*) filter (in_erp) as in_erp,
           sum(till_net) as till_net, sum(till_tax) as till_tax, sum(till_gross) as till_gross,
           sum(erp_net) as erp_net, sum(erp_tax) as erp_tax, sum(erp_gross) as erp_gross,
           sum(unexplained) as unexplained
    from compared where $since is null or business_date >= $since
    group by all
),
by_day as (
    select shop, business_date, currency, sum(held) as till_count,
           sum(till_net) as till_net, sum(till_tax) as till_tax, sum(till_gross) as till_gross,
           sum(in_erp) as erp_count, sum(erp_net) as erp_net, sum(erp_tax) as erp_tax, sum(erp_gross) as erp_gross,
           {_beside()},
           sum(unexplained) as unexplained_gross
    from by_state group by all
),
told as (
    select shop, business_date, currency, transactions, gross from till_totals
    where $since is null or business_date >= $since
),
days as (
    select shop, business_date, currency from by_day union select shop, business_date, currency from told
),
whole as (
    select d.shop, d.business_date, d.currency, b.* exclude (shop, business_date, currency),
           t.transactions as till_says_count, t.gross as till_says_gross,
           b.till_net - b.erp_net as difference_net, b.till_gross - b.erp_gross as difference_gross,
           $as_of as as_of
    from days d
    left join by_day b using (shop, business_date, currency)
    left join told t using (shop, business_date, currency)
)
select {select_list(SALES_RECONCILIATION)}
from (select * replace ({{zeros}}) from whole)
order by shop, business_date, currency
"""

# A day that only the till's own totals know still gets its row: nothing received is the loudest difference of all.
_ZERO = [
    column.name
    for column in SALES_RECONCILIATION.columns
    if not column.nullable and column.name not in ("shop", "business_date", "currency", "as_of")
]
SQL = _SQL.format(zeros=", ".join(f"coalesce({name}, 0) as {name}" for name in _ZERO))


def reconciliation(
    connection: DuckDBPyConnection, shops: ShopsFile, as_of: datetime, since: date | None = None
) -> pl.DataFrame:
    """One row per shop, trading day and currency, in the columns of ``sales_reconciliation``; money in main units.

    ``connection`` has the lake's tables in its current schema. ``since`` leaves out earlier trading days; the rows of
    the days that remain are whole. Days that only the till's own totals know are there too, with nothing received.
    """
    with lent(connection, shops, "shop_places", "erp_places"):
        return connection.execute(SQL, {"since": since, "as_of": as_of}).pl()
