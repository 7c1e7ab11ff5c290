"""The sweeps: reading by the clock, for whatever no hint told us. Read: the shops file, for its time zones.

Written: nothing. Times are those of the shop whose day ends last, so that a closed day is closed everywhere. If the
shops file can't be read when Dagster loads, UTC is used: the runs themselves then say what is wrong with it.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from bp_assets.config import ConfigError, load
from bp_assets.export.forecasting import never_filled
from bp_assets.jobs import (
    PULLED_TABLES,
    close_day,
    export_forecasting,
    maintain_lake,
    read_back,
    refresh_erp,
    refresh_forecasting,
    refresh_products,
    refresh_stock,
    run_checks,
)
from bp_assets.resources import LakeResource

RUNNING = dg.DefaultScheduleStatus.RUNNING


def last_zone() -> str:
    """The time zone furthest behind among the shops: its midnight comes last."""
    try:
        zones = {shop.time_zone for shop in load().shops}
    except ConfigError:
        return "UTC"
    winter = datetime(2026, 1, 15, 12, tzinfo=UTC)
    return min(sorted(zones), key=lambda name: winter.astimezone(ZoneInfo(name)).utcoffset() or 0)


ZONE = last_zone()


products_hourly = dg.ScheduleDefinition(
    name="products_hourly",
    job=refresh_products,
    cron_schedule="7 * * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="Products changed in the last hour, with an overlap: the ERP's clock is not ours. Deleted ones every "
    "six hours, and a further part of all products and prices in turn: not every change moves updatedOn.",
)

stock_sweep = dg.ScheduleDefinition(
    name="stock_sweep",
    job=refresh_stock,
    cron_schedule="*/10 * * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="Products that moved, and the next part of all others in turn.",
)


@dg.schedule(
    name="erp_hourly",
    job=refresh_erp,
    cron_schedule="37 * * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="What changed in Brightpearl, once all of it was read for the first time.",
)
def erp_hourly(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    """An installation that only posts never pulls the account: nobody asked for its thousands of requests."""
    with lake.open().open() as reading:
        names = ", ".join(f"'{name}'" for name in PULLED_TABLES)
        begun = reading.execute(f"SELECT count(*) FROM lake_marks WHERE table_name IN ({names})").fetchone()
    if not begun or not begun[0]:
        return dg.SkipReason("Brightpearl was never read whole: run the job pull_erp, or `tillbridge refresh`, once.")
    return dg.RunRequest()


read_back_sweep = dg.ScheduleDefinition(
    name="read_back_sweep",
    job=read_back,
    cron_schedule="*/15 * * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    run_config={"ops": {"till_tables": {"config": {"ask_tills": True}}}},
    description="The tills' own totals, and what the sensor missed: sales not read back, orders changed in the ERP.",
)

forecasting_hourly = dg.ScheduleDefinition(
    name="forecasting_hourly",
    job=refresh_forecasting,
    cron_schedule="45 * * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="Demand, stock on order, lead times and their kin: only what changed is computed and written.",
)

checks_hourly = dg.ScheduleDefinition(
    name="checks_hourly",
    job=run_checks,
    cron_schedule="25 * * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="All checks.",
)

close_day_daily = dg.ScheduleDefinition(
    name="close_day_daily",
    job=close_day,
    cron_schedule="30 3 * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="Yesterday, once the last shop's day is over: read back, computed anew, published, checked.",
)

maintain_lake_nightly = dg.ScheduleDefinition(
    name="maintain_lake_nightly",
    job=maintain_lake,
    cron_schedule="30 4 * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="Small files merged, old snapshots forgotten.",
)


@dg.schedule(
    job=export_forecasting,
    cron_schedule="15 5 * * *",
    execution_timezone=ZONE,
    default_status=RUNNING,
    description="The forecasting files, once the night's sweeps are over; skipped where the ERP was never pulled.",
)
def forecasting_export_daily(lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    with lake.open().open() as reading:
        empty = never_filled(reading, with_contacts=False)
    return dg.SkipReason(f"never filled: {', '.join(empty)}") if empty else dg.RunRequest()


SCHEDULES = (
    products_hourly, stock_sweep, erp_hourly, read_back_sweep, forecasting_hourly,
    checks_hourly,
    close_day_daily, maintain_lake_nightly, forecasting_export_daily,
)  # fmt: skip
