"""Receipt numbers of a till that are missing between two that we hold. Read: pos_transactions. Written: nothing.

Only series that are plainly consecutive are looked at: the number ends in digits, the register holds at least ``LEAST``
of them and ``DENSE`` per cent of the range from its smallest to its largest. A register whose numbers come back on
another day starts anew each day, so its days are looked at one by one. Letters before the digits do not matter: a till
that marks returns as C1002 counts on.
"""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from checks.context import found, rows

LEAST = 5
DENSE = 80

_SQL = f"""
with numbered as (
    select shop, coalesce(register_id, '') as register_id, business_date,
           try_cast(regexp_extract(receipt_number, '([0-9]{{1,15}})$', 1) as BIGINT) as n, receipt_number
    from pos_transactions where business_date is not null
),
one as (
    select shop, register_id, business_date, n, min(receipt_number) as receipt_number
    from numbered where n is not null group by all
),
repeating as (
    select distinct shop, register_id from one group by shop, register_id, n having count(*) > 1
),
series as (
    select o.*, case when r.shop is null then null else o.business_date end as part
    from one o left join repeating r on r.shop = o.shop and r.register_id = o.register_id
),
dense as (
    select shop, register_id, part from series group by all
    having count(*) >= {LEAST} and count(*) * 100 >= (max(n) - min(n) + 1) * {DENSE}
),
steps as (
    select s.shop, s.register_id, s.business_date, s.n, s.receipt_number,
           lead(s.n) over following as next_n, lead(s.receipt_number) over following as next_receipt,
           lead(s.business_date) over following as next_date
    from series s join dense d
         on d.shop = s.shop and d.register_id = s.register_id and d.part is not distinct from s.part
    window following as (partition by s.shop, s.register_id, s.part order by s.n)
)
select shop, register_id, next_date as business_date, n + 1 as first, next_n - 1 as last, receipt_number as before,
       next_receipt as after
from steps where next_n - n > 1 order by shop, register_id, n
"""


def number_gaps(connection: DuckDBPyConnection) -> list[Finding]:
    """One finding per run of missing numbers; it stands on the day of the receipt after it."""
    return [_gap(row) for row in rows(connection, _SQL)]


def _gap(row: dict[str, Any]) -> Finding:
    missing = str(row["first"]) if row["first"] == row["last"] else f"{row['first']} to {row['last']}"
    till = f"register {row['register_id']}" if row["register_id"] else "the till"
    fact = f"{row['shop']}, {till}: no receipt {missing} between {row['before']} and {row['after']}."
    return found(
        "conservation", "number_gap", row, fact, place=f"{till}, {missing}", expected=f"receipt {missing}",
        actual="not received",
    )  # fmt: skip
