"""Verification: every order is read back and compared with its plan. "Posted" is our claim, this is the fact.

Read: ``postings``, ``steps``, the ERP. Written: ``postings`` (verified, or the differences in words).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.order_refs import external_refs_of
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import Posting, mark_verified, note, unverified
from bp_assets.posting.compare import Difference, Made, compare
from bp_assets.posting.facts import Facts, gather
from bp_assets.posting.plan import CREDIT, ORDER, Document, Refusal
from bp_assets.posting.poster import catalogue_of
from bp_assets.posting.work import Work, load

BATCH = 970  # sales whose orders are read together: with some exchanges among them five full requests of 200
_PENDING = timedelta(minutes=15)  # how long accounting may take over an invoice before it is a difference


@dataclass(slots=True)
class Verified:
    """What a round of verification found. ``facts`` holds what was read, by order id, for whoever stores it."""

    verified: int = 0
    waiting: int = 0  # invoiced asynchronously, or not in the ERP's search: not there yet
    differing: int = 0
    facts: dict[int, Facts] = field(default_factory=dict)
    sale_of_order: dict[int, tuple[str, str, str]] = field(default_factory=dict)  # order id -> sale, document, ref


def verify_posted(
    ledger: Ledger, client: ErpClient, shops: ShopsFile, catalogue: Catalogue | None = None, limit: int = 10_000
) -> Verified:
    """Read back what is posted and not yet verified. Raises as :meth:`ErpClient.get`; what was marked stays marked."""
    result = Verified()
    waiting = unverified(ledger, limit, but_shops=shops.broken)
    if not waiting:
        return result
    catalogue = catalogue or catalogue_of(client, shops)
    for start in range(0, len(waiting), BATCH):
        _verify(ledger, client, shops, catalogue, waiting[start : start + BATCH], result)
    return result


def _verify(
    ledger: Ledger,
    client: ErpClient,
    shops: ShopsFile,
    catalogue: Catalogue,
    batch: Sequence[Posting],
    result: Verified,
) -> None:
    works = load(ledger, batch, shops, catalogue, on_refusal=_note_refusal).works
    orders = {
        order_id: (work.sale_id, document.code, document.ref)
        for work in works
        for document in work.plan.documents
        if (order_id := work.known.order_id(document.code))
    }
    reserving = [
        order_id
        for work in works
        for document in work.plan.documents
        if document.reserved() and (order_id := work.known.order_id(document.code))
    ]
    facts = gather(client, orders, reserving)
    refs = external_refs_of(client, orders)
    result.facts.update(facts)
    result.sale_of_order.update(orders)
    equal: list[str] = []
    for work in works:
        differences = [
            difference
            for document in work.plan.documents
            for difference in compare_work(work, document, facts, refs, catalogue)
        ]
        differences += _overdue(work, facts, catalogue)
        if differences and _too_fresh(work, shops):
            result.waiting += 1
        elif differences:
            result.differing += 1
            note(ledger, work.sale_id, "; ".join(map(str, differences))[:2000])
        elif not _invoiced(work, facts):
            result.waiting += 1
        else:
            equal.append(work.sale_id)
    mark_verified(ledger, equal)
    result.verified += len(equal)


def _note_refusal(ledger: Ledger, sale_id: str, refusal: Refusal) -> None:
    """A map changed after posting: what was posted can't be compared with a plan; say so, move nothing."""
    note(ledger, sale_id, f"can't be verified: {refusal.message}")


def compare_work(
    work: Work, document: Document, facts: Mapping[int, Facts], refs: Mapping[int, str], catalogue: Catalogue
) -> list[Difference]:
    """Differences between one document of a work and what the ERP shows of it."""
    order_id = work.known.order_id(document.code)
    if order_id is None:
        return [Difference(document.ref, "an order", "no record of one in our ledger")]
    closed = (document.code, "close") in work.known.done
    made = Made(work.sent.get(document.code, {}), refs.get(order_id), closed)
    return compare(work.plan, document, facts[order_id], made, catalogue)


def _too_fresh(work: Work, shops: ShopsFile) -> bool:
    """Whether the ERP's search, which shows payments, may not have caught up with the sale yet."""
    posted_at, lag = work.posting.posted_at, timedelta(seconds=shops.erp.search_lag_seconds)
    return posted_at is not None and datetime.now(UTC) - posted_at < lag


def _overdue(work: Work, facts: Mapping[int, Facts], catalogue: Catalogue) -> list[Difference]:
    """Invoices that accounting should have made by now."""
    posted_at = work.posting.posted_at
    if posted_at is None or datetime.now(UTC) - posted_at < _PENDING:
        return []
    locked = catalogue.locked(work.plan.sale.business_date)
    why = f": the period is locked until {catalogue.locked_until}" if locked else ""
    return [
        Difference(f"{code} {order_id} invoice", "an invoice", f"pending since {posted_at:%Y-%m-%d %H:%M} UTC{why}")
        for code in (ORDER, CREDIT)
        if (order_id := work.known.order_id(code)) and (order := facts[order_id].order)
        if (code, "close") in work.known.done and order.invoice_reference and not order.invoiced
    ]


def _invoiced(work: Work, facts: dict[int, Facts]) -> bool:
    """Whether everything we closed is. What was posted while ``close_orders`` was off nobody will ever close."""
    closed = [code for code in (ORDER, CREDIT) if (code, "close") in work.known.done]
    orders = [facts[order_id].order for code in closed if (order_id := work.known.order_id(code))]
    return all(order is not None and order.invoiced for order in orders)
