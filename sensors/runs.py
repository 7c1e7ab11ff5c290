"""Which runs are under way, and the end of those that only seem to be. Read: Dagster's runs, locks and ``runs`` of the
ledger. Written: the failure of a run whose process is gone.

A run of ours holds a lock in PostgreSQL while it lives, and notes in the ledger that it does. A run that noted so, did
not note its end, and holds no lock is dead: that is known in the same tick. Only where the note is missing, the end was
noted, or PostgreSQL was restarted meanwhile (the living take their locks again in a moment), a grace is given.
"""

import logging
import threading
import time
from collections.abc import Collection, Mapping

import dagster as dg

from bp_assets.alive import alive
from bp_assets.jobs import ALONE, POSTERS
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.runs import Run, known

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# From "started" to the lock, from the lock's end to "finished", and to take it again after PostgreSQL restarted.
GRACE_SECONDS = 30.0
# A living run whose connection alone was cut has its lock again within a fraction of this: the second look tells.
SECOND_LOOK_SECONDS = 1.5
DEAD = "Its process is gone (it holds no lock). What was under way stands in the ledger, the next run continues."


class Watch:
    """Since when each run was seen without its lock. Held by the sensors' process: a restart only makes it later."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS, second_look_seconds: float = SECOND_LOOK_SECONDS) -> None:
        self.grace_seconds, self.second_look_seconds = grace_seconds, second_look_seconds
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
    return len(_living(instance, ledger, {ALONE: alone}, watch))


def posters(instance: dg.DagsterInstance, ledger: Ledger, watch: Watch = WATCH) -> tuple[int, bool]:
    """How many posting runs wait or work, and whether the only one makes way: it is time to start the next."""
    living = _living(instance, ledger, POSTERS, watch)
    notes = known(ledger, living) if len(living) == 1 else {}
    return len(living), any(note.due_to_end for note in notes.values())


def _living(instance: dg.DagsterInstance, ledger: Ledger, tags: Mapping[str, str], watch: Watch) -> list[str]:
    runs = {
        record.dagster_run.run_id: record.dagster_run
        for record in instance.get_run_records(dg.RunsFilter(statuses=UNDER_WAY, tags=dict(tags)))
    }
    working = {
        run_id: run
        for run_id, run in runs.items()
        if run.status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
    }
    dead = bury(instance, ledger, working, watch) if working else []
    return [run_id for run_id in runs if run_id not in dead]


def bury(instance: dg.DagsterInstance, ledger: Ledger, working: Mapping[str, dg.DagsterRun], watch: Watch) -> list[str]:
    """Fail the runs that nobody works on any more; their ids."""
    gone = _surely_gone(ledger, working)
    if gone:
        time.sleep(watch.second_look_seconds)
        gone &= _surely_gone(ledger, gone)
    dead = []
    for run_id in sorted(gone | set(watch.dead(working, alive(ledger, working), time.monotonic()))):
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, DEAD)
            logging.getLogger("tillbridge.sensors").warning("run %s (%s): %s", run_id, run.job_name, DEAD)
            dead.append(run_id)
    return dead


def _surely_gone(ledger: Ledger, run_ids: Collection[str]) -> set[str]:
    notes = known(ledger, run_ids)  # before the locks: a run that ends notes it before it lets go of its lock
    holding = alive(ledger, run_ids)
    return {run_id for run_id, note in notes.items() if run_id not in holding and _at_work(note)}


def _at_work(note: Run) -> bool:
    return not note.ended and note.same_server
