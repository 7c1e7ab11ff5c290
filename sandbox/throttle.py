"""The request cap: a fixed window aligned to the clock, as recorded; by a switch the last minute instead."""

from __future__ import annotations

from collections import deque
from typing import Any

TOO_MANY = "You have sent too many requests. Please wait before sending another request"
SHOWN_WHEN_UNLIMITED = 199


_MINUTES_KEPT = 10_000


class RequestLog:
    """What came in, counted both ways whatever the cap is: by the clock's minutes, and the most in any minute."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._last: deque[int] = deque()
        self.most = 0
        self.minutes: dict[int, list[int]] = {}  # where a minute begins -> requests let through, refused

    def note(self, now_ms: int, taken: bool) -> None:
        minute = self.minutes.setdefault(now_ms - now_ms % self._window_ms, [0, 0])
        minute[not taken] += 1
        if len(self.minutes) > _MINUTES_KEPT:
            del self.minutes[next(iter(self.minutes))]
        if taken:
            self._last.append(now_ms)
            while self._last[0] <= now_ms - self._window_ms:
                self._last.popleft()
            self.most = max(self.most, len(self._last))

    def view(self) -> dict[str, Any]:
        """For people and tests; instants in milliseconds since 1970."""
        return {
            "mostInAnyMinute": self.most,
            "mostInAMinuteOfTheClock": max((taken for taken, _ in self.minutes.values()), default=0),
            "minutes": [
                {"begins": at, "taken": taken, "refused": refused} for at, (taken, refused) in self.minutes.items()
            ],
        }


class Throttle:
    """``limit`` requests per window of ``seconds``; 0 means no cap. Instants are milliseconds."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.rolling = False
        self._window_ms = max(1, round(seconds * 1000))
        self._taken: deque[int] = deque()  # when each unit of the current window was taken
        self.refused = 0
        self.log = RequestLog(self._window_ms)

    def _roll(self, now_ms: int) -> None:
        ended = now_ms - self._window_ms + 1 if self.rolling else now_ms - now_ms % self._window_ms
        while self._taken and self._taken[0] < ended:
            self._taken.popleft()
        while self._taken and self._taken[-1] > now_ms:  # the clock was set back: that time has not come yet
            self._taken.pop()

    def take(self, now_ms: int) -> bool:
        """Spend one request; false when the window is used up."""
        self._roll(now_ms)
        free = not self.limit or len(self._taken) < self.limit
        self.log.note(now_ms, free)
        if not free:
            self.refused += 1
            return False
        if self.limit:
            self._taken.append(now_ms)
        return True

    def give_back(self) -> None:
        """Return the unit taken last, for a call that is not to count."""
        if self._taken:
            self._taken.pop()

    def exhaust(self, now_ms: int) -> None:
        """Use up the rest of this window (the throttle fault)."""
        self._roll(now_ms)
        self._taken.extend([now_ms] * (self.limit - len(self._taken)))

    def headers(self, now_ms: int) -> tuple[int, int]:
        """Requests left after this one, and milliseconds until the window ends (rolling: until a unit is free)."""
        self._roll(now_ms)
        left = SHOWN_WHEN_UNLIMITED if not self.limit else max(0, self.limit - len(self._taken))
        if self.rolling and self._taken:
            return left, self._taken[0] + self._window_ms - now_ms
        return left, self._window_ms - now_ms % self._window_ms
