"""The request budget of one ERP account, shared by every thread and process that talks to it.

The cap belongs to the account, not to us. :mod:`sharing` decides who may send; here requests wait for its word, and the
word is given on a :class:`Store` that all share: the ledger (``bp_assets.budget`` joins the two), or this process's
memory for tools that work without one. The requests of a process that wait at the same time are decided in one visit to
the store, and what answers said is handed in with the next visit, so that a request costs about one.
Read and written: the store's text.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from bp_assets.brightpearl import sharing
from bp_assets.brightpearl.answer import Answer, Kind
from bp_assets.brightpearl.errors import Throttled
from bp_assets.brightpearl.sharing import Landing, Limits, Usage
from bp_assets.config import DEFAULT_LANES, Erp, Lanes
from bp_assets.domain.lanes import LANES, Lane

__all__ = ["LANES", "Lane", "Memory", "NoRoom", "RequestBudget", "Spent", "Store", "Taken", "shared_budget"]

MOST_WAITS = 10  # minutes a request waits for its lane before it gives up
POLL_SECONDS = 0.2  # how often the store is asked again while requests wait
HAND_IN_SECONDS = 0.5  # how long an answer may be kept back while nothing else leads to the store
FRESH_SECONDS = 1.0  # how old what we know may be for advice on spacing


class NoRoom(Throttled):
    """The account's cap was used up, minute after minute. Nothing was sent."""


@dataclass(slots=True)
class Spent:
    """What one visit spent in one lane: for the table of requests. ``waited`` is seconds, of all together."""

    requests: int = 0
    refused: int = 0
    waited: float = 0.0


Act = Callable[[str, float], tuple[str, Mapping[Lane, Spent]]]


class Store(Protocol):
    """Where the account's usage lives: one text, with a clock that is the same for everybody."""

    def change(self, act: Act) -> None:
        """Replace the text by ``act(text, now)``, one caller at a time over all processes; keep what was spent."""

    def look(self) -> tuple[str, float]:
        """The text and the time, without waiting for anybody."""


class Memory:
    """A store for one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._text, self._lock = clock, "", threading.Lock()

    def change(self, act: Act) -> None:
        with self._lock:
            self._text, _ = act(self._text, self._clock())

    def look(self) -> tuple[str, float]:
        return self._text, self._clock()


@dataclass(slots=True, eq=False)
class Taken:
    """One request that may be sent, or waits to be: hand it to :meth:`RequestBudget.landed` with its answer."""

    lane: int
    since: float
    place: int = -1
    slot: float = 0.0
    asked: bool = False
    error: BaseException | None = None


@dataclass(slots=True)
class _Visit:
    """What a visit showed: the usage, when by this process's own clock, who was granted what place in which slot."""

    usage: Usage = field(default_factory=Usage)
    own: float | None = None
    granted: list[tuple[Taken, int]] = field(default_factory=list)
    slot: float = 0.0


class RequestBudget:
    """Thread-safe. ``clock`` (seconds, steady) and ``rest`` are for tests."""

    def __init__(
        self,
        per_minute: int = 200,
        reserve_percent: int = 10,
        *,
        minute: float = 60.0,
        lanes: Lanes = DEFAULT_LANES,
        store: Store | None = None,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[threading.Condition, float], object] = threading.Condition.wait,
    ) -> None:
        self.limits = Limits(per_minute, reserve_percent, minute, lanes)
        self._store = store or Memory(clock)
        self._clock, self._rest = clock, rest
        self._turn = threading.Condition()
        self._queue: list[Taken] = []
        self._landings: list[Landing] = []  # their ``at`` is by our own clock until they are handed in
        self._busy = False  # a thread is at the store for all
        self._next = 0.0  # when to ask the store again, by our own clock
        self._handed_in = clock()
        self._known = _Visit()

    @classmethod
    def of(cls, erp: Erp, store: Store | None = None) -> RequestBudget:
        """The budget that the shops file describes."""
        return cls(erp.requests_per_minute, erp.reserve_percent, minute=erp.minute, lanes=erp.lanes, store=store)

    def take(self, lane: Lane, given_up: Callable[[], bool] = lambda: False) -> Taken:
        """Wait until ``lane`` may send one request, and count it as sent. Pair with :meth:`landed`.

        ``given_up`` is asked about once a second: a caller in another thread may not want it any more.

        Raises:
            NoRoom: the lane found none in ``MOST_WAITS`` minutes, or it was given up. Whatever the store raises:
            nothing was taken.
        """
        mine = Taken(LANES.index(lane), self._clock())
        end = mine.since + MOST_WAITS * self.limits.minute
        with self._turn:
            self._queue.append(mine)
            try:
                while mine.place < 0:
                    if mine.error:
                        raise mine.error
                    now = self._clock()
                    if now >= end or given_up():
                        raise NoRoom(self._next - now if self._next > now else POLL_SECONDS)
                    if self._busy or (mine.asked and now < self._next):
                        self._rest(self._turn, max(0.001, (self._next if not self._busy else end) - now))
                    else:
                        self._visit()
            finally:
                if mine in self._queue:
                    self._queue.remove(mine)
        return mine

    def landed(self, taken: Taken, answer: Answer | None) -> None:
        """A request came back, with what it said about the budget; ``None`` if it was lost. Never raises.

        What a refusal says holds for every process at once; other answers may wait for the next visit.
        """
        now = self._clock()
        landing = Landing(taken.lane, taken.place, taken.slot, now, lost=True)
        refused = answer is not None and answer.kind is Kind.THROTTLED
        if answer is not None:
            period = None if answer.next_period_ms is None else answer.next_period_ms / 1000
            wait = answer.wait_seconds if refused else None
            landing = Landing(taken.lane, taken.place, taken.slot, now, answer.requests_remaining, period, wait)
        with self._turn:
            self._landings.append(landing)
            if self._queue:
                self._next = 0.0  # what it said may let somebody go
                self._turn.notify_all()
            elif refused or now - self._handed_in >= HAND_IN_SECONDS:
                while refused and self._busy:
                    self._rest(self._turn, POLL_SECONDS)
                self._hand_in()

    def settle(self) -> None:
        """Hand in what is still kept back. Never raises: what is lost so counts a little longer, no more."""
        with self._turn:
            if self._landings:
                self._hand_in()

    def spacing(self, lane: Lane, requests: int) -> float:
        """Seconds to leave between two waves of ``requests`` so that the lane's share lasts; 0 while it has plenty.

        Cheap: answered from the last visit to the store if that is fresh, else by looking without a lock. Raises what
        the store raises.
        """
        now = self._clock()
        with self._turn:
            known = self._known
        if known.own is None or now - known.own > FRESH_SECONDS:
            text, at = self._store.look()
            usage = Usage.loads(text)
            sharing.step(usage, self.limits, at, None)
        else:
            usage = Usage.loads(known.usage.dumps())
            sharing.step(usage, self.limits, usage.at + usage.shift + now - known.own, None)
        return sharing.spacing(usage, self.limits, LANES.index(lane), requests)

    # -- visits to the store, by one thread for all; the lock is held when they begin and when they end --------------
    def _hand_in(self) -> None:
        try:
            if not self._busy:  # else the next visit takes it along
                self._visit()
        except Exception:  # an answer must reach its caller whatever becomes of the count
            return

    def _visit(self) -> None:
        wanting, landings = list(self._queue), self._landings
        self._busy, self._landings = True, []
        began = self._clock()
        failed: BaseException | None = None
        visit = _Visit()

        def act(text: str, now: float) -> tuple[str, Mapping[Lane, Spent]]:
            nonlocal visit
            visit, spent = self._decide(Usage.loads(text), now, began, wanting, landings)
            return visit.usage.dumps(), spent

        self._turn.release()
        try:
            self._store.change(act)
        except BaseException as error:
            failed = error
            raise
        finally:
            self._turn.acquire()
            self._busy = False
            if failed is None:
                self._close(visit, wanting)
            else:
                self._landings = landings + self._landings
                for one in wanting:  # all who asked are told, and ask no more
                    one.error = failed if isinstance(failed, Exception) else None
            self._turn.notify_all()

    def _close(self, visit: _Visit, wanting: list[Taken]) -> None:
        """The store has kept it: only now may anybody send."""
        for one in wanting:
            one.asked = True
        for one, place in visit.granted:
            one.place, one.slot = place, visit.slot
        self._queue = [one for one in self._queue if one.place < 0]
        self._known = visit
        self._handed_in = self._clock()
        most = 1.0 if visit.usage.at < visit.usage.paused else POLL_SECONDS
        self._next = self._handed_in + min(most, sharing.pause(visit.usage, self.limits) + 0.001)

    def _decide(
        self, usage: Usage, now: float, began: float, wanting: list[Taken], landings: list[Landing]
    ) -> tuple[_Visit, Mapping[Lane, Spent]]:
        """One visit: time goes on, answers are noted, requests are granted. Changes nothing but ``usage``."""
        limits, known = self.limits, self._known
        expected = None if known.own is None else known.usage.at + began - known.own
        here = sharing.step(usage, limits, now, expected)
        spent: dict[Lane, Spent] = {}
        for landing in landings:
            sharing.land(usage, limits, replace(landing, at=here - (began - landing.at)))
            if landing.wait is not None:
                spent.setdefault(LANES[landing.lane], Spent()).refused += 1
        wants = [sum(1 for one in wanting if one.lane == lane) for lane in range(len(LANES))]
        place = usage.taken
        granted, slot = sharing.grant(usage, limits, wants)
        visit = _Visit(usage, self._clock(), [], slot)
        for one in wanting:
            if granted[one.lane]:
                granted[one.lane] -= 1
                place += 1
                visit.granted.append((one, place))
                of_lane = spent.setdefault(LANES[one.lane], Spent())
                of_lane.requests += 1
                of_lane.waited += max(0.0, began - one.since)
        return visit, spent


_shared: dict[tuple[str, str, Limits], RequestBudget] = {}
_shared_lock = threading.Lock()


def shared_budget(erp: Erp) -> RequestBudget:
    """The one budget of this process alone for the account of ``erp``: for tools that work without a ledger."""
    with _shared_lock:
        key = (erp.url, erp.account, Limits.of(erp))
        if key not in _shared:
            _shared[key] = RequestBudget.of(erp)
        return _shared[key]
