"""The request budget of an ERP account: one row that all processes take turns on, and what was spent, by minute.

Read and written: ``request_budget``, ``erp_requests``. What the row's text means is decided by who reads it (the edges
don't know each other). The clock is the server's, the same for every machine. A turn lasts a fraction of a millisecond;
a process that dies within one leaves the row to the next at once, one that hangs within it after five seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import erp_requests


@dataclass(frozen=True, slots=True)
class Spending:
    """What one turn spent in one lane; ``waited_ms`` is what its requests had waited for it, all together."""

    lane: str
    requests: int
    refused: int
    waited_ms: int


@dataclass(frozen=True, slots=True)
class Minute:
    """One lane in one minute, as kept."""

    account: str
    minute: datetime
    lane: str
    requests: int
    refused: int
    waited_ms: int


# Several statements to a round trip: a turn is taken for every request. The clock is read by a statement of its own,
# after the wait for the row. A lost server loses at most the last moments of the count, hence no wait for the disk.
_BEGIN = (
    "set local synchronous_commit to off; set local idle_in_transaction_session_timeout to '5s'; "
    "select 1 from tillbridge.request_budget where account = %(account)s for update; "
    "select usage, extract(epoch from clock_timestamp())::float8 "
    "from tillbridge.request_budget where account = %(account)s"
)
_ROW = "insert into tillbridge.request_budget (account) values (%(account)s) on conflict do nothing"
_KEEP = "update tillbridge.request_budget set usage = %(usage)s where account = %(account)s"
_SPEND = (
    "; insert into tillbridge.erp_requests as kept (account, minute, lane, requests, refused, waited_ms) "
    "select %(account)s, date_trunc('minute', clock_timestamp()), spent.* "
    "from unnest(%(lanes)s::text[], %(requests)s::int[], %(refused)s::int[], %(waited)s::bigint[]) as spent "
    "on conflict (account, minute, lane) do update set requests = kept.requests + excluded.requests, "
    "refused = kept.refused + excluded.refused, waited_ms = kept.waited_ms + excluded.waited_ms"
)


@retrying
def change_usage(ledger: Ledger, account: str, act: Callable[[str, float], tuple[str, Sequence[Spending]]]) -> None:
    """Replace an account's text by what ``act(text, seconds since 1970)`` returns, one caller at a time.

    ``act`` may be called again where the connection was lost: then its first word may have been kept as well, which
    counts requests that were never sent, and no request less than was sent.
    """
    with ledger.begin() as connection:
        found = connection.exec_driver_sql(_BEGIN, {"account": account}).one_or_none()
        if found is None:
            connection.exec_driver_sql(_ROW, {"account": account})
            found = connection.exec_driver_sql(_BEGIN, {"account": account}).one()
        old, now = found
        new, spent = act(old, now)
        values: dict[str, object] = {"account": account, "usage": new}
        values |= {"lanes": [one.lane for one in spent], "requests": [one.requests for one in spent]}
        values |= {"refused": [one.refused for one in spent], "waited": [one.waited_ms for one in spent]}
        if new != old or spent:
            connection.exec_driver_sql(_KEEP + (_SPEND if spent else ""), values)


@retrying
def usage_of(ledger: Ledger, account: str) -> tuple[str, float]:
    """An account's text (empty: nobody wrote one) and the server's seconds since 1970, without waiting for a turn."""
    query = sa.text(
        "select coalesce((select usage from tillbridge.request_budget where account = :account), ''), "
        "extract(epoch from clock_timestamp())::float8"
    )
    with ledger.begin() as connection:
        usage, now = connection.execute(query, {"account": account}).one()
        return usage, now


@retrying
def spent_since(ledger: Ledger, age: timedelta) -> list[Minute]:
    """The minutes that ended or run within ``age`` before now, by the server's clock, in order."""
    names = ("account", "minute", "lane", "requests", "refused", "waited_ms")
    query = sa.select(*(erp_requests.c[name] for name in names))
    query = query.where(erp_requests.c.minute > sa.func.now() - age - timedelta(minutes=1))
    with ledger.begin() as connection:
        rows = connection.execute(query.order_by(erp_requests.c.account, erp_requests.c.minute, erp_requests.c.lane))
        return [Minute(*row) for row in rows]


@retrying
def forget_spent(ledger: Ledger, age: timedelta) -> int:
    """Delete minutes older than ``age``; the lake keeps what it has copied. Returns how many rows went."""
    with ledger.begin() as connection:
        return connection.execute(sa.delete(erp_requests).where(erp_requests.c.minute < sa.func.now() - age)).rowcount
