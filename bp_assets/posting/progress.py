"""What is still to be done for a plan, given what is known to have succeeded. Pure.

A step is one effect in the ERP: ``order``, ``payment:N``, ``goods_out``, ``goods_in``, ``reserve``, ``ship``, ``close``.
Each names its handle: what makes a repetition recognisable. Steps are independent calls wherever the ERP allows, so
that many sales' steps can share a request.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bp_assets.brightpearl import encode
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.domain.money import from_minor
from bp_assets.posting.plan import CREDIT, ORDER, Document, Plan, Row

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


@dataclass(slots=True)
class Known:
    """What is known of one sale's effects: ERP ids of the steps that succeeded, and the row ids of its documents."""

    done: dict[Key, str] = field(default_factory=dict)
    row_ids: dict[str, dict[int, int]] = field(default_factory=dict)  # document code -> sequence -> row id
    # Order id of the sale a credit belongs to; 0 where there is none in the ERP, None where it was not looked up yet.
    parent_id: int | None = None
    contact_id: int | None = None

    def order_id(self, code: str) -> int | None:
        return int(self.done[code, "order"]) if (code, "order") in self.done else None


def steps_of_plan(plan: Plan, close: bool) -> list[Key]:
    """Every step the plan consists of, in the order a person would do them by hand."""
    keys: list[Key] = []
    for document in plan.documents:
        code = document.code
        keys.append((code, "order"))
        keys += [(code, f"payment:{number}") for number in range(1, len(document.payments) + 1)]
        if document.moving():
            keys += [(code, "goods_out"), (code, "ship")] if code == ORDER else [(code, "goods_in")]
        if document.reserved():
            keys.append((code, "reserve"))
        if close:
            keys.append((code, "close"))
    return keys


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
        and document.code not in known.row_ids
        and any(key not in known.done for key in _goods_keys(document))
    ]


def _goods_keys(document: Document) -> list[Key]:
    keys: list[Key] = []
    if document.moving():
        keys.append((document.code, "goods_out" if document.code == ORDER else "goods_in"))
    if document.reserved():
        keys.append((document.code, "reserve"))
    return keys


def _order(plan: Plan, document: Document, known: Known, shops: ShopsFile) -> Call | None:
    if document.code == CREDIT and known.parent_id is None:
        return None
    sale, shop = plan.sale, plan.shop
    status = shops.erp.new_order_status_id if document.code == ORDER else shops.erp.new_credit_status_id
    placed = encode.instant(sale.sold_at.astimezone(shop.zone))
    body = encode.order(
        contact_id=known.contact_id or shop.walk_in_contact_id,
        reference=sale.receipt_number[:64],
        external_ref=document.ref,
        instance_id=shops.erp.integration_instance_id,
        placed_on=placed,
        tax_date=placed,
        channel_id=shop.channel_id,
        warehouse_id=shop.warehouse_id,
        price_list_id=shop.price_list_id,
        price_mode="INC" if sale.prices_include_tax else "EXC",
        currency=plan.currency,
        status_id=status,
        parent_id=known.parent_id or None,
        rows=[_order_row(row, plan.currency) for row in document.rows],
    )
    path = "/order-service/sales-order" if document.code == ORDER else "/order-service/sales-credit"
    return Call(sale.sale_id, document.code, "order", document.ref, "POST", path, body)


def _order_row(row: Row, currency: str) -> dict[str, Any]:
    return encode.order_row(
        product_id=row.product.product_id if row.product else None,
        name=None if row.product else row.name,
        quantity=row.quantity,
        tax_code=row.tax_code,
        net=from_minor(row.net_minor, currency),
        tax=from_minor(row.tax_minor, currency),
        nominal_code=row.nominal_code or None,
        sequence=row.sequence,
    )


def _after_order(
    plan: Plan, document: Document, order_id: int, known: Known, shops: ShopsFile, catalogue: Catalogue
) -> list[Call]:
    code = document.code
    calls: list[Call] = []

    def call(step: str, handle: str, path: str, body: Any) -> None:
        if (code, step) not in known.done:
            calls.append(Call(plan.sale.sale_id, code, step, handle, "POST", path, body))

    for number, payment in enumerate(document.payments, start=1):
        body = encode.payment(
            transaction_ref=payment.ref,
            transaction_code=document.ref,
            method=payment.method,
            payment_type=payment.type,
            order_id=order_id,
            currency=plan.currency,
            amount=from_minor(payment.amount_minor, plan.currency),
            paid_at=encode.instant(payment.paid_at.astimezone(plan.shop.zone)),
            journal_ref=f"{plan.shop.key} {plan.sale.receipt_number}",
        )
        call(f"payment:{number}", payment.ref, "/accounting-service/customer-payment", body)
    rows = known.row_ids.get(code)
    if rows is not None:
        _goods(plan, document, order_id, rows, shops, catalogue, call)
    # Row ids are only missing where goods still have to move; shipping and closing wait for the goods.
    if all(key in known.done for key in _goods_keys(document)):
        _finish(plan, document, order_id, known, shops, call)
    return calls


def _goods(
    plan: Plan,
    document: Document,
    order_id: int,
    rows: Mapping[int, int],
    shops: ShopsFile,
    catalogue: Catalogue,
    call: Any,
) -> None:
    sold_at = encode.instant(plan.sale.sold_at.astimezone(plan.shop.zone))
    warehouse_id = plan.shop.warehouse_id
    if moving := document.moving():
        if document.code == ORDER:
            body = encode.goods_out_note(
                warehouse_id=warehouse_id,
                release_date=sold_at,
                shipping_method_id=shops.erp.shipping_method_id,
                products=[_goods_row(row, rows) for row in moving],
            )
            call("goods_out", document.ref, f"/warehouse-service/order/{order_id}/goods-note/goods-out", body)
        else:
            place = catalogue.places[warehouse_id]
            body = encode.goods_in_note(
                warehouse_id=warehouse_id,
                received_on=sold_at,
                batch_reference=f"{document.ref}-in",
                currency=shops.erp.currency,
                products=[
                    {
                        **_goods_row(row, rows),
                        "location_id": place.quarantine_location_id
                        if row.place == "quarantine"
                        else place.default_location_id,
                    }
                    for row in moving
                ],
            )
            path = f"/warehouse-service/order/{order_id}/goods-note/goods-in"
            call("goods_in", f"{document.ref}-in", path, body)
    if reserved := document.reserved():
        source = plan.shop.ship_from_warehouse_id or warehouse_id
        body = encode.reservation(products=[_goods_row(row, rows) for row in reserved])
        call("reserve", document.ref, f"/warehouse-service/order/{order_id}/reservation/warehouse/{source}", body)


def _goods_row(row: Row, rows: Mapping[int, int]) -> dict[str, Any]:
    assert row.product is not None, "only rows of stock-tracked products move"
    return {"product_id": row.product.product_id, "row_id": rows[row.sequence], "quantity": int(row.quantity)}


def _finish(plan: Plan, document: Document, order_id: int, known: Known, shops: ShopsFile, call: Any) -> None:
    code = document.code
    if code == ORDER and document.moving():
        note_id = known.done[code, "goods_out"]
        sold_at = encode.instant(plan.sale.sold_at.astimezone(plan.shop.zone))
        body = encode.ship_event(occurred=sold_at, owner_id=shops.erp.event_owner_contact_id)
        call("ship", note_id, f"/warehouse-service/goods-note/goods-out/{note_id}/event", body)
    if shops.posting.close_orders:
        resource = "sales-order" if code == ORDER else "sales-credit"
        tax_date = encode.day(plan.sale.business_date)
        body = encode.close(tax_date=tax_date)
        call("close", document.ref, f"/order-service/{resource}/{order_id}/close", body)
