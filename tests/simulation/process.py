"""One posting process as the simulation runs it: the real engine on the simulated day's clock.

In the simulation's own process it lives for several turns; for a kill it is started as a process of its own, takes one
turn and dies in it of SIGKILL, at a moment that ``deeds.py`` or ``gate.py`` finds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from unittest import mock

import stamina

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.multi_message import Rest
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.budget import LedgerUsage
from bp_assets.config import ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.locks import poster_lock
from bp_assets.posting import lookup, send, stock_batches
from bp_assets.posting.intake import Doors, ShopIntake, ShopTaker
from bp_assets.posting.poster import Poster, Summary
from bp_assets.posting.verify import Verified, verify_posted
from tests.simulation import gate as gates
from tests.simulation.clock import Clock
from tests.simulation.deeds import Deeds, watch_commits, watch_requests
from tests.simulation.retailer import SQUARE_TOKEN, TOKEN

_LOCK_SECONDS = 10.0  # PostgreSQL lets go of a dead process's lock when it notices
_WAVES = 200
_REST_SECONDS = 2.0  # who waits for its place in the cap may sleep longer than it must
_CHILD_SECONDS = 60
_processes = multiprocessing.get_context("forkserver")  # each child is a process of its own, imports once for all
_processes.set_forkserver_preload(["tests.simulation.run"])


class Hung(AssertionError):
    """A turn that did not end."""


@contextmanager
def at_once() -> Iterator[None]:
    """For the time of the block retries happen and their pauses don't, and requests go one after the other: what a seed
    does must not depend on which thread was faster.
    """
    in_flight = send._IN_FLIGHT
    # Poster and ledger keep the simulated day's time together; the machine's own says nothing about either.
    orders, stock = (
        mock.patch.object(asking, "clock_ahead", lambda ledger: timedelta()) for asking in (lookup, stock_batches)
    )
    with mock.patch.dict(os.environ, {"SQUARE_ACCESS_TOKEN": SQUARE_TOKEN}), orders, stock:
        os.environ.pop("TILLBRIDGE_ERP_URL", None)
        os.environ.pop("TILLBRIDGE_SQUARE_URL", None)
        stamina.set_testing(True, attempts=100, cap=True)
        stamina.instrumentation.set_on_retry_hooks([])  # the trace tells what matters
        send._IN_FLIGHT = 1
        try:
            yield
        finally:
            stamina.set_testing(False)
            stamina.instrumentation.set_on_retry_hooks(None)
            send._IN_FLIGHT = in_flight


@dataclass(slots=True)
class Turn:
    """What one turn did."""

    intake: list[ShopIntake]
    posted: Summary

    def words(self) -> str:
        new = {one.shop: one.new for one in self.intake if one.new}
        errors = {one.shop: one.error for one in self.intake if one.error}
        told = self.posted
        text = f"took {new or 'nothing'}, posted {told.posted}, parked {told.parked}, unknown {told.unknown}"
        text += f", deferred {told.deferred}" if told.deferred else ""
        text += f"; tills: {errors}" if errors else ""
        return text + (f"; ERP down: {told.down}" if told.down else "")


class Process:
    """Ledger, client, till readers and poster of one process, opened together and closed together."""

    client_class: type[ErpClient] = ErpClient

    def __init__(self, database: str, shops: ShopsFile, clock: Clock, deeds: Deeds | None = None) -> None:
        self.shops, self.clock = shops, clock
        self.ledger = Ledger(database)
        erp = shops.erp
        budget = RequestBudget(
            erp.requests_per_minute, erp.reserve_percent, lanes=erp.lanes, store=LedgerUsage(self.ledger, erp.account),
            clock=clock.monotonic, rest=lambda _, seconds: clock.sleep(max(seconds, _REST_SECONDS)),
        )  # fmt: skip
        self.client = self.client_class(erp, TOKEN, lane="posting", budget=budget)
        self.client.traits["multi_message_rest"] = Rest(clock.monotonic)
        doors = Doors()
        self.takers = [ShopTaker(self.ledger, shops, shop, doors, now=clock.now) for shop in shops.shops]
        if deeds is not None:
            watch_commits(self.ledger, deeds)
            watch_requests(self.client, deeds)
        self.poster = Poster(self.ledger, self.client, shops, now=clock.now)

    def close(self) -> None:
        for taker in self.takers:
            taker.close()
        self.client.close()
        self.ledger.close()

    def turn(self) -> Turn:
        """Take what is new, post what is due, under the account's lock."""
        end = time.monotonic() + _LOCK_SECONDS
        while time.monotonic() < end:
            with poster_lock(self.ledger, self.shops.erp.account) as lock:
                if lock is not None:
                    self.poster.still_mine = lock.check  # requests go one after the other: no two ask it at once
                    return Turn(self.take(), self.poster.post_due(most_waves=_WAVES))
            time.sleep(0.01)  # the dead process's connection is being closed
        raise Hung("the poster's lock of a dead process was not let go")

    def take(self) -> list[ShopIntake]:
        """Ask every till, one after the other."""
        return [taker.ask() for taker in self.takers]

    def verify(self) -> Verified:
        return verify_posted(self.ledger, self.client, self.shops)


@dataclass(frozen=True, slots=True)
class Blow:
    """When a process is killed: at the n-th moment of a kind (see ``deeds.py`` and ``gate.py``)."""

    moment: str
    number: int


def die(database: str, erp_url: str, shops: ShopsFile, gate: gates.Gate, blow: Blow) -> bool:
    """One turn in a process of its own that is killed on the way; false where it came to its end before."""
    within = blow.moment in (gates.ARRIVED, gates.HANDLED)
    child = _processes.Process(target=_live_and_die, args=(database, erp_url, shops, None if within else blow))
    if within:
        gate.aim(blow.moment, blow.number, lambda: os.kill(child.pid or 0, signal.SIGKILL))
    child.start()
    child.join(_CHILD_SECONDS)
    gate.rest()
    if child.exitcode is None:
        child.kill()
        raise Hung(f"a process that was to die at {blow} is still there after {_CHILD_SECONDS} s")
    if child.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"a process that was to die at {blow} failed by itself (exit code {child.exitcode})")
    return child.exitcode != 0


def _live_and_die(database: str, erp_url: str, shops: ShopsFile, blow: Blow | None) -> None:
    deeds = Deeds(blow.moment, blow.number, lambda: os.kill(os.getpid(), signal.SIGKILL)) if blow else None
    with at_once():
        Process(database, shops, Clock(database, erp_url), deeds).turn()
