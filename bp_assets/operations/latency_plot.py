"""``posting_latency`` as a picture: one strip per shop, an hour per step, p50 and p95 as lines, the slowest as dots.

Pure: rows in, an SVG out, small enough to stand in the metadata of every materialisation. Read, written: nothing.
Seconds go up on a logarithmic scale, since what matters lies between half a second and hours.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

HOURS = 24
MOST_SHOPS = 12  # the slowest ones; more would be a picture of nothing
_LEFT, _RIGHT, _TOP, _STRIP, _GAP, _STEP = 92, 150, 40, 66, 16, 26
_WIDTH = _LEFT + HOURS * _STEP + _RIGHT
_LOW, _HIGH = 0.1, 86_400.0
_TICKS = ((1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3_600, "1 h"), (21_600, "6 h"), (86_400, "1 day"))
_P50, _P95, _MAX = "#2a6fbb", "#d9730d", "#b3261e"


@dataclass(frozen=True, slots=True)
class Hour:
    """One shop's hour: seconds from arrival in the ledger to the last ERP step."""

    shop: str
    start: datetime
    p50: float
    p95: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Axis:
    """What the picture spans: ``end`` is the start of the last hour, ``zone`` the clock that its hours are named by."""

    end: datetime
    zone: ZoneInfo
    promise_seconds: float

    @property
    def first(self) -> datetime:
        return self.end.astimezone(UTC) - timedelta(hours=HOURS - 1)

    def x(self, start: datetime) -> float:
        """The middle of an hour. Shops whose clocks are off by half an hour stand half a step aside."""
        return _LEFT + ((start - self.first).total_seconds() / 3_600 + 0.5) * _STEP


def drawn(hours: Sequence[Hour]) -> list[str]:
    """The shops that the picture shows: those with the slowest p95, by name."""
    worst: dict[str, float] = {}
    for hour in hours:
        worst[hour.shop] = max(hour.p95, worst.get(hour.shop, 0.0))
    return sorted(sorted(worst, key=lambda shop: (-worst[shop], shop))[:MOST_SHOPS])


def svg(hours: Sequence[Hour], axis: Axis) -> str:
    """The picture as SVG text. Hours outside the axis are left out; one without any says so."""
    shown = [hour for hour in hours if axis.first <= hour.start <= axis.end]
    shops = drawn(shown)
    height = _TOP + max(1, len(shops)) * (_STRIP + _GAP) + 14
    top = max([axis.promise_seconds, 10.0, *(hour.slowest for hour in shown)])
    high = min(_HIGH, next((tick for tick, _ in _TICKS if tick >= top), _HIGH))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        *_head(axis),
    ]
    if not shops:
        parts.append(f'<text x="{_LEFT}" y="{_TOP + 30}">Nothing was posted in these hours.</text>')
    for number, shop in enumerate(shops):
        y = _TOP + number * (_STRIP + _GAP)
        parts += _strip(shop, [hour for hour in shown if hour.shop == shop], axis, y, high)
    return "".join([*parts, *_hours(axis, height), "</svg>"])


def markdown(hours: Sequence[Hour], axis: Axis) -> str:
    """The picture as markdown that the Dagster UI shows, the picture itself within the text."""
    data = base64.b64encode(svg(hours, axis).encode()).decode()
    return f"![How long sales took from arrival to the ERP, per shop and hour](data:image/svg+xml;base64,{data})"


def words(seconds: float) -> str:
    """Seconds as people say them: ``0.8 s``, ``42 s``, ``12 min``, ``3.5 h``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"


def _head(axis: Axis) -> list[str]:
    legend = ((_P50, "p50"), (_P95, "p95"), (_MAX, "slowest"))
    parts = [
        f'<text x="{_LEFT}" y="14" font-size="13" font-weight="bold">Arrival to ERP, last {HOURS} hours</text>',
        f'<text x="{_LEFT}" y="29" fill="#666">hours of arrival in {escape(str(axis.zone))}; '
        f"dashed: the promise of {words(axis.promise_seconds)}</text>",
    ]
    for number, (colour, name) in enumerate(legend):
        x = _LEFT + HOURS * _STEP - 170 + number * 56
        parts += [_dots([(x, 10)], colour, 8), f'<text x="{x + 8}" y="14">{name}</text>']
    parts.append(f'<text x="{_LEFT + HOURS * _STEP + 8}" y="29" fill="#666">newest hour</text>')
    return parts


def _strip(shop: str, hours: Iterable[Hour], axis: Axis, top: float, high: float) -> list[str]:
    ordered = sorted(hours, key=lambda hour: hour.start)
    right = _LEFT + HOURS * _STEP

    def y(seconds: float) -> float:
        kept = min(max(seconds, _LOW), high)
        return round(top + _STRIP * (1 - math.log(kept / _LOW) / math.log(high / _LOW)), 1)

    parts = [f'<rect x="{_LEFT}" y="{top}" width="{right - _LEFT}" height="{_STRIP}" fill="#f6f7f9"/>']
    for tick, name in _TICKS:
        if tick <= high and not (tick == 600 and high > 3_600):
            parts.append(f'<path d="M{_LEFT} {y(tick)}H{right}" stroke="#dde"/>')
            parts.append(f'<text x="{_LEFT - 5}" y="{y(tick) + 4}" text-anchor="end" font-size="9">{name}</text>')
    if axis.promise_seconds <= high:
        dashes = f'd="M{_LEFT} {y(axis.promise_seconds)}H{right}" stroke="#888" stroke-dasharray="4 3"'
        parts.append(f"<path {dashes}/>")
    for colour, figures in ((_P50, [hour.p50 for hour in ordered]), (_P95, [hour.p95 for hour in ordered])):
        points = [(axis.x(hour.start), y(figure)) for hour, figure in zip(ordered, figures, strict=True)]
        parts.append(f'<path d="{_line(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_dots(points, colour, 4))
    parts.append(_dots([(axis.x(hour.start), y(hour.slowest)) for hour in ordered], _MAX, 5))
    last = ordered[-1]
    parts.append(f'<text x="{right + 8}" y="{top + 14}" font-weight="bold">{escape(shop)}</text>')
    for number, (name, figure) in enumerate((("p50", last.p50), ("p95", last.p95), ("slowest", last.slowest))):
        parts.append(f'<text x="{right + 8}" y="{top + 29 + 14 * number}">{name} {words(figure)}</text>')
    return parts


def _hours(axis: Axis, height: float) -> list[str]:
    """Every third hour below the strips."""
    parts = []
    for back in range(0, HOURS, 3):
        hour = axis.end.astimezone(UTC) - timedelta(hours=back)
        name = f"{hour.astimezone(axis.zone):%H:%M}"
        parts.append(f'<text x="{axis.x(hour):g}" y="{height - 8}" text-anchor="middle">{name}</text>')
    return parts


def _line(points: Sequence[tuple[float, float]]) -> str:
    """Hours that follow each other are joined; a quiet hour breaks the line."""
    parts: list[str] = []
    before: float | None = None
    for x, y in points:
        parts.append(f"{'L' if before is not None and x - before <= _STEP * 1.01 else 'M'}{x:g} {y:g}")
        before = x
    return "".join(parts)


def _dots(points: Iterable[tuple[float, float]], colour: str, width: int) -> str:
    """Lines without length and with round ends: the shortest way to write a dot."""
    path = "".join(f"M{x:g} {y:g}h0" for x, y in points)
    return f'<path d="{path}" stroke="{colour}" stroke-width="{width}" stroke-linecap="round"/>'
