"""``checked``: checks ran, so the published file is behind their findings. Read: Dagster's runs. Written: nothing.

In a run Dagster orders no asset after checks, so the file can't be part of the runs that check. Checks that somebody
starts by a click are seen as well. Publishing what is already published does nothing.
"""

import dagster as dg

from bp_assets.jobs import close_day, publish_tables, run_checks, watch_shops

CHECKING = (run_checks.name, close_day.name, watch_shops.name)


def ran_checks(run: dg.DagsterRun) -> bool:
    """Whether a run evaluated checks, by its job or by what was selected."""
    return run.job_name in CHECKING or bool(run.asset_check_selection)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="checked",
    request_job=publish_tables,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Checks have run: what they found is published with the tables.",
)
def checked(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    run = context.dagster_run
    if not ran_checks(run):
        return dg.SkipReason(f"{run.job_name} ran no checks")
    return dg.RunRequest(tags={"tillbridge/why": f"checks of run {run.run_id}"})
