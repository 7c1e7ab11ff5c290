"""``forgotten_contacts``: a set of files with contacts names somebody who is gone. Read: the lake, the newest sets.

Written: nothing. Every minute, nothing where no set with contacts was ever written; else what the lake says of its
contacts, and the sets only where they were read anew since the last look.
"""

import dagster as dg

from bp_assets.export.forgetting import noted, outdated
from bp_assets.jobs import export_forecasting
from bp_assets.lake.frames import mark
from bp_assets.resources import LakeResource


@dg.sensor(
    job=export_forecasting,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A contact was forgotten or deleted in Brightpearl, and a set of files with contacts still names it.",
)
def forgotten_contacts(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    tables = lake.open()
    if not noted(tables.home):
        return dg.SensorResult(skip_reason=dg.SkipReason("No set with contacts was ever written."))
    with tables.open() as reading:
        found = mark(reading, "contacts")
    read_on = found.as_of.isoformat() if found else ""
    if read_on == context.cursor:
        return dg.SensorResult(skip_reason=dg.SkipReason("Contacts were not read since the last look."))
    requests = [
        dg.RunRequest(
            run_config={
                "ops": {"forecasting_export": {"config": {"to": one.to, "format": one.format, "with_contacts": True}}}
            },
            tags={"tillbridge/why": "a contact is gone"},
        )
        for one in outdated(tables)
    ]
    return dg.SensorResult(run_requests=requests, cursor=read_on)
