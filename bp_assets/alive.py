"""Which runs are really alive: a run holds a lock in PostgreSQL for as long as its process lives.

Dagster's own word is not enough: after a kill -9 of the machine a run reads "started" for ever and, being the only one
of its kind allowed, would keep the next from starting. A lock goes with its connection, so a dead process can't hold
one. The run notes in the ledger that it took its lock, so that a missing lock is a sure sign (see ``ledger/runs.py``).
Read: ``pg_locks``. Written: ``runs``.
"""

import hashlib
import select
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from bp_assets.ledger import runs
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerError

LOCK_CLASS = 0x7B51  # our corner of the advisory locks; the poster's own lock is another one
PING_SECONDS = 5.0
LOOK_SECONDS = 0.2  # how soon a run whose connection was closed takes its lock again


def _number(run_id: str) -> int:
    """A run's lock: the first 31 bits of a hash of its id, as PostgreSQL takes two 32-bit numbers."""
    return int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4], "big") >> 1


@contextmanager
def held(ledger: Ledger, run_id: str) -> Iterator[None]:
    """Hold the run's lock until the block ends; taken again at once when the connection was lost."""
    done = threading.Event()
    taken = threading.Event()
    keeper = threading.Thread(target=_keep, args=(ledger, run_id, taken, done), name=f"alive-{run_id[:8]}", daemon=True)
    keeper.start()
    taken.wait(PING_SECONDS)  # a slow database must not hold up the run: the keeper goes on trying
    try:
        yield
    finally:
        done.set()
        keeper.join(PING_SECONDS * 2)


def _keep(ledger: Ledger, run_id: str, taken: threading.Event, done: threading.Event) -> None:
    engine = ledger.engine.execution_options(isolation_level="AUTOCOMMIT")
    while not done.is_set():
        with suppress(sa.exc.SQLAlchemyError, LedgerError), engine.connect() as connection:
            parameters = {"class": LOCK_CLASS, "number": _number(run_id)}
            connection.execute(sa.text("select pg_try_advisory_lock(:class, :number)"), parameters)
            runs.began(ledger, run_id)
            taken.set()
            _hold(connection, done)
            runs.ended(ledger, run_id)  # before the lock goes: who ends is not dead
            connection.execute(sa.text("select pg_advisory_unlock(:class, :number)"), parameters)
            return
        done.wait(LOOK_SECONDS)


def _hold(connection: sa.Connection, done: threading.Event) -> None:
    """Until ``done``. Raises as soon as the server closes the connection, which is when the lock is gone."""
    driver = connection.connection.driver_connection
    assert driver is not None
    asked = time.monotonic()
    while not done.wait(LOOK_SECONDS):
        closed = bool(select.select([driver], [], [], 0)[0])
        if closed or time.monotonic() - asked >= PING_SECONDS:
            connection.execute(sa.text("select 1"))
            asked = time.monotonic()


def alive(ledger: Ledger, run_ids: Iterable[str]) -> set[str]:
    """Those of the runs whose process holds its lock now."""
    numbers = {_number(run_id): run_id for run_id in run_ids}
    query = sa.text(
        "select objid::bigint from pg_locks where locktype = 'advisory' and granted and classid::bigint = :class"
        " and objid::bigint = any(:numbers)"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    with ledger.begin() as connection:
        rows = connection.scalars(query, {"class": LOCK_CLASS, "numbers": list(numbers)})
        return {numbers[number] for number in rows}
