"""The sandbox's figures as the lake holds them: milliseconds as instants, scaled integers as decimals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Rows = Iterator[dict[str, Any]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)


def small(number: int, places: int) -> Decimal:
    return Decimal(number).scaleb(-places)
