"""Intake: ask every till what is new, store it raw with the moved mark, decode it, put it in line.

Each shop has its own till, its own mark, its own failures: one that does not answer is asked again later and delays
nobody. Read: tills, ``inbox``, ``marks``. Written: ``inbox`` and ``marks`` in one transaction, then ``postings``.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from bp_assets.config import Shop, ShopsFile
from bp_assets.ledger import inbox, marks, recording, totals
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerError
from bp_assets.tills import protocol
from bp_assets.tills.protocol import Till, TillError
from bp_assets.tills.systems import decode, open_till

_FETCHES = 1000  # pages of one ask; a till that still has more then is asked again in the next round
_DECODE_BATCH = 500
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0


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


class Intake:
    """The tills of all shops, kept open between asks: readers remember what they have handed over."""

    def __init__(self, ledger: Ledger, shops: ShopsFile) -> None:
        self.ledger, self.shops = ledger, shops
        self._tills: dict[str, Till] = {}
        self._pool = ThreadPoolExecutor(max_workers=max(1, min(8, len(shops.shops))), thread_name_prefix="till")

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._pool.shutdown()
        for till in self._tills.values():
            till.close()

    def take_all(self, now: datetime | None = None) -> list[ShopIntake]:
        """Ask every shop whose time has come, side by side; one result a shop. Raises only for our own ledger."""
        moment = now or datetime.now(UTC)
        known = {mark.shop: mark for mark in marks.all_marks(self.ledger)}
        return list(self._pool.map(lambda shop: self._ask(shop, known.get(shop.key), moment), self.shops.shops))

    def note_totals(self, days: Sequence[date]) -> None:
        """Keep what each till itself says it took on these days; a till that can't say is left out."""
        noted = [total for shop in self.shops.shops for day in days if (total := self._totals(shop, day))]
        totals.note_till_totals(self.ledger, noted)

    def _till(self, shop: Shop) -> Till:
        if shop.key not in self._tills:
            self._tills[shop.key] = open_till(shop, self.shops.currency_of(shop))
        return self._tills[shop.key]

    def _ask(self, shop: Shop, known: marks.Mark | None, now: datetime) -> ShopIntake:
        resting = bool(known and known.next_ask_at and known.next_ask_at > now)
        new = versions = 0
        waiting: tuple[str, ...] = ()
        error = ""
        if not resting:
            try:
                new, versions, waiting = self._fetch(shop)
            except (LedgerError, SQLAlchemyError):
                raise
            except Exception as failure:  # a mistake in a reader must cost one shop, never the others
                error = _words(failure)
                pause = _pause(known.failures if known else 0)
                marks.ask_failed(self.ledger, shop.key, error, now + timedelta(seconds=pause))
        # What is already in the inbox is decoded whether or not the till answers.
        states = decode_waiting(self.ledger, self.shops, shop)
        return ShopIntake(
            shop.key,
            not resting,
            new,
            versions,
            states.get("decoded", 0),
            states.get("quarantined", 0),
            states.get("excluded", 0),
            waiting,
            error,
        )

    def _fetch(self, shop: Shop) -> tuple[int, int, tuple[str, ...]]:
        till = self._till(shop)
        mark = marks.mark_of(self.ledger, shop.key)
        new = versions = 0
        waiting: tuple[str, ...] = ()
        for _ in range(_FETCHES):
            fetched = till.fetch(mark)
            waiting = tuple(f"{one.what}: {one.reason}" for one in fetched.waiting)
            if fetched.receipts or fetched.mark != mark:
                taken = inbox.take(self.ledger, shop.key, fetched.receipts, fetched.mark)
                new, versions = new + taken.new, versions + taken.new_versions
            else:
                marks.asked(self.ledger, shop.key)
            mark = fetched.mark
            if not fetched.more:
                break
        return new, versions, waiting

    def _totals(self, shop: Shop, day: date) -> totals.TillTotal | None:
        asked = datetime.now(UTC)
        try:
            said = self._till(shop).control_totals(day)
        except Exception:  # a till that can't say is left out, whatever the reason; asking for receipts tells it
            return None
        return totals.TillTotal(shop.key, day, said.transactions, said.gross_minor, said.currency, asked)


def _words(failure: Exception) -> str:
    """What the shop's status says of a failed ask: a till's own words, else the kind of our mistake."""
    if isinstance(failure, TillError):
        return str(failure)
    return f"the reader failed with {type(failure).__name__}: {failure}"[:500]


def _pause(failures: int) -> float:
    """Seconds until a till that failed is asked again: longer after each failure in a row."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 16))


def decode_waiting(ledger: Ledger, shops: ShopsFile, shop: Shop) -> dict[str, int]:
    """Decode what lies in the inbox of a shop. A receipt that the decoder chokes on is quarantined, not in the way."""
    counted: dict[str, int] = {}
    currency = shops.currency_of(shop)
    while rows := inbox.undecoded(ledger, shop.key, _DECODE_BATCH):
        results = [_result(row, shop, currency) for row in rows]
        for state, number in recording.record(ledger, results).items():
            counted[state] = counted.get(state, 0) + number
    return counted


def _result(row: inbox.InboxRow, shop: Shop, currency: str) -> recording.Result:
    raw = protocol.RawReceipt(row.source, row.account, row.source_id, row.content, row.event_id, note=row.note)
    try:
        found = decode(raw, shop, currency)
    except LedgerError:
        raise
    except Exception as error:  # a mistake in a decoder must cost one receipt, never a shop's whole day
        message = f"the decoder failed with {type(error).__name__}: {error}"
        found = protocol.Quarantine("malformed", message[:500], row.source_id)
    if isinstance(found, protocol.Quarantine):
        partial = recording.Partial(
            receipt_number=found.receipt_number or row.source_id,
            business_date=found.business_date,
            sold_at=found.sold_at,
            currency=currency,
            net_minor=found.net_minor,
            tax_minor=found.tax_minor,
            gross_minor=found.gross_minor,
        )
        return recording.Quarantined(row.inbox_id, found.reason_code, found.message, partial)
    if isinstance(found, protocol.Excluded):
        return recording.Excluded(row.inbox_id, found.reason_code, found.message, found.sale)
    if shop.start_on and found.business_date < shop.start_on:
        message = f"sold on {found.business_date}, the shop starts on {shop.start_on}"
        return recording.Excluded(row.inbox_id, "before_start", message, found)
    return recording.Decoded(row.inbox_id, found)


def take_all(ledger: Ledger, shops: ShopsFile, now: datetime | None = None) -> list[ShopIntake]:
    """One ask of every till, for callers that keep nothing open."""
    with Intake(ledger, shops) as intake:
        return intake.take_all(now)
