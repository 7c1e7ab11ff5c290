"""Instants as integers (milliseconds since 1970 UTC) and the ERP's ways of writing and filtering them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_MS = 86_400_000
_QUARTER_MS = 900_000
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}$")


@lru_cache(maxsize=8)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=8192)
def iso(ms: int, zone_name: str) -> str:
    """``2026-11-20T10:15:00.000+00:00``: milliseconds and the account's offset, as every recorded answer has it."""
    quarter, within = divmod(ms, _QUARTER_MS)
    hour, minute, offset = _quarter(quarter, zone_name)
    second, milli = divmod(within, 1000)
    return f"{hour}{minute + second // 60:02d}:{second % 60:02d}.{milli:03d}{offset}"


@lru_cache(maxsize=131_072)
def _quarter(number: int, zone_name: str) -> tuple[str, int, str]:
    """The text before the minutes, the first minute and the offset of a quarter of an hour since 1970.

    Every offset in use since 1972 is a whole number of quarters, so that none changes within one. A page of notes
    prints thousands of instants, and most of their texts are this.
    """
    moment = datetime.fromtimestamp(number * _QUARTER_MS // 1000, zone(zone_name))
    text = moment.isoformat(timespec="milliseconds")
    return text[:14], moment.minute, text[23:]


def parse_instant(text: object) -> int | None:
    """Milliseconds of an ISO 8601 date or date-time; a date alone is midnight UTC; ``None`` when it is neither."""
    if not isinstance(text, str) or len(text) < 10:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def utc_midnight(ms: int) -> int:
    return ms - ms % DAY_MS


@lru_cache(maxsize=4096)
def local_midnight(ms: int, zone_name: str) -> int:
    """Midnight, in the account's zone, of the UTC date of ``ms``: how invoice dates are printed."""
    day = datetime.fromtimestamp(ms / 1000, UTC)
    return round(datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)).timestamp() * 1000)


def parse_period(text: str) -> tuple[int | None, int | None] | None:
    """Inclusive bounds of ``d`` (that day), ``d/``, ``/d`` or ``d1/d2``; ``None`` when it cannot be parsed."""
    if "/" not in text:
        start = parse_instant(text)
        if start is None:
            return None
        return (start, start + DAY_MS - 1) if _DATE_ONLY.match(text) else (start, start)
    left, _, right = text.partition("/")
    bounds: list[int | None] = []
    for part in (left, right):
        bound = parse_instant(part) if part else None
        if part and bound is None:
            return None
        bounds.append(bound)
    if bounds == [None, None]:
        return None
    return bounds[0], bounds[1]
