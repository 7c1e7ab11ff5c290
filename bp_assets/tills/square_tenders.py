"""How a Square order was paid: tenders positive, refunds negative. Pure.

Read: an order and the parts of its payments and refunds that were kept with it. Written: nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bp_assets.domain.sale import Tender, TenderType
from bp_assets.tills.square_lines import Money

_TYPES = {
    "CASH": TenderType.CASH,
    "CARD": TenderType.CARD,
    "THIRD_PARTY_CARD": TenderType.CARD,
    "SQUARE_GIFT_CARD": TenderType.GIFT_CARD,
    "SQUARE_ACCOUNT": TenderType.ACCOUNT,
}
_NOT_PAID = ("VOIDED", "FAILED")


def tenders(order: dict[str, Any], payments: dict[str, Any], refunds: dict[str, Any], money: Money) -> list[Tender]:
    """Signed tenders. The method is Square's type, or the note of a tender of type OTHER (what the shop calls it)."""
    taken = [
        _tender(one, money)
        for one in order.get("tenders", [])
        if one["type"] != "NO_SALE" and (one.get("card_details") or {}).get("status") not in _NOT_PAID
    ]
    cash = [one for one in taken if one.type is TenderType.CASH]
    if len(cash) == 1 and order.get("rounding_adjustment"):  # Square tells it of the order; only cash is rounded
        told = cash[0].model_copy(update={"rounding_minor": money(order["rounding_adjustment"], "amount_money")})
        taken = [told if one is cash[0] else one for one in taken]
    methods = {one.tender_id: one.method for one in taken}
    return [*taken, *(_refund(one, refunds, methods, money) for one in order.get("refunds", []))]


def _tender(one: dict[str, Any], money: Money) -> Tender:
    kind = one["type"]
    card = (one.get("card_details") or {}).get("card") or {}
    return Tender(
        tender_id=one["id"],
        type=_TYPES.get(kind, TenderType.OTHER),
        method=one.get("note") or kind if kind == "OTHER" else kind,
        amount_minor=money(one, "amount_money"),
        tip_minor=money(one, "tip_money"),
        change_minor=money(one.get("cash_details") or {}, "change_back_money"),
        provider="square",
        provider_payment_id=one.get("payment_id") or one["id"],
        last4=card.get("last_4") or "",
        processed_at=_moment(one),
    )


def _refund(one: dict[str, Any], refunds: dict[str, Any], methods: dict[str, str], money: Money) -> Tender:
    """A refund says its way only in the Refunds API; else it went back to the tender it names; else to a card."""
    told = refunds.get(one["id"], {}).get("destination_type", "")
    method = told if told and told != "EXTERNAL" else methods.get(one.get("tender_id", ""), "CARD")
    return Tender(
        tender_id=one["id"],
        type=_TYPES.get(method, TenderType.OTHER),
        method=method,
        amount_minor=-money(one, "amount_money"),
        provider="square",
        provider_payment_id=one["id"],
        parent_tender_id=one.get("tender_id"),
        processed_at=_moment(one),
    )


def _moment(one: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(one["created_at"]) if one.get("created_at") else None
