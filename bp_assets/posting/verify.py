"""Verification: every order is read back and compared with its plan. "Posted" is our claim, this is the fact.

Read: ``postings``, ``steps``, the ERP. Written: ``postings`` (verified, or the differences in words).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue, Place
from bp_assets.domain.money import from_minor, round_half_away
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import Posting, mark_verified, note, unverified
from bp_assets.posting.facts import Facts, gather, held_or_sent, product_of, row_ids_by_sequence
from bp_assets.posting.plan import CREDIT, ORDER, Document, Plan, Refusal, Row
from bp_assets.posting.poster import catalogue_of
from bp_assets.posting.work import Work, load

BATCH = 1000  # sales whose orders are read together: full requests of 200, without half a one for each 200 sales
_Check = Callable[[str, object, object], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the ERP differs from the plan."""

    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, the ERP has {self.actual}"


@dataclass(slots=True)
class Verified:
    """What a round of verification found. ``facts`` holds what was read, by order id, for whoever stores it."""

    verified: int = 0
    waiting: int = 0  # invoiced asynchronously, not there yet
    differing: int = 0
    facts: dict[int, Facts] = field(default_factory=dict)
    sale_of_order: dict[int, tuple[str, str, str]] = field(default_factory=dict)  # order id -> sale, document, ref


def verify_posted(
    ledger: Ledger, client: ErpClient, shops: ShopsFile, catalogue: Catalogue | None = None, limit: int = 10_000
) -> Verified:
    """Read back what is posted and not yet verified. Raises as :meth:`ErpClient.get`; what was marked stays marked."""
    result = Verified()
    waiting = unverified(ledger, limit)
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
    result.facts.update(facts)
    result.sale_of_order.update(orders)
    equal: list[str] = []
    for work in works:
        differences = [
            difference
            for document in work.plan.documents
            for difference in compare_work(work, document, facts, catalogue)
        ]
        if differences:
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


def compare_work(work: Work, document: Document, facts: dict[int, Facts], catalogue: Catalogue) -> list[Difference]:
    """Differences between one document of a work and what the ERP shows of it."""
    order_id = work.known.order_id(document.code)
    if order_id is None:
        return [Difference(document.ref, "an order", "no record of one in our ledger")]
    return compare(work.plan, document, facts[order_id], catalogue)


def _invoiced(work: Work, facts: dict[int, Facts]) -> bool:
    """Whether everything we closed is. What was posted while ``close_orders`` was off nobody will ever close."""
    closed = [code for code in (ORDER, CREDIT) if (code, "close") in work.known.done]
    orders = [facts[order_id].order for code in closed if (order_id := work.known.order_id(code))]
    return all(order is not None and order.invoiced for order in orders)


def compare(plan: Plan, document: Document, facts: Facts, catalogue: Catalogue) -> list[Difference]:
    """Differences between a document and the facts about it; empty means equal to the penny and to the piece."""
    order = facts.order
    if order is None:
        return [Difference(document.ref, "an order in the ERP", "none under its id")]
    found: list[Difference] = []

    def check(what: str, expected: object, actual: object) -> None:
        if expected != actual:
            found.append(
                Difference(f"{document.code} {order.order_id} {what}", str(expected), _shown(actual, expected))
            )

    found += [Difference(f"{document.code} {order.order_id}", "a readable record", text) for text in facts.misread]
    check("type", document.code, order.type)
    check("channel", plan.shop.channel_id, order.channel_id)
    check("warehouse", plan.shop.warehouse_id, order.warehouse_id)
    check("currency", plan.currency, order.currency)
    check("number of rows", len(document.rows), len([row for row in order.rows if not row.bundle_child]))
    check("net", from_minor(document.net_minor, plan.currency), order.net)
    check("tax", from_minor(document.tax_minor, plan.currency), order.tax)
    check("total", from_minor(document.total_minor, plan.currency), order.total)
    rows = row_ids_by_sequence(document, order)
    if isinstance(rows, str):
        return [*found, Difference(f"{document.code} {order.order_id} rows", "the planned rows", rows)]
    by_id = {row.row_id: row for row in order.rows}
    for row in document.rows:
        actual = by_id[rows[row.sequence]]
        name = f"row {row.sequence}"
        check(f"{name} product", product_of(row), actual.product_id)
        check(f"{name} quantity", row.quantity, actual.quantity)
        check(f"{name} net", from_minor(row.net_minor, plan.currency), actual.net)
        check(f"{name} tax", from_minor(row.tax_minor, plan.currency), actual.tax)
        check(f"{name} tax code", row.tax_code, actual.tax_code)
    _payments(plan, document, facts, check)
    _goods(plan, document, facts, rows, catalogue, check)
    return found


def _shown(actual: object, like: object) -> str:
    """The ERP prints a row's amounts with four decimals; people compare what is written alike."""
    if isinstance(actual, Decimal) and isinstance(like, Decimal):
        exponent = like.as_tuple().exponent
        rounded = round_half_away(actual, -exponent if isinstance(exponent, int) else 0)
        return str(rounded if rounded == actual else actual)
    return str(actual)


def _payments(plan: Plan, document: Document, facts: Facts, check: _Check) -> None:
    paid: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for found in facts.payments:
        paid[found.transaction_ref, found.method, found.type].append(found.amount)
    for payment in document.payments:
        amounts = paid[payment.ref, payment.method, payment.type]
        check(
            f"payment {payment.ref}",
            from_minor(payment.amount_minor, plan.currency),
            amounts.pop(0) if amounts else "none",
        )
    for (ref, method, kind), amounts in paid.items():
        for amount in amounts:
            check(f"payment {ref or 'without reference'} ({method} {kind})", "none", amount)


def _goods(
    plan: Plan, document: Document, facts: Facts, rows: dict[int, int], catalogue: Catalogue, check: _Check
) -> None:
    place = catalogue.places.get(plan.shop.warehouse_id)
    # Reserved rows are sent by the warehouse in its own time; what it has sent of them is no difference.
    later = {rows[row.sequence] for row in document.reserved()}
    moved: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    if document.code == ORDER:
        for note in facts.goods_out:
            if note.shipped and not note.transfer:
                for item in note.rows:
                    moved[item.row_id, note.warehouse_id] += item.quantity
        for row in document.moving():
            key = (rows[row.sequence], plan.shop.warehouse_id)
            check(f"shipped of row {row.sequence}", row.quantity, moved.pop(key, Decimal(0)))
        _reserved(document, facts, rows, check)
    else:
        for note_in in facts.goods_in:
            for item in note_in.rows:
                moved[item.row_id, item.location_id] += item.quantity
        for row in document.moving():
            key = (rows[row.sequence], _location(row, place))
            check(f"received of row {row.sequence}", row.quantity, moved.pop(key, Decimal(0)))
    for (row_id, where), quantity in moved.items():
        if row_id not in later:
            check(f"goods of row {row_id} at {where}", "none", quantity)


def _reserved(document: Document, facts: Facts, rows: dict[int, int], check: _Check) -> None:
    """The ERP reserves what it has and says nothing of the rest: less than was sold is a difference."""
    held = held_or_sent(facts)
    for row in document.reserved():
        check(f"reserved or sent of row {row.sequence}", row.quantity, held.get(rows[row.sequence], Decimal(0)))


def _location(row: Row, place: Place | None) -> int:
    if place is None:
        return 0
    return place.quarantine_location_id if row.place == "quarantine" else place.default_location_id
