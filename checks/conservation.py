"""Per shop and day nothing is lost: what the till counts is what we hold, and every receipt is in exactly one state.

Read: pos_transactions, pos_lines, posted_orders, till_totals, sales_reconciliation, the shops file. Written: nothing.

The till counts closed baskets, so receipts excluded as ``void`` or ``not_closed`` are left out of the proof. Receipts
that reached us after the till was asked may or may not be in its count: only what holds either way is reported.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.finance.maps import lent
from bp_assets.finance.receipts import COMPARED, RECEIPTS
from checks.context import CheckContext, found, money, receipt_of, rows
from checks.number_gaps import number_gaps

NAME = "conservation"

_TOLD = f"""
with held as (
    select r.*, t.captured_at from ({RECEIPTS}) r join pos_transactions t on t.sale_id = r.sale_id
    where not (r.state = 'excluded' and r.reason_code in ('void', 'not_closed'))
),
told as (
    select x.shop, x.business_date, x.currency, x.transactions, x.gross as says,
           count(h.sale_id) as n, count(h.sale_id) filter (h.captured_at <= x.observed_at) as n_before,
           coalesce(sum(h.gross), 0)::DECIMAL(18,4) as gross,
           coalesce(sum(h.gross) filter (h.captured_at <= x.observed_at), 0)::DECIMAL(18,4)
               as gross_before,
           count(h.sale_id) filter (not h.readable) as unread
    from till_totals x
    left join held h on h.shop = x.shop and h.business_date = x.business_date and h.currency = x.currency
    group by all
)
select * from told
where n < transactions or n_before > transactions
   or (n = transactions and gross <> says) or (n <> transactions and n_before = transactions and gross_before <> says)
order by shop, business_date
"""

_LEAKS = """
select *, verified_count + rejected_count + quarantined_count + excluded_count + unsettled_count as in_states,
       verified_gross + rejected_gross + quarantined_gross + excluded_gross + unsettled_gross as gross_in_states
from sales_reconciliation
where in_states <> till_count or gross_in_states <> till_gross
order by shop, business_date, currency
"""

_UNEXPLAINED = f"""
{COMPARED}
select * from compared where unexplained <> 0 order by shop, business_date, sale_id
"""


def conservation(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """Findings per shop and day against the till's own totals, then per receipt, then missing receipt numbers."""
    with lent(connection, context.shops, "shop_places", "erp_places"):
        findings = [_told(row) for row in rows(connection, _TOLD)]
        findings += [_leak(row) for row in rows(connection, _LEAKS)]
        findings += [_unexplained(row) for row in rows(connection, _UNEXPLAINED)]
        return findings + number_gaps(connection)


def _told(row: dict[str, Any]) -> Finding:
    day, currency, says = f"{row['shop']}, {row['business_date']}", row["currency"], row["says"]
    counted = row["transactions"]
    if row["n"] < counted or row["n_before"] > counted:
        kind, held, gross = (
            ("missing_receipts", row["n"], row["gross"])
            if row["n"] < counted
            else ("surplus_receipts", row["n_before"], row["gross_before"])
        )
        fact = f"{day}: the till counts {_count(counted)}, we hold {held}: {abs(counted - held)} "
        fact += "missing." if held < counted else "too many."
        return found(
            NAME, kind, row, fact, place="till totals", expected=_worth(counted, says, currency),
            actual=_worth(held, gross, currency), difference=None if says is None else says - gross,
        )  # fmt: skip
    gross = row["gross"] if row["n"] == counted else row["gross_before"]
    expected, actual = money(says, currency), money(gross, currency)
    kind = "unread_money" if row["unread"] else "till_money"
    unread = f"; {row['unread']} of them could not be read" if row["unread"] else ""
    fact = f"{day}: the till says {expected}, its {_count(counted)} that we hold say {actual}{unread}."
    return found(
        NAME, kind, row, fact, place="till totals", expected=expected, actual=actual, difference=says - gross
    )  # fmt: skip


def _leak(row: dict[str, Any]) -> Finding:
    expected = _worth(row["till_count"], row["till_gross"], row["currency"])
    actual = _worth(row["in_states"], row["gross_in_states"], row["currency"])
    fact = f"{row['shop']}, {row['business_date']}: {expected} received, {actual} in the states together."
    return found(
        NAME, "states_leak", row, fact, place="states", expected=expected, actual=actual,
        difference=row["till_gross"] - row["gross_in_states"],
    )  # fmt: skip


def _unexplained(row: dict[str, Any]) -> Finding:
    currency = row["currency"]
    till, erp = money(row["till_gross"], currency), money(row["erp_gross"], currency)
    if not row["held"]:
        fact = f"{row['shop'] or 'No shop'}: the ERP holds {erp} under {row['sale_id']}, which no receipt explains."
        return found(
            NAME, "erp_only", row, fact, place="ERP order", expected="no order", actual=erp,
            difference=row["unexplained"],
        )  # fmt: skip
    stands = f"{erp} in the ERP" if row["in_erp"] else "nothing in the ERP"
    fact = f"{receipt_of(row)} is {row['state']}: {till} at the till, {stands}."
    expected = till if row["state"] not in ("excluded", "quarantined") else "nothing in the ERP"
    return found(
        NAME, "unexplained_money", row, fact, expected=expected, actual=stands, difference=row["unexplained"]
    )  # fmt: skip


def _count(number: int) -> str:
    return "1 transaction" if number == 1 else f"{number} transactions"


def _worth(number: int, gross: Decimal | None, currency: str) -> str:
    return _count(number) + ("" if gross is None else f", {money(gross, currency)}")
