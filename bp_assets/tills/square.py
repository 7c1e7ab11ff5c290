"""Read a Square location: orders by ``updated_at`` with an overlap, and what belongs to them.

Read: Orders, Payments, Refunds, Catalogue and Customers of Square over HTTP. Written: nothing. SKU, e-mail, register
and refund method are put INTO the raw receipt, so that decoding needs nothing but the receipt. What Square changes on
its own later (version, ``updated_at``, processing fees) is left out of it: it does not make a new version.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from bp_assets.config import Shop, SquareFeed
from bp_assets.domain.sale import make_sale_id
from bp_assets.tills.protocol import ControlTotals, Fetch, Mark, RawReceipt, TillError, Waiting
from bp_assets.tills.square_client import SquareClient

SOURCE = "square"
MOST_ORDERS = 2000  # in one fetch; the rest comes with the next
DEEP_EVERY = 3600.0  # seconds between reads of the whole overlap within one process
SHALLOW = timedelta(minutes=10)
PAYMENT_PATIENCE = timedelta(minutes=15)  # Square's payments trail its orders by seconds
_STATES = ["COMPLETED", "CANCELED"]  # an OPEN order is taken when it closes
_ONE_BY_ONE = 10
_VOLATILE = ("version", "updated_at")


class SquareTill:
    """The reader of one location; keep one for the life of the process."""

    def __init__(
        self,
        shop: Shop,
        currency: str,
        *,
        client: SquareClient | None = None,
        page_size: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(shop.feed, SquareFeed):
            raise TypeError(f"shop {shop.key} has no Square feed")
        self.shop, self.feed, self.currency = shop, shop.feed, currency
        self.client = client or SquareClient(shop.feed)
        self.page_size, self.clock = page_size, clock
        self.skus: dict[str, str | None] = {}
        self.emails: dict[str, str] = {}
        # order id -> (version, content hash) that the caller has stored; what was only handed over waits in _offered.
        self._stored: dict[str, tuple[int, str]] = {}
        self._offered: dict[str, tuple[int, str]] = {}
        self._last: Mark | None = None
        self._deep_at: float | None = None

    def close(self) -> None:
        self.client.close()

    # -- fetching -----------------------------------------------------------------------------------------------------

    def fetch(self, mark: Mark | None) -> Fetch:
        """Orders closed or changed since the mark ``{"updated_at": ...}``, oldest change first."""
        self._learn(mark)
        deep = self._deep_at is None or self.clock() - self._deep_at >= DEEP_EVERY
        overlap = timedelta(hours=self.feed.overlap_hours)
        since = datetime.fromisoformat(mark["updated_at"]) if mark and mark.get("updated_at") else None
        entries = self._entries(since - (overlap if deep else min(overlap, SHALLOW)) if since else None)
        # An order without a version was not made through the API: only its content can tell whether it changed.
        stored = {uid: version for uid, (version, _) in self._stored.items()}
        wanted = [uid for uid, version in entries.items() if not version or stored.get(uid) != version]
        orders = self._orders(wanted[:MOST_ORDERS])
        kept, waiting = self._settled(orders)
        extras = self._extras(kept)
        receipts, marks, held = [], [since] if since else [], []
        for order in orders:
            moment = datetime.fromisoformat(order["updated_at"])
            if order.get("version", 0) == (entries[order["id"]] or 0):
                marks.append(moment)
        for order in kept:
            missing = self._missing_payment(order, extras)
            if missing:
                waiting.append(Waiting(order["id"], f"payment {missing} is not listed yet"))
                held.append(datetime.fromisoformat(order["updated_at"]))
                continue
            raw = self._raw(order, extras)
            self._offered[raw.source_id] = (order.get("version", 0), raw.content_hash)
            if self._stored.get(raw.source_id, (0, ""))[1] != raw.content_hash:
                receipts.append(raw)
        more = len(wanted) > MOST_ORDERS
        if deep and not more:
            self._deep_at = self.clock()
        reached = max(marks, default=None)
        if reached and held:
            reached = min(reached, *held)
        new: Mark = {"updated_at": reached.isoformat()} if reached else {}
        self._last = new
        return Fetch(tuple(receipts), new, tuple(waiting), more)

    def _learn(self, mark: Mark | None) -> None:
        """A mark that equals the last one handed out proves that its receipts were stored; another one forgets."""
        if self._last is not None and (mark or {}) == self._last:
            self._stored |= self._offered
        elif self._last is not None:
            self._stored.clear()
            self._deep_at = None
        self._offered = {}

    def _entries(self, start: datetime | None) -> dict[str, int | None]:
        """Order id -> version, oldest change first."""
        span = {"start_at": start.isoformat()} if start else {"start_at": "2009-01-01T00:00:00+00:00"}
        body = self._search("UPDATED_AT", span, _STATES) | {"return_entries": True}
        found: dict[str, int | None] = {}
        for row in self.client.pages("/orders/search", body, "order_entries"):
            found.pop(row["order_id"], None)
            found[row["order_id"]] = row.get("version")
        return found

    def _search(self, field: str, span: dict[str, str], states: Sequence[str]) -> dict[str, Any]:
        query = {
            "filter": {"date_time_filter": {field.lower(): span}, "state_filter": {"states": list(states)}},
            "sort": {"sort_field": field, "sort_order": "ASC"},
        }
        return {"location_ids": [self.feed.location_id], "limit": self.page_size, "query": query}

    def _orders(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for batch in _batches(ids, 100):
            body = {"location_id": self.feed.location_id, "order_ids": batch}
            for order in self.client.post("/orders/batch-retrieve", body).get("orders", []):
                found[order["id"]] = order
        return [found[uid] for uid in ids if uid in found]

    def _settled(self, orders: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Waiting]]:
        """Orders that can be taken, and those whose refund Square has not decided yet (it changes them when it has)."""
        kept, waiting = [], []
        for order in orders:
            pending = [refund["id"] for refund in order.get("refunds", []) if refund.get("status") == "PENDING"]
            if pending:
                waiting.append(Waiting(order["id"], f"refund {pending[0]} is still pending"))
            elif order.get("state") in _STATES:
                kept.append(order)
        return kept, waiting

    # -- what belongs to the orders -----------------------------------------------------------------------------------

    def _extras(self, orders: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Payments and refunds by id; SKUs and e-mails are looked up once and kept."""
        self._look_up_skus(uid for order in orders for uid in _variations(order))
        for uid in sorted({order["customer_id"] for order in orders if order.get("customer_id")} - self.emails.keys()):
            found = self.client.find(f"/customers/{uid}") or {}
            self.emails[uid] = (found.get("customer") or {}).get("email_address", "")
        return self._gather(orders, "payments", "payment", _payment_ids) | self._gather(
            orders, "refunds", "refund", _refund_ids
        )

    def _gather(
        self, orders: Sequence[dict[str, Any]], path: str, name: str, ids_of: Callable[[dict[str, Any]], list[str]]
    ) -> dict[str, dict[str, Any]]:
        wanted = {uid for order in orders for uid in ids_of(order)}
        found: dict[str, dict[str, Any]] = {}
        if len(wanted) > _ONE_BY_ONE:
            created = sorted(order["created_at"] for order in orders if ids_of(order))
            # The location must be named: without it Square lists payments of the main location only.
            params: dict[str, str | int] = {
                "location_id": self.feed.location_id,
                "begin_time": (datetime.fromisoformat(created[0]) - timedelta(hours=1)).isoformat(),
                "sort_order": "ASC",
                "limit": 100,
            }
            found = {row["id"]: row for row in self.client.listed(f"/{path}", params, path) if row["id"] in wanted}
        for uid in sorted(wanted - found.keys()):
            one = self.client.find(f"/{path}/{uid}")
            if one:
                found[uid] = one[name]
        return found

    def _look_up_skus(self, uids: Iterable[str]) -> None:
        unknown = sorted(set(uids) - self.skus.keys())
        for batch in _batches(unknown, 1000):
            answer = self.client.post("/catalog/batch-retrieve", {"object_ids": batch, "include_deleted_objects": True})
            skus = {one["id"]: one.get("item_variation_data", {}).get("sku") for one in answer.get("objects", [])}
            self.skus |= {uid: skus.get(uid) or None for uid in batch}

    def _missing_payment(self, order: dict[str, Any], extras: dict[str, dict[str, Any]]) -> str | None:
        moment = datetime.fromisoformat(order["updated_at"])
        if datetime.now(UTC) - moment > PAYMENT_PATIENCE:
            return None
        return next((uid for uid in _payment_ids(order) if uid not in extras), None)

    def _raw(self, order: dict[str, Any], extras: dict[str, dict[str, Any]]) -> RawReceipt:
        body = {key: value for key, value in order.items() if key not in _VOLATILE}
        if "tenders" in body:
            body["tenders"] = [
                {key: value for key, value in tender.items() if key != "processing_fee_money"}
                for tender in body["tenders"]
            ]
        content = {
            "order": body,
            "payments": {uid: _part(extras, uid, _PAYMENT_PARTS) for uid in _payment_ids(order) if uid in extras},
            "refunds": {uid: _part(extras, uid, _REFUND_PARTS) for uid in _refund_ids(order) if uid in extras},
            "skus": {uid: self.skus[uid] for uid in sorted(set(_variations(order)))},
            "email": self.emails.get(order.get("customer_id", ""), ""),
        }
        return RawReceipt(
            source=SOURCE,
            account=self.shop.feed_account,
            source_id=order["id"],
            content=json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(),
            version=str(order.get("version", "") or order["updated_at"]),
            note=f"Square {self.feed.location_id}, updated {order['updated_at']}",
        )

    # -- control totals and preflight ---------------------------------------------------------------------------------

    def control_totals(self, business_date: date) -> ControlTotals:
        """Orders closed on the shop's calendar day, counted from a fresh search by ``closed_at``."""
        start, end = (
            datetime.combine(business_date + timedelta(days=days), clock_time(), self.shop.zone).astimezone(UTC)
            for days in (0, 1)
        )
        body = self._search("CLOSED_AT", {"start_at": start.isoformat(), "end_at": end.isoformat()}, _STATES)
        count, gross, unreadable, seen = 0, 0, 0, set()
        for order in self.client.pages("/orders/search", body, "orders"):
            # Square does not say whether the end of a range belongs to it: we decide here.
            if order["id"] in seen or not start <= datetime.fromisoformat(order["closed_at"]) < end:
                continue
            seen.add(order["id"])
            count += 1
            try:
                gross += _stated_gross(order, self.currency) if order["state"] == "COMPLETED" else 0
            except (KeyError, TypeError, ValueError):
                unreadable += 1
        return ControlTotals(
            self.shop.key, business_date, count, None if unreadable else gross, self.currency, unreadable
        )

    def problems(self) -> list[str]:
        """Bad credentials, an unreachable server, a location that the account does not have, another currency."""
        try:
            locations = {one["id"]: one for one in self.client.get("/locations").get("locations", [])}
        except TillError as error:
            return [f"shop {self.shop.key}: {error}"]
        here = locations.get(self.feed.location_id)
        if here is None:
            known = ", ".join(sorted(locations)) or "none"
            return [f"shop {self.shop.key}: Square has no location {self.feed.location_id!r}; it has {known}"]
        if here.get("currency", self.currency) != self.currency:
            return [f"shop {self.shop.key}: Square trades in {here['currency']}, the shops file says {self.currency}"]
        return []

    def sale_id(self, order_id: str) -> str:
        """Our id of one of this account's orders."""
        return make_sale_id(SOURCE, self.shop.feed_account, order_id)


_PAYMENT_PARTS = ("receipt_number", "team_member_id", "device_details", "is_offline_payment", "source_type")
_REFUND_PARTS = ("destination_type", "payment_id", "unlinked", "team_member_id")


def _part(extras: dict[str, dict[str, Any]], uid: str, names: Sequence[str]) -> dict[str, Any]:
    return {name: extras[uid][name] for name in names if name in extras[uid]}


def _payment_ids(order: dict[str, Any]) -> list[str]:
    return [tender.get("payment_id") or tender["id"] for tender in order.get("tenders", [])]


def _refund_ids(order: dict[str, Any]) -> list[str]:
    return [refund["id"] for refund in order.get("refunds", [])]


def _variations(order: dict[str, Any]) -> list[str]:
    lines = list(order.get("line_items", []))
    for entry in order.get("returns", []):
        lines += entry.get("return_line_items", [])
    return [line["catalog_object_id"] for line in lines if line.get("catalog_object_id")]


def _stated_gross(order: dict[str, Any], currency: str) -> int:
    """What the order says it moved: ``net_amounts`` where there are returns, else ``total_money``."""
    money = (order.get("net_amounts") or {}).get("total_money")
    sign = 1
    if money is None and order.get("returns"):
        money, sign = order["return_amounts"]["total_money"], -1
    if money is None:
        money = order["total_money"]
    if money.get("currency", currency) != currency:
        raise ValueError("another currency")
    return sign * int(money.get("amount", 0))


def _batches(values: Sequence[str], size: int) -> Iterable[list[str]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
