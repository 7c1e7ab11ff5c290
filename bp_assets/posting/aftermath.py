"""What became of an order since it was made: what of the plan is done already, and what stands in the way of the rest.

Pure. Read and written: nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from bp_assets.brightpearl.goods import GoodsInNote
from bp_assets.brightpearl.orders import ErpOrder
from bp_assets.brightpearl.payments import Payment
from bp_assets.domain.money import from_minor
from bp_assets.posting.facts import Facts, covers, done_steps, erp_rows, quantities, row_ids_by_sequence
from bp_assets.posting.plan import ORDER, Document, Row
from bp_assets.posting.progress import batch_reference, places_of

# What an order shows of payments, and of allocation, stock and shipping, as long as nothing has followed it.
_UNPAID = {"UNPAID", "NOT_APPLICABLE", ""}
_UNMOVED = {"ANA", "ANR", "SON", "SCN", "NON", "SNS", "NST", ""}


def untouched(document: Document, order: ErpOrder) -> bool:
    """Whether the order by itself shows that nothing has followed it. Payments that net to nothing would not show."""
    moved = {order.allocation_status, order.stock_status, order.shipping_status} - _UNMOVED
    hidden = bool(document.payments) and not document.total_minor
    return order.payment_status in _UNPAID and not moved and not order.invoice_reference and not hidden


def other_money(document: Document, order: ErpOrder, currency: str) -> str:
    """In which rows the order holds other money than planned, in words; empty where it is the same to the penny."""
    ids = row_ids_by_sequence(document, order)
    rows = {row.row_id: row for row in order.rows if not row.bundle_child}
    if isinstance(ids, str):
        return ids
    if len(rows) != len(document.rows):
        return f"it has {len(rows)} rows instead of {len(document.rows)}"
    for row in document.rows:
        planned = (from_minor(row.net_minor, currency), from_minor(row.tax_minor, currency), row.tax_code)
        found = (rows[ids[row.sequence]].net, rows[ids[row.sequence]].tax, rows[ids[row.sequence]].tax_code)
        if planned != found:
            words = ["{} + {} {}".format(*money) for money in (found, planned)]
            return f"row {row.sequence} ({row.name}) has {words[0]} instead of {words[1]}"
    return ""


def done_since(document: Document, facts: Facts, currency: str) -> dict[str, str]:
    """The steps that are done, by us or by a person who did just what the plan says, with their ids in the ERP."""
    done = done_steps(document, facts)
    strangers = _strangers(document, facts)
    for number, payment in enumerate(document.payments, start=1):
        like = (payment.method, payment.type, from_minor(payment.amount_minor, currency))
        same = next((one for one in strangers if (one.method, one.type, one.amount) == like), None)
        if same is not None and f"payment:{number}" not in done:
            done[f"payment:{number}"] = str(same.payment_id)
            strangers.remove(same)
    notes = _strange_receipts(document, facts)
    for place in places_of(document) if notes and document.code != ORDER else ():
        if covers(_rows_for(document, place), _row_ids(document, facts), quantities(notes)):
            done.setdefault(f"goods_in:{place}", str(min(note.note_id for note in notes)))
    return done


def obstacle(document: Document, facts: Facts, done: dict[str, str], left: Collection[str]) -> str:
    """Why nothing more may be sent for the document; empty if it may. ``done`` has ids by step, ``left`` is what is
    still to be sent.
    """
    if facts.misread:
        return "; ".join(facts.misread)
    others = [one for one in _strangers(document, facts) if str(one.payment_id) not in done.values()]
    if others and any(step.startswith("payment") for step in left):
        said = ", ".join(f"{one.method} {one.amount}" for one in others)
        return f"it has payments that are not ours ({said}) and not all of the receipt's"
    if document.code == ORDER:
        return _goods_out(document, facts, done, left)
    received, rows = quantities(_strange_receipts(document, facts)), _row_ids(document, facts)
    for step in left:
        if step.startswith("goods_in:") and _any(_rows_for(document, step.removeprefix("goods_in:")), rows, received):
            return "a part of its goods was received already"
    return ""


def _goods_out(document: Document, facts: Facts, done: dict[str, str], left: Collection[str]) -> str:
    notes = [note for note in facts.goods_out if not note.transfer]
    moving, rows, out = document.moving(), _row_ids(document, facts), quantities(notes)
    if "goods_out" in left and _any(moving, rows, out):
        return f"a part of its goods is on goods-out notes: {', '.join(str(note.note_id) for note in notes)}"
    if "ship" in left and "goods_out" in done and not covers(moving, rows, out):
        return f"its goods-out note {done['goods_out']} is gone"
    return ""


def _strangers(document: Document, facts: Facts) -> list[Payment]:
    """Payments on the order that move money and are none of the plan's."""
    refs = {payment.ref for payment in document.payments}
    return [one for one in facts.payments if one.transaction_ref not in refs and one.signed]


def _strange_receipts(document: Document, facts: Facts) -> list[GoodsInNote]:
    ours = {batch_reference(document, place) for place in places_of(document)}
    return [note for note in facts.goods_in if note.batch_reference not in ours]


def _rows_for(document: Document, place: str) -> list[Row]:
    return [row for row in document.moving() if row.place == place]


def _any(wanted: list[Row], rows: dict[int, int], moved: dict[int, Decimal]) -> bool:
    return any(moved.get(rows[row.sequence]) for row in wanted)


def _row_ids(document: Document, facts: Facts) -> dict[int, int]:
    rows = erp_rows(document, facts.order) if facts.order else ""
    return {} if isinstance(rows, str) else dict(rows.ids)
