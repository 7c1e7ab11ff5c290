"""Trading days: in which mode each was begun, and when it was closed.

Read and written: ``trading_days``. The first receipt of a day fixes its mode; nothing changes it afterwards, so that
what was posted in one mode is never posted again in the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import postings, trading_days

CHANNEL = "tillbridge_inbox"  # the bell that wakes a waiting posting run
REALTIME, END_OF_DAY = "realtime", "end_of_day"
Day = tuple[str, date]  # shop, business date


@dataclass(frozen=True, slots=True)
class TradingDay:
    """``close_asked_at``: somebody wants it closed now. ``closed_at``: when summaries were last made of it."""

    shop: str
    business_date: date
    mode: str
    close_asked_at: datetime | None
    closed_at: datetime | None


def fix_modes(connection: sa.Connection, wanted: Mapping[Day, str], others: Set[Day]) -> dict[Day, str]:
    """Within the caller's transaction: begin these days in the modes wanted; the modes that really hold, also of
    ``others``, which are begun by nobody here.
    """
    if wanted:
        days = sorted(wanted.items(), key=str)
        rows = [{"shop": shop, "business_date": day, "mode": mode} for (shop, day), mode in days]
        connection.execute(pg.insert(trading_days).on_conflict_do_nothing(), rows)
    chosen = sa.tuple_(trading_days.c.shop, trading_days.c.business_date).in_(list(wanted.keys() | others))
    query = sa.select(trading_days.c.shop, trading_days.c.business_date, trading_days.c.mode).where(chosen)
    return {(shop, day): mode for shop, day, mode in connection.execute(query)}


@retrying
def days(ledger: Ledger, shop: str | None = None) -> list[TradingDay]:
    """The days that have receipts, by shop and date."""
    query = sa.select(*(trading_days.c[name] for name in TradingDay.__dataclass_fields__))
    if shop is not None:
        query = query.where(trading_days.c.shop == shop)
    with ledger.begin() as connection:
        found = connection.execute(query.order_by(trading_days.c.shop, trading_days.c.business_date))
        return [TradingDay(*row) for row in found]


@retrying
def ask_to_close(ledger: Ledger, shop: str, day: date) -> int:
    """Have a day closed by the next posting run; how many receipts wait for that. None waiting: nothing is asked."""
    waiting = sa.select(sa.func.count()).where(
        postings.c.shop == shop,
        postings.c.business_date == day,
        postings.c.role == "member",
        postings.c.state == "pending",
        postings.c.summary_id.is_(None),
    )
    change = sa.update(trading_days).where(trading_days.c.shop == shop, trading_days.c.business_date == day)
    with ledger.begin() as connection:
        count = int(connection.scalar(waiting) or 0)
        if count:
            connection.execute(change.values(close_asked_at=sa.func.now()))
            connection.execute(sa.text(f"notify {CHANNEL}"))
    return count
