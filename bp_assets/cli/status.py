"""``tillbridge status``: how every shop stands, on one screen. Read: the ledger alone. Written: nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.markup import escape

from bp_assets.cli.screen import console, money, table
from bp_assets.cli.state import existing
from bp_assets.domain.states import SETTLED, UNSETTLED
from bp_assets.ledger import marks, totals
from bp_assets.ledger.connection import Ledger

RECEIVED = "received"  # stored raw, not decoded yet
_STATES = (RECEIVED, *(state.value for state in (*UNSETTLED, *SETTLED)))
_LAST = sa.text("select shop, max(posted_at), max(captured_at) from tillbridge.postings group by shop")


@dataclass(slots=True)
class ShopStatus:
    """One shop. ``gross_minor`` is signed and in the smallest unit of its currency; instants are UTC."""

    shop: str
    currency: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    gross_minor: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    oldest_unsettled: str = ""
    oldest_unsettled_since: datetime | None = None
    last_receipt: datetime | None = None
    last_posting: datetime | None = None
    till_asked: datetime | None = None
    till_error: str = ""
    till_failures: int = 0
    till_state: str = ""
    till_state_since: datetime | None = None


def run(root: Path, *, as_json: bool) -> int:
    """Show; returns exit code 0.

    Raises:
        NoState: there is no ledger yet.
    """
    with Ledger.open(existing(root)) as ledger:
        shops = statuses(ledger)
    if as_json:
        print(json.dumps({"shops": [_record(one) for one in shops]}, indent=2, ensure_ascii=False))  # noqa: T201  # the command's output
    else:
        _show(shops, datetime.now(UTC))
    return 0


def statuses(ledger: Ledger) -> list[ShopStatus]:
    """Every shop the ledger knows, by key."""
    found: dict[str, ShopStatus] = {}

    def of(shop: str) -> ShopStatus:
        return found.setdefault(shop, ShopStatus(shop))

    for standing in totals.standings(ledger):
        one = of(standing.shop)
        one.currency = standing.currency or one.currency
        one.counts[standing.state] = one.counts.get(standing.state, 0) + standing.count
        one.gross_minor[standing.state] = one.gross_minor.get(standing.state, 0) + standing.gross_minor
        if standing.reason_code:
            one.reasons[standing.reason_code] = one.reasons.get(standing.reason_code, 0) + standing.count
    for shop, states in totals.counts(ledger).items():
        if RECEIVED in states:
            of(shop).counts[RECEIVED] = states[RECEIVED]
    for waiting in totals.oldest_unsettled(ledger):
        one = of(waiting.shop)
        one.oldest_unsettled, one.oldest_unsettled_since = waiting.oldest_sale_id, waiting.oldest_captured_at
    for mark in marks.all_marks(ledger):
        one = of(mark.shop)
        one.till_asked, one.till_error, one.till_failures = mark.asked_at, mark.error, mark.failures
        one.till_state, one.till_state_since = mark.state, mark.state_since
    with ledger.begin() as connection:
        for shop, posted, captured in connection.execute(_LAST):
            of(shop).last_posting, of(shop).last_receipt = posted, captured
    return [found[shop] for shop in sorted(found)]


def _record(one: ShopStatus) -> dict[str, Any]:
    """For JSON: instants as ISO 8601 in UTC."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _show(shops: list[ShopStatus], now: datetime) -> None:
    out = console()
    if not shops:
        out.print("No till was asked yet.")
        return
    states = [state for state in _STATES if any(one.counts.get(state) for one in shops)]
    rows = [(one.shop, one.currency, *(_cell(one, state) for state in states)) for one in shops]
    right = range(2, 2 + len(states))
    out.print(table("Receipts: count and gross", ("shop", "", *states), rows, list(right)))
    rows = [
        (
            one.shop,
            _ago(one.last_receipt, now),
            _ago(one.last_posting, now),
            f"{_ago(one.oldest_unsettled_since, now)} {one.oldest_unsettled}" if one.oldest_unsettled else "none",
            _ago(one.till_asked, now),
            escape(_till(one, now)),
        )
        for one in shops
    ]
    heads = ("shop", "last receipt", "last posting", "oldest unsettled", "till asked", "till")
    out.print(table("How fresh", heads, rows))
    reasons = [(one.shop, code, count) for one in shops for code, count in sorted(one.reasons.items())]
    if reasons:
        out.print(table("Why receipts are set aside", ("shop", "reason", "receipts"), reasons, [2]))
        out.print("docs/checks.md says who acts on each reason; `tillbridge retry` puts mended ones back in line.")


def _till(one: ShopStatus, now: datetime) -> str:
    if not one.till_error:
        return "answers"
    return f"{one.till_state}, first {_ago(one.till_state_since, now)}: {one.till_error} ({one.till_failures} times)"


def _cell(one: ShopStatus, state: str) -> str:
    count = one.counts.get(state, 0)
    if not count:
        return ""
    return f"{count}\n{money(one.gross_minor.get(state, 0), one.currency)}" if state != RECEIVED else str(count)


def _ago(moment: datetime | None, now: datetime) -> str:
    """How long since, in the largest unit that tells: ``40 s ago``, ``3 h ago``."""
    if moment is None:
        return "never"
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
