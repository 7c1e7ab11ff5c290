"""The ledger as an object: one engine, transactions, and what happens when the connection goes away.

Every function of this package is one explicit transaction and takes a ``Ledger`` first. A lost connection is tried
again a limited number of times (an embedded server that died is started again); what is still wrong then is one line
for a person. Every retried function is written so that doing it twice equals doing it once, since the answer to a
commit can be lost after the commit happened. Read and written: nothing by itself.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg2  # type: ignore[import-untyped]  # ships no types
import sqlalchemy as sa
import stamina

from bp_assets.config.home import Home
from bp_assets.ledger import server
from bp_assets.ledger.errors import LedgerUnavailable
from bp_assets.ledger.migrate import migrate

P = ParamSpec("P")
T = TypeVar("T")

RETRY_ATTEMPTS = 8
RETRY_SECONDS = 30.0
_TRANSIENT = ("40001", "40P01")  # another transaction was in the way; the whole transaction is simply run again
_GONE = ("57P01", "57P02", "57P03")  # the server is stopping, crashed or starting
_WRONG = ("password authentication failed", "no password supplied", "does not exist", "no pg_hba.conf entry")


class Ledger:
    """A ledger that is open. ``Ledger.open(home)`` starts what it needs; ``Ledger(url)`` takes a migrated database."""

    def __init__(self, url: str, *, revive: Callable[[], object] | None = None) -> None:
        self.url = url
        self._revive = revive
        self.engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=8,
            json_serializer=_json,
            connect_args={"connect_timeout": 10, "application_name": "tillbridge", "keepalives_idle": 30},
        )

    @classmethod
    def open(cls, home: Home) -> Ledger:
        """The ledger of an installation: server started, schemas there, migrations applied.

        Raises:
            LedgerUnavailable: no server, wrong credentials, no rights, disk full.
            LedgerNewer: the database belongs to a newer version.
        """
        revive = None if home.database_url else functools.partial(server.database_url, home)
        ledger = cls(server.database_url(home), revive=revive)
        try:
            _prepare(ledger)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Close all connections. The embedded server stops with the last process that uses it."""
        self.engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One transaction: committed at the end, rolled back on any error."""
        with self.engine.begin() as connection:
            yield connection

    def revive(self) -> None:
        """Start the embedded server again if it died; does nothing for a server of your own."""
        if self._revive is not None:
            self._revive()


def _json(value: object) -> str:
    """JSON for the record of what was sent: exact decimals are kept as text."""
    return json.dumps(value, default=str, ensure_ascii=False)


def retrying(function: Callable[Concatenate[Ledger, P], T]) -> Callable[Concatenate[Ledger, P], T]:
    """Run a function of one transaction again after a lost connection or a collision, limited in number and time."""

    @functools.wraps(function)
    def wrapper(ledger: Ledger, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            for attempt in stamina.retry_context(
                on=_worth_retrying, attempts=RETRY_ATTEMPTS, timeout=RETRY_SECONDS, wait_initial=0.05, wait_max=5
            ):
                with attempt:
                    if attempt.num > 1:
                        ledger.revive()
                    return function(ledger, *args, **kwargs)
        except sa.exc.DBAPIError as error:
            raise explained(error, ledger.url) or error from error
        raise AssertionError("a retry either returns or raises")

    return wrapper


@retrying
def _prepare(ledger: Ledger) -> None:
    server.ensure_schemas(ledger.engine)
    migrate(ledger.engine)


def _worth_retrying(error: BaseException) -> bool:
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    code = getattr(error.orig, "pgcode", None)
    if code in _TRANSIENT or code in _GONE or error.connection_invalidated:
        return True
    refused = isinstance(error.orig, psycopg2.OperationalError) and code is None
    return refused and not any(words in str(error.orig) for words in _WRONG)


def explained(error: sa.exc.DBAPIError, url: str) -> LedgerUnavailable | None:
    """The error as one line for a person, or ``None`` where it is a mistake in our own code."""
    where = sa.make_url(url)
    place = f"{where.host}:{where.port or 5432}" if where.host else str(where.query.get("host", "the local socket"))
    said = " ".join(str(error.orig).split())
    code: Any = getattr(error.orig, "pgcode", None)
    if code == "53100" or "No space left" in said:
        return LedgerUnavailable(
            f"The disk of the ledger at {place} is full; nothing was written. Free space, then run again."
        )
    if code == "42501":
        return LedgerUnavailable(
            f"The ledger's user may not do what is needed at {place}: {said}. Grant it CREATE on the database."
        )
    if any(words in said for words in _WRONG) and code is None:
        return LedgerUnavailable(
            f"The ledger at {place} refuses the login of {where.username!r} to {where.database!r}: {said}. "
            "Check user, password and database in TILLBRIDGE_DATABASE_URL."
        )
    if code in _GONE or error.connection_invalidated or (code is None and isinstance(error, sa.exc.OperationalError)):
        return LedgerUnavailable(
            f"The ledger at {place} does not answer: {said}. Check that PostgreSQL runs there and can be reached; "
            "nothing is lost, run again."
        )
    return None
