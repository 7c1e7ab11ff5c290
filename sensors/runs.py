"""Which runs are under way, and the end of those that only seem to be. Read: Dagster's runs, locks in the ledger.

Written: the failure of a run whose process is gone. A run of ours holds a lock in PostgreSQL while it lives; a run that
says "started" without one is dead, and would keep the next of its kind from starting.
"""

import logging
import time
from collections.abc import Sequence

import dagster as dg

from bp_assets.alive import alive, server_age_seconds
from bp_assets.jobs import ALONE
from bp_assets.ledger.connection import Ledger

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
GRACE_SECONDS = 45.0  # from "started" to the lock, and for all runs to take it again after PostgreSQL was restarted
DEAD = "Its process is gone (it holds no lock). Nothing is lost: what was under way stands in the ledger, the next run continues."


def under_way(instance: dg.DagsterInstance, ledger: Ledger, alone: str, grace_seconds: float = GRACE_SECONDS) -> int:
    """How many runs of a kind (the value of tag ``tillbridge/alone``) wait or work; dead ones are failed first."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNDER_WAY, tags={ALONE: alone}))
    dead = set(bury(instance, ledger, records, grace_seconds))
    return sum(record.dagster_run.run_id not in dead for record in records)


def bury(
    instance: dg.DagsterInstance, ledger: Ledger, records: Sequence[dg.RunRecord], grace_seconds: float = GRACE_SECONDS
) -> list[str]:
    """Fail the started runs that nobody works on any more; their ids."""
    before = time.time() - grace_seconds
    started = {
        record.dagster_run.run_id: record.dagster_run
        for record in records
        if record.dagster_run.status == dg.DagsterRunStatus.STARTED and (record.start_time or time.time()) < before
    }
    if not started or server_age_seconds(ledger) < grace_seconds:
        return []
    dead = sorted(set(started) - alive(ledger, started))
    for run_id in dead:
        instance.report_run_failed(started[run_id], DEAD)
        logging.getLogger("tillbridge.sensors").warning("run %s (%s): %s", run_id, started[run_id].job_name, DEAD)
    return dead
