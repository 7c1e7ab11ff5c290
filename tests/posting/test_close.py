"""When a trading day is closed: after its time or when asked, once its stock has moved, and not again for a minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bp_assets.ledger.summaries import Gathering
from bp_assets.posting.close import is_due
from tests.posting.receipts import in_mode, shops_file

DAY = date(2026, 11, 20)
SHOP = in_mode(shops_file(), "end_of_day").shop("leeds")
CLOSE = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def gathering(**other: Any) -> Gathering:
    plain = {"shop": "leeds", "business_date": DAY, "ready": 2, "unready": 0, "close_asked_at": None, "closed_at": None}
    return Gathering(**{**plain, **other})


@pytest.mark.parametrize(
    ("what", "minutes", "due"),
    [
        ({}, -1, False),
        ({}, 0, True),
        ({"ready": 0}, 60, False),
        ({"unready": 1}, 29, False),
        ({"unready": 1}, 30, True),
        ({"closed_at": CLOSE}, 0.9, False),
        ({"closed_at": CLOSE}, 1, True),
        ({"closed_at": CLOSE, "close_asked_at": CLOSE}, 0, True),
    ],
)
def test_a_day_is_due_after_its_time(what: dict[str, Any], minutes: float, due: bool) -> None:
    assert is_due(gathering(**what), SHOP, CLOSE + timedelta(minutes=minutes)) is due


@pytest.mark.parametrize(("unready", "minutes", "due"), [(0, 0, True), (1, 0, False), (1, 30, True)])
def test_a_day_that_somebody_asks_for_is_due_at_once(unready: int, minutes: int, due: bool) -> None:
    asked = gathering(unready=unready, close_asked_at=NOON)
    assert is_due(asked, SHOP, NOON + timedelta(minutes=minutes)) is due
