"""The plan of a simulated day, drawn from a seed before anything happens: what is sold, and what goes wrong when. Pure.

A plan is a list of events, each of them complete in itself, so that a failing day can be made shorter by leaving events
out, and the same seed is the same day on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sandbox.catalogue import Item
from sandbox.tills import planted
from sandbox.tills.events import LONDON, SHOPS, Transaction
from sandbox.tills.trading import Floor
from tests.simulation.disturbances import DISTURBANCES, MOMENTS

DATE = date(2026, 11, 20)
OPENS = time(9)
_FILE_SHOPS = tuple(shop.code for shop in SHOPS if shop.system != "square")


@dataclass(frozen=True, slots=True)
class Event:
    """``minutes`` after the one before. ``values`` are what ``acts.py`` needs for the kind, plain data."""

    kind: str
    minutes: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{name}={value}" for name, value in self.values.items())])


@dataclass(frozen=True, slots=True)
class Plan:
    """``baskets`` in the order of their sale; events name them by position."""

    seed: int
    baskets: tuple[Transaction, ...]
    events: tuple[Event, ...]
    summed: str = ""  # the shop that is posted at the end of its day

    def only(self, kept: Sequence[int]) -> Plan:
        """The same day with these events alone."""
        return replace(self, events=tuple(self.events[place] for place in sorted(kept)))


def draw_day(seed: int, items: Sequence[Item]) -> Plan:
    """The day of a seed."""
    draw = random.Random(f"simulation-{seed}")
    parts = draw.randint(5, 9)
    baskets = _baskets(draw, seed, items, draw.randint(8, 24))
    events: list[Event] = []
    offline: dict[str, int] = {}  # shop -> part of the day in which it comes back
    waiting: dict[str, list[int]] = {}
    for part in range(parts):
        _trade(draw, part, parts, baskets, offline, waiting, events)
        for _ in range(draw.choices((0, 1, 2, 3), weights=(20, 40, 30, 10))[0]):
            name = draw.choices([*DISTURBANCES], weights=[one.weight for one in DISTURBANCES.values()])[0]
            events.append(Event(name, draw.randint(0, 20), DISTURBANCES[name].draw(draw)))
        events += [_post(draw) for _ in range(draw.randint(1, 2))]
        if draw.random() < 0.35:
            events.append(Event("verify", draw.randint(0, 10)))
        if draw.random() < 0.45:
            events.append(Event("heal", draw.randint(0, 90)))
    return Plan(seed, tuple(baskets), tuple(events), "bath" if seed % 3 == 0 else "")


def _baskets(draw: random.Random, seed: int, items: Sequence[Item], number: int) -> list[Transaction]:
    """A day of ordinary baskets with some that the till tells wrongly, returns of earlier ones among them."""
    floor = Floor(draw, items, f"simulation-{seed}")
    start = datetime.combine(DATE, OPENS, LONDON)
    seconds = sorted(draw.randrange(9 * 3600) for _ in range(number))
    done: list[Transaction] = []
    for second in seconds:
        shop, moment = draw.choice(SHOPS), start + timedelta(seconds=second)
        suiting = [name for name, (system, _) in planted.FAULTS.items() if system == shop.system]
        if done and draw.random() < 0.25:
            found = floor.sold_before(shop, done, elsewhere=draw.random() < 0.3)
            if found:
                done.append(floor.goods_return(shop, moment, *found, exchange=draw.random() < 0.5))
                continue
        fault = draw.choice(suiting) if draw.random() < 0.15 else ""
        done.append(floor.planted(shop, moment, fault, done) if fault else floor.ordinary(shop, moment, done))
    return done


def _trade(
    draw: random.Random, part: int, parts: int, baskets: list[Transaction], offline: dict[str, int],
    waiting: dict[str, list[int]], events: list[Event],
) -> None:  # fmt: skip
    """The receipts of a part of the day reach their feeds, unless the shop is offline; files come again, late, half."""
    first, last = len(baskets) * part // parts, len(baskets) * (part + 1) // parts
    for place in range(first, last):
        waiting.setdefault(baskets[place].shop.code, []).append(place)
    for shop in SHOPS:
        if offline.get(shop.code, part) > part:
            continue
        if draw.random() < 0.12 and part + 1 < parts:
            offline[shop.code] = part + draw.randint(1, parts)
            events.append(Event("offline", 0, {"shop": shop.code}))
            continue
        if offline.pop(shop.code, None) is not None:
            events.append(Event("online", 0, {"shop": shop.code}))
        if places := waiting.pop(shop.code, []):
            half = shop.code in _FILE_SHOPS and draw.random() < 0.15
            events.append(Event("half_file" if half else "deliver", 0, {"shop": shop.code, "baskets": places}))
            if half and draw.random() < 0.7:
                events += [Event("turn", draw.randint(0, 5)), Event("finish_file", 5, {"shop": shop.code})]
        if shop.code in _FILE_SHOPS and draw.random() < 0.2:
            events.append(Event(draw.choice(("file_again", "receipts_again", "other_version")), 0, {"shop": shop.code}))


def _post(draw: random.Random) -> Event:
    """A turn of the poster, undisturbed or killed or robbed of its database on the way."""
    kind = draw.choices(("turn", "killed", "shaken"), weights=(64, 26, 10))[0]
    minutes = draw.choices((0, 1, 6, 45), weights=(30, 30, 30, 10))[0]
    if kind == "turn":
        return Event("turn", minutes)
    moment = draw.choice(MOMENTS if kind == "killed" else MOMENTS[:4])
    most = 14 if moment.startswith("commit") else 8
    values: dict[str, Any] = {"moment": moment, "number": draw.randint(1, most)}
    if kind == "shaken":
        values["how"] = draw.choices(("cut", "restart"), weights=(60, 40))[0]
    return Event(kind, minutes, values)
