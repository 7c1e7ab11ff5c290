"""Receipts that are not verified in the ERP although the promise is over, or that wait with a reason.

Read: pos_transactions, posting_log, the shops file. Written: nothing.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.domain.reasons import REASONS
from bp_assets.finance.maps import lent
from checks.context import CheckContext, age, found, money, receipt_of, rows

NAME = "unposted_sales"
_PARKED = ("rejected", "quarantined")

_SQL = """
with receipts as (
    -- What goes into a summary is promised from the close of its day on.
    select t.*, case when t.posted_as = 'summary' and c.shop is not null then
                    greatest(t.captured_at, timezone(c.zone, t.business_date::timestamp + to_minutes(c.minutes)))
                else t.captured_at end as since
    from pos_transactions t left join closing_times c on c.shop = t.shop
),
waiting as (
    select * from receipts
    where state in ('rejected', 'quarantined')
       or (state in ('pending', 'sending', 'unknown') and since < $due)
       or (state = 'posted' and (coalesce(posted_at, captured_at) < $due or message <> ''))
),
last as (
    select l.sale_id, arg_max(l, l.step_id) as step, count(*) filter (l.outcome = 'success') as done
    from posting_log l semi join waiting w on w.sale_id = l.sale_id
    group by l.sale_id
)
select w.*, l.step, coalesce(l.done, 0) as done
from waiting w left join last l on l.sale_id = w.sale_id
order by w.captured_at, w.sale_id
"""


def unposted_sales(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """One finding per receipt; ``actual`` names the stage (its last ERP call), ``difference`` is its gross.

    Waiting is measured from the receipt's arrival in our ledger (for ``unverified``: from its posting; for what goes
    into a summary: from the close of its day), so that a till that was offline for days is not blamed on posting.
    """
    parameters = {"due": context.now - context.promise}
    with lent(connection, context.shops, "closing_times"):
        return [_finding(context, row) for row in rows(connection, _SQL, parameters)]


def _finding(context: CheckContext, row: dict[str, Any]) -> Finding:
    state = row["state"]
    kind = state if state != "posted" else "differing" if row["message"] else "unverified"
    since = row["posted_at"] or row["captured_at"] if state == "posted" else row["since"]
    stage = _stage(row["step"])
    worth = money(row["gross"], row["currency"])
    if kind in _PARKED:
        reason = REASONS.get(row["reason_code"])
        title = reason.title if reason else row["reason_code"] or "no reason was recorded"
        already = f" {row['done']} of its steps already stand in the ERP." if row["done"] else ""
        fact = f"{receipt_of(row)} ({worth}) is {kind}: {title}. {row['message']}".rstrip() + already
        return found(
            NAME, kind, row, fact, expected="verified", actual=f"{kind} ({row['reason_code']}); {stage}",
            difference=row["gross"], owner=reason.owner if reason else "", advice=reason.what_to_do if reason else "",
        )  # fmt: skip
    if kind == "differing":
        fact = f"{receipt_of(row)} ({worth}) was posted and differs in the ERP. {row['message']}."
        return found(NAME, kind, row, fact, expected="verified", actual=row["message"], difference=row["gross"])
    tried = _tried(row)
    fact = f"{receipt_of(row)} ({worth}) has waited {age(context.now - since)} as {state}; {stage}{tried}."
    expected = f"verified within {age(context.promise)}"
    return found(NAME, kind, row, fact, expected=expected, actual=f"{state}; {stage}{tried}", difference=row["gross"])


def _tried(row: dict[str, Any]) -> str:
    """How often it was tried and when it is next, of a sale that backs off: ``; tried 3 times, next at …``."""
    if row["next_attempt_at"] is None:
        return ""
    times = "once" if row["attempts"] == 1 else f"{row['attempts']} times"
    return f"; tried {times}, next at {row['next_attempt_at'].astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _stage(step: dict[str, Any] | None) -> str:
    """The last ERP call in words: ``last step SO payment:1, try 2: failure 409 (duplicate)``."""
    if step is None:
        return "nothing was sent yet"
    status = f" {step['status']}" if step["status"] is not None else ""
    error = f" ({step['error']})" if step["error"] else ""
    outcome = step["outcome"] or "no answer yet"
    return f"last step {step['document']} {step['step']}, try {step['attempt']}: {outcome}{status}{error}"
