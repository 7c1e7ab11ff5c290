"""Dagster jobs run from the command line, in this process, with their runs kept in the home's Dagster instance.

Read and written: what the jobs read and write.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import polars as pl
from rich.console import Console

from bp_assets.cli.environment import use_dagster
from bp_assets.cli.screen import step
from bp_assets.config import Home
from bp_assets.lake.connect import Lake
from bp_assets.lake.publish import publish
from bp_assets.ledger.server import lake_catalogue_dsn

_STATEMENT_MS = 60_000
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class JobFailed(Exception):
    """A Dagster job failed. The message names the job, the step and the reason."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """How one asset check ended."""

    asset: str
    check: str
    passed: bool
    severity: str
    description: str


def run_job(name: str, config: dict[str, Any] | None = None) -> list[CheckRun]:
    """Run a job of the definitions to its end; the check results it brought.

    Raises:
        JobFailed: a step failed.
    """
    import dagster as dg

    # Dagster warns of its own beta parameters when a sensor is made; nothing a user of this command could act on.
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    from bp_assets.definitions import defs

    with dg.DagsterInstance.get() as instance:
        # As its web server does: connections are kept. Otherwise each of a job's events opens one of its own.
        instance.optimize_for_webserver(statement_timeout=_STATEMENT_MS, pool_recycle=3600, max_overflow=4)
        job = defs.resolve_job_def(name)
        result = job.execute_in_process(instance=instance, run_config={**QUIET, **(config or {})}, raise_on_error=False)
        if not result.success:
            failed = [event for event in result.all_events if event.is_step_failure]
            reasons = "; ".join(f"{event.step_key}: {_reason(event)}" for event in failed) or "it failed"
            raise JobFailed(f"job {name}: {reasons}")
        return [
            CheckRun(
                one.asset_key.to_user_string(),
                one.check_name,
                one.passed,
                one.severity.value,
                one.description or "",
            )
            for one in result.get_asset_check_evaluations()
        ]


def _reason(event: Any) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error else "no reason given"


def refresh(out: Console, place: Home) -> dict[str, int]:
    """Bring every table up to date and run all checks; findings by check."""
    use_dagster(place)
    with step(out, "Filling the tables from the ERP") as shown:
        run_job("refresh_all")
        shown.to(1, 1)
    with step(out, "Running the checks") as shown:
        shown.to(len(run_checks(place)))
    return findings_by_check(place)


def run_checks(place: Home) -> list[CheckRun]:
    """All checks; then the finance file is published again, since what they found stands in it too."""
    found = run_job("run_checks")
    publish(Lake(place, lake_catalogue_dsn(place)))
    return found


def findings_by_check(place: Home) -> dict[str, int]:
    """Number of findings per check, from the table ``findings``."""
    found = read(place, "select check_name, count(*)::integer as findings from findings group by 1 order by 1")
    return dict(found.iter_rows())


def read(place: Home, sql: str) -> pl.DataFrame:
    """A query on the lake, read-only."""
    return Lake(place, lake_catalogue_dsn(place)).read(sql)
