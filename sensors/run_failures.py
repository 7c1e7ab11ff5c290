"""``run_failures``: what to do about a run that failed, in words. Read: the run. Written: ``run_failures.ndjson``.

One line a failure under the installation's logs, and the same words in Dagster's log: which job, why, what is safe,
what to do. It must never fail itself, so it touches neither ledger nor lake: either may be why the run failed.
"""

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from bp_assets.config import home

_NOTHING_LOST = "Nothing is lost: the ledger holds what is done and what is not, the next run continues."
# By the class name of the error (or of its cause): what a person does about it.
ADVICE = {
    "ConfigError": "Mend the shops file at the named place; `tillbridge preflight` checks it.",
    "LedgerUnavailable": "Start or reach PostgreSQL (TILLBRIDGE_DATABASE_URL), or free its disk.",
    "LedgerNewer": "Install the version of tillbridge that migrated the database.",
    "DoubleEffect": "Stop: the ERP may hold this effect twice. Compare the order in the ERP with posting_log by hand.",
    "LockLost": "Nothing: the run stopped because another poster may have started.",
    "Unauthorised": "Renew the ERP's token in the environment, then run the job again.",
    "ErpUnavailable": "Nothing while the ERP is down; sales wait in the ledger. Look at the ERP's status page.",
    "Throttled": "Look which app uses up the account's requests; lower its share or ours (erp.requests_per_minute).",
    "ErpRefused": "Read the ERP's code and words; mend the record or the shops file, then run the job again.",
    "BadAnswer": "Report the answer: the ERP speaks in a way we do not know.",
    "LakeUnavailable": "Free disk space or make the lake folder writable; tables are rebuilt from ledger and ERP.",
}
DIED = "Nothing, unless it happens often: then look at the machine's memory and logs."
DEFAULT = "Read the error in the run; `dagster` shows it under Runs. Report it if it is not yours to mend."


def advice(names: list[str]) -> str:
    """What to do about an error, by the class names from the outermost to its first cause."""
    return next((ADVICE[name] for name in names if name in ADVICE), DEFAULT)


def failure_of(job: str, run_id: str, message: str, error: Any, now: datetime) -> dict[str, str]:
    """One line of the log. ``error`` is Dagster's serialised error with its causes, or ``None``."""
    names: list[str] = []
    words = message
    while error is not None and len(names) < 20:
        names.append(str(error.cls_name))
        words = str(error.message)
        error = error.cause
    return {
        "at": now.isoformat(timespec="seconds"),
        "job": job,
        "run_id": run_id,
        "error": names[-1] if names else "",
        "message": " ".join(words.split())[:1000],
        "what_to_do": DIED if "process is gone" in message else advice(names),
        "safe": _NOTHING_LOST,
    }


@dg.run_failure_sensor(
    name="run_failures",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=15,
    description="Every failed run, with what to do about it: in the log and the installation's run_failures.ndjson.",
)
def run_failures(context: dg.RunFailureSensorContext) -> None:
    run = context.dagster_run
    error: Any = None
    with suppress(Exception):  # the event log may be what is broken; the line is written all the same
        error = next((event.step_failure_data.error for event in context.get_step_failure_events()), None)
    line = failure_of(run.job_name, run.run_id, context.failure_event.message or "", error, datetime.now(UTC))
    logging.getLogger("tillbridge.sensors").error("%(job)s failed: %(message)s What to do: %(what_to_do)s", line)
    with suppress(OSError):  # a full disk must not make the sensor fail as well
        folder = home().logs
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "run_failures.ndjson").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")
