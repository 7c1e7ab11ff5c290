"""The ledger in figures: how many receipts stand where, what waits longest, and what the tills say of themselves.

Read: ``postings``, ``inbox``. Read and written: ``till_totals``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.domain.states import UNSETTLED
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import inbox, postings, till_totals


@dataclass(frozen=True, slots=True)
class Standing:
    """Receipts of one shop in one state and currency; money signed, in the smallest unit, as far as it was readable."""

    shop: str
    state: str
    reason_code: str
    currency: str
    count: int
    net_minor: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The unsettled receipts of one shop: how many, and the oldest."""

    shop: str
    count: int
    oldest_sale_id: str
    oldest_captured_at: datetime


@dataclass(frozen=True, slots=True)
class TillTotal:
    """What a till says it took on one trading day. ``observed_at`` is the moment before it was asked."""

    shop: str
    business_date: date
    transactions: int
    gross_minor: int | None
    currency: str
    observed_at: datetime


_RECEIPT = postings.c.role != "summary"  # a summary is no receipt: its members are counted


@retrying
def standings(ledger: Ledger) -> list[Standing]:
    """Count and money per shop, state, reason and currency. Their counts add up to the receipts ever decoded."""
    keys = [postings.c.shop, postings.c.state, postings.c.reason_code, postings.c.currency]
    sums = [
        sa.cast(sa.func.coalesce(sa.func.sum(postings.c[name]), 0), sa.BigInteger)
        for name in ("net_minor", "gross_minor")
    ]
    query = sa.select(*keys, sa.func.count(), *sums).where(_RECEIPT).group_by(*keys).order_by(*keys)
    with ledger.begin() as connection:
        return [Standing(*row) for row in connection.execute(query)]


@retrying
def counts(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Receipts by shop and state; ``received`` are those not yet decoded (every version waiting counts)."""
    found: dict[str, dict[str, int]] = {}
    by_state = sa.select(postings.c.shop, postings.c.state, sa.func.count()).where(_RECEIPT)
    by_state = by_state.group_by(postings.c.shop, postings.c.state)
    waiting = sa.select(inbox.c.shop, inbox.c.state, sa.func.count()).where(inbox.c.state == "received")
    with ledger.begin() as connection:
        for query in (by_state, waiting.group_by(inbox.c.shop, inbox.c.state)):
            for shop, state, count in connection.execute(query):
                found.setdefault(shop, {})[state] = count
    return found


@retrying
def oldest_unsettled(ledger: Ledger) -> list[Waiting]:
    """Per shop what is not settled (pending, sending, unknown, posted), longest waiting shop first."""
    query = sa.text(
        "select shop, count(*), (array_agg(sale_id order by captured_at, sale_id))[1], min(captured_at) "
        "from tillbridge.postings where state = any(:states) and role <> 'summary' group by shop order by 4, 1"
    )
    with ledger.begin() as connection:
        return [Waiting(*row) for row in connection.execute(query, {"states": [state.value for state in UNSETTLED]})]


@retrying
def unsent(ledger: Ledger) -> int:
    """How many sales wait to be posted: pending, sending and unknown."""
    query = sa.text("select count(*) from tillbridge.postings where state in ('pending', 'sending', 'unknown')")
    with ledger.begin() as connection:
        return int(connection.scalar(query) or 0)


@retrying
def seconds_to_posted(ledger: Ledger, sale_ids: Sequence[str]) -> tuple[float, float] | None:
    """From captured to posted, median and slowest of these sales; ``None`` where none of them is posted."""
    query = sa.text(
        "select percentile_cont(0.5) within group (order by took), max(took) from (select"
        " extract(epoch from posted_at - captured_at)::float8 as took from tillbridge.postings"
        " where sale_id = any(:ids) and posted_at is not null) p"
    )
    with ledger.begin() as connection:
        middle, slowest = connection.execute(query, {"ids": list(sale_ids)}).one()
    return None if middle is None else (float(middle), float(slowest))


@retrying
def note_till_totals(ledger: Ledger, totals: Sequence[TillTotal]) -> None:
    """Keep what the tills say of themselves; a later word on the same shop and day replaces the earlier one."""
    if not totals:
        return
    names = list(TillTotal.__dataclass_fields__)
    insert = pg.insert(till_totals)
    newest = {name: insert.excluded[name] for name in names[2:]}
    said = [name for name in newest if name != "observed_at"]
    differs = sa.or_(*(till_totals.c[name].is_distinct_from(newest[name]) for name in said))
    change = insert.on_conflict_do_update(index_elements=["shop", "business_date"], set_=newest, where=differs)
    with ledger.begin() as connection:
        connection.execute(change, [{name: getattr(total, name) for name in names} for total in totals])
