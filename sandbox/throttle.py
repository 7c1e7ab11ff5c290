"""The request cap: a fixed window aligned to the clock, as every recording shows."""

from __future__ import annotations

TOO_MANY = "You have sent too many requests. Please wait before sending another request"
SHOWN_WHEN_UNLIMITED = 199


class Throttle:
    """``limit`` requests per window of ``seconds``; 0 means no cap."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self._window_ms = max(1, round(seconds * 1000))
        self._window = -1
        self._used = 0
        self.refused = 0

    def _roll(self, now_ms: int) -> None:
        window = now_ms // self._window_ms
        if window != self._window:
            self._window, self._used = window, 0

    def take(self, now_ms: int) -> bool:
        """Spend one request; false when the window is used up."""
        self._roll(now_ms)
        if self.limit and self._used >= self.limit:
            self.refused += 1
            return False
        self._used += 1
        return True

    def exhaust(self, now_ms: int) -> None:
        """Use up the rest of this window (the throttle fault)."""
        self._roll(now_ms)
        self._used = max(self._used, self.limit)

    def headers(self, now_ms: int) -> tuple[int, int]:
        """Requests left after this one, and milliseconds until the window ends."""
        self._roll(now_ms)
        left = SHOWN_WHEN_UNLIMITED if not self.limit else max(0, self.limit - self._used)
        return left, self._window_ms - now_ms % self._window_ms
