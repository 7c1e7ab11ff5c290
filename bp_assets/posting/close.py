"""End of day: when a trading day is over, its receipts become summaries, which are then posted like any sale.

A day is closed after its time, or when somebody asks for it. Only receipts whose stock has moved go in.
Receipts that come after it make further summaries; what was sent of one never changes.
Read: ``postings``, ``steps``, the ERP (accounts of products, summaries that it has). Written: ``postings``, the parts
of summaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.products import ErpProduct, get_products
from bp_assets.config import Shop, ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger import summaries
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import Posting, park
from bp_assets.ledger.steps import FAILURE, steps_of
from bp_assets.ledger.summaries import Gathering, NewSummary
from bp_assets.posting.forgotten import contradicted
from bp_assets.posting.plan import Plan, Refusal
from bp_assets.posting.summary import close_day, parts_of, renewed
from bp_assets.posting.work import plan_posting

_AGAIN = timedelta(seconds=60)  # after a close: late receipts are gathered a moment, or each would be a summary
_PATIENCE = timedelta(minutes=30)  # with stock that has not moved, and with receipts that are fetched once more
_MOST_RECEIPTS = 10_000  # of one close; what is left makes further summaries in the next round


@dataclass(slots=True)
class Closed:
    """What a round did: summaries made, receipts set aside because they can't be planned any more."""

    summaries: int = 0
    parked: int = 0


def close_due(ledger: Ledger, client: ErpClient, shops: ShopsFile, catalogue: Catalogue, now: datetime) -> Closed:
    """Close the days whose time has come, and renew summaries that go again after a refusal.

    Raises:
        ErpError: accounts of products can't be read; nothing is half made.
    """
    done = Closed()
    for summary in summaries.renewable(ledger):
        if summary.shop in shops.broken:
            continue
        _renew(ledger, client, shops, catalogue, summary, done)
    for gathering in summaries.gatherings(ledger):
        if gathering.shop in shops.broken:
            continue  # its entry will be mended: until then its days wait
        if not shops.has(gathering.shop):
            _set_aside(ledger, gathering, done)
        elif is_due(gathering, shop := shops.shop(gathering.shop), now):
            _close(ledger, client, shops, catalogue, shop, gathering, now, done)
    return done


def is_due(gathering: Gathering, shop: Shop, now: datetime) -> bool:
    """Whether a day is to be closed now. It waits a while for the stock of all its receipts, not for ever: what can't
    be moved goes into a further summary.
    """
    if not gathering.ready:
        return False
    since = gathering.close_asked_at or shop.closes_at(gathering.business_date)
    if now < since or (gathering.unready and now < since + _PATIENCE):
        return False
    return gathering.close_asked_at is not None or gathering.closed_at is None or now >= gathering.closed_at + _AGAIN


def _set_aside(ledger: Ledger, gathering: Gathering, done: Closed) -> None:
    """Receipts of a shop that is no longer in the shops file: they don't wait in silence for it to come back."""
    words = f"shop {gathering.shop} is not in the shops file any more: its day can't be closed"
    for posting in summaries.waiting_members(ledger, gathering.shop, gathering.business_date, _MOST_RECEIPTS):
        park(ledger, posting.sale_id, "unknown_location", words)
        done.parked += 1


def _close(
    ledger: Ledger, client: ErpClient, shops: ShopsFile, catalogue: Catalogue, shop: Shop, gathering: Gathering,
    now: datetime, done: Closed,
) -> None:  # fmt: skip
    day = gathering.business_date
    plans = []
    came_in = {}
    for posting in summaries.ready_members(ledger, shop.key, day, _MOST_RECEIPTS):
        plan = plan_posting(posting, shops, catalogue)
        if isinstance(plan, Refusal):
            park(ledger, posting.sale_id, plan.reason_code, plan.message)
            done.parked += 1
        else:
            plans.append(plan)
            came_in[posting.sale_id] = posting.captured_at
    if not plans:
        return
    codes = _nominal_codes(client, plans)
    made = close_day(shop, day, plans, shops, codes, summaries.taken_ids(ledger, shop.key, day))
    made = _without_contradicted(ledger, client, shop, made, came_in, now, done)
    summaries.make_summaries(ledger, shop.key, day, made)
    done.summaries += len(made)


def _without_contradicted(
    ledger: Ledger, client: ErpClient, shop: Shop, made: Sequence[NewSummary], came_in: Mapping[str, datetime],
    now: datetime, done: Closed,
) -> list[NewSummary]:  # fmt: skip
    """The summaries that may be made. Receipts of the others wait as long as more of their day may come in: together
    they may be what the ERP has. After that they are set aside.
    """
    why = contradicted(client, made, shop)
    for one in made:
        words = why.get(one.sale.sale_id)
        if words and max(came_in[member] for member in one.members) + _PATIENCE <= now:
            for member in one.members:
                park(ledger, member, "changed_in_erp", words)
            done.parked += len(one.members)
    return [one for one in made if one.sale.sale_id not in why]


def _renew(
    ledger: Ledger, client: ErpClient, shops: ShopsFile, catalogue: Catalogue, summary: Posting, done: Closed
) -> None:
    """Give a summary that was refused the parts that its receipts have by today's maps, but for what was sent."""
    plans = []
    for posting in summaries.members_of(ledger, summary.sale_id):
        plan = plan_posting(posting, shops, catalogue)
        if isinstance(plan, Refusal):
            park(ledger, summary.sale_id, plan.reason_code, f"receipt {posting.receipt_number}: {plan.message}")
            done.parked += 1
            return
        plans.append(plan)
    plans.sort(key=lambda one: one.sale.sale_id)
    lines, tenders = summaries.parts_of(ledger, [summary.sale_id])
    made = (tuple(lines[summary.sale_id]), tuple(tenders[summary.sale_id]))
    sent = steps_of(ledger, [summary.sale_id])[summary.sale_id]
    stands = {(step.document, step.step) for step in sent if step.outcome != FAILURE}
    parts = renewed(made, parts_of(plans, _nominal_codes(client, plans)), stands)
    summaries.renew(ledger, summary.sale_id, *parts)


def _nominal_codes(client: ErpClient, plans: Sequence[Plan]) -> dict[int, str]:
    """The sales account of each product whose row leaves it to the product."""
    wanted = {
        row.product.product_id
        for plan in plans
        for document in plan.documents
        for row in document.rows
        if row.product and not row.nominal_code
    }
    return {one.product_id: one.nominal_code_sales for one in _read(client, wanted)}


def _read(client: ErpClient, ids: Iterable[int]) -> list[ErpProduct]:
    return [one for one in get_products(client, ids) if isinstance(one, ErpProduct)]
