"""An attendant for every shop: a thread that asks its till at its own pace, whatever the other tills do.

A till that hangs holds up its own attendant and nobody else, not even the end of the run: who waits for its till then
is left behind with it. What went wrong with a till stands in ``marks``; only a fault of our own ledger is raised, by
``check``. Read: tills, ``inbox``, ``marks``. Written: ``inbox``, ``marks``, ``postings`` (see ``intake.py``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bp_assets.config import Shop, ShopsFile
from bp_assets.ledger import marks, totals
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerError
from bp_assets.posting.breaker import LONGEST, rest_left
from bp_assets.posting.intake import Doors, ShopIntake, ShopTaker
from bp_assets.tills.systems import open_till

SILENT_SECONDS = 30.0  # a till that has not answered for so long is shown as failing while it is waited for
_LEAVE_SECONDS = 3.0  # for an attendant to finish what it has in hand at the ledger
_ONE_ASK_SECONDS = 300.0  # a run of one round waits so long for its slowest till

T = TypeVar("T")


class Attendants:
    """All shops' attendants, at work within the block. ``tell`` is called by them, from their threads."""

    def __init__(
        self,
        ledger: Ledger,
        shops: ShopsFile,
        tell: Callable[[ShopIntake], None] = lambda one: None,
    ) -> None:
        self.ledger, self.shops, self.tell = ledger, shops, tell
        self._doors = Doors()
        self._takers = [ShopTaker(ledger, shops, shop, self._doors) for shop in shops.shops]
        self._hints = {shop.key: threading.Event() for shop in shops.shops}
        self._silent: dict[str, float] = {}
        self._fault: Exception | None = None
        self._threads = [
            threading.Thread(target=self._attend, args=(taker,), name=f"till-{taker.shop.key}", daemon=True)
            for taker in self._takers
        ]

    def __enter__(self) -> Attendants:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._doors.closing.set()
        for hint in self._hints.values():
            hint.set()
        end = time.monotonic() + _LEAVE_SECONDS
        for thread, taker in zip(self._threads, self._takers, strict=True):
            # Whoever waits for its till has nothing in hand: it is not waited for.
            while thread.is_alive() and taker.asking_since is None and time.monotonic() < end:
                thread.join(0.02)
            taker.left = thread.is_alive()
            if not taker.left:
                taker.close()

    def hint(self, source: str = "") -> None:
        """Something happened at the tills of a system (or of all): ask them now. A till that rests goes on resting."""
        for shop in self.shops.shops:
            if source in ("", shop.feed.kind):
                self._hints[shop.key].set()

    def check(self) -> None:
        """Note which tills are silent.

        Raises:
            LedgerError, SQLAlchemyError: an attendant could not work with our own ledger.
        """
        if self._fault is not None:
            raise self._fault
        for taker in self._takers:
            since, key = taker.asking_since, taker.shop.key
            if since is None or time.monotonic() - since < SILENT_SECONDS or self._silent.get(key) == since:
                continue
            self._silent[key] = since
            error = f"no answer for {SILENT_SECONDS:.0f} s; it is still waited for, and asked again when it answers"
            again = datetime.now(UTC) + timedelta(seconds=LONGEST)
            marks.ask_failed(self.ledger, key, error, again, kind="no_answer", state="resting")
            self.tell(ShopIntake(key, error=error, changed=True))

    def _attend(self, taker: ShopTaker) -> None:
        hint, pace = self._hints[taker.shop.key], self.shops.posting.poll_seconds
        try:
            while not self._doors.closing.is_set():
                began = time.monotonic()
                hint.clear()
                self.tell(taker.ask())
                pause = max(pace - (time.monotonic() - began), rest_left(taker.next_ask_at, datetime.now(UTC)))
                hint.wait(max(0.0, pause))
        except (LedgerError, SQLAlchemyError) as fault:
            if not self._doors.closing.is_set():
                self._fault = fault


def take_all(
    ledger: Ledger, shops: ShopsFile, *, seconds: float = _ONE_ASK_SECONDS, closing: threading.Event | None = None
) -> list[ShopIntake]:
    """Ask every till whose time has come once, side by side; one result a shop, in their order.

    A till that has not answered after ``seconds`` is left behind: ``error`` says so. Raises only for our own ledger.
    """
    doors = Doors()
    if closing is not None:
        doors.closing = closing
    takers = {shop.key: ShopTaker(ledger, shops, shop, doors) for shop in shops.shops}

    def ask(shop: Shop) -> ShopIntake:
        taker = takers[shop.key]
        try:
            return taker.ask()
        finally:
            taker.close()

    found = side_by_side(shops.shops, ask, seconds)
    results = []
    for shop in shops.shops:
        if (one := found.get(shop.key)) is None:
            error = f"no answer for {seconds:.0f} s"
            takers[shop.key].left = True
            marks.ask_failed(ledger, shop.key, error, kind="no_answer")
            one = ShopIntake(shop.key, error=error)
        results.append(one)
    return results


def note_totals(ledger: Ledger, shops: ShopsFile, days: Sequence[date], *, seconds: float = _ONE_ASK_SECONDS) -> None:
    """Keep what each till itself says it took on these days; a till that can't say, or not in time, is left out."""

    def say(shop: Shop) -> list[totals.TillTotal]:
        till = open_till(shop, shops.currency_of(shop))
        noted = []
        for day in days:
            asked = datetime.now(UTC)
            with suppress(Exception):  # whatever the reason: asking for receipts tells it
                said = till.control_totals(day)
                noted.append(totals.TillTotal(shop.key, day, said.transactions, said.gross_minor, said.currency, asked))
        till.close()
        return noted

    found = side_by_side(shops.shops, say, seconds)
    totals.note_till_totals(ledger, [total for shop in shops.shops for total in found.get(shop.key, [])])


def side_by_side(shops: Sequence[Shop], work: Callable[[Shop], T], seconds: float) -> dict[str, T]:
    """What ``work`` gives for each shop that is done in time. Raises one of their faults, once all had their time.

    Who is not done is left behind in a thread of its own, which does not keep the process from ending.
    """
    found: dict[str, T] = {}
    faults: list[BaseException] = []

    def one(shop: Shop) -> None:
        try:
            found[shop.key] = work(shop)
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(shop,), name=f"till-{shop.key}", daemon=True) for shop in shops]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if faults:
        raise faults[0]
    return dict(found)
