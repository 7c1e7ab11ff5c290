"""How a shop stands: which of its parts fails, since when, and why, in words. Pure.

Read: nothing; it is given the till's standing and the piles of what waits. Written: nothing. The table ``shop_health``,
``tillbridge status`` and the sensor that watches the shops all ask here, so they can't disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bp_assets.config import Shop
from bp_assets.domain.money import from_minor
from bp_assets.ledger.marks import FAILING, OK, Mark
from bp_assets.ledger.piles import GATHERING, Pile

WAITING = ("pending", "sending", "unknown")
# Reasons that the shops file can mend; any other refusal is about the ERP or what it holds.
UNASKED = timedelta(minutes=15)  # the sensors let no till wait for more than five
OF_THE_MAP = ("tax_not_mapped", "tender_not_mapped", "wrong_currency")


class ShopState(StrEnum):
    """Gravest first: of several, the first one is the shop's state, and all stand in the reason."""

    MISCONFIGURED = "misconfigured"
    NOT_ASKED = "not_asked"
    TILL_RESTING = "till_resting"
    POSTING_LATE = "posting_late"
    TILL_FAILING = "till_failing"
    ERP_REFUSING = "erp_refusing"
    MAP_INCOMPLETE = "map_incomplete"
    UNREADABLE = "unreadable"
    NOT_IN_FILE = "not_in_file"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Health:
    """``since`` is ``None`` for a healthy shop, and for one whose till was never asked."""

    state: ShopState
    since: datetime | None
    reason: str
    reason_code: str = ""


def assess(
    mark: Mark | None,
    piles: Sequence[Pile],
    *,
    shop: Shop | None,
    now: datetime,
    promise: timedelta,
    broken: str = "",
) -> Health:
    """The health of one shop from its till's mark and its own piles.

    ``shop`` is ``None`` where the shops file no longer has it, or has it with the faults ``broken``. ``promise`` is
    within what time a sale is to be in the ERP and verified; for what is summed up at the close of its day it begins
    there.
    """
    found: list[Health] = []
    if shop:
        found += _till(mark, now)
        found += _late(piles, now, promise)
        found += _not_closed(shop, piles, now, promise)
    found += [health for health in (_refused(piles, of_the_map=False), _refused(piles, of_the_map=True)) if health]
    found += _unreadable(piles)
    if broken:
        found.append(_misconfigured(mark, piles, broken))
    elif not shop and piles:
        count = sum(pile.count for pile in piles)
        words = f"The shop is not in the shops file, and {_receipts(count)} of it {'is' if count == 1 else 'are'} open."
        found.append(Health(ShopState.NOT_IN_FILE, _oldest(piles), words))
    if not found:
        return Health(ShopState.HEALTHY, None, "")
    order = list(ShopState)
    worst = min(found, key=lambda health: order.index(health.state))
    return Health(worst.state, worst.since, " ".join(health.reason for health in found), worst.reason_code)


def money(piles: Sequence[Pile]) -> str:
    """The gross of piles per currency: ``12.00 GBP, -3.50 EUR``; empty where no amount could be read."""
    sums: Counter[str] = Counter()
    for pile in piles:
        sums[pile.currency] += pile.gross_minor
    return ", ".join(f"{from_minor(minor, currency):,} {currency}" for currency, minor in sums.items() if currency)


def because(piles: Sequence[Pile]) -> str:
    """Reasons with counts, most frequent first: ``unknown_sku 3, malformed 1``."""
    counted: Counter[str] = Counter()
    for pile in sorted(piles, key=lambda pile: pile.reason_code):
        counted[pile.reason_code] += pile.count
    return ", ".join(f"{code} {count}" for code, count in counted.most_common())


def clock(instant: datetime) -> str:
    """An instant as a sentence names it."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _misconfigured(mark: Mark | None, piles: Sequence[Pile], broken: str) -> Health:
    open_ = [pile for pile in piles if pile.state in (*WAITING, GATHERING)]
    words = f"Its entry in the shops file is wrong: {broken}. Until it is mended its till is not asked"
    words += f", and {_receipts(sum(pile.count for pile in open_))} ({money(open_)}) wait." if open_ else "."
    return Health(ShopState.MISCONFIGURED, mark.asked_at if mark else None, words)


def _till(mark: Mark | None, now: datetime) -> list[Health]:
    if mark is None or mark.asked_at is None:
        return [Health(ShopState.NOT_ASKED, None, "Its till was never asked.")]
    resting = mark.next_ask_at is not None and mark.next_ask_at > now
    if not resting and now - mark.asked_at > UNASKED:
        words = f"Nobody has asked its till since {clock(mark.asked_at)}."
        return [Health(ShopState.NOT_ASKED, mark.asked_at, words)]
    if mark.state == OK:
        return []
    times = "once" if mark.failures == 1 else f"{mark.failures} times in a row"
    again = f" It is asked again at {clock(mark.next_ask_at)}." if mark.next_ask_at and resting else ""
    words = f"Its till can't be read ({times}): {mark.error.rstrip('.')}.{again}"
    state = ShopState.TILL_FAILING if mark.state == FAILING else ShopState.TILL_RESTING
    return [Health(state, mark.state_since, words)]


def _late(piles: Sequence[Pile], now: datetime, promise: timedelta) -> list[Health]:
    late = [pile for pile in piles if pile.state in (*WAITING, "posted") and now - pile.oldest_at > promise]
    if not late:
        return []
    oldest = min(late, key=lambda pile: pile.oldest_at)
    open_ = [pile for pile in piles if pile.state in (*WAITING, "posted")]
    count = sum(pile.count for pile in open_)
    words = (
        f"{_receipts(count)} ({money(open_)}) {'is' if count == 1 else 'are'} not verified in the ERP, the oldest came "
        f"{clock(oldest.oldest_at)} and is {oldest.state}"
    )
    words += f": {oldest.message.rstrip('.')}." if oldest.message else "."
    nexts = [pile.next_attempt_at for pile in open_ if pile.next_attempt_at]
    if nexts:
        words += f" Next attempt {clock(min(nexts))}."
    return [Health(ShopState.POSTING_LATE, oldest.oldest_at + promise, words)]


def _not_closed(shop: Shop, piles: Sequence[Pile], now: datetime, promise: timedelta) -> list[Health]:
    """Receipts that gather for the close of their day are late only when that is over."""
    found = []
    for pile in piles:
        if pile.state == GATHERING and pile.oldest_day and now - shop.closes_at(pile.oldest_day) > promise:
            due = shop.closes_at(pile.oldest_day)
            words = (
                f"{_receipts(pile.count)} ({money([pile])}) {'waits' if pile.count == 1 else 'wait'} for the close of "
                f"their trading day: {pile.oldest_day} was to be closed {clock(due)}."
            )
            found.append(Health(ShopState.POSTING_LATE, due + promise, words))
    return found


def _refused(piles: Sequence[Pile], *, of_the_map: bool) -> Health | None:
    refused = [
        pile for pile in piles if pile.state == "rejected" and (pile.reason_code in OF_THE_MAP) == of_the_map
    ]  # fmt: skip
    if not refused:
        return None
    state = ShopState.MAP_INCOMPLETE if of_the_map else ShopState.ERP_REFUSING
    return Health(state, _oldest(refused), _set_aside(refused, "rejected"), _main(refused))


def _unreadable(piles: Sequence[Pile]) -> list[Health]:
    unread = [pile for pile in piles if pile.state == "quarantined"]
    if not unread:
        return []
    return [Health(ShopState.UNREADABLE, _oldest(unread), _set_aside(unread, "quarantined"), _main(unread))]


def _set_aside(piles: Sequence[Pile], state: str) -> str:
    count, worth = sum(pile.count for pile in piles), money(piles)
    verb = "is" if count == 1 else "are"
    return f"{_receipts(count)}{f' ({worth})' if worth else ''} {verb} {state}: {because(piles)}."


def _main(piles: Sequence[Pile]) -> str:
    return because(piles).split(" ", 1)[0]


def _oldest(piles: Sequence[Pile]) -> datetime:
    return min(pile.oldest_at for pile in piles)


def _receipts(count: int) -> str:
    return "1 receipt" if count == 1 else f"{count} receipts"
