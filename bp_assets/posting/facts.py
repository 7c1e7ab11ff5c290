"""What the ERP shows of our orders, and which steps of a plan that proves. Used to look up and to verify.

Read: the ERP, 200 orders a request. Written: nothing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer, ErpRefused
from bp_assets.brightpearl.goods import (
    GoodsInNote,
    GoodsOutNote,
    Reservation,
    goods_in_of,
    goods_out_of,
    reservations_of,
)
from bp_assets.brightpearl.orders import ErpOrder, OrderRow, get_orders
from bp_assets.brightpearl.payments import Payment, payments_of
from bp_assets.brightpearl.reading import Misread
from bp_assets.domain.money import from_minor
from bp_assets.posting.plan import ORDER, Document, Row
from bp_assets.posting.progress import ErpRows, batch_reference, places_of

FREE_TEXT_PRODUCT = 1000  # the ERP's own product behind rows that name none


@dataclass(slots=True)
class Facts:
    """One order as the ERP shows it. ``misread`` lists records about it that could not be understood."""

    order: ErpOrder | None = None
    payments: list[Payment] = field(default_factory=list)
    goods_out: list[GoodsOutNote] = field(default_factory=list)
    goods_in: list[GoodsInNote] = field(default_factory=list)
    reserved: list[Reservation] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)


class _OfOrder(Protocol):
    @property
    def order_id(self) -> int: ...


_Told = TypeVar("_Told", bound=_OfOrder)


def gather(client: ErpClient, order_ids: Iterable[int], reserving: Iterable[int] = ()) -> dict[int, Facts]:
    """Facts by order id; an id the ERP does not know has ``order=None``. Reservations (one request each) are read for
    the ids in ``reserving`` only. Raises as :meth:`ErpClient.get`.
    """
    ids = sorted(set(order_ids))
    found = {order_id: Facts() for order_id in ids}
    unclear: list[Misread] = []
    if not ids:
        return found
    for order in get_orders(client, ids):
        if isinstance(order, Misread):
            unclear.append(order)
        elif order.order_id in found:
            found[order.order_id].order = order

    def keep(resource: str, records: Iterable[_Told | Misread], into: Callable[[Facts], list[_Told]]) -> None:
        for one in records:
            if isinstance(one, Misread):
                unclear.append(one)
            elif one.order_id in found:
                into(found[one.order_id]).append(one)
            elif not one.order_id:
                unclear.append(Misread(resource, "", "it names no order", None))

    keep("customer-payment", payments_of(client, ids), lambda facts: facts.payments)
    # Goods leave for orders and come back for credits: neither is asked of the other.
    types = {order_id: facts.order.type for order_id, facts in found.items() if facts.order}
    out = goods_out_of(client, [order_id for order_id in ids if types.get(order_id) != "SC"])
    keep("goods-out-note", out, lambda facts: facts.goods_out)
    back = goods_in_of(client, [order_id for order_id in ids if types.get(order_id) != "SO"])
    keep("goods-in-note", back, lambda facts: facts.goods_in)
    for order_id in set(reserving):
        keep("reservation", _reservations(client, order_id), lambda facts: facts.reserved)
    for record in unclear:
        # A record that does not even tell its order may belong to any: none of them may pass for verified.
        owner = _order_of(record)
        for order_id in [owner] if owner in found else ids:
            found[order_id].misread.append(f"{record.resource} {record.id}: {record.reason}")
    return found


def _reservations(client: ErpClient, order_id: int) -> list[Reservation | Misread]:
    """What is reserved for one order. An order whose reservation the ERP won't tell must hold up no other."""
    try:
        return reservations_of(client, order_id)
    except (ErpRefused, BadAnswer) as error:
        return [Misread("reservation", str(order_id), str(error), None)]


def _order_of(record: Misread) -> int | None:
    """The order an unreadable record is about. A payment's or note's own id may look like an order's."""
    told = record.id if record.resource in ("order", "reservation") else None
    if told is None and isinstance(record.raw, Mapping):
        told = str(record.raw.get("orderId"))
    return int(told) if told and told.isascii() and told.isdigit() else None


def row_ids_by_sequence(document: Document, order: ErpOrder) -> dict[int, int] | str:
    """Row ids of the ERP's order by our sequence numbers; a sentence where they can't be told.

    The ERP keeps our sequence; where it did not, rows are matched by product, quantity and money.
    """
    rows = [row for row in order.rows if not row.bundle_child]
    by_sequence = {row.sequence: row for row in rows}
    if all(_alike(row, by_sequence.get(row.sequence)) for row in document.rows):
        return {row.sequence: by_sequence[row.sequence].row_id for row in document.rows}
    equal: dict[tuple[object, ...], deque[int]] = defaultdict(deque)  # to the penny: these first
    similar: dict[tuple[object, ...], deque[int]] = defaultdict(deque)  # whose money somebody changed
    for found in sorted(rows, key=lambda one: one.row_id):
        equal[found.product_id, found.quantity, found.net, found.tax].append(found.row_id)
        similar[found.product_id, found.quantity].append(found.row_id)
    matched: dict[int, int] = {}
    for row in document.rows:
        money = (from_minor(row.net_minor, order.currency), from_minor(row.tax_minor, order.currency))
        if candidates := equal[product_of(row), row.quantity, *money]:
            matched[row.sequence] = candidates.popleft()
    taken = set(matched.values())
    for row in document.rows:
        if row.sequence not in matched:
            candidates = similar[product_of(row), row.quantity]
            while candidates and candidates[0] in taken:
                candidates.popleft()
            if not candidates:
                name = row.product.sku if row.product else row.name
                return f"order {order.order_id} has no row for {row.quantity} of {name!r}"
            matched[row.sequence] = candidates.popleft()
    return matched


def erp_rows(document: Document, order: ErpOrder) -> ErpRows | str:
    """What goods notes need of a document's rows; a sentence where they can't be told apart."""
    ids = row_ids_by_sequence(document, order)
    if isinstance(ids, str):
        return ids
    return ErpRows(ids, {row.product_id: row.item_cost for row in order.rows if row.item_cost is not None})


def _alike(row: Row, found: OrderRow | None) -> bool:
    return found is not None and found.product_id == product_of(row) and found.quantity == row.quantity


def product_of(row: Row) -> int:
    """The product id a row carries in the ERP."""
    return row.product.product_id if row.product else FREE_TEXT_PRODUCT


def done_steps(document: Document, facts: Facts) -> dict[str, str]:
    """Steps of a document that the facts prove, with the ids they have in the ERP."""
    done: dict[str, str] = {}
    if facts.order is None:
        return done
    done["order"] = str(facts.order.order_id)
    for number, payment in enumerate(document.payments, start=1):
        for found in facts.payments:
            # By our reference alone: the tender may be mapped to another method since it was paid.
            if found.transaction_ref == payment.ref:
                done[f"payment:{number}"] = str(found.payment_id)
    rows = row_ids_by_sequence(document, facts.order)
    if isinstance(rows, str):
        return done
    if document.code == ORDER:
        done.update(_goods_out(document, facts, rows))
    else:
        for place in places_of(document):
            for note in facts.goods_in:
                if note.batch_reference == batch_reference(document, place):
                    done.setdefault(f"goods_in:{place}", str(note.note_id))
    if document.reserved() and covers(document.reserved(), rows, held_or_sent(facts)):
        done["reserve"] = "ok"
    if facts.order.invoice_reference:
        done["close"] = "ok"
    return done


def _goods_out(document: Document, facts: Facts, rows: dict[int, int]) -> dict[str, str]:
    moving = document.moving()
    notes = [note for note in facts.goods_out if not note.transfer]
    if not moving or not covers(moving, rows, quantities(notes)):
        return {}
    unshipped = [note for note in notes if not note.shipped]
    first = min(unshipped or notes, key=lambda note: note.note_id)
    done = {"goods_out": str(first.note_id)}
    if not unshipped:
        done["ship"] = "ok"
    return done


def held_or_sent(facts: Facts) -> dict[int, Decimal]:
    """Quantity by order row that is reserved, or that the warehouse has put on a note since (then no longer held)."""
    return quantities([*facts.reserved, *(note for note in facts.goods_out if not note.transfer)])


def covers(wanted: Iterable[Row], rows: dict[int, int], moved: dict[int, Decimal]) -> bool:
    """Whether at least what the rows want has been moved; ``rows`` gives their ids in the ERP."""
    return all(moved.get(rows[row.sequence], Decimal(0)) >= row.quantity for row in wanted)


def quantities(notes: Iterable[GoodsOutNote | GoodsInNote | Reservation]) -> dict[int, Decimal]:
    """Quantity by order row."""
    moved: dict[int, Decimal] = defaultdict(Decimal)
    for note in notes:
        for row in note.rows:
            moved[row.row_id] += row.quantity
    return moved
