"""What a posting round does for shops that are posted at the end of their day: stock now, summaries when it is over.

Read: the ledger, the ERP. Written: the ERP, the ledger. The summaries it makes are due in the same round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpError
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger import stock_moves, summaries
from bp_assets.ledger.connection import Ledger
from bp_assets.posting.close import close_due
from bp_assets.posting.close import is_due as day_is_due
from bp_assets.posting.stock_batches import StockBatches

MOST_REQUESTS = 100  # of stock in one round; what is left goes in the next
_FIRST_REST, _LONGEST_REST = timedelta(seconds=5), timedelta(minutes=2)


@dataclass(slots=True)
class Done:
    """What one round did: requests to the ERP, summaries made, receipts set aside; ``trouble`` is what held it up."""

    requests: int = 0
    summaries: int = 0
    parked: int = 0
    trouble: str = ""
    more: bool = False  # whether a summary was made, or stock may be left to be moved


def is_due(ledger: Ledger, shops: ShopsFile, now: datetime) -> bool:
    """Whether a run would find something to do: stock to move, or a day to close."""
    if stock_moves.anything_waits(ledger):
        return True
    waiting = [one for one in summaries.gatherings(ledger) if one.shop not in shops.broken]
    return any(not shops.has(one.shop) or day_is_due(one, shops.shop(one.shop), now) for one in waiting)


class EndOfDay:
    """Keep one for a run."""

    def __init__(
        self,
        ledger: Ledger,
        client: ErpClient,
        shops: ShopsFile,
        *,
        still_mine: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self.ledger, self.client, self.shops, self.now = ledger, client, shops, now
        self._stock = StockBatches(ledger, client, shops, still_mine=still_mine, now=now)
        self._rest, self._rests_until = _FIRST_REST, datetime.min.replace(tzinfo=UTC)

    def round(self, catalogue: Callable[[], Catalogue], most_requests: int = MOST_REQUESTS) -> Done:
        """One round of at most so many stock requests; it costs one question to the ledger where nothing waits.

        Never raises for the ERP: what can't be done now goes on after a rest, and holds up no other posting.
        """
        if self.now() < self._rests_until or not summaries.anything_waits(self.ledger):
            return Done()
        done = Done()
        try:
            read = catalogue()
            down = self._move(read, most_requests, done)
            self._close(read, done)  # what is ready is closed, whatever became of the stock of others
        except ErpError as error:
            down = str(error)
        if not down:  # a shop's own trouble rests that shop alone, see stock_batches.py
            self._rest = _FIRST_REST
            return done
        self._rests_until = self.now() + self._rest
        self._rest = min(_LONGEST_REST, self._rest * 2)
        done.trouble = down
        return done

    def _move(self, read: Catalogue, most_requests: int, done: Done) -> str:
        """Move stock; why the ERP could not be worked with, empty if it could."""
        try:
            moved = self._stock.move_due(read, most_requests)
        except ErpError as error:
            return str(error)
        done.requests, done.parked, done.trouble = moved.requests, moved.parked, moved.trouble
        done.more = moved.requests >= most_requests
        return ""

    def _close(self, read: Catalogue, done: Done) -> None:
        closed = close_due(self.ledger, self.client, self.shops, read, self.now())
        done.summaries, done.parked = closed.summaries, done.parked + closed.parked
        done.more |= closed.summaries > 0
