"""One posting run: what is due is planned, linked, looked up where its outcome is unknown, and sent in waves.

Read: ``postings``, ``steps``, the ERP. Written: the ERP, ``postings``, ``steps``. Only one run per ERP account posts at
a time (advisory lock); the lock is asked before every request, so a run that lost it stops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate

from bp_assets.brightpearl import id_sets
from bp_assets.brightpearl.catalogue import load_catalogue, with_lock
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpError
from bp_assets.brightpearl.multi_message import LIMIT
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import Posting, due, park
from bp_assets.posting.end_of_day import MOST_REQUESTS, EndOfDay
from bp_assets.posting.links import Links, adopt
from bp_assets.posting.lookup import look_up
from bp_assets.posting.past import Past
from bp_assets.posting.send import ErpDown, Wave
from bp_assets.posting.work import Work, load

# Of an ERP that took nothing, so many sales find out whether it is back: whoever is sent in vain travels with fewer
# others from then on, and a backlog must not come out of an outage one by one.
_PROBE = 10
_WAVES = 10_000  # a limit on the loop; at 200 sales a wave it is never reached
_NAMED = 10_000  # sales that a summary names; the rest it only counts


@dataclass(slots=True)
class Summary:
    """What a run did, in sales; ``sale_ids`` names the first of those posted.

    ``down`` holds the reason if the ERP could not be worked with.
    """

    waves: int = 0
    posted: int = 0
    parked: int = 0
    deferred: int = 0
    unknown: int = 0
    calls: int = 0
    down: str = ""
    trouble: str = ""  # what holds up end-of-day shops alone
    more: bool = False
    sale_ids: list[str] = field(default_factory=list)


def catalogue_of(client: ErpClient, shops: ShopsFile) -> Catalogue:
    """The master data that plans need, of the warehouses our shops use."""
    return with_lock(client, load_catalogue(client, sorted({shop.warehouse_id for shop in shops.shops})))


class Poster:
    """Posts what is due, wave by wave. Keep one for a whole run: master data and links are read once."""

    def __init__(
        self,
        ledger: Ledger,
        client: ErpClient,
        shops: ShopsFile,
        *,
        catalogue: Catalogue | None = None,
        still_mine: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.ledger, self.client, self.shops = ledger, client, shops
        self.still_mine, self.now = still_mine, now
        self._catalogue = catalogue
        self._links = Links(ledger, client, shops)
        self._end_of_day = EndOfDay(ledger, client, shops, still_mine=still_mine, now=now)
        self._past = Past(ledger, client, shops.erp)
        self._down = False

    @property
    def catalogue(self) -> Catalogue:
        if self._catalogue is None:
            self._catalogue = catalogue_of(self.client, self.shops)
        return self._catalogue

    def _answered(self) -> Catalogue:
        """The master data; of an ERP that failed something small is asked first. Before any sale is touched: one that
        does not even answer this costs no sale an attempt.
        """
        if self._down and self._catalogue is not None:
            self._catalogue = with_lock(self.client, self._catalogue)
        return self.catalogue

    def refresh(self, catalogue: Catalogue) -> None:
        """Go on with this master data: a lingering run must not post with yesterday's products."""
        self._catalogue = catalogue
        self._links = Links(self.ledger, self.client, self.shops)

    def post_due(
        self,
        on_wave: Callable[[Summary], None] = lambda summary: None,
        most_waves: int = _WAVES,
        choose: Callable[[Sequence[Posting]], Sequence[Posting]] = lambda batch: batch,
    ) -> Summary:
        """Send what is due now, at most so many waves of it; ``Summary.more`` says whether something may be left.

        ``choose`` may narrow each wave, or end them by leaving nothing of it. Never raises for the ERP;
        ``Summary.down`` says if it stopped for it. End-of-day shops come first; but whoever asks for single waves comes
        again at once, and a fresh sale then waits for nothing of theirs but one request.
        """
        summary = Summary(more=True)
        single = most_waves == 1
        if not single:
            self._end_of_day_round(summary)
        self._waves(summary, on_wave, most_waves, choose)
        if single:
            self._end_of_day_round(summary, most_requests=1)
        return summary

    def _waves(
        self,
        summary: Summary,
        on_wave: Callable[[Summary], None],
        most_waves: int,
        choose: Callable[[Sequence[Posting]], Sequence[Posting]],
    ) -> None:
        for _ in range(most_waves):
            size = self.shops.posting.batch_size
            most = min(size, _PROBE) if self._down else size
            batch = due(self.ledger, most, self.now(), but_shops=self.shops.broken)
            if not batch:
                summary.more = False
                break
            if not (chosen := list(choose(batch))):
                break
            more = len(chosen) < len(batch) or len(batch) == size  # surely, or most likely
            try:
                catalogue = self._answered()
                self._wave(chosen, catalogue, summary, more=more)
            except (ErpDown, ErpError) as error:
                summary.down, self._down = str(error), True
                break
            self._down = False
            summary.waves += 1
            on_wave(summary)

    def _end_of_day_round(self, summary: Summary, most_requests: int = MOST_REQUESTS) -> None:
        """Stock and closes of end-of-day shops; the summaries they become are due after it."""
        done = self._end_of_day.round(lambda: self.catalogue, most_requests)
        summary.more |= done.more
        summary.calls += done.requests
        summary.parked += done.parked
        summary.trouble = done.trouble

    def _wave(self, batch: Sequence[Posting], catalogue: Catalogue, summary: Summary, *, more: bool) -> None:
        loaded = load(self.ledger, batch, self.shops, catalogue)
        summary.parked += loaded.parked
        works = _fitting(loaded.works)
        look_up(self.ledger, self.client, works, self._past, self.shops, self.now())
        summary.parked += self._park_locked(works, catalogue)
        self._links.contacts([work for work in works if not work.halted])
        for sale_id, why in self._links.parents([work for work in works if not work.halted]).items():
            summary.parked += 1
            next(work for work in works if work.sale_id == sale_id).halted = "parked"
            park(self.ledger, sale_id, "original_not_posted", why)
        works = [work for work in works if not work.halted]
        if more:
            works = _in_full_requests(_without_followers(works))
        wave = Wave(
            self.ledger, self.client, self.shops, catalogue, still_mine=self.still_mine, now=self.now, between=adopt
        )
        tally = wave.send(works)
        summary.posted += tally.posted
        summary.parked += tally.parked
        summary.deferred += tally.deferred
        summary.unknown += tally.unknown
        summary.calls += tally.calls
        summary.sale_ids += tally.sale_ids[: _NAMED - len(summary.sale_ids)]

    def _park_locked(self, works: Sequence[Work], catalogue: Catalogue) -> int:
        """Sales of a locked accounting period of which nothing was sent yet: nothing of them could be booked."""
        locked = [work for work in works if not work.halted and not work.known.done and not work.open]
        locked = [work for work in locked if catalogue.locked(work.plan.sale.business_date)]
        for work in locked:
            work.halted = "parked"
            day, lock = work.plan.sale.business_date, catalogue.locked_until
            park(self.ledger, work.sale_id, "closed_period", f"the books are locked until {lock}; its day is {day}")
        return len(locked)


def _fitting(works: Sequence[Work]) -> list[Work]:
    """As many of the works, from the first on, as have their orders read in one request; the others are still due."""
    documents = accumulate(len(work.plan.documents) for work in works)
    return [work for work, so_far in zip(works, documents, strict=True) if so_far <= id_sets.LIMIT]


def _without_followers(works: Sequence[Work]) -> list[Work]:
    """The works without credits whose original is sent by this very wave: the next one finds it made.

    Each would need requests of its own, one round behind all others.
    """
    leading = {work.sale_id for work in works if work.known.parent_id is not None}
    return [work for work in works if work.known.parent_id is not None or work.original_sale_id not in leading]


def _in_full_requests(works: Sequence[Work]) -> list[Work]:
    """As many of the works, from the first on, as fill the requests of their orders; all where they fill not one."""
    orders = [sum(work.known.order_id(one.code) is None for one in work.plan.documents) for work in works]
    most = sum(orders) // LIMIT * LIMIT or sum(orders)
    return [work for work, so_far in zip(works, accumulate(orders), strict=True) if so_far <= most]


def post_due(
    ledger: Ledger,
    client: ErpClient,
    shops: ShopsFile,
    *,
    on_wave: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Post everything that is due now, once."""
    return Poster(ledger, client, shops).post_due(on_wave)
