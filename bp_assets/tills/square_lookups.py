"""Look up what belongs to Square orders: payments, refunds, SKUs of variations, e-mails of customers.

Read: Square over HTTP. Written: a memory of SKUs and e-mails for the life of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bp_assets.tills.square_client import SquareClient
from bp_assets.tills.square_receipt import Extras, Order, payment_ids, refund_ids, variations

_ONE_BY_ONE = 10  # up to so many are asked for singly; above, a list of the time span is cheaper


class Lookups:
    """The look-ups of one location."""

    def __init__(self, client: SquareClient, location_id: str) -> None:
        self.client, self.location_id = client, location_id
        self.skus: dict[str, str | None] = {}
        self.emails: dict[str, str] = {}

    def of(self, orders: Sequence[Order]) -> Extras:
        """Everything that belongs to ``orders`` (sound ones). Raises :class:`TillError`."""
        skus = self._skus_of({uid for order in orders for uid in variations(order)})
        for uid in sorted({order["customer_id"] for order in orders if order.get("customer_id")} - self.emails.keys()):
            found = self.client.find(f"/customers/{uid}") or {}
            self.emails[uid] = (found.get("customer") or {}).get("email_address", "")
        return Extras(
            self._gather(orders, "payments", "payment", payment_ids),
            self._gather(orders, "refunds", "refund", refund_ids),
            skus,
            self.emails,
        )

    def _gather(
        self, orders: Sequence[Order], path: str, name: str, ids_of: Callable[[Order], list[str]]
    ) -> dict[str, dict[str, Any]]:
        wanted = {uid for order in orders for uid in ids_of(order)}
        found: dict[str, dict[str, Any]] = {}
        if len(wanted) > _ONE_BY_ONE:
            first = min(datetime.fromisoformat(order["created_at"]) for order in orders if ids_of(order))
            # The location must be named: without it Square lists payments of the main location only.
            params: dict[str, str | int] = {
                "location_id": self.location_id,
                "begin_time": (first - timedelta(hours=1)).isoformat(),
                "sort_order": "ASC",
                "limit": 100,
            }
            found = {row["id"]: row for row in self.client.listed(f"/{path}", params, path) if row["id"] in wanted}
        for uid in sorted(wanted - found.keys()):
            one = self.client.find(f"/{path}/{uid}")
            if one:
                found[uid] = one[name]
        return found

    def _skus_of(self, uids: Iterable[str]) -> dict[str, str | None]:
        """SKU by variation; ``None`` where the catalogue has none (asked again next time)."""
        wanted = set(uids)
        for batch in batches(sorted(wanted - self.skus.keys()), 1000):
            answer = self.client.post("/catalog/batch-retrieve", {"object_ids": batch, "include_deleted_objects": True})
            for one in answer.get("objects", []):
                sku = one.get("item_variation_data", {}).get("sku")
                if sku:
                    self.skus[one["id"]] = sku
        return {uid: self.skus.get(uid) for uid in wanted}


def batches(values: Sequence[str], size: int) -> Iterator[list[str]]:
    """``values`` in lists of at most ``size``."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
