"""An ERP account on a clock that only we move: the sandbox's own cap on one side, our lanes on the other."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bp_assets.brightpearl.sharing import Landing, Limits, Usage, grant, land, step
from bp_assets.domain.lanes import LANES, Lane
from sandbox.throttle import Throttle

TICK = 0.05
Header = tuple[int | None, float | None]  # requests remaining, seconds to the next period


@dataclass(order=True)
class _Event:
    at: float
    turn: int
    act: Callable[[], None] = field(compare=False)


class Account:
    """``wants`` says how many requests of a lane come in at a moment; ``header`` may bend what the ERP says.

    ``sent`` holds (lane, came in, was granted) of every request, in seconds since the beginning; ``skew`` moves the
    store's clock against the time that really passes, and ``witness`` is whether a process saw it before.
    """

    def __init__(
        self, limits: Limits, *, rolling: bool = False, begin: float = 0.0, seed: int = 1, cap: int | None = None,
        latency: tuple[float, float] = (0.02, 0.3), header: Callable[[Header], Header] = lambda said: said,
        witness: bool = True,
    ) -> None:  # fmt: skip
        self.limits, self.usage = limits, Usage()
        self.server = Throttle(limits.per_minute if cap is None else cap, limits.minute)
        self.server.rolling = rolling
        self.now, self.began = begin, begin
        self.skew, self.witness = 0.0, witness
        self.latency, self.header = latency, header
        self.draw = random.Random(seed)
        self.waiting: list[tuple[int, float]] = []
        self.sent: list[tuple[Lane, float, float]] = []
        self.refused: list[float] = []
        self._events: list[_Event] = []
        self._turn = 0
        self._expected: tuple[float, float] | None = None  # our time, and when

    def run(
        self, seconds: float, wants: Callable[[float], Sequence[Lane]], others: Callable[[float], int] = lambda at: 0
    ) -> None:
        for _ in range(round(seconds / TICK)):
            while self._events and self._events[0].at <= self.now:
                heapq.heappop(self._events).act()
            for _ in range(others(self.now - self.began)):
                self.server.take(self._ms(self.now))
            self.waiting += [(LANES.index(lane), self.now) for lane in wants(self.now - self.began)]
            self._poll()
            self.now += TICK

    def step(self) -> None:
        expected = None
        if self._expected and self.witness:
            expected = self._expected[0] + self.now - self._expected[1]
        self._expected = step(self.usage, self.limits, self.now + self.skew, expected), self.now

    def count(self, lane: Lane, since: float = 0.0, until: float = 1e9) -> int:
        """Requests of a lane granted within some seconds of the run."""
        return sum(1 for one, _, at in self.sent if one == lane and since <= at < until)

    def longest_wait(self, lane: Lane) -> float:
        return max(at - came for one, came, at in self.sent if one == lane)

    def _poll(self) -> None:
        self.step()
        number = [sum(1 for lane, _ in self.waiting if lane == one) for one in range(len(LANES))]
        if not any(number):
            return
        granted, slot = grant(self.usage, self.limits, number)
        place = self.usage.taken - sum(granted)
        for one in list(self.waiting):
            lane, came = one
            if granted[lane]:
                granted[lane] -= 1
                place += 1
                self.waiting.remove(one)
                self.sent.append((LANES[lane], came - self.began, self.now - self.began))
                self._send(lane, place, slot)

    def _send(self, lane: int, place: int, slot: float) -> None:
        takes = self.draw.uniform(*self.latency)
        there = self.now + takes * self.draw.random()
        self._later(there, lambda: self._arrives(lane, place, slot, self.now + takes - (there - self.now)))

    def _arrives(self, lane: int, place: int, slot: float, back: float) -> None:
        taken = self.server.take(self._ms(self.now))
        left, period = self.server.headers(self._ms(self.now))
        remaining, seconds = self.header((left, period / 1000))
        if not taken:
            self.refused.append(self.now - self.began)
        wait = None if taken else (15.0 if seconds is None else seconds)
        self._later(back, lambda: self._lands(Landing(lane, place, slot, 0.0, remaining, seconds, wait)))

    def _lands(self, landing: Landing) -> None:
        self.step()
        land(self.usage, self.limits, Landing(landing.lane, landing.place, landing.slot, self.usage.at,
                                              landing.remaining, landing.period, landing.wait))  # fmt: skip

    def _later(self, at: float, act: Callable[[], None]) -> None:
        self._turn += 1
        heapq.heappush(self._events, _Event(max(at, self.now), self._turn, act))

    def _ms(self, at: float) -> int:
        return round(at * 1000)


def keep(account: Account, *lanes: Lane, each: int = 3) -> Callable[[float], list[Lane]]:
    """Lanes that always have so many requests waiting."""

    def wants(at: float) -> list[Lane]:
        held = [LANES[lane] for lane, _ in account.waiting]
        return [lane for lane in lanes for _ in range(each - held.count(lane))]

    return wants


def every(seconds: float, *lanes: Lane) -> Callable[[float], list[Lane]]:
    """One request of each lane, so often."""
    return lambda at: list(lanes) if round(at / TICK) % round(seconds / TICK) == 0 else []
