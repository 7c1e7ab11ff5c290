"""Hints from outside that something changed. Only hints: a sweep finds what they miss, and a repeated one is harmless.

A till's hint rings the posting run that is at work (``locks.Bell``). Read and written: ``webhooks``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import webhooks

TILLS_CHANNEL = "tillbridge_tills"
ERP = "brightpearl"  # the one source that is no till


@dataclass(frozen=True, slots=True)
class Webhook:
    webhook_id: int
    source: str
    event: str
    resource_id: str
    payload: Any
    received_at: datetime


@retrying
def hear(ledger: Ledger, source: str, event: str, resource_id: str, payload: Any) -> int:
    """Keep one hint; its id. ``payload`` is any JSON value."""
    row = {"source": source, "event": event, "resource_id": resource_id, "payload": payload}
    with ledger.begin() as connection:
        if source != ERP:
            connection.execute(sa.select(sa.func.pg_notify(TILLS_CHANNEL, source)))
        return int(connection.scalars(sa.insert(webhooks).returning(webhooks.c.webhook_id), [row]).one())


@retrying
def open_webhooks(ledger: Ledger, source: str | None = None, limit: int = 1000) -> list[Webhook]:
    """Hints not yet acted upon, oldest first."""
    query = sa.select(*(webhooks.c[name] for name in Webhook.__dataclass_fields__)).where(
        webhooks.c.handled_at.is_(None)
    )
    if source is not None:
        query = query.where(webhooks.c.source == source)
    with ledger.begin() as connection:
        return [Webhook(*row) for row in connection.execute(query.order_by(webhooks.c.webhook_id).limit(limit))]


@retrying
def handled(ledger: Ledger, webhook_ids: Sequence[int]) -> int:
    """These hints were acted upon; how many were still open."""
    chosen = webhooks.c.webhook_id == sa.any_(sa.cast(list(webhook_ids), pg.ARRAY(sa.BigInteger)))
    change = sa.update(webhooks).where(chosen, webhooks.c.handled_at.is_(None)).values(handled_at=sa.func.now())
    with ledger.begin() as connection:
        return connection.execute(change).rowcount


@retrying
def handled_all(ledger: Ledger, source: str) -> int:
    """Every hint of a source was acted upon, since all of it was asked; how many were still open."""
    change = sa.update(webhooks).where(webhooks.c.source == source, webhooks.c.handled_at.is_(None))
    with ledger.begin() as connection:
        return connection.execute(change.values(handled_at=sa.func.now())).rowcount


@retrying
def forget_handled(ledger: Ledger, before: datetime) -> int:
    """Delete hints acted upon before an instant; how many."""
    with ledger.begin() as connection:
        return connection.execute(sa.delete(webhooks).where(webhooks.c.handled_at < before)).rowcount
