"""``tillbridge close``: what it asks of the next posting run, and what it says where there is nothing to close."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bp_assets.cli.close import run
from bp_assets.config import ConfigError, Home
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.trading_days import days
from tests.cli.shop_day import drop

MUG = "1001,2026-03-02T10:00:00,MUG,1,12.00,20"
DAY = date(2026, 3, 2)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_a_close_is_asked_for_and_says_how_much_waits(
    ledger: Ledger, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    shops = drop(ledger, home.root, [MUG], mode="end_of_day")
    assert run(home.root, shops, "leeds", "2026-03-02") == 0
    assert said(capsys).startswith("1 receipt waits for the close of 2026-03-02 at leeds.")
    (day,) = days(ledger)
    assert (day.business_date, day.mode, day.close_asked_at is not None) == (DAY, "end_of_day", True)


def test_a_realtime_day_has_nothing_to_close(ledger: Ledger, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    shops = drop(ledger, home.root, [MUG])
    assert run(home.root, shops, "leeds", "2026-03-02") == 1
    assert "2026-03-02 at leeds was begun as realtime" in said(capsys)
    assert run(home.root, shops, "leeds", "2026-03-03") == 1
    assert said(capsys) == "Nothing waits for the close of 2026-03-03 at leeds."


@pytest.mark.parametrize(
    ("shop", "day", "message"),
    [
        ("york", "2026-03-02", "there is no shop 'york' in the shops file; known: leeds"),
        ("leeds", "2 March", "'2 March' is no date; write it like 2026-11-20"),
        ("leeds", str(datetime.now(UTC).date() + timedelta(days=3)), "has not begun at leeds"),
    ],
)
def test_a_mistake_is_one_clear_sentence(ledger: Ledger, home: Home, shop: str, day: str, message: str) -> None:
    shops = drop(ledger, home.root, [MUG])
    with pytest.raises(ConfigError, match=message):
        run(home.root, shops, shop, day)
