"""Read a Square location: orders by ``updated_at`` with an overlap, and what belongs to them.

Read: Orders, Payments, Refunds, Catalogue and Customers of Square over HTTP. Written: nothing. SKU, e-mail, register
and refund method are put INTO the raw receipt, so that decoding needs nothing but the receipt. What Square changes on
its own later (version, ``updated_at``, processing fees) is left out of it: it does not make a new version.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from bp_assets.config import Shop, SquareFeed
from bp_assets.tills.protocol import ControlTotals, Fetch, Mark, RawReceipt, TillError, Waiting
from bp_assets.tills.square_client import SquareClient
from bp_assets.tills.square_lookups import Lookups, batches
from bp_assets.tills.square_receipt import Extras, Order, is_sound, moment, payment_ids, raw_receipt, stated_gross

MOST_ORDERS = 2000  # in one fetch; the rest comes with the next
DEEP_EVERY = 3600.0  # seconds between reads of the whole overlap within one process
SHALLOW = timedelta(minutes=10)
PAYMENT_PATIENCE = timedelta(minutes=15)  # Square's payments trail its orders by seconds
_CLOSED = ("COMPLETED", "CANCELED")  # an OPEN order is taken when it closes
_EVER = "2009-01-01T00:00:00+00:00"  # before Square existed


@dataclass(frozen=True, slots=True)
class _Read:
    """An order as read in this process."""

    version: int
    changed: datetime
    raw: RawReceipt


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
        self.lookups = Lookups(self.client, shop.feed.location_id)
        # Read in this process and not proven to be stored: handed over again without reading again.
        self._read: dict[str, _Read] = {}
        # Proven to be stored: order id -> (version, content hash).
        self._stored: dict[str, tuple[int, str]] = {}
        # What was handed over last, which the next mark proves or not.
        self._offered: tuple[str, ...] = ()
        self._last: Mark | None = None
        self._proven: Mark | None = None
        self._deep_at: float | None = None
        self._deep_offered: float | None = None

    def close(self) -> None:
        self.client.close()

    # -- fetching -----------------------------------------------------------------------------------------------------

    def fetch(self, mark: Mark | None) -> Fetch:
        """Orders closed or changed since the mark ``{"updated_at", "fetches"}``, oldest change first.

        ``fetches`` counts the fetches that brought something, so that a mark proves which one was stored. A mark
        ``{"updated_at": "2026-11-01T00:00:00+00:00"}`` made by hand starts a shop at a date. Raises :class:`TillError`.
        """
        try:
            return self._fetch(mark)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            words = f"shop {self.shop.key}: Square's answer has not the documented shape: {problem!r}"
            raise TillError("bad_answer", words) from problem

    def _fetch(self, mark: Mark | None) -> Fetch:
        self._learn(mark)
        asked_at = self.clock()
        deep = self._deep_at is None or asked_at - self._deep_at >= DEEP_EVERY
        overlap = timedelta(hours=self.feed.overlap_hours)
        since = datetime.fromisoformat(mark["updated_at"]) if mark and mark.get("updated_at") else None
        entries = self._entries(since - (overlap if deep else min(overlap, SHALLOW)) if since else None)
        if deep:  # the longest look back there is: what lies behind it is never asked about again
            self._stored = {uid: self._stored[uid] for uid in entries if uid in self._stored}
            self._read = {uid: self._read[uid] for uid in entries if uid in self._read}
        stored = {uid: version for uid, (version, _) in self._stored.items()}
        read = {uid: one.version for uid, one in self._read.items()}
        # An order without a version was not made through the API: only reading it tells whether it changed.
        wanted = [uid for uid, version in entries.items() if not version or stored.get(uid) != version]
        now, more = wanted[:MOST_ORDERS], len(wanted) > MOST_ORDERS
        waiting, held = self._take_in([uid for uid in now if not entries[uid] or read.get(uid) != entries[uid]])
        offered = {uid: self._read[uid] for uid in now if uid in self._read}
        # An order that changed between search and reading lies beyond what was searched: it comes again.
        reached = [one.changed for uid, one in offered.items() if one.version == (entries[uid] or 0)]
        receipts = [one.raw for uid, one in offered.items() if not self._is_stored(uid, one)]
        new = _new_mark(mark, since, reached, held, bool(receipts))
        self._offered, self._last = tuple(offered), new
        self._deep_offered = asked_at if deep and not more else None
        return Fetch(tuple(receipts), new, tuple(waiting), more)

    def _learn(self, mark: Mark | None) -> None:
        """A mark that equals the last one handed out proves that its receipts were stored.

        One that is neither that nor proven before (the ledger was set back) makes the reader forget what it knew.
        """
        told = mark or {}
        if self._last is not None and told == self._last:
            for uid in self._offered:
                one = self._read.pop(uid)
                self._stored[uid] = (one.version, one.raw.content_hash)
            self._deep_at = self._deep_at if self._deep_offered is None else self._deep_offered
            self._proven = told
        elif told != self._proven:
            self._stored.clear()
            self._deep_at, self._proven = None, told
        self._offered, self._last, self._deep_offered = (), None, None

    def _is_stored(self, uid: str, one: _Read) -> bool:
        """An order may get a new version (or have none) without its content changing."""
        return uid in self._stored and self._stored[uid][1] == one.raw.content_hash

    def _take_in(self, ids: Sequence[str]) -> tuple[list[Waiting], list[datetime]]:
        """Read orders in full; returns what is waited for, and the changes that hold the mark back."""
        orders = self._orders(ids)
        kept, waiting = self._settled(orders)
        extras = self.lookups.of([order for order in kept if is_sound(order)])
        held = []
        for order in kept:
            missing = _missing_payment(order, extras)
            if missing:
                waiting.append(Waiting(order["id"], f"payment {missing} is not listed yet"))
                held.append(moment(order))
                self._read.pop(order["id"], None)
                continue
            raw = raw_receipt(order, self.shop.feed_account, extras)
            self._read[order["id"]] = _Read(order.get("version") or 0, moment(order), raw)
        kept_ids = {order["id"] for order in kept}
        for order in orders:
            if order["id"] not in kept_ids:
                self._read.pop(order["id"], None)
        return waiting, held

    def _entries(self, start: datetime | None) -> dict[str, int | None]:
        """Order id -> version, oldest change first."""
        span = {"start_at": start.isoformat() if start else _EVER}
        body = self._search("UPDATED_AT", span) | {"return_entries": True}
        found: dict[str, int | None] = {}
        for row in self.client.pages("/orders/search", body, "order_entries"):
            found.pop(row["order_id"], None)
            found[row["order_id"]] = row.get("version")
        return found

    def _search(self, field: str, span: dict[str, str], states: Sequence[str] = _CLOSED) -> dict[str, Any]:
        query = {
            "filter": {"date_time_filter": {field.lower(): span}, "state_filter": {"states": list(states)}},
            "sort": {"sort_field": field, "sort_order": "ASC"},
        }
        return {"location_ids": [self.feed.location_id], "limit": self.page_size, "query": query}

    def _orders(self, ids: Sequence[str]) -> list[Order]:
        found: dict[str, Order] = {}
        for batch in batches(ids, 100):
            body = {"location_id": self.feed.location_id, "order_ids": batch}
            for order in self.client.post("/orders/batch-retrieve", body).get("orders", []):
                found[order["id"]] = order
        return [found[uid] for uid in ids if uid in found]

    def _settled(self, orders: Iterable[Order]) -> tuple[list[Order], list[Waiting]]:
        """Orders that can be taken, and those whose refund Square has not decided yet (it changes them when it has)."""
        kept, waiting = [], []
        for order in orders:
            if not is_sound(order):
                kept.append(order)  # decoding quarantines it; it must not hold up the shop
                continue
            pending = [refund["id"] for refund in order.get("refunds", []) if refund.get("status") == "PENDING"]
            if pending:
                waiting.append(Waiting(order["id"], f"refund {pending[0]} is still pending"))
            elif order["state"] in _CLOSED:
                kept.append(order)
        return kept, waiting

    # -- control totals and preflight ---------------------------------------------------------------------------------

    def control_totals(self, business_date: date) -> ControlTotals:
        """Orders closed on the shop's calendar day, counted from a fresh search by ``closed_at``."""
        try:
            return self._control_totals(business_date)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            words = f"shop {self.shop.key}: Square's answer has not the documented shape: {problem!r}"
            raise TillError("bad_answer", words) from problem

    def _control_totals(self, business_date: date) -> ControlTotals:
        start, end = (
            datetime.combine(business_date + timedelta(days=days), clock_time(), self.shop.zone).astimezone(UTC)
            for days in (0, 1)
        )
        span = {"start_at": start.isoformat(), "end_at": end.isoformat()}
        body = self._search("CLOSED_AT", span, ["COMPLETED"])
        count, gross, unreadable = 0, 0, 0
        seen: set[str] = set()
        for order in self.client.pages("/orders/search", body, "orders"):
            # Square does not say whether the end of a range belongs to it: we decide here.
            if order["id"] in seen or not start <= datetime.fromisoformat(order["closed_at"]) < end:
                continue
            seen.add(order["id"])
            count += 1
            try:
                gross += stated_gross(order, self.currency)
            except (KeyError, TypeError, ValueError):
                unreadable += 1
        told = None if unreadable else gross
        return ControlTotals(self.shop.key, business_date, count, told, self.currency, unreadable)

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


def _missing_payment(order: Order, extras: Extras) -> str | None:
    """A payment of the order that Square does not list yet, as long as it is worth waiting for."""
    if not is_sound(order) or datetime.now(UTC) - moment(order) > PAYMENT_PATIENCE:
        return None
    return next((uid for uid in payment_ids(order) if uid not in extras.payments), None)


def _new_mark(
    mark: Mark | None, since: datetime | None, reached: list[datetime], held: list[datetime], brought: bool
) -> Mark:
    moments = [*reached, *([since] if since else [])]
    if not moments:
        return dict(mark or {})
    upto = min([max(moments), *held])
    return {"updated_at": upto.isoformat(), "fetches": (mark or {}).get("fetches", 0) + int(brought)}
