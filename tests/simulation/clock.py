"""The time of a simulation: the machine's own clock plus what the day is ahead of it. Nobody waits; time is moved on.

How far it is ahead stands in the ledger's database (``sim.clock``, see ``postgres.py``), so that a process that is
killed loses no time and the next one goes on from there. The ERP's clock is moved by the same amount.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import sqlalchemy as sa


class Clock:
    """``now`` and ``monotonic`` for the engine; ``sleep`` for what would wait: it moves the time on instead."""

    def __init__(self, database: str, erp_url: str) -> None:
        self._engine = sa.create_engine(database, pool_pre_ping=True, pool_size=1)
        self._erp = httpx.Client(base_url=erp_url, timeout=30)
        self._gate = threading.Lock()
        self._ahead = 0.0
        self.slept = 0.0
        self.follow()

    def close(self) -> None:
        self._engine.dispose()
        self._erp.close()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds)

    def begin_at(self, moment: datetime) -> None:
        """Set the time once, at the beginning of a day."""
        self.advance((moment - self.now()).total_seconds())

    def advance(self, seconds: float) -> None:
        with self._gate:
            with self._engine.begin() as connection:
                connection.execute(sa.text("update sim.clock set ahead = ahead + :seconds"), {"seconds": seconds})
            self._ahead += seconds
            self._tell_erp(seconds)

    def follow(self) -> None:
        """Take over what another process did to the time, which may have died before it told the ERP."""
        with self._engine.begin() as connection:
            self._ahead = float(connection.scalar(sa.text("select ahead from sim.clock")) or 0)
        erp = datetime.fromisoformat(self._tell_erp(0))
        behind = (self.now() - erp).total_seconds()
        if abs(behind) > 1:  # less is the time the question took
            self._tell_erp(behind)

    def _tell_erp(self, seconds: float) -> str:
        reply = self._erp.post("/sandbox/clock", json={"advanceSeconds": seconds})
        return str(reply.raise_for_status().json()["now"])
