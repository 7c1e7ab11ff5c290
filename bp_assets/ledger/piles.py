"""What does not get on by itself or not yet: receipts on their way and receipts set aside, in piles by shop and cause.

Read: ``postings`` (by small indexes: what is settled is never looked at). Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger, retrying


@dataclass(frozen=True, slots=True)
class Pile:
    """Receipts of one shop, currency, state and reason. Money is signed, in the smallest unit, as far as it was read.

    ``retrying`` counts those of which an attempt failed and that wait for their next, ``next_attempt_at`` is the
    earliest of these, ``most_attempts`` the most that any of them took. ``message`` is the oldest one's. State
    ``gathering``: receipts of an end-of-day shop that wait for the close of their trading day.
    """

    shop: str
    currency: str
    state: str
    reason_code: str
    count: int
    gross_minor: int
    oldest_at: datetime
    retrying: int
    next_attempt_at: datetime | None
    most_attempts: int
    message: str
    oldest_day: date | None = None


GATHERING = "gathering"
# A receipt that goes into a summary stands where its summary stands and is as old as that; until it has one it waits
# for the close of its day. Each branch is answered by an index of its own.
_QUERY = sa.text(
    f"""
    with sent as (
        select * from tillbridge.postings where role <> 'member' and state in ('pending', 'sending', 'unknown')
        union all select * from tillbridge.postings where role <> 'member' and state = 'posted'
    ),
    receipts as (
        select shop, currency, state, reason_code, gross_minor, captured_at, next_attempt_at, attempts, message,
               sale_id, business_date
        from sent where role = 'order'
        union all
        select m.shop, m.currency, s.state, s.reason_code, m.gross_minor, s.captured_at, s.next_attempt_at, s.attempts,
               s.message, m.sale_id, m.business_date
        from sent s join tillbridge.postings m on m.summary_id = s.sale_id where s.role = 'summary'
        union all
        select shop, currency, '{GATHERING}', reason_code, gross_minor, captured_at, null, attempts, message, sale_id,
               business_date
        from tillbridge.postings where role = 'member' and state = 'pending' and summary_id is null
        union all
        select shop, currency, state, reason_code, gross_minor, captured_at, null, attempts, message, sale_id,
               business_date
        from tillbridge.postings where role <> 'summary' and state in ('rejected', 'quarantined')
    )
    select shop, currency, state, reason_code, count(*), coalesce(sum(gross_minor), 0)::bigint, min(captured_at),
           count(*) filter (where next_attempt_at > now()), min(next_attempt_at) filter (where next_attempt_at > now()),
           max(attempts), (array_agg(message order by captured_at, sale_id))[1], min(business_date)
    from receipts
    group by shop, currency, state, reason_code order by shop, currency, state, reason_code
    """
)


@retrying
def piles(ledger: Ledger) -> list[Pile]:
    """Every pile: pending, sending, unknown, posted (not read back), gathering, rejected, quarantined."""
    with ledger.begin() as connection:
        return [Pile(*row) for row in connection.execute(_QUERY)]
