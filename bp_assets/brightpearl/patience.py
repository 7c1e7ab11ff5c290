"""How long a call to the ERP is tried: what the client that writes and the reader of extracts both go by.

Pure: read nothing, written nothing.
"""

from __future__ import annotations

import random

from bp_assets.brightpearl.errors import READS, BadAnswer, ErpUnavailable, Throttled
from bp_assets.brightpearl.pacing import NoRoom

READ_ATTEMPTS = 5
UNSENT_WRITE_ATTEMPTS = 2  # a write whose connection was never made has not been sent
THROTTLE_WAITS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
_LONGEST_WAIT = 65.0  # a window is a minute


class Patience:
    """What stamina asks after each failure of one call: seconds to wait before the next try, or ``False`` to give up.

    A throttled call was refused before it was looked at, so even a write may wait and go again. A failed read may be
    repeated, ``attempts`` times in all. A write may be repeated only if its connection was never made. Back-off
    doubles, with jitter so that callers part ways.
    """

    def __init__(self, method: str, attempts: int = READ_ATTEMPTS) -> None:
        self._failures_left = (attempts if method in READS else UNSENT_WRITE_ATTEMPTS) - 1
        self._throttles_left = THROTTLE_WAITS
        self._pause = _FIRST_PAUSE
        self.most = THROTTLE_WAITS + attempts  # tries that it can ever grant

    def __call__(self, error: Exception) -> bool | float:
        if isinstance(error, NoRoom):  # has waited long enough already
            return False
        if isinstance(error, Throttled):
            self._throttles_left -= 1
            return self._throttles_left >= 0 and min(error.seconds, _LONGEST_WAIT) + 0.05 + random.random() * 0.2
        if not isinstance(error, ErpUnavailable | BadAnswer):
            return False
        self._failures_left -= 1
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return self._failures_left >= 0 and pause * (0.5 + random.random())
