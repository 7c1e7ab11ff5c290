"""``unsettled_postings``: what waits in the ledger while nobody works on it. Read: ledger, Dagster's runs.

Written: the failure of runs that died. Every 30 s, one question: what is due and unsent, what is posted and not read
back, and did anything change since tables were last asked for? The answer is in the ledger, so a lost tick, a killed
run or a restarted daemon only makes it later.
"""

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as sa

from bp_assets.jobs import SALES_TABLES, post_sales, read_back
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.resources import LedgerResource
from sensors.runs import posters, under_way

UNSENT_SECONDS = 120  # longer than a posting run needs to take the next batch
TABLES_SECONDS = 60  # tables are brought up to date at most this often
AGAIN_SECONDS = 300  # sales that stay unverified are read back again after this


@dataclass(frozen=True, slots=True)
class Waiting:
    """``unsent``: due and waiting since before the given instant. ``newest``: the last transaction that moved one."""

    unsent: int
    unverified: int
    newest: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The cursor: up to which transaction tables were asked for, and when (seconds since 1970)."""

    newest: int = 0
    at: float = 0.0


@retrying
def waiting(ledger: Ledger, before: datetime) -> Waiting:
    """What waits in the ledger; both questions are answered by small indexes."""
    query = sa.text(
        "select count(*) filter (where state <> 'posted' and captured_at < :before"
        "   and (next_attempt_at is null or next_attempt_at <= now())),"
        " count(*) filter (where state = 'posted'),"
        " coalesce((select change_xid::text::bigint from tillbridge.postings order by change_xid desc limit 1), 0)"
        " from tillbridge.postings where state in ('pending', 'sending', 'unknown', 'posted') and role <> 'member'"
    )
    with ledger.begin() as connection:
        return Waiting(*connection.execute(query, {"before": before}).one())


def tables_are_behind(found: Waiting, asked: Asked, now: float) -> bool:
    """Whether to read back: something moved, or sales stay unverified; never more often than it helps."""
    if found.newest != asked.newest:
        return now - asked.at >= TABLES_SECONDS
    return found.unverified > 0 and now - asked.at >= AGAIN_SECONDS


@dg.sensor(
    jobs=[post_sales, read_back],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sales that wait while nobody works on them; tables that are behind the ledger; runs that died.",
)
def unsettled_postings(context: dg.SensorEvaluationContext, ledger: LedgerResource) -> dg.SensorResult:
    book, now = ledger.open(), time.time()
    asked = Asked(**json.loads(context.cursor)) if context.cursor else Asked()
    found = waiting(book, datetime.now(UTC) - timedelta(seconds=UNSENT_SECONDS))
    requests: list[dg.RunRequest] = []
    if found.unsent and posters(context.instance, book)[0] == 0:
        requests.append(dg.RunRequest(job_name="post_sales"))
    if under_way(context.instance, book, SALES_TABLES) == 0 and tables_are_behind(found, asked, now):
        requests.append(dg.RunRequest(job_name="read_back"))
        asked = Asked(found.newest, now)
    words = f"{found.unsent} due and unsent, {found.unverified} posted and not read back"
    reason = None if requests else dg.SkipReason(f"{words}; nothing to start")
    return dg.SensorResult(run_requests=requests, skip_reason=reason, cursor=json.dumps(asdict(asked)))
