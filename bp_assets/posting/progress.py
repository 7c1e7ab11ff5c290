"""What is still to be done for a plan, given what is known to have succeeded. Pure.

A step is one effect in the ERP: ``order``, ``payment:N``, ``goods_out``, ``goods_in:PLACE``, ``reserve``, ``ship``,
``close``. Each names its handle: what makes a repetition recognisable. Steps are independent calls wherever the ERP
allows, so that many sales' steps can share a request.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Any, Literal

from bp_assets.brightpearl import encode
from bp_assets.config import Erp, ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.domain.money import from_minor
from bp_assets.posting.plan import CREDIT, ORDER, RECEIPT, Document, Plan, Row

Key = tuple[str, str]  # (document code, step)


@dataclass(frozen=True, slots=True)
class Call:
    """One write to the ERP, ready to be intended and sent."""

    sale_id: str
    document: str
    step: str
    handle: str
    method: str
    path: str
    body: Any


@dataclass(frozen=True, slots=True)
class ErpRows:
    """The rows of a document as the ERP made them: row ids by our sequence, and what a unit costs by product."""

    ids: Mapping[int, int]
    unit_costs: Mapping[int, Decimal]


@dataclass(slots=True)
class Known:
    """What is known of one sale's effects: ERP ids of the steps that succeeded, and the row ids of its documents."""

    done: dict[Key, str] = field(default_factory=dict)
    rows: dict[str, ErpRows] = field(default_factory=dict)  # by document code
    # Order id of the sale a credit belongs to; 0 where there is none in the ERP, None where it was not looked up yet.
    parent_id: int | None = None
    contact_id: int | None = None
    # The integration instance under which a document's order was sent, if it may have arrived: it is sent again under
    # the same, whatever the shops file says by now, since only so the ERP takes it for the same order.
    sent_under: dict[str, int | None] = field(default_factory=dict)

    def order_id(self, code: str) -> int | None:
        return int(self.done[code, "order"]) if (code, "order") in self.done else None

    def instance(self, code: str, erp: Erp) -> int | None:
        """Under which integration instance a document's order is sent."""
        return self.sent_under.get(code, erp.integration_instance_id)


def steps_of_plan(plan: Plan, close: bool) -> list[Key]:
    """Every step the plan consists of, in the order a person would do them by hand."""
    return [(document.code, step) for document in plan.documents for step in document_steps(document, close)]


def document_steps(document: Document, close: bool) -> list[str]:
    """The steps of one document, in that order."""
    steps = ["order", *(f"payment:{number}" for number in range(1, len(document.payments) + 1))]
    steps += [step for _, step in _goods_keys(document)]
    if document.code == ORDER and document.moving():
        steps.append("ship")
    return [*steps, "close"] if close else steps


def next_calls(plan: Plan, known: Known, shops: ShopsFile, catalogue: Catalogue) -> list[Call]:
    """The calls that can be made now: everything not done whose requirements are. Empty when nothing is left to do,
    or when something must be read first (row ids of a fresh order, the parent of a credit).
    """
    calls: list[Call] = []
    for document in plan.documents:
        order_id = known.order_id(document.code)
        if order_id is None:
            call = _order(plan, document, known, shops)
            calls += [call] if call else []
        else:
            calls += _after_order(plan, document, order_id, known, shops, catalogue)
    return calls


def needs_row_ids(plan: Plan, known: Known) -> list[int]:
    """Order ids whose rows must be read before goods can move."""
    return [
        order_id
        for document in plan.documents
        if (order_id := known.order_id(document.code))
        and document.code not in known.rows
        and any(key not in known.done for key in _goods_keys(document))
    ]


def _goods_keys(document: Document) -> list[Key]:
    code = document.code
    keys: list[Key] = []
    if code == CREDIT:
        keys += [(code, f"goods_in:{place}") for place in places_of(document)]
    elif document.moving():
        keys.append((code, "goods_out"))
    if document.reserved():
        keys.append((code, "reserve"))
    return keys


def places_of(document: Document) -> list[str]:
    """Where a credit's goods go: one receipt for each place (shop, quarantine)."""
    return sorted({row.place for row in document.moving()})


def batch_reference(document: Document, place: str) -> str:
    """The handle of a credit's goods-in note, unique in the account."""
    return f"{document.ref}-{place}"


def _order(plan: Plan, document: Document, known: Known, shops: ShopsFile) -> Call | None:
    if document.code == CREDIT and known.parent_id is None:
        return None
    sale, shop = plan.sale, plan.shop
    sold_at = sale.sold_at.astimezone(shop.zone)
    body = encode.order(
        customer_id=known.contact_id or shop.walk_in_contact_id,
        ref=sale.receipt_number[:64],
        external_ref=document.ref,
        instance_id=known.instance(document.code, shops.erp),
        placed_on=sold_at,
        tax_date=sold_at,
        channel_id=shop.channel_id,
        warehouse_id=shop.warehouse_id,
        currency=plan.currency,
        rows=[_order_row(row, plan.currency) for row in document.rows],
        price_list_id=shop.price_list_id,
        price_mode="INC" if sale.prices_include_tax else "EXC",
        status_id=shops.erp.new_order_status_id if document.code == ORDER else shops.erp.new_credit_status_id,
        parent_id=(known.parent_id or None) if document.code == CREDIT else None,  # the original of what came back
    )
    path = encode.SALES_ORDER if document.code == ORDER else encode.SALES_CREDIT
    return Call(sale.sale_id, document.code, "order", document.ref, "POST", path, body)


def _order_row(row: Row, currency: str) -> encode.Row:
    return encode.Row(
        quantity=row.quantity,
        net=from_minor(row.net_minor, currency),
        tax=from_minor(row.tax_minor, currency),
        tax_code=row.tax_code,
        product_id=row.product.product_id if row.product else None,
        name="" if row.product else row.name,
        nominal_code=row.nominal_code,
    )


class _Calls:
    """The calls of one document that are not done yet."""

    def __init__(self, plan: Plan, document: Document, known: Known) -> None:
        self.plan, self.document, self.known = plan, document, known
        self.list: list[Call] = []

    def lacks(self, step: str) -> bool:
        return (self.document.code, step) not in self.known.done

    def add(self, step: str, handle: str, path: str, body: Any) -> None:
        if self.lacks(step):
            self.list.append(Call(self.plan.sale.sale_id, self.document.code, step, handle, "POST", path, body))


def _after_order(
    plan: Plan, document: Document, order_id: int, known: Known, shops: ShopsFile, catalogue: Catalogue
) -> list[Call]:
    calls = _Calls(plan, document, known)
    _payments(calls, order_id)
    if document.code in known.rows and any(key not in known.done for key in _goods_keys(document)):
        _goods(calls, order_id, known.rows[document.code], shops, catalogue)
    # Row ids are only missing where goods still have to move; shipping and closing wait for the goods.
    if all(key in known.done for key in _goods_keys(document)):
        _finish(calls, order_id, shops)
    return calls.list


def _payments(calls: _Calls, order_id: int) -> None:
    plan, document = calls.plan, calls.document
    for number, payment in enumerate(document.payments, start=1):
        if not calls.lacks(f"payment:{number}"):
            continue
        body = encode.payment(
            order_id=order_id,
            kind="RECEIPT" if payment.type == RECEIPT else "PAYMENT",
            method=payment.method,
            currency=plan.currency,
            amount=from_minor(payment.amount_minor, plan.currency),
            paid_on=payment.paid_at.astimezone(plan.shop.zone),
            transaction_ref=payment.ref,
            transaction_code=document.ref,
            journal_ref=f"{plan.shop.key} {plan.sale.receipt_number}",
        )
        calls.add(f"payment:{number}", payment.ref, encode.CUSTOMER_PAYMENT, body)


def _goods(calls: _Calls, order_id: int, rows: ErpRows, shops: ShopsFile, catalogue: Catalogue) -> None:
    plan, document = calls.plan, calls.document
    sold_at = plan.sale.sold_at.astimezone(plan.shop.zone)
    warehouse_id = plan.shop.warehouse_id
    if document.code == CREDIT:
        for place in places_of(document):
            at = catalogue.places[warehouse_id]
            body = encode.goods_in_note(
                warehouse_id=warehouse_id,
                location_id=at.quarantine_location_id if place == "quarantine" else at.default_location_id,
                goods=[_moved(row, rows) for row in document.moving() if row.place == place],
                received_on=sold_at,
                batch_reference=batch_reference(document, place),
                unit_values=dict(rows.unit_costs) if plan.currency == shops.erp.currency else None,
                base_currency=shops.erp.currency,
            )
            calls.add(f"goods_in:{place}", batch_reference(document, place), encode.goods_in_path(order_id), body)
    elif moving := document.moving():
        body = encode.goods_out_note(
            warehouse_id=warehouse_id,
            goods=[_moved(row, rows) for row in moving],
            release_on=sold_at,
            shipping_method_id=shops.erp.shipping_method_id,
        )
        calls.add("goods_out", document.ref, encode.goods_out_path(order_id), body)
    if reserved := document.reserved():
        source = plan.shop.ship_from_warehouse_id or warehouse_id
        body = encode.reservation([_moved(row, rows) for row in reserved])
        calls.add("reserve", document.ref, encode.reservation_path(order_id, source), body)


def _moved(row: Row, rows: ErpRows) -> encode.Goods:
    assert row.product is not None, "only rows of stock-tracked products move"
    return encode.Goods(rows.ids[row.sequence], row.product.product_id, int(row.quantity))


def _finish(calls: _Calls, order_id: int, shops: ShopsFile) -> None:
    plan, document = calls.plan, calls.document
    if document.code == ORDER and document.moving():
        note_id = calls.known.done[ORDER, "goods_out"]
        body = encode.ship_event(
            shipped_on=plan.sale.sold_at.astimezone(plan.shop.zone),
            owner_contact_id=shops.erp.event_owner_contact_id,
        )
        calls.add("ship", note_id, encode.ship_path(int(note_id)), body)
    if shops.posting.close_orders:
        # Noon of the trading day in the shop's zone: the same day in any zone the account may be set to.
        tax_date = datetime.combine(plan.sale.business_date, time(12), plan.shop.zone)
        kind: Literal["SO", "SC"] = "SO" if document.code == ORDER else "SC"
        calls.add("close", document.ref, encode.close_path(kind, order_id), encode.close(tax_date))
