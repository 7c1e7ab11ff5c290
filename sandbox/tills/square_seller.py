"""The state of one simulated Square seller: orders, payments, refunds, customers, catalogue.

Read: transactions as they arrive. Written: its own memory. ``updated_at`` is the moment of arrival on the server's
clock, whatever the till's clock said; ``version`` grows with each change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.catalogue import Item
from sandbox.tills import square_json
from sandbox.tills.events import SHOPS, Transaction

LOCATIONS = tuple(shop for shop in SHOPS if shop.system == "square")
MAIN_LOCATION = LOCATIONS[0].place
FEE_EVERY = 4  # every fourth card order gets its processing fee only after it has been read once


def now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Kept:
    """An order as stored, and what happens to it once it has been served in full."""

    body: dict[str, Any]
    after_serving: Callable[[], None] | None = None


class SquareSeller:
    """Holds what the API serves. ``clock`` can be replaced by a test."""

    def __init__(self, items: Sequence[Item], clock: Callable[[], datetime] = now) -> None:
        self.items, self.clock = list(items), clock
        self.variations = {square_json.variation_id(item.sku): square_json.variation(item, 1) for item in self.items}
        self.orders: dict[str, Kept] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}

    def receive(self, basket: Transaction, version: int = 1) -> None:
        """Take in one transaction (or the changed content of one) at this moment."""
        stamped = square_json.stamp(self.clock())
        body = square_json.order(basket) | {"version": version, "updated_at": stamped}
        for payment in square_json.payments(basket):
            self.payments[payment["id"]] = payment | {"updated_at": stamped}
        for refund in square_json.payment_refunds(basket):
            self.refunds[refund["id"]] = refund | {"updated_at": stamped}
        if basket.email:
            uid = square_json.customer_id(basket.email)
            self.customers[uid] = {"id": uid, "email_address": basket.email, "created_at": body["created_at"]}
        kept = self.orders[basket.source_id] = Kept(body)
        revised = basket.revised
        if revised is not None and version == 1:
            kept.after_serving = lambda: self.receive(revised, version=2)
        elif basket.fault == "pending_refund":
            for refund in body["refunds"]:
                refund["status"] = "PENDING"
            kept.after_serving = lambda: self._approve(kept)
        elif "tenders" in body and basket.number % FEE_EVERY == 0:
            kept.after_serving = lambda: self._charge_fee(kept)

    def serve(self, uid: str) -> dict[str, Any] | None:
        """The order in full as it stands now; what was waiting for this moment happens right after."""
        kept = self.orders.get(uid)
        if kept is None:
            return None
        body = copy.deepcopy(kept.body)
        if kept.after_serving is not None:
            then, kept.after_serving = kept.after_serving, None
            then()
        return body

    def _touch(self, kept: Kept) -> str:
        stamped = square_json.stamp(self.clock())
        kept.body["version"] += 1
        kept.body["updated_at"] = stamped
        return stamped

    def _approve(self, kept: Kept) -> None:
        stamped = self._touch(kept)
        for refund in kept.body["refunds"]:
            refund["status"] = "APPROVED"
            self.refunds[refund["id"]] |= {"status": "COMPLETED", "updated_at": stamped}

    def _charge_fee(self, kept: Kept) -> None:
        stamped = self._touch(kept)
        for tender in kept.body["tenders"]:
            if tender["type"] == "CARD":
                fee = square_json.money(tender["amount_money"]["amount"] * 175 // 10_000)
                tender["processing_fee_money"] = fee
                self.payments[tender["id"]] |= {"processing_fee": [{"amount_money": fee}], "updated_at": stamped}
