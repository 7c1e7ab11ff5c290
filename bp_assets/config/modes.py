"""How a shop's receipts reach the books: each as an order of its own, or a trading day's together at its close.

Read: nothing. Written: nothing. A trading day has exactly one mode; a shop may change it from one day to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag


class Mode(StrEnum):
    """``realtime``: each receipt its own order. ``end_of_day``: stock during the day, summary orders at its close."""

    REALTIME = "realtime"
    END_OF_DAY = "end_of_day"


class ModeFrom(BaseModel):
    """The mode of every trading day from ``from`` on, until the next entry."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    start: date = Field(alias="from")
    mode: Mode


# One word, or a list of entries; told apart by what was written, so that a mistake is named once.
Modes = Annotated[
    Annotated[Mode, Tag("word")] | Annotated[tuple[ModeFrom, ...], Tag("list")],
    Discriminator(lambda written: "list" if isinstance(written, list | tuple) else "word"),
]
_NOON, _DAY = time(12), 24 * 60


def in_order(modes: Modes) -> Modes:
    """``modes`` as they are.

    Raises:
        ValueError: no entry at all, or entries that do not follow each other day by day.
    """
    if isinstance(modes, Mode):
        return modes
    if not modes:
        raise ValueError("needs at least one entry, or one word: realtime or end_of_day")
    for before, after in pairwise(modes):
        if after.start <= before.start:
            raise ValueError(
                f"{after.start} stands after {before.start}: entries go forward in time, each day has one mode"
            )
    return modes


def mode_on(modes: Modes, day: date) -> Mode:
    """The mode of a trading day; ``realtime`` before the first entry."""
    if isinstance(modes, Mode):
        return modes
    return _last(modes, day) or Mode.REALTIME


def _last(modes: Sequence[ModeFrom], day: date) -> Mode | None:
    return next((one.mode for one in reversed(modes) if one.start <= day), None)


def ever(modes: Modes, mode: Mode) -> bool:
    """Whether any trading day has this mode."""
    if isinstance(modes, Mode):
        return modes is mode
    return mode is Mode.REALTIME or any(one.mode is mode for one in modes)


def minutes_to_close(at: time) -> int:
    """Minutes by the shop's clock from the beginning of a trading day to its close.

    A time before noon is that of the next morning, any other that of the same day.
    """
    return at.hour * 60 + at.minute + (_DAY if at < _NOON else 0)


def closes_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant from which a trading day may be closed."""
    return datetime.combine(day + timedelta(days=minutes_to_close(at) // _DAY), at, zone)
