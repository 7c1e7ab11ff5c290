"""End of day: stock leaves the ERP while the shop trades, in few requests, each piece exactly once.

A request's intent is committed before it is sent, its outcome after it. Each of its corrections carries the receipt and
row it is for as its reason; what became of a request without an answer is read from those reasons, once the ERP's
search can be believed. What the ERP refuses goes again in ever smaller company, until the receipt it can't take is
found and set aside. The first request of a run is preceded by a look at what the ERP has already: a ledger that was
restored from a backup learns what it forgot before it sends it again.
Read: ``postings``, ``stock_moves``, the ERP. Written: the ERP, ``stock_moves``, ``stock_batches``, ``postings``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bp_assets.brightpearl.calls import Call, Sent, send_one
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.corrections import correction_notes, notes_by_reason
from bp_assets.brightpearl.encode import stock_correction_path
from bp_assets.brightpearl.errors import BadAnswer, ErpRefused, Outcome
from bp_assets.brightpearl.products import Price, prices
from bp_assets.brightpearl.stock import availability
from bp_assets.config import Shop, ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger import stock_moves as ledger_moves
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import park
from bp_assets.ledger.steps import clock_ahead
from bp_assets.ledger.stock_moves import Batch, Move, Waiting
from bp_assets.posting.plan import Refusal
from bp_assets.posting.stock import MOST_MOVES, correction_body, moves_of, next_batch
from bp_assets.posting.work import plan_posting

_AT_ONCE = 500  # receipts looked at together
_REST = timedelta(minutes=1)  # of a shop whose stock the ERP refuses to be asked about
_EARLIER = timedelta(hours=2)  # a till's clock is not the ERP's


@dataclass(slots=True)
class Moved:
    """What a round did: requests sent, lines moved, receipts set aside."""

    requests: int = 0
    moved: int = 0
    parked: int = 0
    trouble: str = ""  # why a shop's stock could not be read or moved; the others went on


@dataclass(slots=True)
class _Seen:
    """The corrections that a shop's warehouse had when a run first looked, by reason, as far back as ``since``."""

    since: datetime
    notes: dict[str, int] = field(default_factory=dict)


class StockBatches:
    """The stock of all end-of-day shops. Keep one for a run: it remembers what it has looked at."""

    def __init__(
        self,
        ledger: Ledger,
        client: ErpClient,
        shops: ShopsFile,
        *,
        still_mine: Callable[[], None] = lambda: None,
        now: Callable[[], datetime],
    ) -> None:
        self.ledger, self.client, self.shops = ledger, client.guarded(still_mine), shops
        self.still_mine, self.now = still_mine, now
        self._seen: dict[str, _Seen] = {}
        self._resting: dict[str, datetime] = {}

    def move_due(self, catalogue: Catalogue, most_requests: int) -> Moved:
        """Plan what came in, send what is due in at most so many requests; the shop that waits longest goes first.

        Raises:
            ErpError: the ERP can't be worked with. What was sent is settled or waits to be looked up.
        """
        done = Moved()
        self._plan(catalogue, done)
        for key, last in ledger_moves.shops_at_work(self.ledger).items():
            if done.requests >= most_requests:
                break
            if self.shops.has(key) and self._resting.get(key, self.now()) <= self.now():
                self._one_shop(self.shops.shop(key), last, most_requests, done)
        return done

    def _one_shop(self, shop: Shop, last: datetime | None, most_requests: int, done: Moved) -> None:
        try:
            if self._looked_up(shop, done):
                self._send_due(shop, last, most_requests, done)
        except (ErpRefused, BadAnswer) as error:  # a warehouse that is not there, a record: that of this shop alone
            self._resting[shop.key] = self.now() + _REST
            done.trouble = f"stock of {shop.key}: {error}"

    def _plan(self, catalogue: Catalogue, done: Moved) -> None:
        while waiting := ledger_moves.unplanned(self.ledger, _AT_ONCE, but_shops=self.shops.broken):
            planned: dict[str, list[Move]] = {}
            for posting in waiting:
                plan = plan_posting(posting, self.shops, catalogue)
                moves = plan if isinstance(plan, Refusal) else moves_of(plan, catalogue)
                if isinstance(moves, Refusal):
                    park(self.ledger, posting.sale_id, moves.reason_code, moves.message)
                    done.parked += 1
                else:
                    planned[posting.sale_id] = moves
            ledger_moves.plan_moves(self.ledger, planned)

    # -- what nobody knows ------------------------------------------------------------------------------------------
    def _looked_up(self, shop: Shop, done: Moved) -> bool:
        """Settle the shop's requests without a known outcome; whether none is left."""
        batches = ledger_moves.open_batches(self.ledger, shop.key)
        if not batches:
            return True
        if all(batch.outcome is not None and not self._believed(batch) for batch in batches):
            return False  # asking before the search can know would only spend the cap
        found: dict[str, int] = {}
        for warehouse_id in {batch.warehouse_id for batch in batches}:
            since = min(batch.intended_at for batch in batches if batch.warehouse_id == warehouse_id)
            found |= self._reasons(warehouse_id, since - _EARLIER)
        known = [self._settled(batch, found, done) for batch in batches]  # each is settled, whatever another was
        return all(known)

    def _settled(self, batch: Batch, found: dict[str, int], done: Moved) -> bool:
        notes = {move.handle: found[move.handle] for move in batch.moves if move.handle in found}
        if len(notes) < len(batch.moves) and not self._believed(batch):
            return False
        refused = batch.status is not None and 400 <= batch.status < 500
        ledger_moves.settle_batch(
            self.ledger, batch.batch_id, notes, status=batch.status, error=batch.error, refused=refused
        )
        done.moved += len(notes)
        alone = {move.sale_id for move in batch.moves}
        if refused and len(alone) == 1 and len(notes) < len(batch.moves):
            self._set_aside(alone.pop(), batch)
            done.parked += 1
        return True

    def _believed(self, batch: Batch) -> bool:
        """Whether an absence from the search proves that the request did nothing; by the ledger's clock."""
        lag = timedelta(seconds=self.shops.erp.search_lag_seconds)
        if not lag:
            return True
        now = self.now() + clock_ahead(self.ledger)
        if batch.outcome is None or (batch.done_at and batch.done_at > now):
            # Whoever sent it died over it, at a moment nobody noted, or a clock was put back: it counts as lost now.
            ledger_moves.lost(self.ledger, batch.batch_id, batch.status, batch.error)
            return False
        return (batch.done_at or batch.intended_at) + lag <= now

    def _set_aside(self, sale_id: str, batch: Batch) -> None:
        short = self._short(batch)
        code = "not_enough_stock" if short else "erp_refused"
        park(self.ledger, sale_id, code, f"stock: {short}{batch.error}"[:1000])

    def _short(self, batch: Batch) -> str:
        """Which products the ERP has too few of for a receipt, in words; empty if it has enough."""
        wanted: dict[int, int] = {}
        skus = {move.product_id: move.sku for move in batch.moves}
        for move in batch.moves:
            wanted[move.product_id] = wanted.get(move.product_id, 0) - move.quantity
        levels = availability(self.client, wanted, [batch.warehouse_id]).levels
        held = {one.product_id: one.on_hand for one in levels if one.warehouse_id == batch.warehouse_id}
        return "".join(
            f"{skus[product]}: {count} sold, {held.get(product, 0)} on hand in warehouse {batch.warehouse_id}; "
            for product, count in wanted.items()
            if held.get(product, 0) < count
        )

    def _reasons(self, warehouse_id: int, since: datetime) -> dict[str, int]:
        """The corrections of a warehouse since an instant that our ledger does not know yet, by reason."""
        notes = correction_notes(self.client, warehouse_id, since)
        unknown = notes - ledger_moves.known_notes(self.ledger, sorted(notes))
        return notes_by_reason(self.client, warehouse_id, sorted(unknown))

    # -- what is due ------------------------------------------------------------------------------------------------
    def _send_due(self, shop: Shop, last: datetime | None, most_requests: int, done: Moved) -> None:
        while done.requests < most_requests:
            waiting = ledger_moves.waiting_moves(self.ledger, shop.key, MOST_MOVES)
            if not waiting or not self._time_for(shop, waiting, last):
                return
            if self._known_already(shop, waiting):
                continue
            if not self._sent(shop, next_batch(waiting), done):
                return
            last = self.now()

    def _time_for(self, shop: Shop, waiting: Sequence[Waiting], last: datetime | None) -> bool:
        """At most one request an interval, unless it would be full, was refused before, or the day is to be closed."""
        interval = timedelta(seconds=self.shops.posting.stock_interval_seconds)
        return (
            last is None
            or last + interval <= self.now()
            or len(waiting) >= MOST_MOVES
            or any(one.refusals or one.closing or shop.closes_at(one.business_date) <= self.now() for one in waiting)
        )

    def _known_already(self, shop: Shop, waiting: Sequence[Waiting]) -> bool:
        """Whether the ERP turned out to have some of it already; asked once a run, and for older receipts again."""
        since = min(one.sold_at for one in waiting) - _EARLIER
        seen = self._seen.get(shop.key)
        if seen is None or since < seen.since:
            notes: dict[str, int] = {}
            for warehouse_id in {one.move.warehouse_id for one in waiting}:
                notes |= self._reasons(warehouse_id, since)
            seen = self._seen[shop.key] = _Seen(since, notes)
        known = {one.move.handle: seen.notes[one.move.handle] for one in waiting if one.move.handle in seen.notes}
        return bool(ledger_moves.found_in_erp(self.ledger, known))

    def _sent(self, shop: Shop, chosen: Sequence[Move], done: Moved) -> bool:
        """Send one request; whether it is known to be done."""
        warehouse_id = chosen[0].warehouse_id
        chosen = [move for move in chosen if move.warehouse_id == warehouse_id]
        costs = self._unit_costs(move.product_id for move in chosen if move.quantity > 0)
        moves, body = correction_body(chosen, costs, self.shops.erp.currency)
        self.still_mine()
        batch_id = ledger_moves.begin_batch(self.ledger, shop.key, warehouse_id, moves, body, self.now())
        sent = send_one(self.client, Call("POST", stock_correction_path(warehouse_id), body, f"{shop.key}/stock"))
        done.requests += 1
        error = sent.error
        if error is not None and not isinstance(error, ErpRefused) and error.outcome is Outcome.FAILURE:
            ledger_moves.settle_batch(self.ledger, batch_id, {}, status=error.status, error=str(error)[:1000])
            raise error
        notes = _notes(sent, len(moves))
        if notes is None:
            words = str(error) if error else "the ERP took it but told no numbers; looked up next"
            ledger_moves.lost(self.ledger, batch_id, sent.status, words[:1000])
            return self._looked_up(shop, done)
        handles = [move.handle for move in moves]
        ledger_moves.settle_batch(self.ledger, batch_id, dict(zip(handles, notes, strict=True)), status=sent.status)
        done.moved += len(moves)
        return True

    def _unit_costs(self, product_ids: Iterable[int]) -> dict[int, Decimal]:
        """What a unit that comes back is worth, from the account's cost price list; nothing where it has no price."""
        ids = sorted(set(product_ids))
        if not ids:
            return {}
        costs: dict[int, Price] = {}
        for one in prices(self.client, ids):
            if (
                isinstance(one, Price)
                and one.price_list_id == self.shops.erp.cost_price_list_id
                and one.currency == self.shops.erp.currency
                and (one.product_id not in costs or one.min_quantity < costs[one.product_id].min_quantity)
            ):
                costs[one.product_id] = one
        return {product_id: one.price for product_id, one in costs.items()}


def _notes(sent: Sent, count: int) -> list[int] | None:
    """The numbers of the corrections of a request, one each in its order; ``None``: they have to be looked up."""
    told = sent.answer.response if sent.answer else None
    if isinstance(told, list) and len(told) == count and all(type(one) is int and one > 0 for one in told):
        return told
    return None
