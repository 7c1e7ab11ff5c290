"""``tillbridge status``: how every shop stands, on one screen. Read: the ledger, the shops file. Written: nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.markup import escape
from rich.table import Table

from bp_assets.cli.screen import console, money, table
from bp_assets.cli.state import existing
from bp_assets.config import ShopsFile
from bp_assets.domain.lanes import LANES
from bp_assets.domain.states import SETTLED, UNSETTLED
from bp_assets.ledger import marks, totals
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.piles import Pile, piles
from bp_assets.ledger.requests import Minute, spent_since
from bp_assets.operations.standing import assessed

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
    state: str = ""  # as in the table shop_health; empty where there is no shops file to judge by
    state_since: datetime | None = None
    reason: str = ""
    retrying: int = 0
    next_attempt: datetime | None = None
    most_attempts: int = 0
    last_failure: str = ""


def run(root: Path, shops_file: ShopsFile | None, *, as_json: bool) -> int:
    """Show; returns exit code 0. Without a shops file everything but the shops' states.

    Raises:
        NoState: there is no ledger yet.
    """
    with Ledger.open(existing(root)) as ledger:
        shops = statuses(ledger, shops_file, datetime.now(UTC))
        spent = requests_of(spent_since(ledger, timedelta(hours=1)))
    if as_json:
        said = {"shops": [_record(one) for one in shops], "erp_requests_last_hour": asdict(spent)}
        print(json.dumps(said, indent=2, ensure_ascii=False))  # noqa: T201  # the command's output
    else:
        _show(shops, datetime.now(UTC))
        if spent.by_lane:
            console().print(spent.line, highlight=False)
    return 0


@dataclass(slots=True)
class Requests:
    """What was sent to the ERP: requests by lane, the most in one minute, how many were refused, seconds waited."""

    by_lane: dict[str, int]
    busiest_minute: int
    refused: int
    waited_seconds: float

    @property
    def line(self) -> str:
        lanes = ", ".join(f"{lane} {count}" for lane, count in self.by_lane.items())
        refused = f"; {self.refused} refused" if self.refused else ""
        waited = f"; waited {self.waited_seconds:.0f} s for the cap" if self.waited_seconds >= 1 else ""
        busiest = f"; {self.busiest_minute} in the busiest minute"
        return f"Requests to the ERP in the last hour: {lanes}{busiest}{refused}{waited}."


def requests_of(minutes: Sequence[Minute]) -> Requests:
    """The minutes added up, lanes in their order."""
    lanes, by_minute = Counter[str](), Counter[tuple[str, datetime]]()
    for one in minutes:
        lanes[one.lane] += one.requests
        by_minute[one.account, one.minute] += one.requests
    return Requests(
        by_lane={lane: lanes[lane] for lane in LANES if lanes[lane]},
        busiest_minute=max(by_minute.values(), default=0),
        refused=sum(one.refused for one in minutes),
        waited_seconds=sum(one.waited_ms for one in minutes) / 1000,
    )


def statuses(ledger: Ledger, shops_file: ShopsFile | None, now: datetime) -> list[ShopStatus]:
    """Every shop that the ledger or the shops file knows, by key."""
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
    for pile in piles(ledger):
        _retrying(of(pile.shop), pile)
    for shop, (health, _, _) in (assessed(ledger, shops_file, now) if shops_file else {}).items():
        one = of(shop)
        one.state, one.state_since, one.reason = health.state.value, health.since, health.reason
    with ledger.begin() as connection:
        for shop, posted, captured in connection.execute(_LAST):
            of(shop).last_posting, of(shop).last_receipt = posted, captured
    return [found[shop] for shop in sorted(found)]


def _retrying(one: ShopStatus, pile: Pile) -> None:
    """Sales that failed for a passing cause and are tried again by themselves."""
    if pile.retrying:
        one.retrying += pile.retrying
        one.most_attempts = max(one.most_attempts, pile.most_attempts)
        one.next_attempt = min(filter(None, (one.next_attempt, pile.next_attempt_at)))
        one.last_failure = pile.message or one.last_failure


def _record(one: ShopStatus) -> dict[str, Any]:
    """For JSON: instants as ISO 8601 in UTC."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _show(shops: list[ShopStatus], now: datetime) -> None:
    out = console()
    if not any(one.counts or one.till_asked for one in shops):
        out.print("No till was asked yet.")
        return
    for part in (_states(shops, now), _counts(shops), _freshness(shops, now), _again(shops, now), _set_aside(shops)):
        if part.row_count:
            out.print(part)
    if any(one.reasons for one in shops):
        out.print("docs/checks.md says who acts on each reason; `tillbridge retry` puts mended ones back in line.")


def _states(shops: list[ShopStatus], now: datetime) -> Table:
    rows = [(one.shop, one.state, _since(one.state_since, now), escape(one.reason)) for one in shops if one.state]
    return table("How every shop stands", ("shop", "state", "for", "why"), rows)


def _counts(shops: list[ShopStatus]) -> Table:
    states = [state for state in _STATES if any(one.counts.get(state) for one in shops)]
    rows = [(one.shop, one.currency, *(_cell(one, state) for state in states)) for one in shops if one.counts]
    return table("Receipts: count and gross", ("shop", "", *states), rows, list(range(2, 2 + len(states))))


def _freshness(shops: list[ShopStatus], now: datetime) -> Table:
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
        if one.till_asked or one.counts
    ]
    return table("How fresh", ("shop", "last receipt", "last posting", "oldest unsettled", "till asked", "till"), rows)


def _again(shops: list[ShopStatus], now: datetime) -> Table:
    rows = [
        (one.shop, one.retrying, one.most_attempts, _in(one.next_attempt, now), escape(one.last_failure))
        for one in shops
        if one.retrying
    ]
    heads = ("shop", "receipts", "most attempts", "next attempt", "last failure")
    return table("Failed for now, tried again by themselves", heads, rows, [1, 2])


def _set_aside(shops: list[ShopStatus]) -> Table:
    rows = [(one.shop, code, count) for one in shops for code, count in sorted(one.reasons.items())]
    return table("Why receipts are set aside", ("shop", "reason", "receipts"), rows, [2])


def _till(one: ShopStatus, now: datetime) -> str:
    if not one.till_error:
        return "answers"
    failing = f"{one.till_state}, first {_ago(one.till_state_since, now)}"
    error = "" if one.state else f": {one.till_error}"  # told once: with the shop's state, if it could be judged
    return f"{failing}{error} ({one.till_failures} times)"


def _cell(one: ShopStatus, state: str) -> str:
    count = one.counts.get(state, 0)
    if not count:
        return ""
    return f"{count}\n{money(one.gross_minor.get(state, 0), one.currency)}" if state != RECEIVED else str(count)


def _ago(moment: datetime | None, now: datetime) -> str:
    """How long since, in the largest unit that tells: ``40 s ago``, ``3 h ago``."""
    if moment is None:
        return "never"
    return f"{_span(now - moment)} ago"


def _since(moment: datetime | None, now: datetime) -> str:
    return _span(now - moment) if moment else ""


def _in(moment: datetime | None, now: datetime) -> str:
    return f"in {_span(moment - now)}" if moment else ""


def _span(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
