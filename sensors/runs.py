"""Which runs are under way, and the end of those that only seem to be. Read: Dagster's runs, locks in the ledger.

Written: the failure of a run whose process is gone. A run of ours holds a lock in PostgreSQL while it lives; a run that
says "started" without one is dead, and would keep the next of its kind from starting.
"""

import logging
import threading
import time
from collections.abc import Collection, Mapping

import dagster as dg

from bp_assets.alive import alive
from bp_assets.jobs import ALONE
from bp_assets.ledger.connection import Ledger

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# From "started" to the lock, from the lock's end to "finished", and to take it again after PostgreSQL restarted.
GRACE_SECONDS = 30.0
DEAD = "Its process is gone (it holds no lock). What was under way stands in the ledger, the next run continues."


class Watch:
    """Since when each run was seen without its lock. Held by the sensors' process: a restart only makes it later."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self.grace_seconds = grace_seconds
        self._lockless: dict[str, float] = {}
        self._lock = threading.Lock()

    def dead(self, started: Collection[str], holding: Collection[str], now: float) -> list[str]:
        """Those of the started runs that were without a lock all the time for ``grace_seconds``."""
        with self._lock:
            lockless = set(started) - set(holding)
            self._lockless = {run: self._lockless.get(run, now) for run in sorted(lockless)} | {
                run: since for run, since in self._lockless.items() if run not in started
            }
            return [run for run in sorted(lockless) if now - self._lockless[run] >= self.grace_seconds]


WATCH = Watch()


def under_way(instance: dg.DagsterInstance, ledger: Ledger, alone: str, watch: Watch = WATCH) -> int:
    """How many runs of a kind (the value of tag ``tillbridge/alone``) wait or work; dead ones are failed first."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNDER_WAY, tags={ALONE: alone}))
    started = {
        record.dagster_run.run_id: record.dagster_run
        for record in records
        if record.dagster_run.status == dg.DagsterRunStatus.STARTED
    }
    dead = bury(instance, started, alive(ledger, started), watch) if started else []
    return len(records) - len(dead)


def bury(
    instance: dg.DagsterInstance, started: Mapping[str, dg.DagsterRun], holding: set[str], watch: Watch
) -> list[str]:
    """Fail the started runs that nobody works on any more; their ids."""
    dead = []
    for run_id in watch.dead(started, holding, time.monotonic()):
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status == dg.DagsterRunStatus.STARTED:
            instance.report_run_failed(run, DEAD)
            logging.getLogger("tillbridge.sensors").warning("run %s (%s): %s", run_id, run.job_name, DEAD)
            dead.append(run_id)
    return dead
