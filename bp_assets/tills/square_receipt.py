"""The raw receipt of a Square order: which parts belong to it, and its canonical content. Pure.

Read: an order and what was looked up for it. Written: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bp_assets.tills.protocol import RawReceipt

SOURCE = "square"
_VOLATILE = ("version", "updated_at")
_PAYMENT_PARTS = ("receipt_number", "team_member_id", "device_details", "is_offline_payment", "source_type")
_REFUND_PARTS = ("destination_type", "payment_id", "unlinked", "team_member_id")
Order = dict[str, Any]


@dataclass(slots=True)
class Extras:
    """What was looked up beside the orders: payments and refunds by id, SKUs by variation, e-mails by customer."""

    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    skus: Mapping[str, str | None] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)


def is_sound(order: Order) -> bool:
    """Whether the order has the shape that looking things up for it needs. An unsound one is handed over as it is."""
    if not all(isinstance(order.get(name), str) for name in ("created_at", "updated_at", "state")):
        return False
    try:
        moment(order)
        datetime.fromisoformat(order["created_at"])
        payment_ids(order)
        refund_ids(order)
        variations(order)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return True


def moment(order: Order) -> datetime:
    """When the order last changed. Without a time of its own it counts as just changed: it is never left behind."""
    text = order.get("updated_at")
    return datetime.fromisoformat(text) if isinstance(text, str) else datetime.now(UTC)


def payment_ids(order: Order) -> list[str]:
    return [tender.get("payment_id") or tender["id"] for tender in order.get("tenders", [])]


def refund_ids(order: Order) -> list[str]:
    return [refund["id"] for refund in order.get("refunds", [])]


def variations(order: Order) -> list[str]:
    """Catalogue variations on both sides of the order."""
    lines = list(order.get("line_items", []))
    for entry in order.get("returns", []):
        lines += entry.get("return_line_items", [])
    return [line["catalog_object_id"] for line in lines if line.get("catalog_object_id")]


def raw_receipt(order: Order, account: str, extras: Extras) -> RawReceipt:
    """The order with what belongs to it, without what Square changes on its own (version, time of change, fees)."""
    body = {key: value for key, value in order.items() if key not in _VOLATILE}
    content: dict[str, Any] = {"order": body, "payments": {}, "refunds": {}, "skus": {}, "email": ""}
    if is_sound(order):
        if "tenders" in body:
            body["tenders"] = [
                {key: value for key, value in tender.items() if key != "processing_fee_money"}
                for tender in body["tenders"]
            ]
        content["payments"] = _parts(extras.payments, payment_ids(order), _PAYMENT_PARTS)
        content["refunds"] = _parts(extras.refunds, refund_ids(order), _REFUND_PARTS)
        content["skus"] = {uid: extras.skus.get(uid) for uid in variations(order)}
        content["email"] = extras.emails.get(order.get("customer_id", ""), "")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return RawReceipt(
        source=SOURCE,
        account=account,
        source_id=order["id"],
        content=text.encode("utf-8", "replace"),  # JSON can name half a character (an emoji cut in two): "?"
        version=str(order.get("version") or order.get("updated_at") or ""),
        note=f"Square {order.get('location_id')}, changed {order.get('updated_at')}",
    )


def _parts(found: Mapping[str, dict[str, Any]], ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {uid: {name: found[uid][name] for name in names if name in found[uid]} for uid in ids if uid in found}


def stated_gross(order: Order, currency: str) -> int:
    """What the order says it moved: ``net_amounts`` where there are returns, else ``total_money``.

    Raises:
        KeyError, TypeError, ValueError: no total is told, or one of another currency.
    """
    money = (order.get("net_amounts") or {}).get("total_money")
    sign = 1
    if money is None and order.get("returns"):
        money, sign = order["return_amounts"]["total_money"], -1
    if money is None:
        money = order["total_money"]
    if money.get("currency", currency) != currency:
        raise ValueError("another currency")
    return sign * int(money.get("amount", 0))
