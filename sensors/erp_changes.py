"""``erp_changes``: the ERP says, or shows when asked, that something changed. Read: webhooks, ERP. Written: nothing.

Hints (webhooks) are answered within a tick; the assets that act on them mark them as handled once their tables are
written, so a killed run leaves them open. What no hint told is asked for every five minutes with one count each:
products and goods movements changed since the last time (two requests of the account's budget).
"""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg

from bp_assets.brightpearl.errors import ErpError
from bp_assets.brightpearl.search import count, period
from bp_assets.config import ConfigError
from bp_assets.hints import JOBS, SOURCE, table_of
from bp_assets.jobs import ERP_TABLES, SALES_TABLES, STOCK_TABLES, read_back, refresh_products, refresh_stock
from bp_assets.ledger.webhooks import open_webhooks
from bp_assets.resources import ErpResource, LedgerResource
from sensors.runs import under_way

SWEEP_SECONDS = 300
AGAIN_SECONDS = 120  # hints whose run failed are answered again after this
# What sales move every second is read once a minute at most: the ERP hints at every posting of our own, and each answer
# would cost requests, and a run's processor time, that the next sales need.
REST_SECONDS = {"refresh_stock": 60, "read_back": 60}
OVERLAP = timedelta(minutes=2)  # the ERP's clock is not ours, and its searches may lag behind a change
ALONE_OF = {"refresh_products": ERP_TABLES, "refresh_stock": STOCK_TABLES, "read_back": SALES_TABLES}
SEARCHES = {
    "refresh_products": "/product-service/product-search",
    "refresh_stock": "/warehouse-service/goods-movement-search",
}


@dataclass(slots=True)
class Asked:
    """The cursor. ``swept``: up to when the ERP was asked; ``hints``: per job the newest hint answered, and when."""

    swept: float = 0.0
    hints: dict[str, tuple[int, float]] = field(default_factory=dict)


def hinted(hints: Iterable[tuple[int, str]], asked: Asked, now: float) -> set[str]:
    """Jobs that open hints (id, event) ask for: a new one at once or when its job has rested, one left open later."""
    newest: dict[str, int] = {}
    for webhook_id, event in hints:
        job = JOBS[table_of(event)]
        newest[job] = max(webhook_id, newest.get(job, 0))
    wanted = set()
    for job, webhook_id in newest.items():
        last, at = asked.hints.get(job, (0, 0.0))
        rested = now - at >= REST_SECONDS.get(job, 0)
        if (webhook_id > last and rested) or now - at >= AGAIN_SECONDS:
            wanted.add(job)
            asked.hints[job] = (webhook_id, now)
    return wanted


def swept(erp: ErpResource, asked: Asked, now: float) -> tuple[set[str], str]:
    """Jobs that a look at the ERP asks for, and trouble in words. Moves the cursor only if the ERP answered."""
    if now - asked.swept < SWEEP_SECONDS:
        return set(), ""
    if not asked.swept:  # a new installation fills itself: products first, stock follows its own schedule
        asked.swept = now
        return {"refresh_products"}, ""
    since = period(datetime.fromtimestamp(asked.swept, UTC) - OVERLAP)
    try:
        with erp.client("changes") as client:
            wanted = {job for job, path in SEARCHES.items() if count(client, path, {"updatedOn": since})}
    except (ErpError, ConfigError) as error:
        return set(), str(error)
    asked.swept = now
    return wanted, ""


@dg.sensor(
    jobs=[refresh_products, refresh_stock, read_back],
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Webhooks waiting in the ledger, and every five minutes a look at what changed in the ERP.",
)
def erp_changes(context: dg.SensorEvaluationContext, ledger: LedgerResource, erp: ErpResource) -> dg.SensorResult:
    book, now = ledger.open(), time.time()
    asked = Asked(**json.loads(context.cursor)) if context.cursor else Asked()
    open_hints = [(hint.webhook_id, hint.event) for hint in open_webhooks(book, SOURCE)]
    looked, trouble = swept(erp, asked, now)
    wanted = hinted(open_hints, asked, now) | looked
    # A run that waits already will read the news too; one that works may have looked before they came.
    requests = [
        dg.RunRequest(job_name=job, tags={"tillbridge/why": "hints" if job not in looked else "changed in the ERP"})
        for job in sorted(wanted)
        if under_way(context.instance, book, ALONE_OF[job]) < 2
    ]
    reason = None if requests else dg.SkipReason(trouble or f"{len(open_hints)} hints open; nothing to start")
    return dg.SensorResult(run_requests=requests, skip_reason=reason, cursor=json.dumps(asdict(asked)))
