"""``new_sales``: somebody is to post, and nobody does, or not for much longer. Read: tills, ledger, Dagster's runs.

Written: nothing; the run takes and stores. While a posting run lives it asks the tills itself every few seconds, and
when its time is nearly over, and shops are trading, the next one is started: it takes over without a gap. Only when no
run lives this sensor asks: one fetch a till, thrown away after looking whether the ledger knows it all.
What was seen stays in the cursor until the till was asked by a run, so neither a lost tick nor a killed run loses it;
and a run is started every few minutes whatever the tills say.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as sa

from bp_assets.config import ConfigError, Shop, ShopsFile
from bp_assets.jobs import post_sales
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.marks import Mark, all_marks
from bp_assets.ledger.postings import due
from bp_assets.posting.attendants import side_by_side
from bp_assets.posting.breaker import rest_left
from bp_assets.posting.end_of_day import is_due
from bp_assets.resources import LedgerResource, ShopsResource
from bp_assets.tills.protocol import RawReceipt, Till, TillError
from bp_assets.tills.systems import open_till
from sensors.runs import posters

ASK_SECONDS = 15.0  # all tills together; a slower one is asked by the run
IDLE = timedelta(minutes=5)  # without any news a run looks for itself
TRADING = timedelta(minutes=30)  # a receipt within this time means that shops are open: somebody always posts


@dataclass(slots=True)
class _Open:
    """The tills this process keeps open: a reader that stays open hands over only what is new since it last did."""

    shops: ShopsFile | None = None
    tills: dict[str, Till] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    busy: set[str] = field(default_factory=set)  # shops whose till was asked and has not answered yet

    def of(self, shops: ShopsFile) -> dict[str, Till]:
        if self.shops != shops:
            for till in self.tills.values():
                till.close()
            self.tills = {shop.key: open_till(shop, shops.currency_of(shop)) for shop in shops.shops}
            self.shops = shops
        return self.tills


_OPEN = _Open()
_AT_THE_LEDGER = threading.BoundedSemaphore(4)  # the ledger's connections are there for others too


@retrying
def unknown(ledger: Ledger, receipts: Sequence[RawReceipt]) -> int:
    """How many of these receipts the ledger does not hold in this very content."""
    query = sa.text(
        "select count(*) from unnest(cast(:ids as text[]), cast(:hashes as text[])) as r(sale_id, hash)"
        " where not exists (select from tillbridge.inbox i where i.sale_id = r.sale_id and i.content_hash = r.hash)"
    )
    names = {"ids": [one.sale_id for one in receipts], "hashes": [one.content_hash for one in receipts]}
    with ledger.begin() as connection:
        return int(connection.scalar(query, names) or 0)


@retrying
def newest_receipt(ledger: Ledger) -> datetime | None:
    """When the newest receipt came in."""
    query = sa.text("select received_at from tillbridge.inbox order by inbox_id desc limit 1")
    with ledger.begin() as connection:
        return connection.scalar(query)


def peek(ledger: Ledger, shops: ShopsFile, marks: dict[str, Mark], now: datetime) -> tuple[set[str], list[str]]:
    """Shops whose till has something the ledger does not know, and what went wrong in words. Stores nothing."""

    def has_news(shop: Shop, till: Till) -> bool:
        known = marks.get(shop.key)
        fetched = till.fetch(known.mark if known else None)
        with _AT_THE_LEDGER:
            return fetched.more or unknown(ledger, fetched.receipts) > 0

    def ask(shop: Shop) -> tuple[bool, str]:
        try:
            return has_news(shop, tills[shop.key]), ""
        except TillError as error:
            return False, f"{shop.key}: {error}"
        except Exception as error:  # a mistake in one reader must not hide what is new at the others
            return False, f"{shop.key}: the reader failed with {type(error).__name__}: {error}"
        finally:
            _OPEN.busy.discard(shop.key)

    def resting(shop: Shop) -> bool:
        known = marks.get(shop.key)
        return known is not None and rest_left(known.next_ask_at, now) > 0

    with _OPEN.lock:
        tills = _OPEN.of(shops)
        # A till that hangs is not asked a second time meanwhile: each tick would leave one more thread behind.
        chosen = [shop for shop in shops.shops if shop.key not in _OPEN.busy and not resting(shop)]
        _OPEN.busy |= {shop.key for shop in chosen}
        found = side_by_side(chosen, ask, ASK_SECONDS)
        troubles = [words for _, words in found.values() if words]
        troubles += [f"{shop.key}: no answer yet" for shop in shops.shops if shop.key in _OPEN.busy]
    return {key for key, (new, _) in found.items() if new}, troubles


def still_new(seen: dict[str, str], marks: dict[str, Mark]) -> dict[str, str]:
    """What was seen at a till and has not been asked for by any run since: ``{shop: when it was seen}``."""
    return {
        shop: at
        for shop, at in seen.items()
        if (mark := marks.get(shop)) is None or mark.asked_at is None or mark.asked_at < datetime.fromisoformat(at)
    }


@dg.sensor(
    job=post_sales,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A till has something new or the ledger something due, and no posting run is under way.",
)
def new_sales(context: dg.SensorEvaluationContext, ledger: LedgerResource, shops: ShopsResource) -> dg.SensorResult:
    book, now = ledger.open(), datetime.now(UTC)
    running, makes_way = posters(context.instance, book)
    if running:
        newest = newest_receipt(book)
        if makes_way and newest is not None and now - newest < TRADING:
            return _start("takes over from a run whose time is over", json.loads(context.cursor or "{}"))
        return dg.SensorResult(skip_reason=dg.SkipReason("a posting run is under way; it takes new sales itself"))
    try:
        file = shops.load()
    except ConfigError as error:
        return dg.SensorResult(skip_reason=dg.SkipReason(str(error)))
    marks = {mark.shop: mark for mark in all_marks(book)}
    seen = still_new(json.loads(context.cursor or "{}"), marks)
    if due(book, limit=1):
        return _start("sales are due", seen)
    if is_due(book, file, now):
        return _start("stock or the close of a day is due", seen)
    news, troubles = peek(book, file, marks, now)
    seen |= dict.fromkeys(news, now.isoformat())
    if seen:
        return _start(f"new at {', '.join(sorted(seen))}", seen)
    oldest = min((m.asked_at for shop in file.shops if (m := marks.get(shop.key)) and m.asked_at), default=None)
    if oldest is None or now - oldest > IDLE:
        return _start("no till was asked for a while", seen)
    return dg.SensorResult(skip_reason=dg.SkipReason("; ".join(["nothing new", *troubles])), cursor=json.dumps(seen))


def _start(why: str, seen: dict[str, str]) -> dg.SensorResult:
    # No run key: a key once used is skipped for ever, even if its run was killed. What is due stands in the ledger.
    return dg.SensorResult(run_requests=[dg.RunRequest(tags={"tillbridge/why": why})], cursor=json.dumps(seen))
