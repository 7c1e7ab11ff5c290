"""A posting run that stays for a while: it takes new sales as they come, so that a sale waits for no run to start.

Every shop has an attendant that asks its till (see ``attendants.py``); this loop posts, and is rung whenever something
was put in line. One run posts to an ERP account at a time: it holds the account's poster lock. The next run starts
before this one ends: it takes receipts in and reads master data while it waits for the lock; and this run, once its
time is nearly over, makes way as soon as somebody waits. Read: tills, ledger, ERP. Written: ledger, ERP.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpError
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LockLost
from bp_assets.ledger.locks import Bell, PosterLock, bell, poster_lock
from bp_assets.ledger.webhooks import handled_all
from bp_assets.posting.attendants import Attendants, take_all
from bp_assets.posting.intake import ShopIntake
from bp_assets.posting.poster import Poster, Summary, catalogue_of
from bp_assets.posting.turns import Turns

_MASTER_DATA_SECONDS = 300.0  # how old products and tax codes may be while a run lingers
_MASTER_DATA_PATIENCE = 5.0  # then the poster reads them itself, in its own lane
_FIRST_REST, _LONGEST_REST = 2.0, 60.0
_LOOK_SECONDS = 1.0  # how long the loop waits at most before it looks at its lock, its tills and the clock
_MAKE_WAY_SECONDS = 60.0  # so long before its end a run makes way: longer than the next one takes to start
_NEWS = 1000  # results of asks kept for the next round


@dataclass(slots=True)
class Round:
    """One round: what the tills brought since the last one, and what became of what was due."""

    intake: list[ShopIntake]
    posted: Summary

    @property
    def quiet(self) -> bool:
        return not self.posted.calls and not any(shop.new for shop in self.intake)


@dataclass(slots=True)
class Lingered:
    """A whole run. ``busy_elsewhere`` means another run posts to this account; nothing was posted here."""

    rounds: int = 0
    received: int = 0
    posted: int = 0
    parked: int = 0
    calls: int = 0
    busy_elsewhere: bool = False
    lock_lost: bool = False
    made_way: bool = False
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
    wait_seconds: float = 0.0,
    overstay_seconds: float = 0.0,
    reader: ErpClient | None = None,
    on_round: Callable[[Round], None] = lambda one: None,
    on_lock: Callable[[datetime], None] = lambda until: None,
    stop: threading.Event | None = None,
) -> Lingered:
    """Take and post until ``linger_seconds`` (default: the shops file's) are over; 0 means one round.

    Where another run posts to the account, this one waits ``wait_seconds`` for it to make way. A run that received
    something stays ``overstay_seconds`` longer for the next one that is late. ``reader`` reads master
    data, in a lane of its own. ``on_lock`` hears from when on this run will make way itself. The run ends at its limit,
    or when told to ``stop``, after the wave in hand; the next one goes on from the ledger.
    """
    stay = shops.posting.linger_seconds if linger_seconds is None else linger_seconds
    one = _Run(ledger, client, shops, reader or client, on_round, overstay_seconds)
    return one.linger(stay, wait_seconds, on_lock, stop or threading.Event()) if stay else one.once()


class _Run:
    """One posting run."""

    def __init__(
        self,
        ledger: Ledger,
        client: ErpClient,
        shops: ShopsFile,
        reader: ErpClient,
        on_round: Callable[[Round], None],
        overstay: float,
    ) -> None:
        self.ledger, self.client, self.shops, self.on_round = ledger, client, shops, on_round
        self.total, self.overstay = Lingered(), overstay
        self.news: deque[ShopIntake] = deque(maxlen=_NEWS)
        self.master = _MasterData(lambda: catalogue_of(reader, shops))
        self.turns = Turns(lambda requests: client.budget.spacing(client.lane, requests))

    def once(self) -> Lingered:
        """One round: every till is asked once, then everything due is posted.

        Asked before the lock is taken: a till that hangs holds up no other run.
        """
        intake = take_all(self.ledger, self.shops)
        with poster_lock(self.ledger, self.shops.erp.account) as lock:
            if lock is None:
                self.total.busy_elsewhere = True
                return self.total
            poster = Poster(self.ledger, self.client, self.shops, still_mine=_guard(lock))
            try:
                self._tell(Round(intake, poster.post_due()))
            except LockLost:
                self.total.lock_lost = True
        return self.total

    def linger(
        self, stay: float, wait_seconds: float, on_lock: Callable[[datetime], None], stop: threading.Event
    ) -> Lingered:
        """Rounds until the time is over, it is told to stop, or somebody waits for it to make way."""
        account = self.shops.erp.account
        with ExitStack() as stack:
            lock = stack.enter_context(poster_lock(self.ledger, account))
            if lock is None and not wait_seconds:
                self.total.busy_elsewhere = True
                return self.total
            rings = stack.enter_context(bell(self.ledger))
            attendants = stack.enter_context(Attendants(self.ledger, self.shops, self._hear))
            self.master.renew()
            if lock is None:
                waiting = poster_lock(self.ledger, account, wait_seconds=wait_seconds, given_up=stop.is_set)
                lock = stack.enter_context(waiting)
            if lock is None:
                self.total.busy_elsewhere = True
                return self.total
            end = time.monotonic() + stay
            makes_way = end - min(_MAKE_WAY_SECONDS, stay / 2)
            on_lock(datetime.now(UTC) + timedelta(seconds=makes_way - time.monotonic()))
            try:
                self.master.wait(stop)
                self._rounds(lock, rings, attendants, makes_way, end, stop)
            except LockLost:
                self.total.lock_lost = True
        return self.total

    def _rounds(
        self,
        lock: PosterLock,
        rings: Bell,
        attendants: Attendants,
        makes_way: float,
        end: float,
        stop: threading.Event,
    ) -> None:
        poster = Poster(self.ledger, self.client, self.shops, still_mine=_guard(lock))
        rest = _FIRST_REST
        while True:
            attendants.check()
            for source in rings.hints():
                attendants.hint(source)
                handled_all(self.ledger, source)
            one = self._round(poster)
            now = time.monotonic()
            left = end + (self.overstay if self.total.received else 0.0) - now
            if stop.is_set() or left <= 0:
                return
            if now >= makes_way and lock.wanted():
                self.total.made_way = True
                return
            if one.posted.down:
                # The ERP does not work: asking it again at once would only spend its cap.
                stop.wait(min(rest, left))
                rest = min(_LONGEST_REST, rest * 2)
                continue
            rest = _FIRST_REST
            look = min(_LOOK_SECONDS, left)
            if self.turns.pause is not None:
                rings.wait(min(self.turns.pause, look))
            elif not one.posted.more:
                rings.wait(look)

    def _round(self, poster: Poster) -> Round:
        """At most one wave."""
        poster.still_mine()  # a run that idles sends nothing, and would not find out
        if (fresh := self.master.arrived()) is not None:
            poster.refresh(fresh)
        before = sum(self.client.counts.values())
        posted = poster.post_due(most_waves=1, choose=self.turns.choose)
        if posted.waves or posted.down:
            self.turns.sent(sum(self.client.counts.values()) - before)
        self.master.renew_if_old()
        one = Round([self.news.popleft() for _ in range(len(self.news))], posted)
        self._tell(one)
        return one

    def _hear(self, one: ShopIntake) -> None:
        if one.new or one.new_versions or one.error or one.changed:
            self.news.append(one)

    def _tell(self, one: Round) -> None:
        self.total.add(one)
        self.on_round(one)


class _MasterData:
    """Reads master data beside the posting, so that no sale waits for it; what can't be read now is read later."""

    def __init__(self, read: Callable[[], Catalogue]) -> None:
        self._read = read
        self._found: deque[Catalogue] = deque(maxlen=1)
        self._asked_at = 0.0
        self._thread: threading.Thread | None = None

    def renew(self) -> None:
        self._asked_at = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="master-data", daemon=True)
        self._thread.start()

    def wait(self, stop: threading.Event) -> None:
        """Until what was asked for has come, or can't be read, or does not come soon: its lane may find no room."""
        end = time.monotonic() + _MASTER_DATA_PATIENCE
        while self._busy() and not stop.is_set() and time.monotonic() < end:
            stop.wait(0.05)

    def _busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def renew_if_old(self) -> None:
        if not self._busy() and time.monotonic() - self._asked_at >= _MASTER_DATA_SECONDS:
            self.renew()

    def arrived(self) -> Catalogue | None:
        """What was read since it was last asked for."""
        return self._found.popleft() if self._found else None

    def _work(self) -> None:
        try:
            self._found.append(self._read())
        except ErpError:
            return  # the poster goes on with what it has, or says itself what is wrong


def _guard(lock: PosterLock) -> Callable[[], None]:
    """The lock's check, one thread at a time: requests are sent side by side, its connection is one."""
    gate = threading.Lock()

    def check() -> None:
        with gate:
            lock.check()

    return check
