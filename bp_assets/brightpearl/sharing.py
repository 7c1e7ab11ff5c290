"""Who may send the account's next request: the arithmetic of the shared cap. Pure.

Two questions are asked of every request, and both must be answered with yes.

* *Have we room?* What all our processes sent is kept in slots of time. A request counts from its taking until a whole
  minute after its slot, and so in any minute, wherever it begins, fewer are counted than ``Limits.usable``: that is
  right for a cap that looks at the last minute and for one that begins anew with the clock's.
* *Has the account room?* The newest header says what is left for everybody. From it come off what was taken since and
  the reserve. Until the moment the header names nothing comes back in either kind of window; then what our own log
  forgets comes back, and where that is nothing, one request goes ahead to ask.

Lanes: a lane may take up to its greatest share. Up to its guaranteed share it waits only for the guarantees of lanes
before it; beyond, it leaves alone what is guaranteed to others, and waits for every lane before it that waits. The
guarantee of a lane that has asked for nothing lately is lent out, but never that of the first lane, which is kept twice
what it uses besides: a sale at a till finds room whatever else goes on.

Times are seconds of one clock that only goes forward (:func:`step`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from bp_assets.config import DEFAULT_LANES, Erp, Lanes
from bp_assets.domain.lanes import LANES

SLOTS = 120  # a request counts at most this part of a minute longer than it must
IDLE_PART = 6  # a lane that has asked for nothing for this part of a minute lends its guarantee out
WAITING_SECONDS = 0.6  # a waiting lane says so again within this; one that fell silent holds up nobody
MARGIN = 0.2  # seconds past a stated moment: our clock and the ERP's are not one
# A lane that uses more than the first part of its share begins to leave its waves apart; from the second on in full.
EASY, BUSY = 0.5, 0.8
JUMP_SECONDS = 2.0  # a clock that differs by more from the time that passed was set by somebody


@dataclass(frozen=True)
class Limits:
    """What the shops file allows; ``minute`` is how many seconds the ERP's minute has."""

    per_minute: int = 200
    reserve_percent: int = 10
    minute: float = 60.0
    lanes: Lanes = DEFAULT_LANES
    shares: tuple[tuple[int, int], ...] = field(init=False)  # (guaranteed, greatest) percent, in the order of LANES

    def __post_init__(self) -> None:
        shares = tuple((self.lanes.of(lane).guaranteed, self.lanes.of(lane).greatest) for lane in LANES)
        object.__setattr__(self, "shares", shares)

    @classmethod
    def of(cls, erp: Erp) -> Limits:
        return cls(erp.requests_per_minute, erp.reserve_percent, erp.minute, erp.lanes)

    @property
    def usable(self) -> int:
        """Requests a minute that all our lanes may send together."""
        return max(1, self.per_minute - math.ceil(self.per_minute * self.reserve_percent / 100))

    @property
    def margin(self) -> float:
        return min(MARGIN, self.minute / 100)


@dataclass(frozen=True, slots=True)
class Landing:
    """An answer (or its loss) as the budget sees it. ``at`` is when; ``place`` and ``slot`` are its taking's.

    ``wait`` is set where the ERP refused the request for the cap: seconds until the moment it named; ``lost`` where no
    answer came.
    """

    lane: int
    place: int
    slot: float
    at: float
    remaining: int | None = None
    period: float | None = None
    wait: float | None = None
    lost: bool = False


@dataclass(slots=True)
class Usage:
    """What is known of one account, for all processes. ``slots``: end of a slot -> requests per lane.

    ``taken`` counts all requests ever, so that a request's place tells which came after it. ``said`` is the newest
    header: what it left, the place of its request, and ``forgotten`` at that time.
    """

    at: float = 0.0
    shift: float = 0.0  # the store's clock less our time
    taken: int = 0
    forgotten: int = 0  # requests that no longer count
    slots: dict[float, list[int]] = field(default_factory=dict)
    waiting: list[float] = field(default_factory=lambda: [0.0] * len(LANES))  # until when a lane counts as waiting
    asked: list[float] = field(default_factory=lambda: [-1e9] * len(LANES))  # when a lane last wanted something
    paused: float = 0.0  # nobody sends before
    said: tuple[int, int, int] | None = None
    most: int = 0  # the most any header left: the cap is one more, as far as we can see
    back: float = 0.0  # the moment the newest header named
    asking: float = 0.0  # until when the answer to a request that went ahead is waited for
    refused: int = 0  # in a row

    def dumps(self) -> str:
        """Short, since it is written for every request: a slot names only the lanes that sent something in it."""
        kept = {name: getattr(self, name) for name in _KEPT}
        kept["slots"] = [
            [end, *(part for lane, number in enumerate(counts) if number for part in (lane, number))]
            for end, counts in self.slots.items()
        ]
        return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> Usage:
        """The usage of a stored text; a new one for an empty text or one of another version."""
        try:
            kept = json.loads(text)
            usage = cls(**{name: kept[name] for name in _KEPT})
            usage.said = tuple(kept["said"]) if kept["said"] else None
            for end, *parts in kept["slots"]:
                counts = usage.slots[end] = [0] * len(LANES)
                for lane, number in zip(parts[::2], parts[1::2], strict=True):
                    counts[lane] = number
        except (ValueError, TypeError, KeyError, IndexError):
            return cls()
        return usage if len(usage.waiting) == len(usage.asked) == len(LANES) else cls()


_KEPT = (
    "at", "shift", "taken", "forgotten", "waiting", "asked", "paused", "said", "most", "back", "asking", "refused",
)  # fmt: skip


def step(usage: Usage, limits: Limits, now: float, expected: float | None) -> float:
    """Go on to the store's clock ``now`` and forget what no longer counts; returns our time.

    ``expected`` is our time by the asking process's own steady clock, ``None`` where it never asked before. A clock
    that was set shows as a difference between the two, and moves ``shift`` instead of our time. A process that never
    asked can't tell a clock that was set from a silence: then what comes back is left to the next header to say.
    """
    time = now - usage.shift
    if expected is not None and abs(time - expected) > JUMP_SECONDS:
        time = expected
    if not usage.taken and not usage.at:
        time = now
    unwitnessed = expected is None and time > usage.at + JUMP_SECONDS
    time = max(time, usage.at)
    usage.shift, usage.at = now - time, time
    for end in [end for end in usage.slots if end + limits.minute <= time]:
        usage.forgotten += sum(usage.slots.pop(end))
    if unwitnessed and usage.said:
        usage.said = (*usage.said[:2], usage.forgotten)
    return time


def used(usage: Usage) -> list[int]:
    """Requests that count now, per lane."""
    return [sum(column) for column in zip(*usage.slots.values(), strict=True)] or [0] * len(LANES)


def account_room(usage: Usage, limits: Limits) -> int | None:
    """Requests left for us by the newest header; below one where there are none, ``None`` where no header was seen."""
    if usage.said is None:
        return None
    left, place, forgotten = usage.said
    returned = usage.forgotten - forgotten if usage.at >= usage.back else 0
    return left - (usage.taken - place) + max(0, returned) - _floor(usage, limits)


def _floor(usage: Usage, limits: Limits) -> int:
    """What is left to the account's other apps; of the cap that headers show, where that is below the file's."""
    return min(limits.per_minute, usage.most + 1) * limits.reserve_percent // 100


@dataclass(slots=True)
class _Room:
    """How the lanes stand in one moment."""

    counts: list[int]
    total: int
    usable: int
    guaranteed: list[int]
    most_held: list[int]
    greatest: list[int]
    holds: list[bool]

    def held(self, lane: int) -> int:
        wanting = min(self.guaranteed[lane] - self.counts[lane], self.most_held[lane])
        return max(0, wanting) if self.holds[lane] else 0

    def kept(self) -> int:
        """What the first lane may want next beyond its guarantee: its rate is not steady, so twice what it uses.

        Lanes after it leave that alone once they have what they are guaranteed: a backfill makes way for a busy day
        before any sale had to wait.
        """
        return max(0, 2 * self.counts[0] - max(self.guaranteed[0], self.counts[0]))

    def of(self, lane: int, before_waits: bool) -> int:
        """Requests that ``lane`` may take, at most; ``before_waits`` says whether a lane before it is waiting."""
        free = self.usable - self.total
        before = sum(self.held(other) for other in range(lane))
        after = sum(self.held(other) for other in range(lane + 1, len(LANES)))
        sure = min(self.guaranteed[lane] - self.counts[lane], free - before)
        more = 0 if before_waits else free - before - after - (self.kept() if lane else 0)
        return max(0, min(self.greatest[lane] - self.counts[lane], max(sure, more)))

    def take(self, lane: int) -> None:
        self.counts[lane] += 1
        self.total += 1

    def give_back(self, lane: int, number: int) -> None:
        self.counts[lane] -= number
        self.total -= number


def _room(usage: Usage, limits: Limits) -> _Room:
    counts = used(usage)
    total, usable, left = sum(counts), limits.usable, account_room(usage, limits)
    seen = usable
    if left is not None:
        usable, seen = min(usable, total + max(0, left)), usage.most + 1
    return _Room(
        counts, total, usable,
        guaranteed=[usable * percent // 100 for percent, _ in limits.shares],
        # An account that shows a smaller cap than the shops file says, and never runs out, would else keep the first
        # lane's share of all that was ever sent.
        most_held=[seen * percent // 100 for percent, _ in limits.shares],
        greatest=[max(1, limits.usable * percent // 100) for _, percent in limits.shares],
        holds=[not lane or usage.asked[lane] + limits.minute / IDLE_PART > usage.at for lane in range(len(LANES))],
    )  # fmt: skip


def grant(usage: Usage, limits: Limits, wants: Sequence[int]) -> tuple[list[int], float]:
    """Take what may be taken of ``wants`` (requests per lane); returns requests granted per lane, and the slot's end.

    Lanes that got less than they want count as waiting for a moment.
    """
    width, now = limits.minute / SLOTS, usage.at
    slot = (math.floor(now / width) + 1) * width
    granted = [0] * len(LANES)
    for lane, wanted in enumerate(wants):
        if wanted:
            usage.asked[lane] = now
    if now >= usage.paused:
        room = _room(usage, limits)
        left = account_room(usage, limits)
        if left is None or left > 0:
            for lane, wanted in enumerate(wants):
                before_waits = any(usage.waiting[o] > now or wants[o] > granted[o] for o in range(lane))
                while granted[lane] < wanted and room.of(lane, before_waits):
                    room.take(lane)
                    granted[lane] += 1
        elif now >= max(usage.back, usage.asking) and room.total < limits.usable:
            able = (lane for lane, wanted in enumerate(wants) if wanted and room.counts[lane] < room.greatest[lane])
            ahead = next(able, None)
            if ahead is not None and not any(usage.waiting[lane] > now for lane in range(ahead)):
                granted[ahead] = 1
                usage.asking = now + min(limits.minute, max(1.0, limits.minute / 12))
    if any(granted):
        counts = usage.slots.setdefault(slot, [0] * len(LANES))
        for lane, number in enumerate(granted):
            counts[lane] += number
            usage.taken += number
    for lane, wanted in enumerate(wants):
        # Said again only when half of it is over: a question that changes nothing need not be written.
        if wanted > granted[lane] and usage.waiting[lane] < now + WAITING_SECONDS / 2:
            usage.waiting[lane] = now + WAITING_SECONDS
    return granted, slot


def land(usage: Usage, limits: Limits, landing: Landing) -> None:
    """Take note of an answer: when it was there at the latest, and what it said of the cap."""
    _counted_at(usage, limits, landing)
    unit = limits.minute / max(1, min(limits.per_minute, usage.most + 1))  # how long one request takes to come back
    if landing.wait is not None:
        usage.refused += 1
        stated = min(landing.wait, limits.minute) + limits.margin
        # Refused again and again, somebody else takes whatever comes free: leave some of it to come together.
        longer = _floor(usage, limits) * unit if usage.refused > 1 else 0.0
        usage.paused = max(usage.paused, landing.at + max(stated, longer))
        usage.said, usage.back, usage.asking = (0, usage.taken, usage.forgotten), usage.paused, 0.0
        return
    if landing.lost or (usage.said and landing.place < usage.said[1]):
        return  # tells nothing, or is older than what we know
    if landing.remaining is None:
        if usage.refused:  # an answer without a header: at least the cap is no longer used up
            usage.said, usage.refused = None, 0
        return
    usage.most = max(usage.most, min(landing.remaining, limits.per_minute - 1))
    usage.said = (min(landing.remaining, limits.per_minute), min(landing.place, usage.taken), usage.forgotten)
    short = max(0, _floor(usage, limits) - landing.remaining)
    usage.back = landing.at + max(min(landing.period or 0.0, limits.minute) + limits.margin, short * unit)
    usage.asking, usage.refused = 0.0, 0


def _counted_at(usage: Usage, limits: Limits, landing: Landing) -> None:
    """The ERP counted the request between its taking and its answer: keep it as long as the later one asks for."""
    width = limits.minute / SLOTS
    slot = (math.floor(landing.at / width) + 1) * width
    if slot <= landing.slot:
        return
    taken = usage.slots.get(landing.slot)
    if taken and taken[landing.lane]:
        taken[landing.lane] -= 1
    else:
        usage.forgotten -= 1  # forgotten too early: it counts again
    usage.slots.setdefault(slot, [0] * len(LANES))[landing.lane] += 1


def pause(usage: Usage, limits: Limits) -> float:
    """Seconds until something can have changed for those who wait; other answers may change it earlier."""
    if usage.at < usage.paused:
        return usage.paused - usage.at
    moments = [usage.back, usage.asking, *(end + limits.minute for end in usage.slots)]
    return min((moment - usage.at for moment in moments if moment > usage.at), default=limits.minute)


def spacing(usage: Usage, limits: Limits, lane: int, requests: int) -> float:
    """Seconds from one wave of ``requests`` to the next so that ``lane`` can go on like that and hardly ever wait.

    For every moment at which requests come back to the lane: what is left until then, spread evenly. The second half of
    a wave may wait for that moment; else what does not fill a whole wave would be lost with every minute. 0 while the
    lane uses less than ``EASY`` of what other lanes leave it, all of it from ``BUSY`` on.
    """
    now = usage.at
    if now < usage.paused:
        return min(usage.paused - now, limits.minute)
    room = _room(usage, limits)
    others = sum(room.counts[other] + room.held(other) for other in range(len(LANES)) if other != lane)
    share = min(room.greatest[lane], room.usable - others)
    busy = (room.counts[lane] + requests) / max(1, share) - EASY
    if busy <= 0:
        return 0.0
    apart, requests = 0.0, max(1, requests)
    waiting = requests // 2
    if room.usable < limits.usable and usage.back > now:  # it is the account that has little left
        apart = (usage.back - now) * requests / max(room.of(lane, False) + waiting, requests)
        room.usable = limits.usable
    for end in sorted(usage.slots):
        left = max(room.of(lane, False) + waiting, requests)
        apart = max(apart, (end + limits.minute - now) * requests / left)
        room.give_back(lane, usage.slots[end][lane])  # what comes back to the others they will want again
    return min(apart * min(1.0, busy / (BUSY - EASY)), limits.minute)
