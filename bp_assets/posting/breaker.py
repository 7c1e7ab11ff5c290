"""When a till that failed is asked again: soon at first, then rarely, one ask at a time. Pure, but for the dice.

Closed (``ok``): asked at its own pace. After a failure (``failing``) it is asked again soon. After ``PATIENCE`` of them
in a row the breaker is open (``resting``): nothing is asked until the rest is over, then once (half open). An answer
closes it, another failure opens it for longer. Rests double up to ``LONGEST`` seconds and are spread, so that shops
that failed together do not come back together. Read: nothing. Written: nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PATIENCE = 3
SOON = 2.0
FIRST, LONGEST = 5.0, 60.0
_SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class Rest:
    """What follows a failure: how the till stands now, and the seconds until it is asked again."""

    state: Literal["failing", "resting"]
    seconds: float


def rest_after(failures: int, dice: Callable[[], float] = random.random) -> Rest:
    """The rest after so many failures in a row, this one included. ``dice`` gives a number in [0, 1)."""
    if failures < PATIENCE:
        return Rest("failing", SOON)
    longest = min(LONGEST, FIRST * 2.0 ** min(failures - PATIENCE, 16))
    return Rest("resting", longest * (1 - _SPREAD * dice()))


def rest_left(until: datetime | None, now: datetime) -> float:
    """Seconds a till is still left alone. No rest is longer than ``LONGEST``: one that seems to be was noted by a clock
    that has been put back since, and is over.
    """
    left = (until - now).total_seconds() if until else 0.0
    return left if 0.0 < left <= LONGEST else 0.0
