"""One document of a plan against what the ERP shows of it, field by field. Pure. Read and written: nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bp_assets.brightpearl.orders import ErpOrder
from bp_assets.domain.catalogue import Catalogue, Place
from bp_assets.domain.money import from_minor, round_half_away
from bp_assets.posting.facts import Facts, held_or_sent, product_of, row_ids_by_sequence
from bp_assets.posting.plan import ORDER, Document, Plan, Row

_Check = Callable[[str, object, object], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the ERP differs from the plan."""

    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, the ERP has {self.actual}"


@dataclass(frozen=True, slots=True)
class Made:
    """What our ledger says of a document: the body its order was sent with (none where it was found in the ERP), the
    reference that the ERP's search shows (``None`` while it shows none of the order), and whether we closed it.
    """

    sent: Mapping[str, Any]
    external_ref: str | None
    closed: bool


def compare(plan: Plan, document: Document, facts: Facts, made: Made, catalogue: Catalogue) -> list[Difference]:
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
    if made.external_ref is not None:
        check("external reference", document.ref, made.external_ref)
    check("reference", plan.sale.receipt_number[:64], order.reference)
    if made.sent:
        check("contact", made.sent.get("customer", {}).get("id"), order.contact_id)
        check("parent order", made.sent.get("parentId", 0), order.parent_order_id)
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
    if made.closed:
        _invoice(plan, order, check)
    _payments(plan, document, facts, check)
    _goods(plan, document, facts, rows, catalogue, check)
    return found


def _invoice(plan: Plan, order: ErpOrder, check: _Check) -> None:
    """An invoice may still be ``pending``; there is one from the close on, on the trading day."""
    check("invoice", "an invoice", "an invoice" if order.invoice_reference else "none")
    if order.invoiced and order.tax_date is not None:
        check("tax date", plan.sale.business_date, order.tax_date.astimezone(plan.shop.zone).date())


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
        check(f"currency of payment {found.transaction_ref or found.payment_id}", plan.currency, found.currency)
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
