"""The request budget of one ERP account, driven by the headers of its answers.

The cap belongs to the account, not to us: every answer says how many requests are left for everybody and when the next
window begins. Each lane stops at its own floor and waits for the next window:

* ``posting`` leaves ``erp.reserve_percent`` of the cap to people and other apps on the account;
* ``read`` leaves 25 points more, so that catalogue pulls and read-backs never stand in the way of posting.

``requests_per_minute`` of the shops file limits us besides, from the first request on, when no header was seen yet.
Shared by all threads and clients of a process (:func:`shared_budget`); other processes are seen through the headers.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from bp_assets.brightpearl.answer import Answer, Kind
from bp_assets.brightpearl.errors import Throttled
from bp_assets.config import Erp

Lane = Literal["posting", "read"]
READ_EXTRA_PERCENT = 25
MARGIN = 0.2  # seconds past the stated end of a window: our clock and the ERP's are not one
MOST_WAITS = 10  # windows a request waits for its lane before it gives up
_UNSEEN_WINDOW = 60.0


class NoRoom(Throttled):
    """Others used the account's cap up, window after window. Nothing was sent."""


class RequestBudget:
    """Thread-safe. ``clock`` and ``sleep`` are for tests; seconds."""

    def __init__(
        self,
        per_minute: int = 200,
        reserve_percent: int = 10,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute, self._reserve = per_minute, reserve_percent
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._left = per_minute
        self._ends: float | None = None
        self._seen = False  # whether the current window's end came from a header
        self._most_seen: int | None = None
        self._ours = 0  # sent by this process in the current window
        self._in_flight = 0

    def floor(self, lane: Lane) -> int:
        """Requests that ``lane`` leaves untouched. Relative to the cap the headers show, which may be below ours."""
        cap = self._per_minute if self._most_seen is None else min(self._per_minute, self._most_seen + 1)
        percent = self._reserve + (READ_EXTRA_PERCENT if lane == "read" else 0)
        return cap * percent // 100

    def take(self, lane: Lane) -> None:
        """Wait until ``lane`` may send one request, and count it as on its way. Pair with :meth:`landed`.

        Raises:
            NoRoom: the lane found none in ``MOST_WAITS`` windows.
        """
        wait = 0.0
        for _ in range(MOST_WAITS + 1):
            wait = self._try(lane)
            if not wait:
                return
            self._sleep(wait)
        raise NoRoom(wait)

    def landed(self, answer: Answer | None) -> None:
        """A request came back, with what it said about the budget; ``None`` if it was lost."""
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            if answer is None:
                return
            if answer.kind is Kind.THROTTLED:
                self._left, self._ends, self._seen = 0, self._clock() + answer.wait_seconds, True
            elif answer.requests_remaining is not None and answer.next_period_ms is not None:
                self._note(answer.requests_remaining, self._clock() + answer.next_period_ms / 1000)

    def _try(self, lane: Lane) -> float:
        """0 if a request was taken, else seconds to wait."""
        with self._lock:
            now = self._clock()
            if self._ends is None or now >= self._ends + (MARGIN if self._seen else 0):
                self._left, self._ends, self._seen, self._ours = self._per_minute, now + _UNSEEN_WINDOW, False, 0
            if self._left > self.floor(lane) and self._ours < self._per_minute:
                self._left -= 1
                self._ours += 1
                self._in_flight += 1
                return 0.0
            return max(self._ends + MARGIN - now, 0.001)

    def _note(self, remaining: int, ends: float) -> None:
        """The ERP's own figure wins over our count: it knows everybody's requests. Ours on their way come off it."""
        self._most_seen = max(remaining, self._most_seen or 0)
        self._left = remaining - self._in_flight
        if self._seen and self._ends is not None and ends > self._ends + 0.5:
            self._ours = self._in_flight  # the ERP's window turned before ours did
        elif self._seen and self._ends is not None:
            ends = min(ends, self._ends)  # a late answer must not push the end away
        self._ends, self._seen = ends, True


_shared: dict[tuple[str, str], RequestBudget] = {}
_shared_lock = threading.Lock()


def shared_budget(erp: Erp) -> RequestBudget:
    """The one budget of this process for the account of ``erp``."""
    with _shared_lock:
        key = (erp.url, erp.account)
        if key not in _shared:
            _shared[key] = RequestBudget(erp.requests_per_minute, erp.reserve_percent)
        return _shared[key]
