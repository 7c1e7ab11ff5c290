"""One shop's intake: ask its till what is new, store it raw with the moved mark, decode it, put it in line.

Each shop has its own till, its own mark, its own failures; nothing here knows of another shop. A long backlog is taken
in small steps with rests between them, and one shop's at a time, so that it leaves processor and ledger to the others.
Read: the till, ``inbox``, ``marks``. Written: ``inbox`` and ``marks`` in one transaction, then ``postings``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from bp_assets.config import Shop, ShopsFile
from bp_assets.domain.sale import Sale
from bp_assets.ledger import inbox, marks, recording
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerError
from bp_assets.posting.breaker import rest_after, rest_left
from bp_assets.posting.summary import needs_own_order
from bp_assets.tills import protocol
from bp_assets.tills.protocol import Till, TillError
from bp_assets.tills.systems import decode, open_till

_FETCHES = 1000  # pages of one ask; a till that still has more then is asked again at once
_DECODE_BATCH = 100
_FEW = 100  # receipts of one ask; more are a backlog
_LONGEST_REST = 2.0
_AT_THE_LEDGER = 4  # shops in the ledger at once: the rest of its connections are the poster's
_LIFE_SIGN_SECONDS = 15.0  # how old ``asked_at`` may become while a till answers that nothing is new
_MOST_MINOR = 10**14  # in one amount of a receipt: a broken export; the sums of a day must fit the ledger too
_LOOK_AGAIN_SECONDS = 30.0  # how often the inbox is looked through for receipts that another process put back


@dataclass(frozen=True, slots=True)
class ShopIntake:
    """What one ask of one shop brought. ``error`` is empty if the till answered; ``asked`` is false while it rests."""

    shop: str
    asked: bool = True
    new: int = 0
    new_versions: int = 0
    decoded: int = 0
    quarantined: int = 0
    excluded: int = 0
    waiting: tuple[str, ...] = ()
    error: str = ""
    changed: bool = False  # whether the till's state is another one than after the ask before


class Doors:
    """What the shops of one run share: a few places at the ledger, and one for whoever works through a backlog."""

    def __init__(self) -> None:
        self.ledger = threading.BoundedSemaphore(_AT_THE_LEDGER)
        self.closing = threading.Event()
        self._backlog = threading.Lock()

    @contextmanager
    def step(self, receipts: int) -> Iterator[None]:
        """One step of work with the ledger. A step of a backlog is followed by a rest of the same length."""
        if receipts <= _FEW:
            with self.ledger:
                yield
            return
        with self._backlog:
            began = time.monotonic()
            with self.ledger:
                yield
            self.closing.wait(min(_LONGEST_REST, time.monotonic() - began))


@dataclass(slots=True)
class ShopTaker:
    """Takes one shop's receipts. Keep it for a whole run: its till remembers what it has handed over.

    One thread at a time may call ``ask``; ``asking_since`` may be read by others (``time.monotonic``; ``None`` while
    the till is not being asked).
    """

    ledger: Ledger
    shops: ShopsFile
    shop: Shop
    doors: Doors = field(default_factory=Doors)
    open_till: Callable[[Shop, str], Till] = open_till
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    failures: int = 0
    next_ask_at: datetime | None = None
    asking_since: float | None = None
    left: bool = False  # nobody waits for this ask any more: what it says of the till is old when it comes
    till: Till | None = None
    _mark: protocol.Mark | None = None
    _known: bool = False  # whether ``_mark`` and the rest were read from the ledger
    _noted_at: float = 0.0
    _looked_at: float = 0.0

    def close(self) -> None:
        """Give the till back; not while it is being asked: a till that hangs is left to the end of the process."""
        if self.till is not None and self.asking_since is None:
            self.till.close()

    def ask(self) -> ShopIntake:
        """Ask the till if its time has come, and decode what lies in the inbox. Raises only for our own ledger."""
        self._know()
        resting = rest_left(self.next_ask_at, self.now()) > 0
        before, got = self.failures, _Got()
        if not resting:
            self._guarded(self._fetch, got)
        # What is already in the inbox is decoded whether or not the till answers.
        now = time.monotonic()
        if got.new or got.versions or now - self._looked_at >= _LOOK_AGAIN_SECONDS or not self._looked_at:
            self._looked_at = now
            self._guarded(self._decode, got)
        return ShopIntake(
            self.shop.key,
            not resting,
            got.new,
            got.versions,
            got.states.get("decoded", 0),
            got.states.get("quarantined", 0),
            got.states.get("excluded", 0),
            got.waiting,
            got.error,
            changed=bool(self.failures) != bool(before),
        )

    def _guarded(self, work: Callable[[_Got], None], got: _Got) -> None:
        try:
            work(got)
        except LedgerError:
            raise
        except Exception as failure:
            if isinstance(failure, SQLAlchemyError) and not isinstance(failure, DataError | IntegrityError):
                raise  # the ledger itself; what it can't hold is the receipt's fault
            # A mistake in a reader or a decoder must cost one shop, never the others.
            got.error = _words(failure)
            if self.left:
                return
            self.failed(failure.kind if isinstance(failure, TillError) else "reader_failed", got.error)

    def failed(self, kind: str, error: str) -> None:
        """The till could not be asked: note why, and leave it alone for a while."""
        self.failures += 1
        rest = rest_after(self.failures)
        self.next_ask_at = self.now() + timedelta(seconds=rest.seconds)
        with self.doors.ledger:
            marks.ask_failed(self.ledger, self.shop.key, error, self.next_ask_at, kind=kind, state=rest.state)

    def _know(self) -> None:
        """What the ledger knows of the till from earlier runs: its mark, and whether it rests."""
        if self._known:
            return
        with self.doors.ledger:
            known = marks.mark_row(self.ledger, self.shop.key)
        if known is not None:
            self._mark, self.failures, self.next_ask_at = known.mark, known.failures, known.next_ask_at
        self._known = True

    def _fetch(self, got: _Got) -> None:
        if self.till is None:
            self.till = self.open_till(self.shop, self.shops.currency_of(self.shop))
        for _ in range(_FETCHES):
            fetched = self._fetched()
            got.waiting = tuple(f"{one.what}: {one.reason}" for one in fetched.waiting)
            if fetched.receipts or fetched.mark != self._mark:
                got.handed += len(fetched.receipts)
                with self.doors.step(got.handed):
                    taken = inbox.take(self.ledger, self.shop.key, fetched.receipts, fetched.mark)
                got.new, got.versions = got.new + taken.new, got.versions + taken.new_versions
                self._noted_at = time.monotonic()
            elif self.failures or time.monotonic() - self._noted_at >= _LIFE_SIGN_SECONDS or not self._noted_at:
                with self.doors.ledger:
                    marks.asked(self.ledger, self.shop.key)
                self._noted_at = time.monotonic()
            self._mark, self.failures, self.next_ask_at = fetched.mark, 0, None
            if not fetched.more or self.doors.closing.is_set():
                return
            self._decode(got)  # a backlog is posted while the rest of it still comes in

    def _fetched(self) -> protocol.Fetch:
        assert self.till is not None, "opened before it is asked"
        self.asking_since = time.monotonic()
        try:
            return self.till.fetch(self._mark)
        finally:
            self.asking_since = None

    def _decode(self, got: _Got) -> None:
        """Decode what lies in the inbox. A receipt that the decoder chokes on is quarantined, not in the way."""
        while True:
            with self.doors.step(got.handed):
                decoded = _decode_some(self.ledger, self.shops, self.shop, got.states)
            if decoded < _DECODE_BATCH or self.doors.closing.is_set():
                return
            got.handed += decoded


@dataclass(slots=True)
class _Got:
    """What an ask has brought so far."""

    handed: int = 0  # receipts this ask had to do with
    new: int = 0
    versions: int = 0
    waiting: tuple[str, ...] = ()
    error: str = ""
    states: dict[str, int] = field(default_factory=dict)


def decode_waiting(ledger: Ledger, shops: ShopsFile, shop: Shop) -> dict[str, int]:
    """Decode all that lies in the inbox of a shop; how many receipts went to which state."""
    states: dict[str, int] = {}
    while _decode_some(ledger, shops, shop, states):
        pass
    return states


def _decode_some(ledger: Ledger, shops: ShopsFile, shop: Shop, states: dict[str, int]) -> int:
    """Decode the next receipts of the inbox; how many there were. Adds to ``states``."""
    results = [_result(row, shops, shop) for row in inbox.undecoded(ledger, shop.key, _DECODE_BATCH)]
    if results:
        for state, number in recording.record(ledger, results).items():
            states[state] = states.get(state, 0) + number
    return len(results)


def _words(failure: Exception) -> str:
    """What the shop's status says of a failed ask: a till's own words, else the kind of our mistake."""
    if isinstance(failure, TillError):
        return str(failure)
    return f"the reader failed with {type(failure).__name__}: {failure}"[:500]


class _How(TypedDict, total=False):
    mode: str
    own_order: bool


def _how(sale: Sale, shops: ShopsFile, shop: Shop) -> _How:
    """How a receipt is to be posted: in the mode of its trading day, unless it needs an order of its own."""
    return {"mode": shop.mode_on(sale.business_date), "own_order": needs_own_order(sale, shops)}


def _sale_of(found: protocol.Decoded) -> Sale | None:
    if isinstance(found, protocol.Quarantine):
        return None
    return found.sale if isinstance(found, protocol.Excluded) else found


def _kept(minor: int | None) -> int | None:
    """An amount that can be money and that the ledger can hold, or ``None``."""
    return minor if minor is not None and abs(minor) <= _MOST_MINOR else None


def _result(row: inbox.InboxRow, shops: ShopsFile, shop: Shop) -> recording.Result:
    currency = shops.currency_of(shop)
    raw = protocol.RawReceipt(row.source, row.account, row.source_id, row.content, row.event_id, note=row.note)
    try:
        found = decode(raw, shop, currency)
    except LedgerError:
        raise
    except Exception as error:  # a mistake in a decoder must cost one receipt, never a shop's whole day
        message = f"the decoder failed with {type(error).__name__}: {error}"
        found = protocol.Quarantine("malformed", message[:500], row.source_id)
    if sale := _sale_of(found):
        amounts = [part for line in sale.lines for part in (line.net_minor, line.tax_minor, line.gross_minor)]
        amounts += [sale.net_minor, sale.tax_minor, sale.gross_minor, *(one.amount_minor for one in sale.tenders)]
        if most := next((amount for amount in amounts if _kept(amount) is None), None):
            found = protocol.from_sale("bad_number", f"an amount of {most} of the smallest unit is no money", sale)
    if isinstance(found, protocol.Quarantine):
        partial = recording.Partial(
            receipt_number=found.receipt_number or row.source_id,
            business_date=found.business_date,
            sold_at=found.sold_at,
            currency=currency,
            net_minor=_kept(found.net_minor),
            tax_minor=_kept(found.tax_minor),
            gross_minor=_kept(found.gross_minor),
        )
        return recording.Quarantined(row.inbox_id, found.reason_code, found.message, partial)
    if isinstance(found, protocol.Excluded):
        how: _How = _how(found.sale, shops, shop) if found.sale else {}
        return recording.Excluded(row.inbox_id, found.reason_code, found.message, found.sale, **how)
    if shop.start_on and found.business_date < shop.start_on:
        message = f"sold on {found.business_date}, the shop starts on {shop.start_on}"
        return recording.Excluded(row.inbox_id, "before_start", message, found, **_how(found, shops, shop))
    return recording.Decoded(row.inbox_id, found, **_how(found, shops, shop))
