"""Which of the sales that are due go next, and when: fresh sales at once, backlogs in small waves between them.

A lone sale waits for no company. When sales come faster than the ERP's cap allows waves of their own, or a backlog is
drained, waves are left apart so that the cap is never hit; whoever comes meanwhile shares the next wave. A fresh sale
may pass between two waves of a backlog, so another shop's backlog costs it one small wave at most. Pure, but for the
clock and the budget it is given. Read: nothing. Written: nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from bp_assets.ledger.postings import Posting

FEW = 10  # sales of one shop that count as fresh; a shop with more waiting has a backlog
BACKLOG_WAVE = 100  # small enough that a fresh sale does not wait long behind it, large enough to fill its requests
LONE_REQUESTS = 4  # order, row ids, payment and goods, shipping and closing


class Turns:
    """``spacing`` tells the seconds to leave between two waves of so many requests; see the request budget."""

    def __init__(self, spacing: Callable[[int], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._spacing, self._clock = spacing, clock
        self._fresh_at = self._backlog_at = self._began = clock()
        self._held: float | None = None
        self._passing = False  # whether the wave under way is one of fresh sales
        self._usual = float(LONE_REQUESTS)  # requests of a fresh wave, lately: some ask for a contact too

    @property
    def pause(self) -> float | None:
        """Seconds until what was held back by the last ``choose`` may go; ``None`` if nothing was."""
        return None if self._held is None else max(0.0, self._held - self._clock())

    def choose(self, due: Sequence[Posting]) -> Sequence[Posting]:
        """The next wave out of what is due, in its order; empty while it is not yet time for one."""
        number, now = Counter(one.shop for one in due), self._clock()
        fresh = [one for one in due if number[one.shop] <= FEW]
        backlog = [one for one in due if number[one.shop] > FEW][:BACKLOG_WAVE]
        self._began, self._held = now, None
        self._passing = bool(fresh) and now >= self._fresh_at
        if self._passing:
            return fresh
        if backlog and now >= self._backlog_at:
            return backlog
        if due:
            self._held = min([self._fresh_at] * bool(fresh) + [self._backlog_at] * bool(backlog))
        return []

    def sent(self, requests: int) -> None:
        """The wave that was chosen is over and took so many requests."""
        if self._passing:
            self._usual += (requests - self._usual) / 8
        self._fresh_at = self._began + self._spacing(max(LONE_REQUESTS, round(self._usual)))
        # A fresh wave that passes a backlog takes its room: the backlog waits for both.
        self._backlog_at = max(self._backlog_at, self._began) + self._spacing(max(requests, LONE_REQUESTS))
