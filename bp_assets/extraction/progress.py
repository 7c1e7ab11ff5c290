"""How far a refresh is: rows, requests, and when it will be done. Pure: no I/O."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_MEASURED_SECONDS = 60.0  # the rate is that of the last minute: the cap's minute


@dataclass(slots=True)
class Progress:
    """``planned`` requests of the plan (0 while it is made), ``answered`` of them; ``sent`` in all, and ``rows`` read.

    ``before`` of the answered ones are those of a run before this one that was cut off. ``waits`` says whether the
    request cap holds it up.
    """

    resource: str
    planned: int = 0
    answered: int = 0
    before: int = 0
    sent: int = 0
    rows: int = 0
    phase: str = "listing"
    clock: Callable[[], float] = time.monotonic
    waits: Callable[[], bool] = lambda: False
    _seen: list[tuple[float, int]] = field(default_factory=list)

    def note(self) -> None:
        """To be called whenever an answer came: the rate is taken from it."""
        now = self.clock()
        self._seen.append((now, self.answered))
        while len(self._seen) > 2 and self._seen[0][0] < now - _MEASURED_SECONDS:
            self._seen.pop(0)

    @property
    def seconds_left(self) -> float | None:
        """Until all requests are answered, at the rate of the last minute; ``None`` while there is none."""
        if len(self._seen) < 2 or self.planned <= self.answered:
            return 0.0 if self.planned and self.planned <= self.answered else None
        (since, had), (now, have) = self._seen[0], self._seen[-1]
        if have <= had or now <= since:
            return None
        return (self.planned - self.answered) * (now - since) / (have - had)

    @property
    def answered_of_planned(self) -> str:
        return f"{self.answered:,} of {self.planned:,} requests"

    def line(self) -> str:
        """One line for people: ``orders: 200 of 1,216 requests, 92,400 rows, about 5 min left``."""
        if self.phase != "reading":
            phase = "" if self.phase == "done" else f"{self.phase}, "
            waiting = ", waiting for the request cap" if self.waits() else ""
            requests = f"{self.sent:,} request{'' if self.sent == 1 else 's'} sent"
            return f"{self.resource}: {phase}{requests}, {self.rows:,} rows read{waiting}"
        if not self.planned:  # a search: how many pages there are, the first one says
            return f"{self.resource}: waiting for the {'request cap' if self.waits() else 'first answer'}"
        words = [f"{self.resource}: {self.answered_of_planned}", f"{self.rows:,} rows"]
        left = self.seconds_left
        if left is not None:
            words.append(f"about {_time(left)} left")
        if self.waits():
            words.append("waiting for the request cap")
        if self.before:
            words.append(f"{self.before:,} were answered before the run was cut off")
        return ", ".join(words)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
