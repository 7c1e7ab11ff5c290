"""When people buy: the instants of a past, with weekdays, seasons, growth and the hours of the day. Pure."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sandbox.erp.times import DAY_MS, utc_midnight

DAYS = 730
HOUR_MS = 3_600_000

_WEEKDAYS = (0.8, 0.8, 0.9, 1.0, 1.3, 1.7, 1.1)  # Monday first
_MONTHS = (0.8, 0.8, 0.9, 0.95, 1.0, 1.05, 1.05, 0.9, 1.0, 1.1, 1.5, 1.9)  # January first
_HOURS = (1, 0, 0, 0, 0, 1, 2, 4, 8, 12, 14, 15, 16, 14, 13, 13, 14, 15, 13, 11, 10, 9, 6, 3)
_GROWTH = 0.35  # how much more is sold at the end than at the beginning


def first_day(at: int) -> int:
    """Midnight (UTC) at which the past of an account begins that is asked at ``at``."""
    return utc_midnight(at) - DAYS * DAY_MS


def instants(draw: random.Random, count: int, at: int) -> list[int]:
    """``count`` instants in ascending order, all before today (UTC)."""
    begin = first_day(at)
    monday = datetime.fromtimestamp(begin / 1000, UTC)
    weights = []
    for day in range(DAYS):
        date = monday + timedelta(days=day)
        weights.append(_WEEKDAYS[date.weekday()] * _MONTHS[date.month - 1] * (1 + _GROWTH * day / DAYS))
    days = draw.choices(range(DAYS), weights, k=count)
    hours = draw.choices(range(24), _HOURS, k=count)
    return sorted(
        begin + day * DAY_MS + hour * HOUR_MS + int(draw.random() * HOUR_MS)
        for day, hour in zip(days, hours, strict=True)
    )


def quarter(at: int) -> int:
    """The season of an instant: 0 winter, 1 spring, 2 summer, 3 autumn."""
    return datetime.fromtimestamp(at / 1000, UTC).month % 12 // 3
