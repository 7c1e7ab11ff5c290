"""The poster's lock, one per ERP account, and the bell that rings when something new waits to be posted.

Read and written: no table; an advisory lock and a notice of PostgreSQL, each on a connection of its own. Both need a
connection that stays the same: behind a pooler, use one in session mode.
"""

from __future__ import annotations

import hashlib
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg2  # type: ignore[import-untyped]  # ships no types
import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.errors import LockLost
from bp_assets.ledger.trading_days import CHANNEL
from bp_assets.ledger.webhooks import TILLS_CHANNEL

_LOCK_TIMEOUT = "55P03"
_ASKED_AGAIN = "1s"  # how long a waiting run lies in PostgreSQL's queue before it looks up


class PosterLock:
    """A lock that is held as long as its connection lives. Ask ``check`` before every batch that is sent."""

    def __init__(self, connection: sa.Connection, account: str) -> None:
        self._connection = connection
        self._account = account

    def check(self) -> None:
        """Nothing, while the lock is held.

        Raises:
            LockLost: the connection is gone, and with it the lock: another poster may already be sending.
        """
        self._ask(sa.text("select 1"), {})

    def wanted(self) -> bool:
        """Whether another run waits for the lock. Raises as ``check``."""
        query = sa.text(
            "select exists (select from pg_locks where locktype = 'advisory' and not granted and objsubid = 1"
            " and (classid::bigint << 32) | objid::bigint = :key"
            " and database = (select oid from pg_database where datname = current_database()))"
        )
        return bool(self._ask(query, {"key": _key(self._account)}))

    def _ask(self, query: sa.TextClause, values: dict[str, int]) -> object:
        try:
            return self._connection.scalar(query, values)
        except sa.exc.SQLAlchemyError as error:  # the driver's at first, then SQLAlchemy's own: it must not reconnect
            raise LockLost(
                f"The poster's lock of ERP account {self._account!r} was lost with its connection."
            ) from error


@contextmanager
def poster_lock(
    ledger: Ledger,
    account: str,
    *,
    wait_seconds: float = 0.0,
    given_up: Callable[[], bool] = lambda: False,
) -> Iterator[PosterLock | None]:
    """The right to post to an ERP account, for the time of the block; ``None`` where another process has it.

    With ``wait_seconds`` it queues up for the lock, for so long at most and until ``given_up``; who holds it sees that
    (``wanted``) and gets it over with.
    """
    connection = _own_connection(ledger)
    try:
        got = connection.scalar(sa.text("select pg_try_advisory_lock(:key)"), {"key": _key(account)})
        end = time.monotonic() + wait_seconds
        while not got and time.monotonic() < end and not given_up():
            got = _queued(connection, account)
        yield PosterLock(connection, account) if got else None
    finally:
        with suppress(sa.exc.DBAPIError):
            connection.invalidate()  # really closed, never back in the pool with the lock still on it
        connection.close()


def _key(account: str) -> int:
    return int.from_bytes(hashlib.sha256(f"poster\x1f{account}".encode()).digest()[:8], "big", signed=True)


def _queued(connection: sa.Connection, account: str) -> bool:
    """Whether the lock came while we lay in its queue for a second."""
    try:
        connection.execute(sa.text(f"set lock_timeout = '{_ASKED_AGAIN}'"))
        connection.execute(sa.text("select pg_advisory_lock(:key)"), {"key": _key(account)})
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_TIMEOUT:
            raise
        return False
    return True


class Bell:
    """Rings for new postings and for hints of tills. Notices are kept between waits, while the connection lives."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._lost = False
        self._hints: set[str] = set()

    def hints(self) -> set[str]:
        """The till systems that hinted at something since this was last asked."""
        told, self._hints = self._hints, set()
        return told

    def wait(self, seconds: float) -> bool:
        """Whether something was put into the queue; waits at most ``seconds``. A lost connection counts as one ring.

        It only spares time: what really waits is asked of ``due``. Once lost it rings no more, each wait is waited out.
        """
        if self._lost:
            time.sleep(seconds)
            return False
        driver = self._connection.connection.driver_connection
        assert driver is not None
        deadline = time.monotonic() + seconds
        try:
            while True:
                driver.poll()
                if driver.notifies:
                    self._hints |= {one.payload for one in driver.notifies if one.channel == TILLS_CHANNEL}
                    driver.notifies.clear()
                    return True
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([driver], [], [], left)[0]:
                    return False
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._lost = True
            return True


@contextmanager
def bell(ledger: Ledger) -> Iterator[Bell]:
    """Listen for new postings for the time of the block. Open it, then ask ``due``, then wait: nothing is missed."""
    connection = _own_connection(ledger)
    try:
        for channel in (CHANNEL, TILLS_CHANNEL):
            connection.execute(sa.text(f"listen {channel}"))
        yield Bell(connection)
    finally:
        with suppress(sa.exc.DBAPIError):
            connection.invalidate()
        connection.close()


@retrying
def _own_connection(ledger: Ledger) -> sa.Connection:
    return ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
