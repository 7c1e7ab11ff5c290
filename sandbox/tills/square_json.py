"""One transaction as Square tells it: an Order per event, with payments and refunds beside it. Pure.

Read: transactions. Written: nothing. Field names and nesting follow Square's published Orders, Payments and Refunds
objects. Money is ``{"amount": pennies, "currency": "GBP"}``, quantities are decimal strings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.catalogue import Item
from sandbox.tills.events import Line, Tender, Transaction

_SALE_KINDS = ("item", "custom_amount", "gift_card_sale")
_TENDER_TYPES = {"card": "CARD", "cash": "CASH", "gift_card": "SQUARE_GIFT_CARD"}
_STATES = {"void": "CANCELED", "parked": "OPEN"}


def money(amount: int) -> dict[str, Any]:
    """Square's Money object."""
    return {"amount": amount, "currency": "GBP"}


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as Square prints it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def variation_id(sku: str) -> str:
    """The catalogue object id that stands for a SKU."""
    return "VAR" + hashlib.sha256(sku.encode()).hexdigest()[:18].upper()


def variation(item: Item, version: int) -> dict[str, Any]:
    """The catalogue's ITEM_VARIATION object of an item."""
    uid = variation_id(item.sku)
    data = {"item_id": "ITM" + uid[3:], "name": "Regular", "sku": item.sku, "pricing_type": "FIXED_PRICING"}
    return {
        "type": "ITEM_VARIATION",
        "id": uid,
        "version": version,
        "is_deleted": False,
        "present_at_all_locations": True,
        "item_variation_data": {**data, "price_money": money(item.gross_minor), "sellable": True},
    }


def customer_id(email: str) -> str:
    """The customer id that stands for an e-mail address."""
    return "CUS" + hashlib.sha256(email.encode()).hexdigest()[:18].upper()


def order(basket: Transaction) -> dict[str, Any]:
    """The Order object without ``version`` and ``updated_at``, which the server adds."""
    sold = [line for line in basket.lines if line.kind in _SALE_KINDS and line.quantity > 0]
    back = [line for line in basket.lines if line.quantity < 0]
    body: dict[str, Any] = {
        "id": basket.source_id,
        "location_id": basket.shop.place,
        "source": {"name": "Point of Sale"},
        "state": _STATES.get(basket.kind, "COMPLETED"),
        "created_at": stamp(basket.sold_at),
    }
    if basket.kind != "parked":
        body["closed_at"] = stamp(basket.sold_at)
    if basket.email:
        body["customer_id"] = customer_id(basket.email)
    if sold:
        body |= _sold(basket, sold)
    if back:
        body |= _returned(basket, back)
    if basket.tenders:
        taken = [tender(basket, one) for one in basket.tenders if one.amount_minor > 0]
        if taken:
            body["tenders"] = taken
        given = [_refund(basket, one) for one in basket.tenders if one.amount_minor < 0]
        if given:
            body["refunds"] = given
    return body | _totals(basket, sold, back)


def _totals(basket: Transaction, sold: list[Line], back: list[Line]) -> dict[str, Any]:
    body: dict[str, Any] = {"net_amount_due_money": money(basket.gross if basket.kind == "parked" else 0)}
    tip = sum(line.gross for line in basket.lines if line.kind == "tip")
    charge = sum(line.gross for line in basket.lines if line.kind == "service_charge")
    rounding = sum(line.gross for line in basket.lines if line.kind == "rounding")
    discount = sum(line.discount_minor + line.basket_discount_minor for line in sold)
    if rounding:
        body["rounding_adjustment"] = {"name": "CASH_ROUNDING", "amount_money": money(rounding)}
    if back:
        body["net_amounts"] = _amounts(
            basket.gross, basket.tax, discount - sum(line.discount_minor for line in back), tip
        )
    if sold or not back:
        total = sum(line.gross for line in sold) + tip + charge + rounding
        tax = sum(line.tax for line in sold)
        body |= {"total_money": money(total), "total_tax_money": money(tax), "total_discount_money": money(discount)}
        body |= {"total_tip_money": money(tip), "total_service_charge_money": money(charge)}
    elif basket.fault != "missing_totals" and basket.number % 2:
        # Seen both ways on return orders: absent, or 0. Readers must use return_amounts and net_amounts.
        body["total_money"] = money(0)
    return body


def _amounts(total: int, tax: int, discount: int, tip: int = 0) -> dict[str, Any]:
    return {
        "total_money": money(total),
        "tax_money": money(tax),
        "discount_money": money(discount),
        "tip_money": money(tip),
        "service_charge_money": money(0),
    }


def _sold(basket: Transaction, sold: list[Line]) -> dict[str, Any]:
    body: dict[str, Any] = {"line_items": [_line_item(line) for line in sold]}
    rates = sorted({line.rate for line in sold if line.rate})
    if rates:
        body["taxes"] = [
            {
                "uid": f"t{rate}",
                "name": "VAT",
                "percentage": str(rate),
                "type": "INCLUSIVE",
                "scope": "LINE_ITEM",
                "applied_money": money(sum(line.tax for line in sold if line.rate == rate)),
            }
            for rate in rates
        ]
    discounts = [_discount(f"d-{line.uid}", line.discount_minor, "LINE_ITEM") for line in sold if line.discount_minor]
    shared = sum(line.basket_discount_minor for line in sold)
    if shared:
        discounts.append(_discount("d-basket", shared, "ORDER"))
    if discounts:
        body["discounts"] = discounts
    charges = [line for line in basket.lines if line.kind == "service_charge"]
    if charges:
        body["service_charges"] = [
            {
                "uid": line.uid,
                "name": line.name,
                "type": "CUSTOM",
                "treatment_type": "LINE_ITEM_TREATMENT",
                "amount_money": money(line.gross),
                "applied_money": money(line.gross),
                "total_money": money(line.gross),
                "total_tax_money": money(0),
                "taxable": False,
            }
            for line in charges
        ]
    return body


def _discount(uid: str, amount: int, scope: str) -> dict[str, Any]:
    name = "Basket offer" if scope == "ORDER" else "Line offer"
    return {"uid": uid, "name": name, "type": "VARIABLE_PERCENTAGE", "scope": scope, "applied_money": money(amount)}


def _catalogue(line: Line) -> dict[str, Any]:
    if line.kind == "gift_card_sale":
        return {"item_type": "GIFT_CARD"}
    if line.kind == "custom_amount" or not line.sku:
        return {"item_type": "CUSTOM_AMOUNT"}
    return {"item_type": "ITEM", "catalog_object_id": variation_id(line.sku), "catalog_version": 1}


def _line_item(line: Line) -> dict[str, Any]:
    whole = line.gross + line.discount_minor + line.basket_discount_minor
    body = {
        "uid": line.uid,
        "name": line.name,
        "quantity": str(line.quantity),
        **_catalogue(line),
        "base_price_money": money(line.unit_minor),
        "variation_total_price_money": money(whole),
        "gross_sales_money": money(whole),
        "total_tax_money": money(line.tax),
        "total_discount_money": money(line.discount_minor + line.basket_discount_minor),
        "total_service_charge_money": money(0),
        "total_money": money(line.gross),
    }
    if line.rate:
        body["applied_taxes"] = [
            {"uid": f"at-{line.uid}", "tax_uid": f"t{line.rate}", "applied_money": money(line.tax)}
        ]
    applied = [("d-" + line.uid, line.discount_minor), ("d-basket", line.basket_discount_minor)]
    if any(amount for _, amount in applied):
        body["applied_discounts"] = [
            {"uid": f"a{uid}-{line.uid}", "discount_uid": uid, "applied_money": money(amount)}
            for uid, amount in applied
            if amount
        ]
    return body


def _returned(basket: Transaction, back: list[Line]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "uid": f"ret-{basket.number}",
        "return_line_items": [_return_line(basket, line) for line in back],
    }
    if basket.original and basket.linked and basket.original.shop.system == "square":
        entry["source_order_id"] = basket.original.source_id
    taxes = sorted({line.rate for line in back if line.rate})
    if taxes:
        entry["return_taxes"] = [
            {
                "uid": f"rt{rate}",
                "source_tax_uid": f"t{rate}",
                "name": "VAT",
                "percentage": str(rate),
                "type": "INCLUSIVE",
                "scope": "LINE_ITEM",
                "applied_money": money(-sum(line.tax for line in back if line.rate == rate)),
            }
            for rate in taxes
        ]
    total, tax = -sum(line.gross for line in back), -sum(line.tax for line in back)
    amounts = _amounts(total, tax, sum(line.discount_minor for line in back))
    entry["return_amounts"] = amounts
    return {"returns": [entry], "return_amounts": amounts}


def _return_line(basket: Transaction, line: Line) -> dict[str, Any]:
    body = {
        "uid": line.uid,
        "name": line.name,
        "quantity": str(-line.quantity),
        **_catalogue(line),
        "base_price_money": money(abs(line.unit_minor)),
        "gross_return_money": money(-line.gross + line.discount_minor),
        "total_discount_money": money(line.discount_minor),
        "total_tax_money": money(-line.tax),
        "total_money": money(-line.gross),
    }
    if basket.original and basket.linked and line.original_uid:
        body["source_line_item_uid"] = line.original_uid
    if line.rate:
        body["applied_taxes"] = [
            {"uid": f"at-{line.uid}", "tax_uid": f"rt{line.rate}", "applied_money": money(-line.tax)}
        ]
    if line.restock == "quarantine":
        body["note"] = "damaged"
    return body


def tender(basket: Transaction, one: Tender) -> dict[str, Any]:
    """The Tender object; its id is the payment's id."""
    body = {
        "id": one.uid,
        "payment_id": one.uid,
        "location_id": basket.shop.place,
        "created_at": stamp(basket.sold_at),
        "type": _TENDER_TYPES.get(one.type, "OTHER"),
        "amount_money": money(one.amount_minor),
    }
    if one.type not in _TENDER_TYPES:
        body["note"] = one.type
    if one.tip_minor:
        body["tip_money"] = money(one.tip_minor)
    if one.type == "cash":
        handed = one.amount_minor + one.change_minor
        body["cash_details"] = {"buyer_tendered_money": money(handed), "change_back_money": money(one.change_minor)}
    if one.type == "card":
        card = {"card_brand": "VISA", "last_4": one.last4 or "4242"}
        body["card_details"] = {"status": "CAPTURED", "entry_method": "CONTACTLESS", "card": card}
    return body


def _refund(basket: Transaction, one: Tender) -> dict[str, Any]:
    body = {
        "id": one.uid,
        "location_id": basket.shop.place,
        "created_at": stamp(basket.sold_at),
        "reason": "Return",
        "amount_money": money(-one.amount_minor),
        "status": "APPROVED",
    }
    if one.refunds and basket.linked and basket.original and basket.original.shop.system == "square":
        body["tender_id"] = one.refunds
    if one.type == "cash":
        body["reason"] = "Return (cash)"
    return body


def payments(basket: Transaction) -> Iterable[dict[str, Any]]:
    """A Payment per tender that took money; ``amount_money`` leaves the tip out, ``total_money`` holds it."""
    for one in basket.tenders:
        if one.amount_minor <= 0:
            continue
        yield {
            "id": one.uid,
            "order_id": basket.source_id,
            "location_id": basket.shop.place,
            "created_at": stamp(basket.sold_at),
            "status": "COMPLETED",
            "source_type": {"cash": "CASH", "card": "CARD"}.get(one.type, "EXTERNAL"),
            "amount_money": money(one.amount_minor - one.tip_minor),
            "tip_money": money(one.tip_minor),
            "total_money": money(one.amount_minor),
            "receipt_number": basket.receipt_number,
            "team_member_id": basket.operator,
            "device_details": {"device_id": basket.register, "device_name": basket.register},
            "is_offline_payment": basket.fault == "late_arrival",
        }


def payment_refunds(basket: Transaction) -> Iterable[dict[str, Any]]:
    """A PaymentRefund per tender that gave money back."""
    for one in basket.tenders:
        if one.amount_minor >= 0:
            continue
        body = {
            "id": one.uid,
            "order_id": basket.source_id,
            "location_id": basket.shop.place,
            "created_at": stamp(basket.sold_at),
            "status": "PENDING" if basket.fault == "pending_refund" else "COMPLETED",
            "destination_type": {"cash": "CASH", "card": "CARD"}.get(one.type, "EXTERNAL"),
            "amount_money": money(-one.amount_minor),
            "unlinked": not basket.linked,
            "team_member_id": basket.operator,
        }
        if one.refunds and basket.linked:
            body["payment_id"] = one.refunds
        yield body
