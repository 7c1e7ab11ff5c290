"""A posting run that stays for a while: it takes new sales as they come, so that a sale waits for no run to start.

Read: tills, ledger, ERP. Written: ledger, ERP. Holds the account's poster lock all the time it runs; where another run
holds it, this one ends at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bp_assets.brightpearl.client import ErpClient
from bp_assets.config import ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LockLost
from bp_assets.ledger.locks import PosterLock, bell, poster_lock
from bp_assets.posting.intake import Intake, ShopIntake
from bp_assets.posting.poster import Poster, Summary

_MASTER_DATA_SECONDS = 300.0  # how old products and tax codes may be while a run lingers
_FIRST_REST, _LONGEST_REST = 2.0, 60.0
_WAVES_A_ROUND, _ALL_WAVES = 5, 10_000


@dataclass(slots=True)
class Round:
    """One round: what every till brought, and what became of what was due."""

    intake: list[ShopIntake]
    posted: Summary

    @property
    def quiet(self) -> bool:
        return not self.posted.calls and not any(shop.new for shop in self.intake)


@dataclass(slots=True)
class Lingered:
    """A whole run. ``busy_elsewhere`` means another run posts to this account; nothing was done here."""

    rounds: int = 0
    received: int = 0
    posted: int = 0
    parked: int = 0
    calls: int = 0
    busy_elsewhere: bool = False
    lock_lost: bool = False
    down: str = ""

    def add(self, one: Round) -> None:
        self.rounds += 1
        self.received += sum(shop.new for shop in one.intake)
        self.posted += one.posted.posted
        self.parked += one.posted.parked
        self.calls += one.posted.calls
        self.down = one.posted.down


def run(
    ledger: Ledger,
    client: ErpClient,
    shops: ShopsFile,
    *,
    linger_seconds: float | None = None,
    on_round: Callable[[Round], None] = lambda one: None,
) -> Lingered:
    """Take and post until ``linger_seconds`` (default: the shops file's) are over; 0 means one round.

    The run ends at its limit, so that deployments are not held up; the next one goes on from the ledger.
    """
    stay = shops.posting.linger_seconds if linger_seconds is None else linger_seconds
    total = Lingered()
    with poster_lock(ledger, shops.erp.account) as lock:
        if lock is None:
            total.busy_elsewhere = True
            return total
        with Intake(ledger, shops) as intake, bell(ledger) as rings:
            poster = Poster(ledger, client, shops, still_mine=_guard(lock))
            # A long backlog is posted in turns, so that new receipts are taken and the limit is kept meanwhile.
            waves = _WAVES_A_ROUND if stay else _ALL_WAVES
            end, fresh_until, rest = time.monotonic() + stay, time.monotonic() + _MASTER_DATA_SECONDS, _FIRST_REST
            while True:
                try:
                    poster.still_mine()  # a run that idles sends nothing, and would not find out
                    one = Round(intake.take_all(), poster.post_due(most_waves=waves))
                except LockLost:
                    total.lock_lost = True
                    return total
                total.add(one)
                on_round(one)
                left = end - time.monotonic()
                if left <= 0:
                    return total
                if time.monotonic() > fresh_until:
                    poster.refresh()
                    fresh_until = time.monotonic() + _MASTER_DATA_SECONDS
                if one.posted.down:
                    # The ERP does not work: asking it again at once would only spend its cap.
                    poster.refresh()
                    time.sleep(min(rest, left))
                    rest = min(_LONGEST_REST, rest * 2)
                elif not one.posted.more:
                    rest = _FIRST_REST
                    rings.wait(min(shops.posting.poll_seconds, left))


def _guard(lock: PosterLock) -> Callable[[], None]:
    """The lock's check, one thread at a time: requests are sent side by side, its connection is one."""
    gate = threading.Lock()

    def check() -> None:
        with gate:
            lock.check()

    return check
