"""From which trading day on a finance table has to be computed anew. Read: the lake, the ledger. Written: nothing.

A run's cost follows what changed: where nothing did, nothing is computed. The mark of a finance table is that of the
till tables it was made from, so a receipt that the ledger already has and the lake not yet is never passed over.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from bp_assets.config import ShopsFile
from bp_assets.lake.frames import mark
from bp_assets.ledger.changes import changes
from bp_assets.ledger.connection import Ledger

DAY = timedelta(days=1)  # where only an instant is known, the trading day may be the one before
# Orders that were read again, with whatever of them changed.
_ORDERS = """
with changed as (
    select order_id from posted_orders where as_of > $1
    union select order_id from posted_order_rows where as_of > $1
    union select order_id from posted_payments where as_of > $1
)
select min(coalesce(t.business_date, cast(coalesce(t.captured_at, o.placed_on, o.as_of) as date) - 1))
from changed c join posted_orders o using (order_id) left join pos_transactions t on t.sale_id = o.sale_id
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """``since`` is the first day to compute (``None``: all days) unless ``nothing`` changed; ``mark`` goes with it."""

    nothing: bool
    since: date | None
    mark: dict[str, Any]


def touched(
    reading: duckdb.DuckDBPyConnection, ledger: Ledger, shops: ShopsFile, table: str, now: datetime, *, all_days: bool
) -> Touched:
    """What changed for a finance table since it was last computed. The maps of the shops file count as a change."""
    sales, totals = mark(reading, "pos_transactions"), mark(reading, "till_totals")
    new = {
        "sales": sales.mark if sales else 0,
        "totals": totals.mark if totals else 0,
        "at": now.astimezone(UTC).isoformat(),
        "maps": hashlib.sha256(shops.model_dump_json().encode()).hexdigest()[:16],
    }
    followed = mark(reading, table)
    if all_days or followed is None or followed.mark["maps"] != new["maps"]:
        return Touched(False, None, new)
    old = followed.mark
    postings = changes(ledger, "postings", old["sales"], columns=["sale_id", "business_date", "captured_at"])
    told = changes(ledger, "till_totals", old["totals"], columns=["shop", "business_date"])
    if postings.complete or told.complete:
        return Touched(False, None, new)
    days = [row["business_date"] or (row["captured_at"].date() - DAY) for row in postings.rows]
    days += [row["business_date"] for row in told.rows]
    orders = reading.execute(_ORDERS, [datetime.fromisoformat(old["at"])]).fetchone()
    if orders and orders[0]:
        days.append(orders[0])
    return Touched(not days, min(days, default=None), new)
