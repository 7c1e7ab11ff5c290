"""Runs of Dagster that work here: when they began, when they mean to make way for the next one, when they ended.

What began, did not end, and holds no lock any more (see ``bp_assets/alive.py``) is dead beyond doubt; unless PostgreSQL
was restarted meanwhile, which takes the locks of the living too. Read and written: ``runs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import runs

_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``same_server``: PostgreSQL was not restarted since it began. ``due_to_end``: its time is over."""

    run_id: str
    ended: bool
    due_to_end: bool
    same_server: bool


@retrying
def began(ledger: Ledger, run_id: str) -> None:
    """The run has begun and holds its lock. Old entries are forgotten."""
    with ledger.begin() as connection:
        connection.execute(sa.delete(runs).where(runs.c.began_at < sa.func.now() - _KEPT))
        insert = pg.insert(runs).values(run_id=run_id)
        new = {"server_began_at": sa.func.pg_postmaster_start_time(), "ended_at": None}
        connection.execute(insert.on_conflict_do_update(index_elements=["run_id"], set_=new))


@retrying
def makes_way(ledger: Ledger, run_id: str, at: datetime) -> None:
    """The run will hand over to the next one at this moment, if there is a next one."""
    with ledger.begin() as connection:
        connection.execute(sa.update(runs).where(runs.c.run_id == run_id).values(ends_at=at))


@retrying
def ended(ledger: Ledger, run_id: str) -> None:
    """The run's work is over; Dagster hears of it in a moment."""
    with ledger.begin() as connection:
        connection.execute(sa.update(runs).where(runs.c.run_id == run_id).values(ended_at=sa.func.now()))


@retrying
def known(ledger: Ledger, run_ids: Iterable[str]) -> dict[str, Run]:
    """Those of the runs that have begun their work."""
    query = sa.select(
        runs.c.run_id,
        runs.c.ended_at.is_not(None),
        sa.func.coalesce(runs.c.ends_at <= sa.func.now(), False),
        runs.c.server_began_at == sa.func.pg_postmaster_start_time(),
    ).where(runs.c.run_id == sa.any_(sa.cast(list(run_ids), pg.ARRAY(sa.Text))))
    with ledger.begin() as connection:
        return {row[0]: Run(*row) for row in connection.execute(query)}
