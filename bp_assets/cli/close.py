"""``tillbridge close``: have a trading day of an end-of-day shop closed now. Read: the ledger, the shops file.

Written: the ledger (what the next posting run is asked to do); nothing is sent by this command.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from bp_assets.cli.screen import console
from bp_assets.cli.state import existing
from bp_assets.config import ConfigError, ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.trading_days import REALTIME, ask_to_close, days


def run(root: Path, shops: ShopsFile, key: str, day: str) -> int:
    """Ask for the close and say what waits for it; returns exit code 0, or 1 where nothing waits.

    Raises:
        ConfigError: no such shop, no date, or a day that has not begun: the message says what to do.
        NoState: there is no ledger yet.
    """
    if not shops.has(key):
        known = ", ".join(shop.key for shop in shops.shops)
        raise ConfigError(f"there is no shop {key!r} in the shops file; known: {known}")
    shop = shops.shop(key)
    wanted = _date(day)
    today = datetime.now(UTC).astimezone(shop.zone).date()
    if wanted > today:
        raise ConfigError(f"{wanted} has not begun at {key}: there it is {today}")
    with Ledger.open(existing(root)) as ledger:
        known_day = next((one for one in days(ledger, key) if one.business_date == wanted), None)
        waiting = ask_to_close(ledger, key, wanted)
    console().print(_words(key, wanted, waiting, known_day.mode if known_day else ""), highlight=False)
    return 0 if waiting else 1


def _words(key: str, day: date, waiting: int, mode: str) -> str:
    if waiting:
        receipts = "1 receipt waits" if waiting == 1 else f"{waiting} receipts wait"
        return (
            f"{receipts} for the close of {day} at {key}. The next posting run closes it once their stock has moved; "
            "receipts that come later make further summaries."
        )
    if mode == REALTIME:
        return f"{day} at {key} was begun as realtime: its receipts are posted one by one, there is nothing to close."
    return f"Nothing waits for the close of {day} at {key}."


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no date; write it like 2026-11-20") from None
