"""A failing day made shorter: events are left out as long as it still fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.simulation.day import Plan
from tests.simulation.run import Outcome

MOST_PLAYS = 60
_PARTICULARS = re.compile(r"[A-Z]{2,3}-?[\w-]*\d[\w-]*|\d+")


def shrink(
    plan: Plan, failed: Outcome, play: Callable[[Plan], Outcome], most: int = MOST_PLAYS
) -> tuple[Plan, Outcome]:
    """The shortest failing day that ``most`` plays find, and how it went."""
    kept = list(range(len(plan.events)))
    last, plays, size = failed, 0, max(1, len(kept) // 2)
    while size and plays < most:
        start, shorter = 0, False
        while start < len(kept) and plays < most:
            attempt = kept[:start] + kept[start + size :]
            outcome = play(plan.only(attempt))
            plays += 1
            if _kind(outcome.failure) == _kind(failed.failure):
                kept, last, shorter = attempt, outcome, True
            else:
                start += size
        size = size if shorter and size == 1 else size // 2
    return plan.only(kept), last


def _kind(failure: str) -> str:
    """The first finding without its numbers and names."""
    return _PARTICULARS.sub("#", failure.splitlines()[0] if failure else "")
