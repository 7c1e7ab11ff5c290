"""What does not get on by itself or not yet: receipts on their way and receipts set aside, in piles by shop and cause.

Read: ``postings`` (by small indexes: what is settled is never looked at). Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger, retrying


@dataclass(frozen=True, slots=True)
class Pile:
    """Receipts of one shop, currency, state and reason. Money is signed, in the smallest unit, as far as it was read.

    ``retrying`` counts those of which an attempt failed and that wait for their next, ``next_attempt_at`` is the
    earliest of these, ``most_attempts`` the most that any of them took. ``message`` is the oldest one's.
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


_SHORT = (
    "select shop, currency, state, reason_code, gross_minor, captured_at, next_attempt_at, attempts, message, sale_id "
    "from tillbridge.postings where state"
)
_QUERY = sa.text(
    f"""
    select shop, currency, state, reason_code, count(*), coalesce(sum(gross_minor), 0)::bigint, min(captured_at),
           count(*) filter (where next_attempt_at > now()), min(next_attempt_at) filter (where next_attempt_at > now()),
           max(attempts), (array_agg(message order by captured_at, sale_id))[1]
    from (
        {_SHORT} in ('pending', 'sending', 'unknown')
        union all {_SHORT} = 'posted'
        union all {_SHORT} in ('rejected', 'quarantined')
    ) waiting
    group by shop, currency, state, reason_code order by shop, currency, state, reason_code
    """
)


@retrying
def piles(ledger: Ledger) -> list[Pile]:
    """Every pile: pending, sending, unknown, posted (not read back), rejected, quarantined."""
    with ledger.begin() as connection:
        return [Pile(*row) for row in connection.execute(_QUERY)]
