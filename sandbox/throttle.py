"""The request cap: a fixed window aligned to the clock, as recorded; by a switch the last minute instead."""

from __future__ import annotations

from collections import deque

TOO_MANY = "You have sent too many requests. Please wait before sending another request"
SHOWN_WHEN_UNLIMITED = 199


class Throttle:
    """``limit`` requests per window of ``seconds``; 0 means no cap. Instants are milliseconds."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.rolling = False
        self._window_ms = max(1, round(seconds * 1000))
        self._taken: deque[int] = deque()  # when each unit of the current window was taken
        self.refused = 0

    def _roll(self, now_ms: int) -> None:
        ended = now_ms - self._window_ms + 1 if self.rolling else now_ms - now_ms % self._window_ms
        while self._taken and self._taken[0] < ended:
            self._taken.popleft()

    def take(self, now_ms: int) -> bool:
        """Spend one request; false when the window is used up."""
        self._roll(now_ms)
        if self.limit and len(self._taken) >= self.limit:
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
